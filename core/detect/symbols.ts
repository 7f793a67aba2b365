// Groups UTF-16 units into symbols: units that no pattern tells apart share one, so the automaton's tables stay narrow.
import { foldTable } from './fold.ts'
import type { Units } from './pattern.ts'

/** In `Symbols.of`: detectors do not see the unit. */
export const UNSEEN = 0xffff
/** In `Symbols.of`: first half of a surrogate pair; the pair is one symbol. */
export const FIRST_HALF = 0xfffe

/** Bits of `Symbols.traits`. */
export const WORD = 1
export const LETTER = 2

export interface Symbols {
  readonly count: number
  /** By unit: its symbol, UNSEEN or FIRST_HALF. */
  readonly of: Uint16Array
  /** By symbol: WORD (`\w`), LETTER (a letter or digit of any script). */
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
let letterUnits: Units | null = null

/** Partitions all units by the sets that contain them. */
export function groupUnits(sets: readonly Units[], hasTerms: boolean): Symbols {
  const all = [...sets, WORD_UNITS, hasTerms ? lettersOfAllScripts() : WORD_UNITS]
  const starts = [...new Set([0, ...all.flatMap((units) => units.flatMap(([from, to]) => [from, to + 1]))])]
    .filter((unit) => unit < 0x10000)
    .sort((a, b) => a - b)
  const symbolBySignature = new Map<string, number>()
  const members: boolean[][] = []
  const plain = new Uint16Array(0x10000)
  const cursors = all.map(() => 0)
  starts.forEach((from, i) => {
    const isIn = all.map((units, set) => {
      while (cursors[set]! < units.length && units[cursors[set]!]![1] < from) cursors[set]!++
      return (units[cursors[set]!]?.[0] ?? Infinity) <= from
    })
    const signature = isIn.map(Number).join('')
    let symbol = symbolBySignature.get(signature)
    if (symbol === undefined) symbolBySignature.set(signature, (symbol = members.push(isIn) - 1))
    plain.fill(symbol, from, starts[i + 1] ?? 0x10000)
  })
  return {
    count: members.length,
    of: foldSymbols(plain),
    traits: Uint8Array.from(members, (isIn) => (isIn[sets.length] ? WORD : 0) | (isIn[sets.length + 1] ? LETTER : 0)),
    inSet: Uint8Array.from(sets.flatMap((_, set) => members.map((isIn) => Number(isIn[set])))),
  }
}

function foldSymbols(plain: Uint16Array): Uint16Array {
  const fold = foldTable()
  return plain.map((_, unit) => {
    if (unit >= 0xd800 && unit <= 0xdbff) return FIRST_HALF
    return fold[unit]! < 0 ? UNSEEN : plain[fold[unit]!]!
  })
}

function lettersOfAllScripts(): Units {
  if (letterUnits) return letterUnits
  const ranges: [number, number][] = []
  for (let unit = 0; unit < 0x10000; unit++) {
    if (!/[\p{L}\p{N}]/u.test(String.fromCharCode(unit))) continue
    const last = ranges.at(-1)
    if (last?.[1] === unit - 1) last[1] = unit
    else ranges.push([unit, unit])
  }
  return (letterUnits = ranges)
}
