// Walks a text once and follows every candidate from each place where a match may begin. Linear for every pattern: two candidates in the
// same state walk on as one, and share their ends from there. The first open candidate is where a stream must hold its text back.
import { DEAD, HAS_MATCHES, MAY_JOIN, ROW_SHIFT, TEXT_START, UNKNOWN, type Automaton, type Table } from './automaton.ts'
import type { Candidate } from './candidate.ts'
import { EXPANDED, expansionOf, foldAstral, INVISIBLE } from './fold.ts'
import { FIRST_HALF, NARROW, SEVERAL, SPECIAL, UNSEEN } from './symbols.ts'

export type { Candidate }

/**
 * Places where a match may have begun that are followed at once. Ordinary text has one or two, a card number in single digits sixteen. Of
 * more, those in the middle are given up, some at a time: a long match begins with one of the first, and what is hidden behind a hundred
 * false beginnings with one of the last.
 */
const MAX_OPEN = 48
const KEPT_FIRST = 16
const KEPT_LAST = 24
/** Room for the open ones, and for the places of some that have closed in front of them. */
const PLACES = 64

/** A match is never longer, however it is written, unless it can be taken in pieces; what a stream holds is bounded by it. */
export const MAX_MATCH_CHARS = 32_768

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
  // Open candidates, by ascending start, from `#head` to `#tail`.
  #head = 0
  #tail = 0
  readonly #starts = new Int32Array(PLACES)
  #rows = new Int32Array(PLACES)
  #nextRows = new Int32Array(PLACES)
  readonly #candidates: (Candidate | null)[] = Array.from({ length: PLACES }, () => null)

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
    return this.#tail > this.#head ? this.#starts[this.#head]! : this.#position
  }

  read(text: string): void {
    const { of } = this.#automaton.symbols
    let i = 0
    if (this.#half >= 0 && text.length > 0) i = this.#readPair(this.#half, text.charCodeAt(0)) - 1
    for (; i < text.length; i++) {
      if (this.#tail - this.#head <= 2) i = this.#readFew(text, i)
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
    if (this.#half >= 0) this.#position++
    this.#half = -1
    if (this.#table.isFull) this.#moveOn()
    this.#advance(this.#automaton.endSymbol)
    this.#candidates.fill(null)
    this.#head = this.#tail = 0
  }

  /**
   * Takes what the first open candidate has matched for certain as a piece of its own; the rest goes on from there. False where nothing is
   * certain.
   */
  cutFirst(): boolean {
    const head = this.#head
    const first = this.#tail > head ? this.#candidates[head] : null
    const end = first ? this.#certainEnd(first) : -1
    if (!first || end <= first.start) return false
    const row = this.#rows[head]!
    let i = head
    for (; i + 1 < this.#tail && this.#starts[i + 1]! < end; i++) {
      this.#starts[i] = this.#starts[i + 1]!
      this.#rows[i] = this.#rows[i + 1]!
      this.#candidates[i] = this.#candidates[i + 1]!
    }
    this.#starts[i] = end
    this.#rows[i] = row
    this.#candidates[i] = { start: end, ends: [], shares: null, continues: true }
    return true
  }

  /** The last end of a rule whose matches may be taken in pieces; -1 if there is none. */
  #certainEnd({ ends }: Candidate): number {
    const { rules } = this.#automaton
    for (let i = ends.length - 2; i >= 0; i -= 2) if (rules[ends[i + 1]!]!.isPiecewise) return ends[i]!
    return -1
  }

  /**
   * The fast way through ordinary text, with at most two open candidates and every cell known: `#step` in one loop over locals.
   * Returns the offset of the first unit that needs more than that.
   */
  #readFew(text: string, from: number): number {
    const { of, traits, count } = this.#automaton.symbols
    const { cells, startCells } = this.#table
    const head = this.#head
    const wasOpen = this.#tail - head
    let before = this.#before
    let first = wasOpen > 0 ? this.#rows[head]! : DEAD
    let second = wasOpen > 1 ? this.#rows[head + 1]! : DEAD
    let firstStart = this.#starts[head]!
    let secondStart = this.#starts[head + 1]!
    let firstFound = wasOpen > 0 ? this.#candidates[head]! : null
    let secondFound = wasOpen > 1 ? this.#candidates[head + 1]! : null
    const base = this.#position - from
    let i = from
    for (; i < text.length; i++) {
      const symbol = of[text.charCodeAt(i)]!
      if (symbol >= NARROW && (symbol >= SPECIAL || first !== DEAD)) break
      // Unknown cells, matches to note, candidates that become one or grow too long: the slow way knows what to do.
      const begun = startCells[before * (count + 1) + symbol]! >> ROW_SHIFT
      if (begun < 0) break
      if (first === DEAD) {
        first = begun
        firstStart = base + i
      } else {
        const cell = cells[first * NARROW + symbol]!
        if (cell < 0 || (cell & HAS_MATCHES) !== 0 || base + i - firstStart >= MAX_MATCH_CHARS) break
        const next = cell >> ROW_SHIFT
        let nextSecond = DEAD
        if (second !== DEAD) {
          const secondCell = cells[second * NARROW + symbol]!
          if (secondCell < 0 || (secondCell & HAS_MATCHES) !== 0) break
          nextSecond = secondCell >> ROW_SHIFT
          if (nextSecond !== DEAD && (nextSecond === next || nextSecond === begun || (begun !== DEAD && next !== DEAD))) break
        }
        if (begun !== DEAD && begun === next) break
        if (next === DEAD) {
          first = nextSecond === DEAD ? begun : nextSecond
          firstStart = nextSecond === DEAD ? base + i : secondStart
          firstFound = nextSecond === DEAD ? null : secondFound
          second = nextSecond === DEAD ? DEAD : begun
          secondStart = base + i
          secondFound = null
        } else {
          first = next
          if (nextSecond === DEAD) {
            second = begun
            secondStart = base + i
            secondFound = null
          } else second = nextSecond
        }
      }
      before = traits[symbol]!
    }
    if (i === from) return i
    const open = first === DEAD ? 0 : second === DEAD ? 1 : 2
    this.#head = 0
    this.#tail = open
    this.#rows[0] = first
    this.#rows[1] = second
    this.#starts[0] = firstStart
    this.#starts[1] = secondStart
    if (wasOpen > 0) this.#candidates[head] = this.#candidates[head + 1] = null
    this.#candidates[0] = firstFound
    this.#candidates[1] = secondFound
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
    // A half that stands alone is no character.
    const unit = isPair ? foldAstral(codePoint) : INVISIBLE
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
    if (this.#table.isFull) this.#moveOn()
    if (this.#tail > this.#head) this.#advance(symbol)
    this.#position++
    this.#end = this.#position
  }

  /** `span`: the length of the character, where the position moves on later. */
  #step(symbol: number, units: number, span = units): void {
    const table = this.#table
    const { symbols } = this.#automaton
    const mark = this.#tail > this.#head ? this.#advance(symbol) : 0
    let cell = table.startCells[this.#before * (symbols.count + 1) + symbol]!
    if (cell < 0) {
      cell = table.startCellOf(this.#before, symbol)
      if ((cell & MAY_JOIN) !== 0) this.#mark(cell >> ROW_SHIFT, this.#tail, mark)
    }
    const begun = cell >> ROW_SHIFT
    if (begun !== DEAD) {
      if (mark !== 0 && (cell & MAY_JOIN) !== 0 && table.marks[begun] === mark)
        this.#join({ start: this.#position, ends: [], shares: null }, begun)
      else this.#begin(begun)
    }
    this.#before = symbols.traits[symbol]!
    this.#end = this.#position + span
    this.#position += units
    if (table.isFull) this.#moveOn()
  }

  /** Takes every open candidate over `symbol`; returns the mark that the rows now in use carry. */
  #advance(symbol: number): number {
    const table = this.#table
    let mark = table.freshMark()
    const rows = this.#rows
    const starts = this.#starts
    const candidates = this.#candidates
    const tail = this.#tail
    let { cells, marks } = table
    const tooLong = this.#findTooLong()
    const isTooMany = tail - this.#head > MAX_OPEN
    if (symbol < NARROW && tooLong === this.#head && !isTooMany) {
      if (this.#advanceAll(symbol, cells, mark)) return mark
      mark = table.freshMark()
    }
    let kept = this.#head
    const middle = isTooMany ? kept + KEPT_FIRST : tail
    for (let i = kept; i < tail; i++) {
      if (i === middle) i = tail - KEPT_LAST
      const row = rows[i]!
      let cell = symbol < NARROW ? cells[Math.imul(row, NARROW) + symbol]! : UNKNOWN
      if (cell < 0) {
        cell = table.cellOf(row, symbol)
        cells = table.cells
        marks = table.marks
        if ((cell & MAY_JOIN) !== 0) this.#mark(cell >> ROW_SHIFT, kept, mark)
      }
      if ((cell & HAS_MATCHES) !== 0) this.#note(i, table.matchesAt(cell))
      const next = cell >> ROW_SHIFT
      if (next === DEAD || i < tooLong) {
        // Those that close are mostly the first: then the others stay where they are.
        if (kept !== this.#head) continue
        candidates[i] = null
        kept = this.#head = i + 1
        continue
      }
      if ((cell & MAY_JOIN) !== 0) {
        if (marks[next] === mark) {
          this.#join(candidates[i] ?? { start: starts[i]!, ends: [], shares: null }, next)
          continue
        }
        marks[next] = mark
      }
      rows[kept] = next
      if (kept !== i) {
        starts[kept] = starts[i]!
        if (candidates[i] !== candidates[kept]) candidates[kept] = candidates[i]!
      }
      kept++
    }
    for (let i = kept; i < tail; i++) candidates[i] = null
    this.#tail = kept
    return mark
  }

  /**
   * The usual case, in a loop without branches: the first may close, all others go on, and none joins another. False if that is not so; then
   * those that have closed are done with, and nothing else has changed.
   */
  #advanceAll(symbol: number, cells: Int32Array, mark: number): boolean {
    const rows = this.#rows
    const nextRows = this.#nextRows
    this.#closeFirst(symbol, cells)
    const head = this.#head
    const tail = this.#tail
    // Negative with the first cell that is unknown or leads to DEAD.
    let least = 0
    let flags = 0
    for (let i = head; i < tail; i++) {
      const cell = cells[Math.imul(rows[i]!, NARROW) + symbol]!
      least |= cell - (1 << ROW_SHIFT)
      flags |= cell
      nextRows[i] = cell >> ROW_SHIFT
    }
    if (least < 0 || ((flags & MAY_JOIN) !== 0 && this.#wouldJoin(mark))) return false
    for (let i = (flags & HAS_MATCHES) === 0 ? tail : head; i < tail; i++) {
      const cell = cells[Math.imul(rows[i]!, NARROW) + symbol]!
      if ((cell & HAS_MATCHES) !== 0) this.#note(i, this.#table.matchesAt(cell))
    }
    this.#rows = nextRows
    this.#nextRows = rows
    return true
  }

  /** Marks the next rows; true if two are the same. */
  #wouldJoin(mark: number): boolean {
    const { marks } = this.#table
    const nextRows = this.#nextRows
    const tail = this.#tail
    let same = 0
    for (let i = this.#head; i < tail; i++) {
      const row = nextRows[i]!
      same |= marks[row] === mark ? 1 : 0
      marks[row] = mark
    }
    return same === 1
  }

  #closeFirst(symbol: number, cells: Int32Array): void {
    for (; this.#head < this.#tail; this.#head++) {
      const cell = cells[Math.imul(this.#rows[this.#head]!, NARROW) + symbol]!
      if (cell >> ROW_SHIFT !== DEAD) return
      if ((cell & HAS_MATCHES) !== 0) this.#note(this.#head, this.#table.matchesAt(cell))
      this.#candidates[this.#head] = null
    }
  }

  /** A cell has just told that candidates may join in its row: marks it if one before `end` has reached it already. */
  #mark(row: number, end: number, mark: number): void {
    for (let i = this.#head; i < end; i++) if (this.#rows[i] === row) this.#table.marks[row] = mark
  }

  /** The first candidate that is not too long, after those that may be taken in pieces have been. */
  #findTooLong(): number {
    const oldest = this.#position - MAX_MATCH_CHARS
    if (this.#head === this.#tail || this.#starts[this.#head]! > oldest) return this.#head
    this.#cutOldest(oldest)
    let i = this.#head
    while (i < this.#tail && this.#starts[i]! <= oldest) i++
    return i
  }

  /** A match that may be taken in pieces has no longest length. */
  #cutOldest(oldest: number): void {
    while (this.#tail > this.#head && this.#starts[this.#head]! <= oldest) if (!this.cutFirst()) return
  }

  /** The table is full: goes on with an empty one. */
  #moveOn(): void {
    const next = this.#automaton.table
    for (let i = this.#head; i < this.#tail; i++) this.#rows[i] = next.rowOf(this.#table.stateOf(this.#rows[i]!))
    this.#table = next
  }

  /** Lets a candidate go on as one with the earlier one that has reached `row`. */
  #join(candidate: Candidate, row: number): void {
    let index = this.#head
    while (this.#rows[index] !== row) index++
    const earlier = (this.#candidates[index] ??= { start: this.#starts[index]!, ends: [], shares: null })
    if (candidate.ends.length === 0) this.found.push(candidate)
    candidate.shares = { with: earlier, from: earlier.ends.length }
  }

  #begin(row: number): void {
    if (this.#tail === PLACES) this.#moveDown()
    this.#starts[this.#tail] = this.#position
    this.#rows[this.#tail++] = row
  }

  /** To the first place. */
  #moveDown(): void {
    const open = this.#tail - this.#head
    for (let i = 0; i < open; i++) {
      this.#starts[i] = this.#starts[this.#head + i]!
      this.#rows[i] = this.#rows[this.#head + i]!
      this.#candidates[i] = this.#candidates[this.#head + i]!
    }
    this.#candidates.fill(null, open)
    this.#head = 0
    this.#tail = open
  }

  #note(index: number, rules: readonly number[]): void {
    const candidate = (this.#candidates[index] ??= { start: this.#starts[index]!, ends: [], shares: null })
    if (candidate.ends.length === 0) this.found.push(candidate)
    for (let i = 0; i < rules.length; i++) candidate.ends.push(this.#end, rules[i]!)
  }
}
