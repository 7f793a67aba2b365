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
  /** The rest of a match that was taken in pieces: it begins where the piece before it ends. */
  readonly continues?: true
}

/** Ends of one candidate that are judged, from the longest. No standard detector needs more than the first few. */
const MAX_ENDS = 1024

/** Pairs of end and rule, the longest first, shared ones included. */
export function endsOf(candidate: Candidate): readonly number[] {
  const all: number[] = []
  let length = candidate.ends.length
  for (let link = candidate.shares; link; link = link.with.shares) length += link.with.ends.length
  if (length > 0) gather(candidate, 0, all)
  return all
}

/** Those behind `from` of the candidate that it became one with come first: they are longer. */
function gather({ ends, shares }: Candidate, from: number, all: number[]): void {
  if (shares) gather(shares.with, shares.from, all)
  for (let i = ends.length - 2; i >= from && all.length < MAX_ENDS; i -= 2) all.push(ends[i]!, ends[i + 1]!)
}

/**
 * Places where a match may have begun that are followed at once. Ordinary text has one or two, a card number in single digits sixteen. Of
 * more, those in the middle are given up: a long match begins with one of the first, and what is hidden behind a hundred false beginnings
 * with one of the last.
 */
const MAX_OPEN = 40
const KEPT_FIRST = 16

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
   * Takes what the first open candidate has matched for certain as a piece of its own; the rest goes on from there. False where nothing is
   * certain.
   */
  cutFirst(): boolean {
    const first = this.#open > 0 ? this.#candidates[0] : null
    const end = first ? this.#certainEnd(first) : -1
    if (!first || end <= first.start) return false
    const starts = this.#starts
    const rows = this.#rows
    const row = rows[0]!
    let i = 0
    for (; i + 1 < this.#open && starts[i + 1]! < end; i++) {
      starts[i] = starts[i + 1]!
      rows[i] = rows[i + 1]!
      this.#candidates[i] = this.#candidates[i + 1]!
    }
    starts[i] = end
    rows[i] = row
    this.#candidates[i] = { start: end, ends: [], shares: null, continues: true }
    return true
  }

  /** The last end of a rule whose matches may be taken in pieces; -1 if there is none. */
  #certainEnd({ ends }: Candidate): number {
    const { rules } = this.#automaton
    for (let i = ends.length - 2; i >= 0; i -= 2) if (rules[ends[i + 1]!]!.isPiecewise) return ends[i]!
    return -1
  }

  /** A match that may be taken in pieces has no longest length. */
  #cutOldest(oldest: number): void {
    while (this.#open > 0 && this.#starts[0]! <= oldest) if (!this.cutFirst()) return
  }

  /**
   * The fast way through ordinary text, with at most two open candidates and every cell known: `#step` in one loop over locals.
   * Returns the offset of the first unit that needs more than that.
   */
  #readPlain(text: string, from: number): number {
    if (this.#open > 2) return from
    const { of, traits } = this.#automaton.symbols
    const { cells, startRows } = this.#table
    let before = this.#before
    let first = this.#open > 0 ? this.#rows[0]! : DEAD
    let second = this.#open > 1 ? this.#rows[1]! : DEAD
    let firstStart = this.#starts[0]!
    let secondStart = this.#starts[1]!
    const candidates = this.#candidates
    const base = this.#position - from
    let i = from
    for (; i < text.length; i++) {
      const symbol = of[text.charCodeAt(i)]!
      if (symbol >= SPECIAL) break
      // Unknown cells, matches to note, candidates that become one or grow too long: the slow way knows what to do.
      const begun = cells[startRows[before]! + symbol]! >> 1
      if (begun < 0) break
      if (first === DEAD) {
        first = begun
        firstStart = base + i
      } else {
        const cell = cells[first + symbol]!
        if (cell < 0 || (cell & 1) === 1 || base + i - firstStart >= MAX_MATCH_CHARS) break
        const next = cell >> 1
        let nextSecond = DEAD
        if (second !== DEAD) {
          const secondCell = cells[second + symbol]!
          if (secondCell < 0 || (secondCell & 1) === 1) break
          nextSecond = secondCell >> 1
          if (nextSecond !== DEAD && (nextSecond === next || nextSecond === begun || (begun !== DEAD && next !== DEAD))) break
        }
        if (begun !== DEAD && begun === next) break
        if (next === DEAD) {
          candidates[0] = candidates[1] ?? null
          candidates[1] = null
          first = nextSecond === DEAD ? begun : nextSecond
          firstStart = nextSecond === DEAD ? base + i : secondStart
          second = nextSecond === DEAD ? DEAD : begun
          secondStart = base + i
          if (nextSecond === DEAD) candidates[0] = null
        } else {
          first = next
          if (nextSecond === DEAD) {
            if (second !== DEAD) candidates[1] = null
            second = begun
            secondStart = base + i
          } else second = nextSecond
        }
      }
      before = traits[symbol]!
    }
    if (i === from) return i
    const open = first === DEAD ? 0 : second === DEAD ? 1 : 2
    while (candidates.length < open) candidates.push(null)
    candidates.length = this.#open = open
    this.#rows[0] = first
    this.#rows[1] = second
    this.#starts[0] = firstStart
    this.#starts[1] = secondStart
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
    const rows = this.#rows
    const starts = this.#starts
    const candidates = this.#candidates
    const oldest = this.#position - MAX_MATCH_CHARS
    let { cells } = table
    if (starts[0]! <= oldest) this.#cutOldest(oldest)
    let kept = 0
    for (let i = 0; i < this.#open; i++) {
      if (i === KEPT_FIRST && this.#open > MAX_OPEN) i = this.#open - (MAX_OPEN - KEPT_FIRST)
      const row = rows[i]!
      let cell = cells[row + symbol]!
      if (cell < 0) {
        cell = table.explore(row, symbol)
        cells = table.cells
      }
      if ((cell & 1) === 1) this.#note(i, table.matchesAt(row, symbol))
      const next = cell >> 1
      if (next === DEAD || starts[i]! <= oldest) continue
      if (cells[next + markOffset] === mark) {
        this.#join(candidates[i] ?? { start: starts[i]!, ends: [], shares: null }, next)
        continue
      }
      cells[next + markOffset] = mark
      if (kept !== i) {
        starts[kept] = starts[i]!
        candidates[kept] = candidates[i]!
      }
      rows[kept++] = next
    }
    candidates.length = this.#open = kept
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
