// The places where a match may have begun, with what is known of each: they close, move up and join as a change of their set says.
import { CHANGE, extended, NEW } from './open-changes.ts'
import { PLACES, SET_SHIFT } from './open-sets.ts'
import type { Candidate } from './candidate.ts'

/** Makes an index in a ring of PLACES. */
export const PLACE = PLACES - 1

/** Numbers of ends that are kept beside a candidate until it closes, a power of two: eight ends in most cases, as of a card number. */
const ROOM = 16
/** In place of where a list goes on. A list is opened with an end, so that none goes on there. */
const NO_LIST = 0

/**
 * Asked of a candidate that closes, with pairs of end and rule in `ends` from `from` to `to`: false where judging it would find nothing, so that
 * it need not be kept.
 */
export type Sieve = (start: number, ends: Int32Array, from: number, to: number) => boolean

/** By ascending start, from `head` to `tail`, in a ring. Indices may be any numbers between them. */
export class OpenCandidates {
  head = 0
  tail = 0
  readonly starts = new Int32Array(PLACES)
  /** Closed, or one with another, and not without an end; not sorted. */
  found: Candidate[] = []
  /** Without one all are kept that have an end. */
  sieve: Sieve | null = null
  /** By place: those that others are one with, or that have many ends. Null for most. */
  readonly #candidates: (Candidate | null)[] = new Array<null>(PLACES).fill(null)
  /** By place: where its list of ends goes on in `#ends`, or NO_LIST. A multiple of ROOM where it is full. */
  readonly #next = new Int32Array(PLACES)
  /** By list: pairs of end and rule. Replaced when there are more lists. */
  #ends = NO_NUMBERS
  readonly #freeLists: number[] = []
  #listCount = 0
  /** Places that have a list or a candidate. */
  #noted = 0

  get isEmpty(): boolean {
    return this.tail === this.head
  }

  /** Whether any has ends or is one with others; those that have not close and are forgotten. */
  get hasNotes(): boolean {
    return this.#noted > 0
  }

