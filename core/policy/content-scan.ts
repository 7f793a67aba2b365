// What detectors found in the parts of one request or answer. Each (location, detector) pair is scanned at most once per exchange.
import type { Detection } from '../detect/port.ts'
import type { Finding, Part } from '../model/content.ts'
import { isPromise, type Awaitable } from '../model/maybe-promise.ts'

export interface FindingNumbers {
  readonly count: number
  /** The highest, 0 to 1. */
  readonly score: number
}

const NOTHING: readonly Finding[] = []
const NO_NAMES: readonly string[] = []
const NONE_FOUND: FindingNumbers = { count: 0, score: 0 }

export class ContentScan {
  readonly parts: readonly Part[]
  readonly #detection: Pick<Detection, 'scan'>
  readonly #deadlineMs: number
  readonly #findings: (readonly Finding[])[]
  readonly #scanned: { readonly members: readonly string[]; readonly locations: ReadonlySet<string> }[] = []
  #failed: readonly string[] = NO_NAMES
  #isEmpty = true

  constructor(detection: Pick<Detection, 'scan'>, parts: readonly Part[], deadlineMs: number) {
    this.parts = parts
    this.#detection = detection
    this.#deadlineMs = deadlineMs
    this.#findings = parts.map(() => NOTHING)
  }

  /** Makes sure that the texts at these locations were scanned for these detectors (no unions: see `Detection.members`). */
  scan(members: readonly string[], locations: ReadonlySet<string>): Awaitable<void> {
    const missing = this.#missing(members, locations)
    if (missing.length === 0) return
    const indices: number[] = []
    for (let i = 0; i < this.parts.length; i++) if (locations.has(this.parts[i]!.location)) indices.push(i)
    if (indices.length > 0) return this.#run(indices, missing)
  }

  /** Members that were not asked for at one of the locations yet; from now on they count as scanned there. */
  #missing(members: readonly string[], locations: ReadonlySet<string>): readonly string[] {
    if (this.#scanned.length === 0) {
      this.#scanned.push({ members, locations })
      return members
    }
    const covered = (member: string, location: string): boolean =>
      this.#scanned.some((one) => one.members.includes(member) && one.locations.has(location))
    const missing = members.filter((member) => [...locations].some((location) => !covered(member, location)))
    if (missing.length > 0) this.#scanned.push({ members: missing, locations })
    return missing
  }

  #run(indices: readonly number[], detectors: readonly string[]): Awaitable<void> {
    const texts = indices.map((index) => this.parts[index]!.text)
    const encodings = indices.map((index) => this.parts[index]!.encoding)
    const result = this.#detection.scan(texts, detectors, this.#deadlineMs, encodings)
    const keep = (found: { findings: readonly (readonly Finding[])[]; failed: readonly string[] }): void => {
      if (found.failed.length > 0) this.#failed = [...this.#failed, ...found.failed]
      indices.forEach((index, i) => this.#add(index, found.findings[i] ?? NOTHING))
    }
    if (!isPromise(result)) return keep(result)
    return result.then(keep, () => {
      this.#failed = [...this.#failed, ...detectors]
    })
  }

  #add(index: number, findings: readonly Finding[]): void {
    if (findings.length === 0) return
    this.#isEmpty = false
    const known = this.#findings[index]!
    const isNew = (finding: Finding): boolean =>
      !known.some((other) => other.detector === finding.detector && other.start === finding.start && other.end === finding.end)
    this.#findings[index] =
      known.length === 0 ? findings : [...known, ...findings.filter(isNew)].sort((a, b) => a.start - b.start || b.end - a.end)
  }

  findingsIn(index: number): readonly Finding[] {
    return this.#findings[index] ?? NOTHING
  }

  /** Nothing was found in what was scanned so far. */
  get isEmpty(): boolean {
    return this.#isEmpty
  }

  /** Did one of these detectors give no result? Nothing is known of it then, which is not the same as nothing found. */
  hasFailed(members: ReadonlySet<string>): boolean {
    return this.#failed.length > 0 && this.#failed.some((member) => members.has(member))
  }

  /** The numbers that conditions read, or null if a detector behind them failed. */
  numbers(members: readonly string[], locations: ReadonlySet<string>): FindingNumbers | null {
    if (this.#failed.length > 0 && members.some((member) => this.#failed.includes(member))) return null
    if (this.isEmpty) return NONE_FOUND
    let count = 0
    let score = 0
    for (let i = 0; i < this.parts.length; i++) {
      const findings = this.#findings[i]!
      if (findings.length === 0 || !locations.has(this.parts[i]!.location)) continue
      for (const finding of findings) {
        if (!members.includes(finding.detector)) continue
        if (!finding.continues) count++
        if (finding.score > score) score = finding.score
      }
    }
    return { count, score }
  }
}
