// All open candidates of a walk as one state: one look-up per character moves them all, however many they are. What is not known yet is worked
// out from the rows of the candidates, and kept in a hash table: most of the many sets that a text leads to see one or two symbols.
import { Changes, extended, NEW } from './open-changes.ts'
import type { Symbols } from './symbols.ts'
import { DEAD, HAS_MATCHES, ROW_SHIFT, type Table } from './table.ts'

/**
 * Places where a match may have begun that are followed at once. Ordinary text has one or two, a card number in single digits sixteen. Of
 * more, those in the middle are given up, some at a time: a long match begins with one of the first, and what is hidden behind a hundred
 * false beginnings with one of the last.
 */
export const MAX_OPEN = 48
export const KEPT_FIRST = 16
export const KEPT_LAST = 24
/** Room for them, a power of two. */
export const PLACES = 64

/** In a cell: how many candidates close, which stand together. */
export const CLOSES = 0x3f
/** In a cell: a candidate begins with the symbol. */
export const BEGINS = 0x40
export const BEGINS_SHIFT = 6
/** In a cell: more happens than that; above it stands where the change begins in `changes`, which names the next set. */
export const CHANGES = 0x80
export const CHANGE_SHIFT = 8
/** In a cell: how many candidates go on before those that close. */
export const STAYS = 0xf00
export const STAYS_SHIFT = 8
/** In a cell: more than one of them. */
export const STAY_MORE = 0xe00
/** In a cell: above the flags stands the next set. */
export const SET_SHIFT = 12

const EMPTY = -1
const FIRST_SLOTS = 1024
/** In 8 MB at most; ordinary text needs 12,000 of the standard detectors, and 60,000 of all that are shipped. */
const MAX_FILLED = 0x40000
/** So that cells have room for them. */
const MAX_SETS = 0x40000
/** 16 MB. */
const MAX_ROWS = 4_000_000

/** Of the sets that were seen first and of common symbols cells stand in rows: of the standard detectors nearly all that ordinary text looks up. */
export const FIRST_SETS = 512
export const FIRST_SYMBOLS = 128
/** In place of a cell that is not known, or not where it was looked for. */
export const UNKNOWN_CELL = -1

/**
 * Sets from here on were seen by few texts: cells of one stand together, one for even symbols and one for odd ones, so that memory is read in the
 * order of the text. They stand apart from the hash table: rows of cells that are taken would make the way to a free one long.
 */
export const MANY_SETS = 0x800
/** Numbers that each of those has: two pairs. */
const OWN_SLOTS = 4
/** The place of a key in `slots`, of which the last pair of the hash table begins at `last`. */
export const slotFor = (key: number, set: number, symbol: number, last: number): number =>
  set < MANY_SETS ? (key << 1) & last : last + 2 + (((set - MANY_SETS) << 2) | ((symbol & 1) << 1))

export class OpenSets {
  /**
   * Pairs of a key, `set * stride + symbol`, and a cell: a hash table up to `hashed`, then the places of sets from MANY_SETS on. A key stands at
   * the place that `slotFor` gives it, or in the hash table behind the one that its lower bits give it, where the next was free. Replaced when it
   * grows.
   */
  slots = new Int32Array(FIRST_SLOTS << 1).fill(EMPTY)
  hashed = FIRST_SLOTS << 1
  /** By `set * FIRST_SYMBOLS + symbol`, filled as cells are asked for. */
  readonly firstCells = new Int32Array(FIRST_SETS * FIRST_SYMBOLS).fill(UNKNOWN_CELL)
  readonly stride: number
  readonly changes = new Changes()
  readonly table: Table
  isFull = false
  readonly #symbols: Symbols
  readonly #maxSets: number
  #filled = 0
  /** Of these in the hash table. */
  #filledHashed = 0
  // By index of a set: what stands before (traits or TEXT_START), where its rows begin and end in `#rows`, another with the same hash or -1.
  readonly #befores: number[] = []
  readonly #from: number[] = [0]
  readonly #sameHash: number[] = []
  readonly #byHash = new Map<number, number>()
  #rows = new Int32Array(1024)
  readonly #next = new Int32Array(PLACES)
  readonly #kept = new Uint8Array(PLACES)

  constructor(table: Table, symbols: Symbols) {
    this.table = table
    this.#symbols = symbols
    // Odd, so that sets do not share places.
    this.stride = symbols.count | 1
    this.#maxSets = Math.min(MAX_SETS, Math.floor(0x7fffffff / this.stride))
  }

  get size(): number {
    return this.#befores.length
  }

  beforeOf(set: number): number {
    return this.#befores[set]!
  }

  copyRows(set: number, to: Int32Array): void {
    const from = this.#from[set]!
    const count = this.#from[set + 1]! - from
    for (let i = 0; i < count; i++) to[i] = this.#rows[from + i]!
  }

