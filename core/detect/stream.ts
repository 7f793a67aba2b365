// Watches one channel of a streamed answer: text leaves as soon as no detector in use may still be inside a match at its place and no
// finding waits for words nearby. Any chunking of a text releases the same text with the same findings as one scan of the whole.
import type { Finding } from '../model/content.ts'
import { Candidates, type Candidate } from './candidates.ts'
import type { DetectorSet } from './detectors.ts'
import { EncodedRuns } from './encoded.ts'
import { ESCAPE_SIGN } from './encoded-units.ts'
import { joined, partedAt } from './hold.ts'
import { CandidateJudge, inTextOrder, windowOf, type Match } from './judge-candidate.ts'
import { Openings } from './openings.ts'
import type { Released, StreamScanner } from './port.ts'
import { scanRun } from './scan.ts'

const NOTHING: Released = { text: '', findings: [] }
const NO_FINDINGS: readonly Finding[] = []
const ESCAPE_SIGNS = new RegExp(ESCAPE_SIGN, 'g')

export class DetectorStream implements StreamScanner {
  readonly #set: DetectorSet
  readonly #candidates: Candidates
  readonly #judge: CandidateJudge
  /** Null where nothing is decoded. */
  readonly #runs: EncodedRuns | null
  readonly #openings: Openings
  /** What is held, behind some released text that words nearby may stand in. */
  #text = ''
  /** Offset of `#text` in the channel. */
  #from = 0
  #released = 0
  #received = 0
  /** By start. */
  #waiting: Match[] = []
  /** By start; not released yet. */
  #findings: Finding[] = []
  /** Where a match may have begun of which the escape that is open now is a part; Infinity without one. */
  #guard = Infinity
  /** The last sign of an escape that was read. */
  #lastSign = -1

  constructor(set: DetectorSet) {
    this.#set = set
    this.#candidates = new Candidates(set.automaton)
    this.#runs = set.automaton.decodes ? new EncodedRuns({ looksAhead: false }) : null
    this.#judge = new CandidateJudge(set)
    this.#openings = new Openings(set.automaton)
  }

  get held(): number {
    return this.#received - this.#released
  }

