// Detectors at run time, as the other rooms see them (`port.ts`): short texts are scanned at once, long ones in the pool, known ones not again.
import type { Finding } from '../model/content.ts'
import { FindingsCache, type CacheBounds } from './cache.ts'
import { Engines } from './engines.ts'
import type { Engine } from '../plugin/contract.ts'
import { inSlices, prepareAutomata } from './automaton.ts'
import { DetectorSet, type CheckTest } from './detectors.ts'
import { inTextOrder } from './judge-candidate.ts'
import { allMarksOf, marksInSteps, marksOf, tableOfMarks } from './marks.ts'
import { PairedStream } from './paired-stream.ts'
import { ScanPool } from './pool.ts'
import { JsonStream, placeInSource, unescapeJson } from './json-escapes.ts'
import type { Detection, DetectorSpec, ScanResult, StreamScanner, TextEncoding } from './port.ts'
import { scanText } from './scan.ts'
import { DetectorStream } from './stream.ts'
import { warmAutomaton } from './warm.ts'

export { ORDINARY } from './warm.ts'
export { boundOf } from './hold.ts'

export interface DetectionOptions {
  /** Threads for long texts, ≥ 1; they start with the first long text. */
  readonly workers: number
  /** Texts that have to be scanned, taken together, up to which this happens on the event loop; UTF-16 units. */
  readonly inlineChars?: number
  readonly cache?: CacheBounds
  /** Detectors that are services. */
  readonly engines?: readonly Engine[]
}

/** Below, the round trip to a worker costs more than the scan. */
const INLINE_CHARS = 8192
const CACHE: CacheBounds = { maxEntries: 10_000, maxBytes: 16 * 1024 * 1024 }
/** Shorter texts are scanned faster than they are looked up. */
const CACHED_FROM_CHARS = 128
const NONE: readonly Finding[] = []
const NO_NAMES: readonly string[] = []

/** A set of detectors that is asked for together, with its own automaton and cache. */
interface Use {
  readonly members: readonly string[]
  readonly set: DetectorSet
  /** Those that read a text in marks. */
  readonly marks: DetectorSet | null
  readonly cache: FindingsCache
}

/**
 * Prepares detectors for use. `checks` are the functions of plugins by name.
 * Throws when a detector uses an unknown check, a union names an unknown member, or a pattern is outside the dialect.
 */
export function createDetection(
  specs: readonly DetectorSpec[],
  checks: ReadonlyMap<string, CheckTest>,
  options: DetectionOptions,
): Detection {
  return new DetectionRoom(specs, checks, options)
}

/** Does what takes long of `createDetection`, with pauses for the event loop: what is called right behind it finds it done. Throws as it does. */
export async function prepareDetection(specs: readonly DetectorSpec[]): Promise<void> {
  const members = specs.filter(({ any }) => any.length === 0).sort((a, b) => (a.name < b.name ? -1 : 1))
  const automata = await prepareAutomata([
    members.filter(({ normalize }) => normalize === undefined),
    members.filter(({ normalize }) => normalize === 'marks'),
  ])
  for (const automaton of automata) await warmAutomaton(automaton)
  if (members.some(({ normalize }) => normalize === 'marks')) await inSlices(tableOfMarks())
}

class DetectionRoom implements Detection {
  readonly #members: ReadonlyMap<string, readonly string[]>
  readonly #specs: ReadonlyMap<string, DetectorSpec>
  readonly #checks: ReadonlyMap<string, CheckTest>
  readonly #inlineChars: number
  readonly #cacheBounds: CacheBounds
  readonly #pool: ScanPool
  readonly #engines: Engines
  readonly #uses = new Map<string, Use | null>()

  constructor(specs: readonly DetectorSpec[], checks: ReadonlyMap<string, CheckTest>, options: DetectionOptions) {
    this.#specs = new Map(specs.map((spec) => [spec.name, spec]))
    this.#engines = new Engines(options.engines ?? [], options.cache ?? CACHE)
    this.#members = resolveUnions(this.#specs, this.#engines)
    this.#checks = checks
    this.#inlineChars = options.inlineChars ?? INLINE_CHARS
    this.#cacheBounds = options.cache ?? CACHE
    this.#pool = new ScanPool(specs, Math.max(1, options.workers))
    // What is wrong with a detector must show when the snapshot is built, not with the first request.
    this.#use(specs.map(({ name }) => name))
  }

