// What detectors found in the parts of one request or answer. Each (location, detector) pair is scanned at most once per exchange.
import type { Detection } from '../detect/port.ts'
import type { Finding, Location, Part } from '../model/content.ts'
import { isPromise, type Awaitable } from '../model/maybe-promise.ts'

const NOTHING: readonly Finding[] = []

export class ContentScan {
  readonly parts: readonly Part[]
  readonly #detection: Detection
  readonly #deadlineMs: number
  readonly #findings: (readonly Finding[])[]
  readonly #scanned = new Map<Location, Set<string>>()
  readonly #failed = new Set<string>()

  constructor(detection: Detection, parts: readonly Part[], deadlineMs: number) {
    this.parts = parts
    this.#detection = detection
    this.#deadlineMs = deadlineMs
    this.#findings = parts.map(() => NOTHING)
  }

  /** Makes sure that the texts at these locations were scanned for these detectors (unions allowed). */
  scan(detectors: Iterable<string>, locations: ReadonlySet<string>): Awaitable<void> {
    const members = [...new Set([...detectors].flatMap((detector) => this.#detection.members(detector)))]
    const missing = new Set<string>()
    const indices: number[] = []
    const fresh = new Map<Location, boolean>()
    this.parts.forEach((part, index) => {
      if (!locations.has(part.location)) return
      let isFresh = fresh.get(part.location)
      if (isFresh === undefined) fresh.set(part.location, (isFresh = this.#claim(part.location, members, missing)))
      if (isFresh) indices.push(index)
    })
    if (indices.length === 0) return
    return this.#run(indices, [...missing])
  }

  /** Notes that the location is being scanned for these members; says whether any of them is new there. */
  #claim(location: Location, members: readonly string[], missing: Set<string>): boolean {
    let known = this.#scanned.get(location)
    if (!known) this.#scanned.set(location, (known = new Set()))
    let isFresh = false
    for (const member of members) {
      if (known.has(member)) continue
      known.add(member)
      missing.add(member)
      isFresh = true
    }
    return isFresh
  }

  #run(indices: readonly number[], detectors: readonly string[]): Awaitable<void> {
    const texts = indices.map((index) => this.parts[index]!.text)
    const result = this.#detection.scan(texts, detectors, this.#deadlineMs)
    const keep = (found: { findings: readonly (readonly Finding[])[]; failed: readonly string[] }): void => {
      for (const name of found.failed) this.#failed.add(name)
      indices.forEach((index, i) => this.#add(index, found.findings[i] ?? NOTHING))
    }
    if (!isPromise(result)) return keep(result)
    return result.then(keep, () => {
      for (const name of detectors) this.#failed.add(name)
    })
  }

  #add(index: number, findings: readonly Finding[]): void {
    if (findings.length === 0) return
    const known = this.#findings[index]!
    const isNew = (finding: Finding): boolean => !known.some((other) => other.detector === finding.detector && other.start === finding.start && other.end === finding.end)
    this.#findings[index] = known.length === 0 ? findings : [...known, ...findings.filter(isNew)].sort((a, b) => a.start - b.start)
  }

  findingsIn(index: number): readonly Finding[] {
    return this.#findings[index] ?? NOTHING
  }

  get isEmpty(): boolean {
    return this.#findings.every((findings) => findings.length === 0)
  }

  /** The numbers that conditions read, or null if a detector behind them failed. */
  numbers(detector: string, locations: ReadonlySet<string>): { readonly count: number; readonly score: number } | null {
    const members = this.#detection.members(detector)
    if (members.some((member) => this.#failed.has(member))) return null
    let count = 0
    let score = 0
    for (let i = 0; i < this.parts.length; i++) {
      const findings = this.#findings[i]!
      if (findings.length === 0 || !locations.has(this.parts[i]!.location)) continue
      for (const finding of findings) {
        if (!members.includes(finding.detector)) continue
        count++
        if (finding.score > score) score = finding.score
      }
    }
    return { count, score }
  }
}
