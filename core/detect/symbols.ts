// Groups UTF-16 units into symbols: units that no pattern tells apart share one, so the automaton's tables stay narrow.
import { EXPANDED, foldTable, foldTableInSteps, MARK_UNITS } from './fold.ts'
import { letterUnits } from './letters.ts'
import { LOOK_ALIKES } from './look-alikes.ts'
import type { Units } from './pattern.ts'

/** In `Symbols.of`: detectors do not see the unit. */
export const UNSEEN = 0xffff
/** In `Symbols.of`: first half of a surrogate pair; the pair is one symbol. */
export const FIRST_HALF = 0xfffe
/** In `Symbols.of`: the unit counts as several, see `expansionOf`. */
export const SEVERAL = 0xfffd
/** In `Symbols.of`: set for all that is no plain symbol. With the symbol of a mark in the lower bits, or one of the values above. */
export const SPECIAL = 0x8000

/** The first so many symbols are the common ones: each row of the table has cells for them, and for others only when
 * they come by. An odd number of cache lines, so that the cells of one symbol do not push each other out. */
export const NARROW = 112

/** Bits of `Symbols.traits`. */
export const WORD = 1
export const LETTER = 2
/** A look-alike: a part of a word in one reading and none in the other. */
export const PERHAPS_WORD = 4
/** Accents: candidates may pass over it as if it were not there. */
export const MARK = 16

export interface Symbols {
  readonly count: number
  /** By unit: its symbol, or something SPECIAL. */
  readonly of: Uint16Array
  /** By symbol: WORD (`\w`), LETTER (see `letters.ts`), PERHAPS_WORD, MARK. */
  readonly traits: Uint8Array
  /** `set * count + symbol`: 1 where the set contains the symbol. */
  readonly inSet: Uint8Array
}

const WORD_UNITS: Units = [
  [48, 57],
  [65, 90],
  [95, 95],
  [97, 122],
]

/** Partitions all units by the sets that contain them. */
export function groupUnits(sets: readonly Units[], hasTerms: boolean): Symbols {
  const steps = symbolsInSteps(sets, hasTerms)
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

/** Between two pauses. */
const RANGES = 64

/** The same with pauses, a few milliseconds apart for all detectors that are shipped. */
export function* symbolsInSteps(sets: readonly Units[], hasTerms: boolean): Generator<void, Symbols> {
  const all = [...sets, WORD_UNITS, hasTerms ? letterUnits() : WORD_UNITS, MARK_UNITS]
  const starts = [...new Set([0, ...all.flatMap((units) => units.flatMap(([from, to]) => [from, to + 1]))])]
    .filter((unit) => unit < 0x10000)
    .sort((a, b) => a - b)
  yield
  const toggles = togglesOf(all)
  yield
  const now = new Uint8Array(all.length)
  const symbolsByHash = new Map<number, number[]>()
  const members: Uint8Array[] = []
  const plain = new Uint16Array(0x10000)
  let hash = 0
  for (const [i, from] of starts.entries()) {
    if (i % RANGES === RANGES - 1) yield
    for (const set of toggles.get(from) ?? []) {
      now[set]! ^= 1
      hash ^= Math.imul(set + 1, 0x9e3779b1)
    }
    let same = symbolsByHash.get(hash)
    if (!same) symbolsByHash.set(hash, (same = []))
    let symbol = same.find((one) => Buffer.compare(members[one]!, now) === 0)
    if (symbol === undefined) same.push((symbol = members.push(now.slice()) - 1))
    plain.fill(symbol, from, starts[i + 1] ?? 0x10000)
  }
  const isPerhapsWord = addLookAlikes(plain, members, sets.length)
  yield* foldTableInSteps()
  const of = foldSymbols(plain, members, sets.length + 2)
  yield
  const order = commonFirst(of, members.length)
  const traitsOf = (isIn: Uint8Array, symbol: number): number =>
    (isIn[sets.length] ? WORD : 0) |
    (isIn[sets.length + 1] ? LETTER : 0) |
    (isIn[sets.length + 2] ? MARK : 0) |
    (isPerhapsWord.has(symbol) ? PERHAPS_WORD : 0)
  const rank = new Uint16Array(order.length)
  order.forEach((symbol, i) => (rank[symbol] = i))
  yield
  const ranked = of.map((symbol) => (isSymbol(symbol) ? (symbol & SPECIAL) | rank[symbol & ~SPECIAL]! : symbol))
  const traits = Uint8Array.from(order, (symbol) => traitsOf(members[symbol]!, symbol))
  yield
  return { count: members.length, of: ranked, traits, inSet: yield* inSets(sets.length, order, members) }
}

/** By unit: the sets that begin there, or end before it. A set that ends where another range of it begins stands there twice. */
function togglesOf(all: readonly Units[]): ReadonlyMap<number, readonly number[]> {
  const toggles = new Map<number, number[]>()
  all.forEach((units, set) => {
    for (const unit of units.flatMap(([from, to]) => [from, to + 1])) {
      const there = toggles.get(unit)
      if (there) there.push(set)
      else toggles.set(unit, [set])
    }
  })
  return toggles
}

function* inSets(sets: number, order: readonly number[], members: readonly Uint8Array[]): Generator<void, Uint8Array> {
  const inSet = new Uint8Array(sets * order.length)
  for (const [rank, symbol] of order.entries()) {
    if (rank % RANGES === RANGES - 1) yield
    const isIn = members[symbol]!
    for (let set = 0; set < sets; set++) inSet[set * order.length + rank] = isIn[set]!
  }
  return inSet
}

const isSymbol = (value: number): boolean => value < SEVERAL

/** Symbols of ASCII, then those that stand for the most units. */
function commonFirst(of: Uint16Array, count: number): readonly number[] {
  const units = new Float64Array(count)
  of.forEach((value, unit) => {
    if (isSymbol(value)) units[value & ~SPECIAL]! += unit < 0x80 ? 0x10000 : 1
  })
  return Array.from(units.keys()).sort((a, b) => units[b]! - units[a]!)
}

/** Gives look-alikes symbols of their own, in the sets of either reading. Returns those that `\w` has in one reading only. */
function addLookAlikes(plain: Uint16Array, members: Uint8Array[], word: number): ReadonlySet<number> {
  const symbolByPair = new Map<string, number>()
  const perhaps = new Set<number>()
  for (const [unit, alike] of LOOK_ALIKES) {
    const key = `${plain[unit]} ${plain[alike]}`
    let symbol = symbolByPair.get(key)
    if (symbol === undefined) {
      const [own, other] = [members[plain[unit]!]!, members[plain[alike]!]!]
      symbol = members.push(own.map((isIn, set) => isIn | other[set]!)) - 1
      if (own[word] !== other[word]) perhaps.add(symbol)
      symbolByPair.set(key, symbol)
    }
    plain[unit] = symbol
  }
  return perhaps
}

function foldSymbols(plain: Uint16Array, members: readonly Uint8Array[], mark: number): Uint16Array {
  const fold = foldTable()
  return plain.map((_, unit) => {
    if (unit >= 0xd800 && unit <= 0xdbff) return FIRST_HALF
    if (fold[unit]! < 0) return fold[unit] === EXPANDED ? SEVERAL : UNSEEN
    const symbol = plain[fold[unit]!]!
    return members[symbol]![mark] ? SPECIAL | symbol : symbol
  })
}