  /** Reads no further than the bound before it looks, so that what is parted there does not depend on the chunks. */
  push(text: string): Released {
    let released = NOTHING
    const { bound } = this.#set
    for (let at = 0; at < text.length;) {
      const room = Math.max(1, bound - this.held)
      const piece = room < text.length - at ? text.slice(at, at + room) : text.slice(at)
      at += piece.length
      released = joined(released, this.#read(piece))
      if (this.held < bound) continue
      this.#guard = Infinity
      released = joined(released, this.#release(this.#candidates.firstOpen, this.#candidates.position))
      if (this.held >= bound) released = joined(released, this.#part())
    }
    return released
  }

  /** Stops before each sign of an escape, so that what is held behind it does not depend on the chunks. */
  #read(text: string): Released {
    const from = this.#received
    this.#text += text
    this.#received += text.length
    let at = 0
    for (const { index } of this.#runs ? text.matchAll(ESCAPE_SIGNS) : []) {
      this.#readPiece(text.slice(at, index))
      this.#guard = Math.min(this.#guard, this.#candidates.firstOpen)
      this.#lastSign = from + index
      at = index
    }
    this.#readPiece(at === 0 ? text : text.slice(at))
    return this.#release(this.#candidates.firstOpen, this.#candidates.position)
  }

  /** An escape ends candidates that go on behind it, in what is decoded: while it is open, they are. */
  #readPiece(text: string): void {
    this.#candidates.read(text)
    if (!this.#runs) return
    this.#runs.read(text)
    if (this.#guard !== Infinity && this.#runs.firstOpen > this.#lastSign) this.#guard = Infinity
  }

  /** As much as may be is held: findings are parted where nothing is open any more, and what has matched for certain goes. */
  #part(): Released {
    const { position } = this.#candidates
    if (this.#closedTo(position) <= this.#released && !this.#candidates.cutFirst()) return NOTHING
    return this.#release(this.#candidates.firstOpen, position, true)
  }

  end(): Released {
    this.#candidates.finish()
    this.#runs?.finish()
    return this.#release(this.#received, Infinity)
  }

  /** `closed`: candidates before it are closed. `seen`: text up to there has been read. `parts`: findings may be cut in two. */
  #release(closed: number, seen: number, parts = false): Released {
    if (this.#candidates.found.length > 0) this.#judgeClosed(closed)
    if (this.#waiting.length > 0) this.#finishWaiting(seen)
    if (this.#runs && this.#runs.found.length > 0) this.#scanRuns(this.#runs)
    const closedTo = seen === Infinity ? this.#beforeWaiting(closed) : this.#closedTo(closed)
    const limit = parts ? closedTo : this.#beforeFindings(closedTo)
    if (limit <= this.#released) return NOTHING
    if (parts) this.#findings = partedAt(this.#findings, limit).sort(inTextOrder)
    const start = this.#released
    const released = { text: this.#text.slice(start - this.#from, limit - this.#from), findings: this.#take(start, limit) }
    this.#released = limit
    const keepFrom = Math.max(0, limit - this.#set.reach - 1)
    this.#text = this.#text.slice(keepFrom - this.#from)
    this.#from = keepFrom
    return released
  }

  /** Decoded texts are bounded by the longest run, so they are scanned at once. */
  #scanRuns(runs: EncodedRuns): void {
    for (const run of runs.found)
      for (const finding of scanRun(this.#set, run, this.#openings))
        // What has left is gone.
        this.#findings.push(finding.start < this.#released ? { ...finding, start: this.#released } : finding)
    runs.found = []
    this.#findings.sort(inTextOrder)
  }

  #judgeClosed(closed: number): void {
    const isClosed = ({ start }: Candidate): boolean => start < closed
    const { found } = this.#candidates
    const ready = found.filter(isClosed).sort((a, b) => a.start - b.start)
    if (ready.length === 0) return
    this.#candidates.found = found.filter((candidate) => !isClosed(candidate))
    const window = windowOf(this.#text, this.#from)
    for (const candidate of ready) this.#waiting.push(...this.#judge.judge(candidate, window))
  }

  #finishWaiting(seen: number): void {
    const window = windowOf(this.#text, this.#from)
    const waiting: Match[] = []
    for (const match of this.#waiting) {
      if (match.end + this.#set.detectors[match.detector]!.reach > seen) waiting.push(match)
      else this.#findings.push(this.#judge.finish(match, window))
    }
    if (waiting.length < this.#waiting.length) this.#findings.sort(inTextOrder)
    this.#waiting = waiting
  }

  /** Where the first of all that is not decided yet begins: candidates (`closed`), findings that wait for words nearby, encoded runs. */
  #closedTo(closed: number): number {
    return this.#beforeWaiting(Math.min(closed, this.#candidates.firstOpen, this.#runs?.firstOpen ?? Infinity, this.#guard))
  }

  #beforeWaiting(closed: number): number {
    let limit = closed
    for (const { start } of this.#waiting) limit = Math.min(limit, start)
    return limit
  }

  /** Moves back before every finding that it would cut. */
  #beforeFindings(furthest: number): number {
    let limit = furthest
    // Those behind one that begins before the limit do not begin before it.
    for (let i = this.#findings.length - 1; i >= 0; i--) {
      const { start, end } = this.#findings[i]!
      if (start < limit && end > limit) limit = start
    }
    return limit
  }

  #take(start: number, limit: number): readonly Finding[] {
    if (this.#findings.length === 0) return NO_FINDINGS
    const taken = this.#findings.filter((finding) => finding.end <= limit)
    if (taken.length === 0) return NO_FINDINGS
    this.#findings = this.#findings.filter((finding) => finding.end > limit)
    return taken.map((finding) => ({ ...finding, start: finding.start - start, end: finding.end - start }))
  }
}
