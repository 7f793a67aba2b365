// The loop over ordinary words when looking for encoded text: kinds of characters, and which words have to be looked at.
import { isBetween } from './encoded-groups.ts'
import { mayJoin, mayPart } from './encoded-pieces.ts'
import { MIN_BASE64_CHARS, SIXES, SURE_BASE64_CHARS } from './encoded-words.ts'
import { foldTable, INVISIBLE } from './fold.ts'

/** Bits of the kind of a unit; 0 ends a word. */
export const WORD = 1
export const ESCAPES = 2
/** Capitals and digits; no short run of base64 or hex is without them. */
export const DENSE = 4
/** Belongs to a word that has an escape: encoders of URLs leave these as they are, and entities end so. */
export const BESIDE_ESCAPES = 8
/** May begin the name of an entity. */
export const NAMES = 16
export const EQUALS = 32
/** Belongs to the word that it stands in, and is overlooked. */
export const UNSEEN = 64
/** Looks like a character of a word, and is another one. */
export const OTHER = 128

/** Signs and blanks. */
const MOST_BETWEEN_CODES = 8

/** Bits of ASCII characters; 0 ends a word. */
function kindOf(character: string): number {
  if (/[A-Z0-9]/.test(character)) return WORD | DENSE
  if (character === '&') return WORD | NAMES
  if (character === '=') return WORD | EQUALS
  if (/[a-z+/_\-.~@]/.test(character)) return WORD
  if (/[%\\]/.test(character)) return ESCAPES
  return /['()*!#;{}]/.test(character) ? BESIDE_ESCAPES : 0
}

let table: Uint8Array | null = null

/** By UTF-16 unit. Made once, on first use. */
export function kindsOfUnits(): Uint8Array {
  if (table) return table
  const fold = foldTable()
  const ascii = Array.from({ length: 128 }, (_, unit) => kindOf(String.fromCharCode(unit)))
  return (table = Uint8Array.from(fold, (folded, unit) => {
    // First halves of tags, and of letters for mathematics; second halves stand alone in no word.
    if (unit === 0xdb40 || unit === 0xd835 || unit === 0x202e) return WORD | OTHER
    if (folded === INVISIBLE) return UNSEEN
    if (unit < 128) return ascii[unit]!
    const kind = ascii[folded] ?? 0
    return (kind & (WORD | ESCAPES)) === 0 ? 0 : kind | OTHER
  }))
}

/** Where the first word begins that has to be looked at, or the word at the end. */
export function skipWords(units: Uint16Array, from: number, end: number): number {
  const kindOf = kindsOfUnits()
  let start = from
  let kinds = 0
  for (let i = from; i < end; i++) {
    const kind = kindOf[units[i]!]!
    if ((kind & (WORD | ESCAPES)) !== 0) {
      kinds |= kind
      continue
    }
    if (kind === UNSEEN) {
      if (i === start) start++
      else kinds |= kind
      continue
    }
    const length = i - start
    // Nearly all words are short, and of letters alone.
    if (
      length > 7 ||
      (kinds & ~(WORD | DENSE)) !== 0 ||
      (length & 1) === 0 ||
      length === 1 ||
      isDigit(units[start]!) ||
      units[start] === 117 ||
      mayPart(units[i]!)
    )
      if (length > 0 && mustLook(units, start, i, end, kinds)) return start
    start = i + 1
    kinds = 0
  }
  return start
}

/** The word from `start` to `at`, where a character stands that belongs to none. */
function mustLook(units: Uint16Array, start: number, at: number, end: number, kinds: number): boolean {
  const length = at - start
  if (length >= SURE_BASE64_CHARS || (kinds & ESCAPES) !== 0) return true
  if (length >= MIN_BASE64_CHARS && (kinds & (DENSE | UNSEEN | OTHER)) !== 0) return true
  const unit = units[at]!
  if ((unit === 35 && units[at - 1] === 38) || (unit === 59 && (kinds & NAMES) !== 0)) return true
  if ((kinds & EQUALS) !== 0 && length > 3) return true
  if (joinsAt(units, at, end)) return true
  if ((kinds & DENSE) !== 0 && length > 1 && mayOpenCodes(units, start, at, end)) return true
  return (length & 1) === 0 || length === 1 ? isBetween(unit) && mayOpen(units, start, at, end) : false
}

/** Whether the word may be the code of a character, with another behind it: two or three digits, seven or more of zeros and ones, or U+0041. */
function mayOpenCodes(units: Uint16Array, start: number, at: number, end: number): boolean {
  const first = units[start]!
  if (!isDigit(first) && first !== 85 && first !== 117) return false
  const length = at - start
  if (isDigit(first)) for (let i = start + 2; i < at; i++) if (!isDigit(units[i]!)) return false
  if (length > 3 && first > 49 && isDigit(first)) return false
  const kindOf = kindsOfUnits()
  for (let i = at + 1; i < end; i++)
    if (isWord(kindOf[units[i]!]!)) return isDigit(units[i]!) || units[i] === first || units[at] === 41
    else if (i > at + MOST_BETWEEN_CODES) return false
  return true
}

/** Whether the word may be the first of a group: of letters, of bytes in hex, of base64. The character behind the separator tells of most that they are not. */
function mayOpen(units: Uint16Array, start: number, at: number, end: number): boolean {
  const kindOf = kindsOfUnits()
  const length = at - start
  if (length === 1) return at + 2 >= end || !(isWord(kindOf[units[at + 1]!]!) && isWord(kindOf[units[at + 2]!]!))
  const first = units[start]!
  if (first === 48 || (first >= 50 && first <= 55)) {
    for (let i = start; i < at; i++) if (!isHex(units[i]!) && i !== start + 1) return false
    return at + 1 >= end || isHex(units[at + 1]!) || !isWord(kindOf[units[at + 1]!]!)
  }
  if ((length & 3) !== 0 || !mayBeThree(units, start) || (length > 4 && !mayBeThree(units, start + 4))) return false
  // Four characters and fewer than four are too few.
  return length > 4 || at + 5 >= end || (mayBeThree(units, at + 1) && !isWord(kindOf[units[at + 5]!]!)) || !isWord(kindOf[units[at + 1]!]!)
}

/** Whether four characters of base64 are three that are printable. */
function mayBeThree(units: Uint16Array, at: number): boolean {
  const first = SIXES[units[at]!]!
  const second = SIXES[units[at + 1]!]! & 15
  return first >= 8 && first <= 31 && second > 1 && second < 8 && (SIXES[units[at + 2]!]! & 3) < 2
}

/** Whether the character behind a word may part two pieces of a value, as far as can be seen. */
export const joinsAt = (units: Uint16Array, at: number, end: number): boolean => mayPart(units[at]!) && mayJoin(units, at, end, isWordUnit)

const isWordUnit = (unit: number): boolean => isWord(kindsOfUnits()[unit]!)
const isWord = (kind: number): boolean => (kind & (WORD | ESCAPES)) !== 0
const isDigit = (unit: number): boolean => unit >= 48 && unit <= 57
const isHex = (unit: number): boolean => (unit >= 48 && unit <= 57) || (unit >= 65 && unit <= 70) || (unit >= 97 && unit <= 102)
