// Detectors that are no patterns but services (`Engine` of the contract): all texts in one call, under the deadline of the scan. An engine
// that fails, is late, or answers nonsense is a failed detector.
import type { Engine } from '../plugin/contract.ts'
import type { Finding } from '../model/content.ts'
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
    const found = await inTime(async (signal) => engine.detect(fresh, wanted, signal), deadlineMs)
    if (!found || !isSound(found, fresh, wanted)) return { findings: texts.map(() => NONE), failed: wanted }
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

/** The result, or null after the deadline or a failure. Does not wait for an engine that ignores its signal. */
async function inTime<T>(run: (signal: AbortSignal) => Promise<T>, deadlineMs: number): Promise<T | null> {
  const abort = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => {
      abort.abort()
      resolve(null)
    }, deadlineMs)
  })
  try {
    return await Promise.race([run(abort.signal), late])
  } catch {
    return null
  } finally {
    clearTimeout(timer)
  }
}

function isSound(found: readonly (readonly Finding[])[], texts: readonly string[], wanted: readonly string[]): boolean {
  if (found.length !== texts.length) return false
  return found.every((findings, i) =>
    findings.every(({ detector, start, end }) => wanted.includes(detector) && start >= 0 && start < end && end <= texts[i]!.length),
  )
}
