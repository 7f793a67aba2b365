// A stream that is read in two ways at once: folded, and in marks. Text leaves when both let it go, and no finding of either is cut in two.
import { joined, partedAt } from './hold.ts'
import { allMarksOf } from './marks.ts'
import { inTextOrder } from './judge-candidate.ts'
import type { Finding } from '../model/content.ts'
import type { Released, StreamScanner } from './port.ts'

const NOTHING: Released = { text: '', findings: [] }
const isFirstHalf = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff

export class PairedStream implements StreamScanner {
  readonly #folded: StreamScanner
  readonly #marks: StreamScanner
  /** What both have not let go yet. */
  #text = ''
  /** Offset of `#text` in the channel. */
  #from = 0
  /** Where each has let go, as offsets in the channel. */
  #foldedTo = 0
  #marksTo = 0
  /** Of both, by start; offsets in the channel. */
  #findings: Finding[] = []
  /** First half of a pair whose second is not there yet. */
  #half = ''

  readonly #bound: number

  /** `bound`: characters that either of them holds at most. */
  constructor(folded: StreamScanner, marks: StreamScanner, bound: number) {
    this.#folded = folded
    this.#marks = marks
    this.#bound = bound
  }

  get held(): number {
    return this.#text.length
  }

  push(text: string): Released {
    let released = NOTHING
    for (let at = 0; at < text.length;) {
      const room = Math.max(1, this.#bound - this.held)
      const piece = room < text.length - at ? text.slice(at, at + room) : text.slice(at)
      at += piece.length
      released = joined(released, this.#read(piece))
      if (this.held >= this.#bound) released = joined(released, this.#release(true))
    }
    return released
  }

  #read(text: string): Released {
    this.#text += text
    const whole = this.#half + text
    this.#half = isFirstHalf(whole.charCodeAt(whole.length - 1)) ? whole.slice(-1) : ''
    this.#takeFolded(this.#folded.push(text))
    this.#takeMarks(this.#marks.push(allMarksOf(this.#half === '' ? whole : whole.slice(0, -1))))
    return this.#release()
  }

  end(): Released {
    if (this.#half !== '') this.#takeMarks(this.#marks.push(allMarksOf(this.#half)))
    this.#half = ''
    this.#takeFolded(this.#folded.end())
    this.#takeMarks(this.#marks.end())
    return this.#release()
  }

  #takeFolded({ text, findings }: Released): void {
    this.#keep(findings, this.#foldedTo)
    this.#foldedTo += text.length
  }

  #takeMarks({ text, findings }: Released): void {
    this.#keep(findings, this.#marksTo)
    this.#marksTo += text.length
  }

  #keep(findings: readonly Finding[], from: number): void {
    if (findings.length === 0) return
    for (const finding of findings) this.#findings.push({ ...finding, start: finding.start + from, end: finding.end + from })
    this.#findings.sort(inTextOrder)
  }

  /** `parts`: findings may be cut in two. */
  #release(parts = false): Released {
    const closedTo = Math.min(this.#foldedTo, this.#marksTo)
    if (parts) this.#findings = partedAt(this.#findings, closedTo).sort(inTextOrder)
    const limit = parts ? closedTo : this.#limit(closedTo)
    const text = this.#text.slice(0, limit - this.#from)
    const findings = this.#findings.filter(({ end }) => end <= limit)
    if (findings.length > 0) this.#findings = this.#findings.filter(({ end }) => end > limit)
    const from = this.#from
    this.#text = this.#text.slice(text.length)
    this.#from = limit
    return { text, findings: findings.map((finding) => ({ ...finding, start: finding.start - from, end: finding.end - from })) }
  }

  /** Moves back before every finding that it would cut. */
  #limit(furthest: number): number {
    let limit = furthest
    // Those behind one that begins before the limit do not begin before it.
    for (let i = this.#findings.length - 1; i >= 0; i--) {
      const { start, end } = this.#findings[i]!
      if (start < limit && end > limit) limit = start
    }
    return limit
  }
}
