// Walks a text once and follows every candidate from each place where a match may begin. Linear for every pattern: two candidates in the
// same state walk on as one, and share their ends from there. The first open candidate is where a stream must hold its text back.
import type { Automaton } from './automaton.ts'
import type { Candidate } from './candidate.ts'
import { EXPANDED, expansionOf, foldAstral, INVISIBLE } from './fold.ts'
import { OpenCandidates, PLACE, type Sieve } from './open-candidates.ts'
import {
  BEGINS,
  BEGINS_SHIFT,
  CHANGES,
  CHANGE_SHIFT,
  CLOSES,
  FIRST_SETS,
  FIRST_SYMBOLS,
  KEPT_FIRST,
  KEPT_LAST,
  MAX_OPEN,
  PLACES,
  SET_SHIFT,
  STAYS,
  STAYS_SHIFT,
  STAY_MORE,
  UNKNOWN_CELL,
  slotFor,
  type OpenSets,
} from './open-sets.ts'
import { FIRST_HALF, SEVERAL, SPECIAL, UNSEEN } from './symbols.ts'
import { DEAD, HAS_MATCHES, ROW_SHIFT, TEXT_START, type Table } from './table.ts'
import { PIECE_UNITS, unitsOf } from './units.ts'

export type { Candidate, Sieve }

/** A match is never longer, however it is written, unless it can be taken in pieces; what a stream holds is bounded by it. */
export const MAX_MATCH_CHARS = 32_768

/** In a cell: there is more to do than to move on, begin or close. */
const NEEDS_MORE = CHANGES | STAY_MORE

/** One walk over one text, in pieces of any size. Offsets are UTF-16 units from its start. */
export class Candidates {
  readonly #automaton: Automaton
  #table: Table
  #sets: OpenSets
  /** The set of all that are open; -1 while `#rows` has a row for each. */
  #set = -1
  #position = 0
  /** Behind the last character that detectors see. */
  #end = 0
  #before = TEXT_START
  #half = -1
  /** In a ring while `#set` holds their rows, else from the first place on. */
  readonly #open = new OpenCandidates()
  readonly #rows = new Int32Array(PLACES)

  constructor(automaton: Automaton) {
    this.#automaton = automaton
    this.#table = automaton.table
    this.#sets = automaton.openSets
  }

  /** Ready for another text, whatever became of the last. */
  reset(): void {
    this.#table = this.#automaton.table
    this.#sets = this.#automaton.openSets
    this.#set = -1
    this.#position = 0
    this.#end = 0
    this.#before = TEXT_START
    this.#half = -1
    this.#open.reset()
  }

  /** Found so far and closed, not sorted; whoever takes some of them removes them. */
  get found(): Candidate[] {
    return this.#open.found
  }

  set found(left: Candidate[]) {
    this.#open.found = left
  }

  /** For this text: see `Sieve`. */
  set sieve(sieve: Sieve) {
    this.#open.sieve = sieve
  }

  /** Units read, without a first half of a surrogate pair that waits for its second. */
  get position(): number {
    return this.#position
  }

  /** Where the first open candidate begins; the position if none is open. */
  get firstOpen(): number {
    const { head, tail, starts } = this.#open
    return tail > head ? starts[head & PLACE]! : this.#position
  }

  read(text: string): void {
    for (let at = 0; at < text.length; at += PIECE_UNITS) {
      const piece = text.length <= PIECE_UNITS ? text : text.slice(at, at + PIECE_UNITS)
      this.readPart(piece, unitsOf(piece), 0, piece.length)
    }
  }

