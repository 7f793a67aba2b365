// Walks a text once and follows every candidate from each place where a match may begin. Linear for every pattern: two candidates in the
// same state walk on as one, and share their ends from there. The first open candidate is where a stream must hold its text back.
import { DEAD, TEXT_START, type Automaton, type Table } from './automaton.ts'
import { EXPANDED, expansionOf, foldAstral } from './fold.ts'
import { FIRST_HALF, SEVERAL, SPECIAL, UNSEEN } from './symbols.ts'

/** Where a match begins, and all its ends. */
export interface Candidate {
  readonly start: number
  /** Pairs of end (exclusive) and rule, in the order of the text. */
  readonly ends: number[]
  /** The earlier candidate that this one became one with, and how long its `ends` were then: those behind are ends of both. */
  shares: { readonly with: Candidate; readonly from: number } | null
}

/** Ends of one candidate that are judged, from the longest. No standard detector needs more than the first few. */
const MAX_ENDS = 1024

/** Pairs of end and rule, the longest first, shared ones included. */
export function endsOf(candidate: Candidate): readonly number[] {
  const all: number[] = []
  const parts: (readonly [Candidate, number])[] = []
  for (let [one, from]: [Candidate, number] = [candidate, 0]; ; [one, from] = [one.shares.with, one.shares.from]) {
    parts.push([one, from])
    if (!one.shares) break
  }
  for (const [{ ends }, from] of parts.reverse()) {
    for (let i = ends.length - 2; i >= from && all.length < MAX_ENDS; i -= 2) all.push(ends[i]!, ends[i + 1]!)
  }
  return all
}

/** A match is never longer, however it is written; what a stream holds is bounded by it. */
export const MAX_MATCH_CHARS = 32_768

/** Whether a match ends anywhere, shared ends included. */
export function hasEnds({ ends, shares }: Candidate): boolean {
  if (ends.length > 0) return true
  for (let link = shares; link; link = link.with.shares) if (link.with.ends.length > link.from) return true
  return false
}

/** One walk over one text, in pieces of any size. Offsets are UTF-16 units from its start. */
export class Candidates {
  /** Found so far, not sorted; whoever takes some of them removes them. */
  found: Candidate[] = []
  readonly #automaton: Automaton
  #table: Table
  #position = 0
  /** Behind the last character that detectors see. */
  #end = 0
  #before = TEXT_START
  #half = -1
  // Open candidates, by ascending start.
  #open = 0
  #starts = new Int32Array(8)
  #rows = new Int32Array(8)
  #candidates: (Candidate | null)[] = []

  constructor(automaton: Automaton) {
    this.#automaton = automaton
    this.#table = automaton.table
  }

  /** Units read, without a first half of a surrogate pair that waits for its second. */
  get position(): number {
    return this.#position
  }

  /** Where the first open candidate begins; the position if none is open. */
  get firstOpen(): number {
    return this.#open > 0 ? this.#starts[0]! : this.#position
  }

