// What happens to the open candidates with one symbol, beyond beginning and closing: numbers in one pool, because very many changes are known, and
// most of them wait for memory.

/** 28 MB, and room for the last change. */
const MAX_CHANGE_NUMBERS = 7_000_000

/**
 * What one symbol does to a set, as numbers one behind the other: what comes of it, then four lists, in which indices are those before. First
 * candidates end (pairs of a candidate and a rule), then they join (pairs of a candidate, NEW for the one that begins, and the one that it goes
 * on as one with), then close (those that go on neither way), and those that go on move (pairs of a free place and who moves there, in order).
 */
export const CHANGE = {
  /** The next set, twice, and one more if a candidate begins. */
  next: 0,
  /** Where the first of those that go on is then. */
  shift: 1,
  /** How many go on, without one that begins. */
  open: 2,
  /** Where each list ends in `changes`. */
  notesEnd: 3,
  joinsEnd: 4,
  closedEnd: 5,
  movesEnd: 6,
  /** Where the first list begins. */
  notes: 7,
} as const

export const NEW = -1

export class Changes {
  /** See CHANGE. Replaced when it grows. */
  numbers = new Int32Array(1024)
  isFull = false
  #end = 0

  /** `kept`: who goes on, of `open`. Returns where the change begins. */
  add(notes: readonly number[], joins: readonly number[], kept: Uint8Array, open: number, next: number): number {
    const shift = shiftOf(kept)
    const lists = [notes, joins, closedOf(kept, open, joins), movesOf(kept, shift)]
    const at = this.#end
    let end = at + CHANGE.notes
    const ends = lists.map((list) => (end += list.length))
    if (end > this.numbers.length) this.numbers = extended(this.numbers, Math.max(end, 2 * this.numbers.length))
    this.numbers.set([next, shift, kept.length, ...ends], at)
    lists.forEach((list, i) => this.numbers.set(list, ends[i]! - list.length))
    this.isFull = end > MAX_CHANGE_NUMBERS
    this.#end = end
    return at
  }
}

/** Those that neither go on nor join another. */
function closedOf(kept: Uint8Array, open: number, joins: readonly number[]): readonly number[] {
  if (kept.length === open) return NO_NUMBERS
  const gone = new Uint8Array(open).fill(1)
  for (let i = 0; i < kept.length; i++) gone[kept[i]!] = 0
  for (let i = 0; i < joins.length; i += 2) if (joins[i] !== NEW) gone[joins[i]!] = 0
  const closed: number[] = []
  for (let i = 0; i < open; i++) if (gone[i] === 1) closed.push(i)
  return closed
}

const NO_NUMBERS: readonly number[] = []

/** How those that are kept move together: most of them stay where they are. */
function movesOf(kept: Uint8Array, shift: number): readonly number[] {
  const moves: number[] = []
  for (let i = kept.length - 1; i >= 0; i--) if (kept[i]! < i + shift) moves.push(i + shift, kept[i]!)
  for (let i = 0; i < kept.length; i++) if (kept[i]! > i + shift) moves.push(i + shift, kept[i]!)
  return moves
}

/** Places in front of them that stay free: as many as are free before most of them. */
function shiftOf(kept: Uint8Array): number {
  const counts = new Uint8Array(kept.length === 0 ? 1 : kept.at(-1)! + 1)
  for (let i = 0; i < kept.length; i++) counts[kept[i]! - i]!++
  return counts.indexOf(Math.max(...counts))
}

export function extended(numbers: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const longer = new Int32Array(length)
  longer.set(numbers)
  return longer
}
