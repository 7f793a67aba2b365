// The places where a match may have begun, with what is known of each: they close, move up and join as a change of their set says.
import { NEW, PLACES, SET_SHIFT, type Change } from './open-sets.ts'
import type { Candidate } from './candidate.ts'

/** Makes an index in a ring of PLACES. */
export const PLACE = PLACES - 1

/** By ascending start, from `head` to `tail`, in a ring. Indices may be any numbers between them. */
export class OpenCandidates {
  head = 0
  tail = 0
  readonly starts = new Int32Array(PLACES)
  /** Those that have found an end, or are one with another; not sorted. */
  found: Candidate[] = []
  /** Null while there is nothing but a start. */
  readonly #candidates: (Candidate | null)[] = Array.from({ length: PLACES }, () => null)
  /** Of these, how many are not null. */
  #noted = 0

  get first(): Candidate | null {
    return this.tail > this.head ? this.#candidates[this.head & PLACE]! : null
  }

  /** `stays` go on, those behind them close. */
  close(head: number, stays: number, closes: number): void {
    if (stays > 0) this.#moveUp(head, stays, closes)
    else if (this.#noted > 0) this.#forget(head, head + closes)
  }

  /** Returns a cell of the next set. */
  change({ events, kept, begins, next }: Change, position: number, end: number): number {
    const head = this.head
    for (let i = 0; i < events.length; i++) {
      const { index, rules, joins } = events[i]!
      if (rules !== null) this.note(head + index, rules, end)
      else this.join(index === NEW ? joining(position) : this.joining(head + index), head + joins)
    }
    this.#keep(kept)
    if (begins) this.starts[this.tail++ & PLACE] = position
    return next << SET_SHIFT
  }

  /** The candidates at these indices go on, the others close. */
  #keep(kept: Uint8Array): void {
    const head = this.head
    const first = kept.length === 0 ? this.tail : head + kept[0]!
    const starts = this.starts
    const candidates = this.#candidates
    this.#forget(head, first)
    for (let i = 1; i < kept.length; i++) {
      const from = head + kept[i]!
      if (from === first + i) continue
      starts[(first + i) & PLACE] = starts[from & PLACE]!
      if (this.#noted === 0) continue
      this.#forget(first + i, first + i + 1)
      candidates[(first + i) & PLACE] = candidates[from & PLACE]!
      candidates[from & PLACE] = null
    }
    this.#forget(first + kept.length, this.tail)
    this.head = first
    this.tail = first + kept.length
  }

  /** The first `stays` take the places of those that close behind them. */
  #moveUp(head: number, stays: number, closes: number): void {
    const starts = this.starts
    const candidates = this.#candidates
    const noted = this.#noted > 0
    if (noted) this.#forget(head + stays, head + stays + closes)
    for (let i = head + stays - 1; i >= head; i--) {
      starts[(i + closes) & PLACE] = starts[i & PLACE]!
      if (!noted) continue
      candidates[(i + closes) & PLACE] = candidates[i & PLACE]!
      candidates[i & PLACE] = null
    }
  }

  #forget(from: number, to: number): void {
    for (let i = from; i < to && this.#noted > 0; i++) {
      if (this.#candidates[i & PLACE] === null) continue
      this.#candidates[i & PLACE] = null
      this.#noted--
    }
  }

  /** Lets a candidate go on as one with the earlier one at `index`. */
  join(candidate: Candidate, index: number): void {
    const earlier = this.#candidateAt(index)
    if (candidate.ends.length === 0) this.found.push(candidate)
    candidate.shares = { with: earlier, from: earlier.ends.length }
  }

  /** A candidate that joins another has no more ends of its own. */
  joining(index: number): Candidate {
    return this.#candidates[index & PLACE] ?? joining(this.starts[index & PLACE]!)
  }

  note(index: number, rules: readonly number[], end: number): void {
    const candidate = this.#candidateAt(index)
    if (candidate.ends.length === 0) this.found.push(candidate)
    for (let i = 0; i < rules.length; i++) candidate.ends.push(end, rules[i]!)
  }

  #candidateAt(index: number): Candidate {
    const place = index & PLACE
    const known = this.#candidates[place]
    if (known) return known
    this.#noted++
    return (this.#candidates[place] = { start: this.starts[place]!, ends: [], shares: null })
  }

  /** From the first place on. */
  toFirstPlace(): void {
    const head = this.head
    const open = this.tail - head
    this.head = 0
    this.tail = open
    if ((head & PLACE) === 0 || open === 0) return
    const starts = this.starts.slice()
    const candidates = this.#candidates.slice()
    for (let i = 0; i < PLACES; i++) {
      this.starts[i] = starts[(head + i) & PLACE]!
      this.#candidates[i] = candidates[(head + i) & PLACE]!
    }
  }

  /** Moves one to a place in front of it, or puts another there. */
  move(to: number, from: number): void {
    this.starts[to] = this.starts[from]!
    this.#candidates[to] = this.#candidates[from]!
  }

  put(to: number, candidate: Candidate): void {
    this.starts[to] = candidate.start
    this.#candidates[to] = candidate
  }

  /** Of those that stand from the first place on, the first `count` are left. */
  keepFirst(count: number): void {
    this.#candidates.fill(null, count)
    this.#noted = this.#candidates.reduce((sum, candidate) => sum + (candidate === null ? 0 : 1), 0)
    this.tail = count
  }
}

const NO_ENDS: number[] = []

export const joining = (start: number): Candidate => ({ start, ends: NO_ENDS, shares: null })
