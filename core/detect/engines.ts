// Detectors that are no patterns but services (`Engine` of the contract): all texts in one call, under the deadline of the scan. An engine
// that fails, is late, or answers nonsense is a failed detector.
import type { Engine } from '../plugin/contract.ts'
import type { Finding } from '../model/content.ts'
import { onceRead } from '../model/fair-timer.ts'
import { FindingsCache, type CacheBounds } from './cache.ts'
import { inTextOrder } from './judge-candidate.ts'
import type { ScanResult } from './port.ts'

const NONE: readonly Finding[] = []

export class Engines {
  readonly #engines: readonly Engine[]
  readonly #bounds: CacheBounds
  readonly #owners: ReadonlyMap<string, Engine>
  readonly #caches = new Map<string, FindingsCache>()

  constructor(engines: readonly Engine[], bounds: CacheBounds) {
    this.#engines = engines
    this.#bounds = bounds
    this.#owners = new Map(engines.flatMap((engine) => engine.detectors.map(({ name }) => [name, engine] as const)))
  }

  get names(): readonly string[] {
    return [...this.#owners.keys()]
  }

  has(detector: string): boolean {
    return this.#owners.has(detector)
  }

  /** `wanted`: names of engine detectors. Never rejects. */
  async scan(texts: readonly string[], wanted: readonly string[], deadlineMs: number): Promise<ScanResult> {
    const asked = this.#engines.flatMap((engine) => {
      const own = wanted.filter((name) => this.#owners.get(name) === engine)
      return own.length === 0 ? [] : [this.#ask(engine, texts, own, deadlineMs)]
    })
    const results = await Promise.all(asked)
    return {
      findings: texts.map((_, i) => results.flatMap(({ findings }) => findings[i]!).sort(inTextOrder)),
      failed: results.flatMap(({ failed }) => failed),
    }
  }

  async #ask(engine: Engine, texts: readonly string[], wanted: readonly string[], deadlineMs: number): Promise<ScanResult> {
    const cache = this.#cacheOf(wanted)
    const known = texts.map((text) => cache.get(text))
    const fresh = [...new Set(texts.filter((_, i) => known[i] === undefined))]
    if (fresh.length === 0) return { findings: known.map((found) => found!), failed: [] }
    const found = await inTime(async (signal) => soundOrNull(await engine.detect(fresh, wanted, signal), fresh, wanted), deadlineMs)
    if (!found) return { findings: texts.map(() => NONE), failed: wanted }
    const byText = new Map(fresh.map((text, i) => [text, found[i]!]))
    for (const [text, findings] of byText) cache.put(text, findings)
    return { findings: texts.map((text, i) => known[i] ?? byText.get(text)!), failed: [] }
  }

  #cacheOf(wanted: readonly string[]): FindingsCache {
    const key = wanted.join()
    let cache = this.#caches.get(key)
    if (!cache) this.#caches.set(key, (cache = new FindingsCache(this.#bounds)))
    return cache
  }
}

/**
 * The result, or null after the deadline or a failure. Does not wait for an engine that ignores its signal. Whatever is still under way when the
 * answer is known is called off: nobody watches over it any more.
 */
async function inTime<T>(run: (signal: AbortSignal) => Promise<T>, deadlineMs: number): Promise<T | null> {
  const abort = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<null>((resolve) => (timer = setTimeout(() => onceRead(() => resolve(null)), deadlineMs)))
  try {
    return await Promise.race([run(abort.signal), late])
  } catch {
    return null
  } finally {
    clearTimeout(timer)
    abort.abort()
  }
}

/** What the engine answered, in our own words; null when any of it is nonsense. */
function soundOrNull(answer: unknown, texts: readonly string[], wanted: readonly string[]): readonly (readonly Finding[])[] | null {
  if (!Array.isArray(answer) || answer.length !== texts.length) return null
  const known = new Set(wanted)
  const found: (readonly Finding[])[] = []
  for (const [i, text] of texts.entries()) {
    const findings = readFindings(answer[i], text, known)
    if (!findings) return null
    found.push(findings)
  }
  return found
}

/** An engine that names more places than a text has characters has not read it. Equal findings count once, half a character as a whole one. */
function readFindings(answer: unknown, text: string, known: ReadonlySet<string>): readonly Finding[] | null {
  if (!Array.isArray(answer) || answer.length > text.length * known.size) return null
  const findings = new Map<string, Finding>()
  for (const one of answer as readonly unknown[]) {
    const finding = readFinding(one, text, known)
    if (!finding) return null
    const key = `${finding.detector} ${finding.start} ${finding.end}`
    const before = findings.get(key)
    if (!before || before.score < finding.score) findings.set(key, finding)
  }
  return findings.size === 0 ? NONE : [...findings.values()]
}

function readFinding(one: unknown, text: string, known: ReadonlySet<string>): Finding | null {
  if (typeof one !== 'object' || one === null) return null
  const { detector, start, end, score, checks = [] } = one as { readonly [name in keyof Finding]?: unknown }
  if (typeof detector !== 'string' || !known.has(detector) || !isPlace(start) || !isPlace(end)) return null
  if (start >= end || end > text.length || typeof score !== 'number' || Number.isNaN(score)) return null
  return {
    detector,
    start: isInsidePair(text, start) ? start - 1 : start,
    end: isInsidePair(text, end) ? end + 1 : end,
    score: Math.min(1, Math.max(0, score)),
    checks: Array.isArray(checks) ? checks.map(String) : [],
  }
}

const isPlace = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

/** Whether a place lies between the two halves of one character. */
const isInsidePair = (text: string, at: number): boolean => at > 0 && at < text.length && text.codePointAt(at - 1)! > 0xffff