  scan(
    texts: readonly string[],
    detectors: readonly string[],
    deadlineMs: number,
    encodings?: readonly TextEncoding[],
  ): ScanResult | Promise<ScanResult> {
    if (!encodings?.includes('json')) return this.#scanAll(texts, detectors, deadlineMs)
    const said = texts.map((text, i) => (encodings[i] === 'json' ? unescapeJson(text, true) : { text, offsets: null }))
    const place = (result: ScanResult): ScanResult => ({
      ...result,
      findings: result.findings.map((found, i) => placeInSource(found, said[i]!.offsets)),
    })
    const result = this.#scanAll(
      said.map(({ text }) => text),
      detectors,
      deadlineMs,
    )
    return result instanceof Promise ? result.then(place) : place(result)
  }

  /** Patterns, and engines beside them. */
  #scanAll(texts: readonly string[], detectors: readonly string[], deadlineMs: number): ScanResult | Promise<ScanResult> {
    const found = this.#scan(texts, detectors, deadlineMs)
    const wanted = this.#engines.names.length === 0 ? NO_NAMES : this.engineMembers(detectors)
    if (wanted.length === 0) return found
    return Promise.all([found, this.#engines.scan(texts, wanted, deadlineMs)]).then(([patterns, engines]) => ({
      findings: texts.map((_, i) => merged(patterns.findings[i]!, engines.findings[i]!)!),
      failed: [...patterns.failed, ...engines.failed],
    }))
  }

  #scan(texts: readonly string[], detectors: readonly string[], deadlineMs: number): ScanResult | Promise<ScanResult> {
    const use = this.#use(detectors)
    if (!use) return { findings: texts.map(() => NONE), failed: NO_NAMES }
    const known = texts.map((text) => (text.length < CACHED_FROM_CHARS ? undefined : use.cache.get(text)))
    let chars = 0
    for (let i = 0; i < texts.length; i++) if (known[i] === undefined) chars += texts[i]!.length
    if (chars > this.#inlineChars) return this.#scanInPool(use, texts, known, deadlineMs)
    try {
      const findings: (readonly Finding[])[] = []
      for (const [i, text] of texts.entries()) {
        const found = known[i] ?? this.#scanNow(use, text)
        if (!found) return this.#scanInPool(use, texts, known, deadlineMs)
        findings.push(found)
      }
      return { findings, failed: NO_NAMES }
    } catch {
      // A check of a plugin threw. Nothing is known then, which is not the same as nothing found.
      return { findings: texts.map(() => NONE), failed: use.members }
    }
  }

  async prepare(detectors: readonly string[]): Promise<void> {
    if (this.#uses.has(detectors.join())) return
    await prepareDetection(this.#patternMembers(detectors).map((name) => this.#specs.get(name)!))
    this.#use(detectors)
  }

  openStream(detectors: readonly string[], encoding: TextEncoding = 'text'): StreamScanner {
    const engines = this.engineMembers(detectors)
    if (engines.length > 0) throw new Error(`${engines.join(', ')} can not read a stream; hold it and scan it whole`)
    const use = this.#use(detectors)
    if (!use) return PASSING
    const folded = new DetectorStream(use.set)
    const stream = use.marks ? new PairedStream(folded, new DetectorStream(use.marks), Math.max(use.set.bound, use.marks.bound)) : folded
    return encoding === 'json' ? new JsonStream(stream) : stream
  }

  members(detector: string): readonly string[] {
    return this.#members.get(detector) ?? NO_NAMES
  }

  engineMembers(detectors: readonly string[]): readonly string[] {
    return [...new Set(detectors.flatMap((name) => this.members(name)))].filter((name) => this.#engines.has(name))
  }

  close(): Promise<void> {
    return this.#pool.close()
  }

  #scanNow({ set, marks, cache }: Use, text: string): readonly Finding[] | null {
    const folded = scanText(set, text)
    const hidden = marks && marksOf(text)
    const findings = folded && marks && hidden !== null ? merged(folded, scanText(marks, hidden)) : folded
    if (findings && text.length >= CACHED_FROM_CHARS) cache.put(text, findings)
    return findings
  }

  async #scanInPool(
    use: Use,
    texts: readonly string[],
    known: readonly (readonly Finding[] | undefined)[],
    deadlineMs: number,
  ): Promise<ScanResult> {
    const fresh = texts.flatMap((_, i) => (known[i] === undefined ? [i] : []))
    const { cache, members } = use
    const scanned = await this.#scanAside(
      use,
      fresh.map((i) => texts[i]!),
      deadlineMs,
    )
    const findings = known.map((found) => found ?? NONE)
    if (!scanned) return { findings, failed: members }
    fresh.forEach((index, i) => {
      findings[index] = scanned[i]!
      if (texts[index]!.length >= CACHED_FROM_CHARS) cache.put(texts[index]!, scanned[i]!)
    })
    return { findings, failed: NO_NAMES }
  }

  async #scanAside({ set, marks }: Use, texts: readonly string[], deadlineMs: number): Promise<readonly (readonly Finding[])[] | null> {
    const folded = this.#pool.scan(set, texts, deadlineMs)
    const hidden: (string | null)[] = []
    if (marks) for (const text of texts) hidden.push(await marksInSteps(text))
    const marked = hidden.flatMap((text) => text ?? [])
    if (!marks || marked.length === 0) return folded
    const [all, found] = await Promise.all([folded, this.#pool.scan(marks, marked, deadlineMs)])
    if (!all || !found) return null
    let next = 0
    return all.map((findings, i) => (hidden[i] === null ? findings : merged(findings, found[next++]!)!))
  }

  /** Null when none of the names is a detector. */
  #use(detectors: readonly string[]): Use | null {
    const asked = detectors.join()
    const known = this.#uses.get(asked)
    if (known !== undefined) return known
    const members = this.#patternMembers(detectors)
    const key = members.join()
    const same = this.#uses.get(key)
    const use = same !== undefined ? same : members.length === 0 ? null : this.#prepare(members)
    this.#uses.set(asked, use)
    this.#uses.set(key, use)
    return use
  }

  #patternMembers(detectors: readonly string[]): readonly string[] {
    return [...new Set(detectors.flatMap((name) => this.members(name)))].filter((name) => !this.#engines.has(name)).sort()
  }

  #prepare(members: readonly string[]): Use {
    const specs = members.map((name) => this.#specs.get(name)!)
    const stranger = specs.find(({ normalize }) => normalize !== undefined && normalize !== 'marks')
    if (stranger)
      throw new Error(`detector ${stranger.name} is written for texts read as \`${stranger.normalize}\`, which is not known here`)
    const ofMarks = specs.filter(({ normalize }) => normalize === 'marks')
    const set = new DetectorSet(
      specs.filter(({ normalize }) => normalize === undefined),
      this.#checks,
    )
    // Makes its table, which takes some tens of milliseconds, while nobody waits.
    if (ofMarks.length > 0) allMarksOf('')
    const marks = ofMarks.length === 0 ? null : new DetectorSet(ofMarks, this.#checks)
    return { members, set, marks, cache: new FindingsCache(this.#cacheBounds) }
  }
}

function merged(folded: readonly Finding[], hidden: readonly Finding[] | null): readonly Finding[] | null {
  if (!hidden) return null
  return hidden.length === 0 ? folded : [...folded, ...hidden].sort(inTextOrder)
}

/** A stream without detectors: text passes as it comes. */
const PASSING: StreamScanner = {
  held: 0,
  push: (text) => ({ text, findings: NONE }),
  end: () => ({ text: '', findings: NONE }),
}

/** Members by name, through unions of unions. */
function resolveUnions(specs: ReadonlyMap<string, DetectorSpec>, engines: Engines): ReadonlyMap<string, readonly string[]> {
  const membersOf = (name: string, path: readonly string[]): readonly string[] => {
    if (engines.has(name)) return [name]
    const spec = specs.get(name)
    if (!spec) throw new Error(`detector ${path.at(-1)} names \`${name}\`, which is no detector`)
    if (path.includes(name)) throw new Error(`detector ${name} contains itself`)
    return spec.any.length === 0 ? [name] : [...new Set(spec.any.flatMap((member) => membersOf(member, [...path, name])))].sort()
  }
  return new Map([...specs.keys(), ...engines.names].map((name) => [name, membersOf(name, [])]))
}