  /** Reads the units from `from` to `to`, those of `text`. */
  readPart(text: string, units: Uint16Array, from: number, to: number): void {
    const { of } = this.#automaton.symbols
    let i = from
    if (this.#half >= 0 && to > from) this.#leaveSets()
    if (this.#half >= 0 && to > from) i += this.#readPair(this.#half, text.charCodeAt(from)) - 1
    for (; i < to; i++) {
      i = this.#readSets(units, i, to)
      if (i === to) return
      const unit = text.charCodeAt(i)
      const symbol = of[unit]!
      if (symbol < SPECIAL) this.#step(symbol, 1)
      else if (symbol === UNSEEN) this.#position++
      else if (symbol === SEVERAL) this.#stepSeveral(expansionOf(unit)!, 1)
      else if (symbol !== FIRST_HALF) this.#pass(symbol & ~SPECIAL)
      else if (i + 1 < to) i += this.#readPair(unit, text.charCodeAt(i + 1)) - 1
      else this.#half = unit
    }
  }

  /** The text has ended: every candidate closes. */
  finish(): void {
    if (this.#half >= 0) this.#position++
    this.#half = -1
    if (this.#open.isEmpty) return
    this.#leaveSets()
    if (this.#table.isFull) this.#moveOn()
    this.#advance(this.#automaton.endSymbol)
  }

  /**
   * Takes what the first open candidate has matched for certain as a piece of its own; the rest goes on from there. False where nothing is
   * certain.
   */
  cutFirst(): boolean {
    this.#leaveSets()
    const open = this.#open
    const { first } = open
    const end = first ? this.#certainEnd(first) : -1
    if (!first || end <= first.start) return false
    const row = this.#rows[0]!
    open.shut(0)
    let i = 0
    for (; i + 1 < open.tail && open.starts[i + 1]! < end; i++) {
      open.move(i, i + 1)
      this.#rows[i] = this.#rows[i + 1]!
    }
    this.#rows[i] = row
    open.put(i, { start: end, ends: [], shares: null, continues: true })
    return true
  }

  /** The last end of a rule whose matches may be taken in pieces; -1 if there is none. */
  #certainEnd({ ends }: Candidate): number {
    const { rules } = this.#automaton
    for (let i = ends.length - 2; i >= 0; i -= 2) if (rules[ends[i + 1]!]!.isPiecewise) return ends[i]!
    return -1
  }

  /**
   * The fast way: all open candidates as one set, one look-up per character, where what becomes of the set is known. Returns the offset of the
   * first unit that needs more than that.
   */
  #readSets(units: Uint16Array, from: number, to: number): number {
    if (this.#set < 0) this.#enterSets()
    const { of } = this.#automaton.symbols
    const sets = this.#sets
    const { stride } = sets
    const open = this.#open
    const { starts } = open
    const base = this.#position - from
    const stop = Math.min(to, this.firstOpen + MAX_MATCH_CHARS - base)
    const { firstCells } = sets
    let { slots } = sets
    let last = sets.hashed - 2
    let set = this.#set
    let { head, tail } = open
    let i = from
    for (let symbol = SPECIAL; ; i++) {
      // Most characters need no more than this loop, in which nothing is called: the engine keeps what it needs in registers, and what begins or
      // closes at a character is no branch.
      const needsMore = open.hasNotes ? NEEDS_MORE | CLOSES : NEEDS_MORE
      let cell = UNKNOWN_CELL
      for (; i < stop && (symbol = of[units[i]!]!) < SPECIAL; i++) {
        if (set < FIRST_SETS && symbol < FIRST_SYMBOLS) cell = firstCells[set * FIRST_SYMBOLS + symbol]!
        else {
          const key = Math.imul(set, stride) + symbol
          const slot = slotFor(key, set, symbol, last)
          cell = slots[slot] === key ? slots[slot + 1]! : UNKNOWN_CELL
        }
        if ((cell & needsMore) !== 0) break
        if ((cell & STAYS) !== 0) starts[(head + (cell & CLOSES)) & PLACE] = starts[head & PLACE]!
        head += cell & CLOSES
        starts[tail & PLACE] = base + i
        tail += (cell & BEGINS) >> BEGINS_SHIFT
        set = cell >> SET_SHIFT
      }
      if (i >= stop || symbol >= SPECIAL) break
      if (cell === UNKNOWN_CELL) {
        cell = sets.cellOf(set, symbol)
        if (cell === UNKNOWN_CELL || this.#table.isFull) break
        slots = sets.slots
        last = sets.hashed - 2
      }
      if ((cell & CHANGES) !== 0) {
        open.head = head
        open.tail = tail
        cell = open.change(sets.changes.numbers, cell >> CHANGE_SHIFT, base + i, i === from ? this.#end : base + i)
        ;({ head, tail } = open)
      } else {
        const closes = cell & CLOSES
        if (closes > 0) open.close(head, (cell & STAYS) >> STAYS_SHIFT, closes)
        head += closes
        if ((cell & BEGINS) !== 0) starts[tail++ & PLACE] = base + i
      }
      set = cell >> SET_SHIFT
    }
    this.#set = set
    open.head = head
    open.tail = tail
    if (i > from) {
      this.#before = sets.beforeOf(set)
      this.#position = this.#end = base + i
    }
    // What is not seen changes no set.
    if (i < to && of[units[i]!] !== UNSEEN) this.#leaveSets()
    return i
  }

  #enterSets(): void {
    if (this.#table.isFull) this.#moveOn()
    if (this.#sets.isFull) this.#sets = this.#automaton.openSets
    this.#set = this.#sets.setOf(this.#before, this.#rows, this.#open.tail)
  }

  /** Back to a row for each candidate, from the first place on. */
  #leaveSets(): void {
    if (this.#set < 0) return
    this.#sets.copyRows(this.#set, this.#rows)
    this.#set = -1
    this.#open.toFirstPlace()
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
    if (this.#open.tail > 0) this.#advance(symbol)
    this.#position++
    this.#end = this.#position
  }

  /** The slow way. `span`: the length of the character, where the position moves on later. */
  #step(symbol: number, units: number, span = units): void {
    const mark = this.#advance(symbol)
    const begun = this.#table.startCellOf(this.#before, symbol) >> ROW_SHIFT
    if (begun !== DEAD) {
      if (this.#table.marks[begun] === mark) this.#open.joinNew(this.#position, this.#rows.indexOf(begun))
      else {
        this.#rows[this.#open.tail] = begun
        this.#open.starts[this.#open.tail++] = this.#position
      }
    }
    this.#before = this.#automaton.symbols.traits[symbol]!
    this.#end = this.#position + span
    this.#position += units
    if (this.#table.isFull) this.#moveOn()
  }

  /** Takes every open candidate over `symbol`; returns the mark that the rows now in use carry. */
  #advance(symbol: number): number {
    const table = this.#table
    const mark = table.freshMark()
    const rows = this.#rows
    const tooLong = this.#countTooLong()
    const open = this.#open
    const { tail } = open
    const middle = tail > MAX_OPEN ? KEPT_FIRST : tail
    let kept = 0
    for (let i = 0; i < tail; i++) {
      if (i >= middle && i < tail - KEPT_LAST) {
        open.shut(i)
        continue
      }
      const cell = table.cellOf(rows[i]!, symbol)
      if ((cell & HAS_MATCHES) !== 0) open.note(i, table.matchesAt(cell), this.#end)
      const next = cell >> ROW_SHIFT
      if (next === DEAD || i < tooLong) open.shut(i)
      else if (table.marks[next] === mark) open.join(i, rows.indexOf(next))
      else {
        table.marks[next] = mark
        rows[kept] = next
        if (kept < i) open.move(kept, i)
        kept++
      }
    }
    open.tail = kept
    return mark
  }

  /** Candidates that are too long, after those that may be taken in pieces have been. */
  #countTooLong(): number {
    const oldest = this.#position - MAX_MATCH_CHARS
    const open = this.#open
    while (open.tail > 0 && open.starts[0]! <= oldest && this.cutFirst());
    let count = 0
    while (count < open.tail && open.starts[count]! <= oldest) count++
    return count
  }

  /** The table is full: goes on with an empty one. */
  #moveOn(): void {
    this.#leaveSets()
    const next = this.#automaton.table
    for (let i = 0; i < this.#open.tail; i++) this.#rows[i] = next.rowOf(this.#table.stateOf(this.#rows[i]!))
    this.#table = next
    this.#sets = this.#automaton.openSets
  }
}