  read(text: string): void {
    const { of } = this.#automaton.symbols
    let i = 0
    if (this.#half >= 0 && text.length > 0) i = this.#readPair(this.#half, text.charCodeAt(0)) - 1
    for (; i < text.length; i++) {
      i = this.#readPlain(text, i)
      if (i === text.length) return
      const unit = text.charCodeAt(i)
      const symbol = of[unit]!
      if (symbol < SPECIAL) this.#step(symbol, 1)
      else if (symbol === UNSEEN) this.#position++
      else if (symbol === SEVERAL) this.#stepSeveral(expansionOf(unit)!, 1)
      else if (symbol !== FIRST_HALF) this.#pass(symbol & ~SPECIAL)
      else if (i + 1 < text.length) i += this.#readPair(unit, text.charCodeAt(i + 1)) - 1
      else this.#half = unit
    }
  }

  /** The text has ended: every candidate closes. */
  finish(): void {
    const { of } = this.#automaton.symbols
    if (this.#half >= 0) this.#step(of[0xffff]!, 1)
    this.#half = -1
    this.#advance(this.#automaton.endSymbol)
    this.#open = 0
  }

  /**
   * The fast way through ordinary text, with at most one open candidate and every cell known: `#step` in one loop over locals.
   * Returns the offset of the first unit that needs more than that.
   */
  #readPlain(text: string, from: number): number {
    if (this.#open > 1) return from
    const { of, traits } = this.#automaton.symbols
    const { cells, startRows } = this.#table
    let before = this.#before
    let row = this.#open === 1 ? this.#rows[0]! : DEAD
    let start = this.#starts[0]!
    const base = this.#position - from
    let i = from
    for (; i < text.length; i++) {
      const symbol = of[text.charCodeAt(i)]!
      if (symbol >= SPECIAL) break
      const begun = cells[startRows[before]! + symbol]! >> 1
      if (row === DEAD) {
        if (begun < 0) break
        row = begun
        start = base + i
      } else {
        const cell = cells[row + symbol]!
        // Unknown, a match to note, a second candidate, or one that grows too long: the slow way knows what to do.
        if (cell < 0 || begun < 0 || (cell & 1) === 1 || base + i - start >= MAX_MATCH_CHARS) break
        const next = cell >> 1
        if (begun !== DEAD && next !== DEAD) break
        if (next === DEAD) {
          start = base + i
          if (this.#candidates[0]) this.#candidates[0] = null
        }
        row = next === DEAD ? begun : next
      }
      before = traits[symbol]!
    }
    if (i === from) return i
    if (row === DEAD) this.#candidates.length = 0
    else if (this.#open === 0) this.#candidates.push(null)
    this.#open = row === DEAD ? 0 : 1
    this.#rows[0] = row
    this.#starts[0] = start
    this.#before = before
    this.#position = this.#end = base + i
    return i
  }

  /** Reads a first half and the unit behind it; returns the units used, 1 when they are no pair. */
  #readPair(first: number, second: number): number {
    const { of } = this.#automaton.symbols
    this.#half = -1
    const isPair = second >= 0xdc00 && second <= 0xdfff
    const units = isPair ? 2 : 1
    const codePoint = (first - 0xd800) * 0x400 + (second - 0xdc00) + 0x10000
    const unit = isPair ? foldAstral(codePoint) : 0xffff
    const symbol = unit < 0 ? UNSEEN : of[unit]!
    if (symbol < SPECIAL) this.#step(symbol, units)
    else if (unit === EXPANDED) this.#stepSeveral(expansionOf(codePoint)!, units)
    else this.#position += units
    return units
  }

  /** One character of `units` that counts as several: a match that ends or begins inside covers it whole. */
  #stepSeveral(characters: string, units: number): void {
    const { of } = this.#automaton.symbols
    for (let i = 0; i < characters.length; i++) {
      const symbol = of[characters.charCodeAt(i)]!
      if (symbol < SPECIAL) this.#step(symbol, 0, units)
    }
    this.#position += units
  }

  /** A mark: it begins nothing, and belongs to a match that ends with its letter. */
  #pass(symbol: number): void {
    if (this.#open > 0) this.#advance(symbol)
    this.#position++
    this.#end = this.#position
  }

  /** `span`: the length of the character, where the position moves on later. */
  #step(symbol: number, units: number, span = units): void {
    const table = this.#table
    const mark = this.#open > 0 ? this.#advance(symbol) : 0
    const row = table.startRows[this.#before]!
    let cell = table.cells[row + symbol]!
    if (cell < 0) cell = table.explore(row, symbol)
    const begun = cell >> 1
    if (begun !== DEAD && this.#open > 0 && table.cells[begun + table.markOffset] === mark)
      this.#join({ start: this.#position, ends: [], shares: null }, begun)
    else if (begun !== DEAD) this.#begin(begun)
    this.#before = this.#automaton.symbols.traits[symbol]!
    this.#end = this.#position + span
    this.#position += units
    if (table.isFull) this.#moveOn()
  }

  /** Takes every open candidate over `symbol`; returns the mark that the rows now in use carry. */
  #advance(symbol: number): number {
    const table = this.#table
    const { markOffset } = table
    const mark = table.freshMark()
    let kept = 0
    for (let i = 0; i < this.#open; i++) {
      const row = this.#rows[i]!
      let cell = table.cells[row + symbol]!
      if (cell < 0) cell = table.explore(row, symbol)
      if ((cell & 1) === 1) this.#note(i, table.matchesAt(row, symbol))
      const next = cell >> 1
      if (next === DEAD || this.#position - this.#starts[i]! >= MAX_MATCH_CHARS) continue
      if (table.cells[next + markOffset] === mark) {
        this.#join(this.#candidates[i] ?? { start: this.#starts[i]!, ends: [], shares: null }, next)
        continue
      }
      table.cells[next + markOffset] = mark
      this.#starts[kept] = this.#starts[i]!
      this.#rows[kept] = next
      this.#candidates[kept] = this.#candidates[i]!
      kept++
    }
    this.#candidates.length = this.#open = kept
    return mark
  }

  /** The table is full: goes on with an empty one. */
  #moveOn(): void {
    const next = this.#automaton.table
    for (let i = 0; i < this.#open; i++) this.#rows[i] = next.rowOf(this.#table.stateOf(this.#rows[i]!))
    this.#table = next
  }

  /** Lets a candidate go on as one with the earlier one that has reached `row`. */
  #join(candidate: Candidate, row: number): void {
    let index = 0
    while (this.#rows[index] !== row) index++
    const earlier = (this.#candidates[index] ??= { start: this.#starts[index]!, ends: [], shares: null })
    if (candidate.ends.length === 0) this.found.push(candidate)
    candidate.shares = { with: earlier, from: earlier.ends.length }
  }

  #begin(row: number): void {
    if (this.#open === this.#rows.length) {
      this.#starts = enlarge(this.#starts)
      this.#rows = enlarge(this.#rows)
    }
    this.#starts[this.#open] = this.#position
    this.#rows[this.#open] = row
    this.#candidates.push(null)
    this.#open++
  }

  #note(index: number, rules: readonly number[]): void {
    const candidate = (this.#candidates[index] ??= { start: this.#starts[index]!, ends: [], shares: null })
    if (candidate.ends.length === 0) this.found.push(candidate)
    for (const rule of rules) candidate.ends.push(this.#end, rule)
  }
}

function enlarge(from: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(from.length * 2)
  larger.set(from)
  return larger
}