  /** The set of the first `count` rows, behind a character with the traits `before`. */
  setOf(before: number, rows: Int32Array, count: number): number {
    let hash = before + 1
    for (let i = 0; i < count; i++) hash = Math.imul(hash ^ rows[i]!, 0x01000193)
    hash &= 0x3fffffff
    const last = this.#byHash.get(hash) ?? -1
    for (let set = last; set >= 0; set = this.#sameHash[set]!) if (this.#is(set, before, rows, count)) return set
    const set = this.#befores.push(before) - 1
    const start = this.#from[set]!
    if (start + count > this.#rows.length) this.#rows = extended(this.#rows, 2 * this.#rows.length)
    for (let i = 0; i < count; i++) this.#rows[start + i] = rows[i]!
    this.#from.push(start + count)
    this.#sameHash.push(last)
    this.#byHash.set(hash, set)
    if (set >= MANY_SETS && this.hashed + (set + 1 - MANY_SETS) * OWN_SLOTS > this.slots.length) this.#growOwn()
    if (start + count > MAX_ROWS || set + 1 === this.#maxSets) this.isFull = true
    return set
  }

  /** The cell of a symbol, wherever it stands; worked out if need be, UNKNOWN_CELL if there is no room for it. `slots` may be another one then. */
  cellOf(set: number, symbol: number): number {
    const slot = this.#slotOf(set, symbol)
    if (slot < 0) return UNKNOWN_CELL
    const cell = this.slots[slot + 1]!
    if (set < FIRST_SETS && symbol < FIRST_SYMBOLS) this.firstCells[set * FIRST_SYMBOLS + symbol] = cell
    return cell
  }

  #slotOf(set: number, symbol: number): number {
    const { slots } = this
    const key = Math.imul(set, this.stride) + symbol
    const last = this.hashed - 2
    let slot = slotFor(key, set, symbol, last)
    if (slots[slot] === key) return slot
    slot = (key << 1) & last
    while (slots[slot] !== key && slots[slot] !== EMPTY) slot = (slot + 2) & last
    return slots[slot] === key ? slot : this.isFull ? -1 : this.#explore(set, symbol)
  }

  #explore(set: number, symbol: number): number {
    const cell = this.#cellFor(set, symbol)
    if (++this.#filled >= MAX_FILLED) this.isFull = true
    if (this.#filledHashed * 4 >= this.hashed) this.#growHashed()
    return this.#put(Math.imul(set, this.stride) + symbol, cell)
  }

  #cellFor(set: number, symbol: number): number {
    const { table } = this
    const first = this.#from[set]!
    const open = this.#from[set + 1]! - first
    const next = this.#next
    const kept = this.#kept
    const middle = open > MAX_OPEN ? KEPT_FIRST : -1
    const mark = table.freshMark()
    const notes: number[] = []
    const joins: number[] = []
    let count = 0
    for (let i = 0; i < open; i++) {
      if (i === middle) i = open - KEPT_LAST
      const cell = table.cellOf(this.#rows[first + i]!, symbol)
      if ((cell & HAS_MATCHES) !== 0) for (const rule of table.matchesAt(cell)) notes.push(i, rule)
      const row = cell >> ROW_SHIFT
      if (row === DEAD) continue
      if (table.marks[row] === mark) joins.push(i, kept[next.indexOf(row)]!)
      else {
        table.marks[row] = mark
        next[count] = row
        kept[count++] = i
      }
    }
    const begun = table.startCellOf(this.#befores[set]!, symbol) >> ROW_SHIFT
    const joinsNew = begun !== DEAD && table.marks[begun] === mark
    if (joinsNew) joins.push(NEW, kept[next.indexOf(begun)]!)
    const begins = begun !== DEAD && !joinsNew
    if (begins) next[count] = begun
    const target = this.setOf(this.#symbols.traits[symbol]!, next, begins ? count + 1 : count)
    const closes = open - count
    const stays = closes === 0 ? 0 : staysOf(kept, count)
    const isTogether = stays <= STAYS >> STAYS_SHIFT && (stays === count || kept[stays] === stays + closes)
    if (isTogether && notes.length === 0 && joins.length === 0)
      return (target << SET_SHIFT) | (stays << STAYS_SHIFT) | (begins ? BEGINS : 0) | closes
    const change = this.changes.add(notes, joins, kept.subarray(0, count), open, (target << 1) | (begins ? 1 : 0))
    if (this.changes.isFull) this.isFull = true
    return (change << CHANGE_SHIFT) | CHANGES
  }

  #is(set: number, before: number, rows: Int32Array, count: number): boolean {
    const start = this.#from[set]!
    if (this.#befores[set] !== before || this.#from[set + 1]! - start !== count) return false
    for (let i = 0; i < count; i++) if (this.#rows[start + i] !== rows[i]) return false
    return true
  }

  #put(key: number, cell: number): number {
    const { slots } = this
    const last = this.hashed - 2
    const symbol = key % this.stride
    let slot = slotFor(key, (key - symbol) / this.stride, symbol, last)
    if (slots[slot] !== EMPTY) slot = (key << 1) & last
    while (slots[slot] !== EMPTY) slot = (slot + 2) & last
    slots[slot] = key
    slots[slot + 1] = cell
    if (slot <= last) this.#filledHashed++
    return slot
  }

  #growHashed(): void {
    const { slots, hashed } = this
    this.slots = new Int32Array(hashed + slots.length).fill(EMPTY, 0, 2 * hashed)
    this.slots.set(slots.subarray(hashed), 2 * hashed)
    this.hashed = 2 * hashed
    this.#filledHashed = 0
    for (let i = 0; i < hashed; i += 2) if (slots[i] !== EMPTY) this.#put(slots[i]!, slots[i + 1]!)
  }

  #growOwn(): void {
    const { slots, hashed } = this
    const own = slots.length - hashed
    this.slots = extended(slots, hashed + Math.max(2 * own, MANY_SETS * OWN_SLOTS)).fill(EMPTY, slots.length)
  }
}

/** How many of the first go on before one closes. */
function staysOf(kept: Uint8Array, count: number): number {
  let stays = 0
  while (stays < count && kept[stays] === stays) stays++
  return stays
}