  /** As at first; what was found is whoever's took it. */
  reset(): void {
    this.head = this.tail = 0
    this.found = []
    this.sieve = null
    if (this.#noted === 0) return
    this.#candidates.fill(null)
    this.#next.fill(NO_LIST)
    this.#freeLists.length = this.#listCount = this.#noted = 0
  }

  /** The first with all its ends; null if it has none. */
  get first(): Candidate | null {
    const place = this.head & PLACE
    return this.tail > this.head && this.#hasNotes(place) ? this.#gathered(place) : null
  }

  /** `stays` go on, those behind them close. */
  close(head: number, stays: number, closes: number): void {
    if (this.#noted > 0) this.#shutAll(head + stays, head + stays + closes)
    for (let i = head + stays - 1; i >= head; i--) this.move(i + closes, i)
  }

  /** Does what the change at `at` says. Returns a cell of the next set. */
  change(changes: Int32Array, at: number, position: number, end: number): number {
    const { head } = this
    const notesEnd = changes[at + CHANGE.notesEnd]!
    const joinsEnd = changes[at + CHANGE.joinsEnd]!
    const closedEnd = changes[at + CHANGE.closedEnd]!
    const movesEnd = changes[at + CHANGE.movesEnd]!
    this.#noteAll(changes, at + CHANGE.notes, notesEnd, end)
    for (let i = notesEnd; i < joinsEnd; i += 2) {
      const earlier = head + changes[i + 1]!
      if (changes[i] === NEW) this.joinNew(position, earlier)
      else this.join(head + changes[i]!, earlier)
    }
    if (this.#noted > 0) for (let i = joinsEnd; i < closedEnd; i++) this.shut(head + changes[i]!)
    for (let i = closedEnd; i < movesEnd; i += 2) this.move(head + changes[i]!, head + changes[i + 1]!)
    this.head = head + changes[at + CHANGE.shift]!
    this.tail = this.head + changes[at + CHANGE.open]!
    const next = changes[at + CHANGE.next]!
    if ((next & 1) === 1) this.starts[this.tail++ & PLACE] = position
    return (next >> 1) << SET_SHIFT
  }

  /** Nothing follows: it is found if it has an end. */
  shut(index: number): void {
    const place = index & PLACE
    if (!this.#hasNotes(place)) return
    this.#noted--
    if (this.sieve !== null && !this.#passes(place, this.sieve)) return this.#dropList(place)
    const candidate = this.#gathered(place)
    if (candidate.ends.length > 0) this.found.push(candidate)
    this.#candidates[place] = null
  }

  /** No other is one with what has nothing but a list. */
  #passes(place: number, sieve: Sieve): boolean {
    if (this.#candidates[place] !== null) return true
    const next = this.#next[place]!
    return sieve(this.starts[place]!, this.#ends, firstOf(next), next)
  }

  #dropList(place: number): void {
    this.#freeLists.push(firstOf(this.#next[place]!))
    this.#next[place] = NO_LIST
  }

  #shutAll(from: number, to: number): void {
    for (let i = from; i < to && this.#noted > 0; i++) this.shut(i)
  }

  /** Lets the candidate at `index` go on as one with the earlier one, and has no more ends of its own. */
  join(index: number, earlier: number): void {
    const place = index & PLACE
    const candidate = this.#hasNotes(place) ? this.#gathered(place) : joining(this.starts[place]!)
    if (this.#candidates[place] !== null) this.#noted--
    this.#candidates[place] = null
    this.#share(candidate, earlier)
  }

  /** The same for one that begins at `position`. */
  joinNew(position: number, earlier: number): void {
    this.#share(joining(position), earlier)
  }

  #share(candidate: Candidate, index: number): void {
    const earlier = this.#gathered(index & PLACE)
    candidate.shares = { with: earlier, from: earlier.ends.length }
    this.found.push(candidate)
  }

  note(index: number, rules: readonly number[], end: number): void {
    for (let i = 0; i < rules.length; i++) this.#noteFirst(index & PLACE, rules[i]!, end)
  }

  #noteAll(notes: Int32Array, from: number, to: number, end: number): void {
    const { head } = this
    const nexts = this.#next
    let ends = this.#ends
    for (let i = from; i < to; i += 2) {
      const place = (head + notes[i]!) & PLACE
      const next = nexts[place]!
      if (next % ROOM === 0) {
        this.#noteFirst(place, notes[i + 1]!, end)
        ends = this.#ends
        continue
      }
      ends[next] = end
      ends[next + 1] = notes[i + 1]!
      nexts[place] = next + 2
    }
  }

  /** The first of a list, if the place has none with room. */
  #noteFirst(place: number, rule: number, end: number): void {
    let next = this.#next[place]!
    if (next !== NO_LIST && next % ROOM === 0) this.#gathered(place)
    if (this.#next[place] === NO_LIST) next = this.#openList(place)
    this.#ends[next] = end
    this.#ends[next + 1] = rule
    this.#next[place] = next + 2
  }

  /** Where its first end is to stand. */
  #openList(place: number): number {
    if (this.#candidates[place] === null) this.#noted++
    const first = this.#freeLists.pop() ?? this.#listCount++ * ROOM
    if (first === this.#ends.length) this.#ends = extended(this.#ends, Math.max(4 * ROOM, 2 * first))
    return first
  }

  #hasNotes(place: number): boolean {
    return this.#next[place] !== NO_LIST || this.#candidates[place] !== null
  }

  /** The candidate of a place with the ends of its list, which is free again. */
  #gathered(place: number): Candidate {
    const next = this.#next[place]!
    let candidate = this.#candidates[place]!
    if (candidate === null) {
      if (next === NO_LIST) this.#noted++
      this.#candidates[place] = candidate = { start: this.starts[place]!, ends: [], shares: null }
    }
    if (next === NO_LIST) return candidate
    const ends = this.#ends
    for (let i = firstOf(next); i < next; i++) candidate.ends.push(ends[i]!)
    this.#dropList(place)
    return candidate
  }

  /** From the first place on. */
  toFirstPlace(): void {
    const head = this.head & PLACE
    const open = this.tail - this.head
    this.head = 0
    this.tail = open
    if (head === 0 || open === 0) return
    if (head + open > PLACES) this.#rotate(head)
    else for (let i = 0; i < open; i++) this.move(i, head + i)
  }

  #rotate(head: number): void {
    const starts = this.starts.slice()
    for (let i = 0; i < PLACES; i++) this.starts[i] = starts[(head + i) & PLACE]!
    if (this.#noted === 0) return
    const candidates = this.#candidates.slice()
    const nexts = this.#next.slice()
    for (let i = 0; i < PLACES; i++) {
      this.#candidates[i] = candidates[(head + i) & PLACE]!
      this.#next[i] = nexts[(head + i) & PLACE]!
    }
  }

  /** Moves one to a place that is free. */
  move(to: number, from: number): void {
    this.starts[to & PLACE] = this.starts[from & PLACE]!
    if (this.#noted === 0) return
    this.#candidates[to & PLACE] = this.#candidates[from & PLACE]!
    this.#next[to & PLACE] = this.#next[from & PLACE]!
    this.#candidates[from & PLACE] = null
    this.#next[from & PLACE] = NO_LIST
  }

  /** Puts one to a place that is free. */
  put(to: number, candidate: Candidate): void {
    this.starts[to] = candidate.start
    this.#candidates[to] = candidate
    this.#noted++
  }
}

/** Where the list begins that goes on at `next`. */
const firstOf = (next: number): number => (next - 1) & -ROOM

const NO_NUMBERS = new Int32Array(0)
const NO_ENDS: number[] = []

const joining = (start: number): Candidate => ({ start, ends: NO_ENDS, shares: null })
