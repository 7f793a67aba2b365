// Whether a word may be the first of a group (`encoded-groups.ts`): the words behind it tell of most that they are not. Where the piece ends
// before that is known, it may.
import { isBetween, isBetweenCodes, MAX_CODE_CHARS, MAX_GAP, MIN_BYTES } from './encoded-groups.ts'
import { MIN_NUMBER } from './encoded-signs.ts'
import { isQuote, mayJoin, mayPart } from './encoded-pieces.ts'
import { mayBeThree } from './encoded-shapes.ts'
import { ESCAPES, kindsOfUnits, OTHER, UNSEEN, WORD } from './encoded-units.ts'

const MAX_HEX_WORD = 8
/** Of the characters of a group of letters every second one may be a blank. */
const LETTERS_AHEAD = (MIN_NUMBER + 1) >> 1

/** Of the word from `start` to `at`, where a character stands that belongs to none. */
export function mayOpen(units: Uint16Array, start: number, at: number, end: number): boolean {
  const length = at - start
  const unit = units[at]!
  if (length > MAX_CODE_CHARS || !isBetweenCodes(unit)) return false
  if (length > 1 && isCode(units, start, at) && mayGoOnInCodes(units, at, end)) return true
  if (length === 1 && isQuote(unit)) return mayGoOnInStrings(units, at, end)
  if (!isBetween(unit) || length > MAX_HEX_WORD) return false
  if (length === 1) return mayGoOnInLetters(units, at, end)
  if ((length & 1) !== 0) return false
  const first = units[start]!
  if (first === 48 || (first >= 50 && first <= 55)) return mayGoOnInHex(units, start, end)
  if ((length & 3) !== 0 || !mayBeThree(units, start) || (length > 4 && !mayBeThree(units, start + 4))) return false
  // Four characters and fewer than four are too few.
  return length > 4 || at + 5 >= end || (mayBeThree(units, at + 1) && !isWord(units[at + 5]!)) || !isWord(units[at + 1]!)
}

/** Letters, and signs that stand alone, as `SpacedGroup` takes them; signs alone, as the cells of a table have them, begin nothing. */
function mayGoOnInLetters(units: Uint16Array, from: number, end: number): boolean {
  // Mostly a longer word follows behind one blank.
  if (from + 2 < end && units[from] === 32 && isPlainWord(units[from + 1]!) && isPlainWord(units[from + 2]!)) return false
  let gap = 0
  let hasSigns = false
  let hasLetter = isAlphanumeric(units[from - 1]!)
  for (let i = from, letters = 1; letters < LETTERS_AHEAD; i++) {
    if (i + 1 >= end || isOdd(units[i]!) || isOdd(units[i + 1]!)) return true
    const unit = units[i]!
    const isSign = !isBetween(unit) || unit === 58 || unit === 44
    if (isWord(unit) ? !isWord(units[i + 1]!) : isSign && gap > 0 && !hasSigns && unit < 127) {
      letters++
      hasLetter ||= isAlphanumeric(unit)
      gap = 0
      hasSigns = false
      continue
    }
    if (isSign) hasSigns = true
    if (!isBetween(unit) || ++gap > MAX_GAP) return false
  }
  return hasLetter
}

/** Letters that are strings of their own: three more, each between two quotation marks. */
function mayGoOnInStrings(units: Uint16Array, from: number, end: number): boolean {
  let at = from
  for (let letters = 0; letters < 3; letters++) {
    if (++at < end && isOdd(units[at]!)) return true
    while (at < end && !isQuote(units[at]!)) if (isWord(units[at]!) || ++at - from > LETTERS_AHEAD * MAX_GAP) return false
    if (at + 2 >= end || isOdd(units[at + 1]!)) return true
    if (!isQuote(units[at + 2]!)) return false
    at += 2
  }
  return true
}

function mayGoOnInHex(units: Uint16Array, start: number, end: number): boolean {
  let word = start
  for (let bytes = 0; ;) {
    let at = word
    while (at < end && (isHex(units[at]!) || ((units[at]! | 32) === 120 && at === word + 1))) at++
    if (at === end || isOdd(units[at]!)) return true
    const length = at - word
    if (length === 0 || (length & 1) !== 0 || length > MAX_HEX_WORD || isWord(units[at]!)) return false
    bytes += length >> 1
    if (bytes >= MIN_BYTES) return true
    // Two digits may be a code, which may stand behind more than blanks.
    word = behindGap(units, at, end, isBetweenCodes)
    if (word < 0) return word !== NO_GAP
  }
}

function mayGoOnInCodes(units: Uint16Array, from: number, end: number): boolean {
  let at = from
  for (let codes = 1; codes < MIN_BYTES;) {
    const next = behindGap(units, at, end, isBetweenCodes)
    if (next < 0) return next !== NO_GAP
    at = next
    while (at < end && isWord(units[at]!)) at++
    if (at === end || isOdd(units[at]!)) return true
    if (isHexPair(units, next, at) || isCode(units, next, at)) codes++
    else if (!isMaker(units, next, at)) return false
  }
  return true
}

/** Two or three digits, seven or more of zeros and ones, or U+0041: what has the shape of them. */
function isCode(units: Uint16Array, start: number, end: number): boolean {
  const first = units[start]!
  const length = end - start
  if (first === 85 || first === 117) {
    for (let i = Math.max(start + 1, end - 4); i < end; i++) if (!isHex(units[i]!)) return false
    return length > 4 && length < 9
  }
  if (!isDigit(first) || length === 1 || length > (first > 49 ? 2 : MAX_CODE_CHARS)) return false
  for (let i = start + 2; i < end; i++) if (!isDigit(units[i]!)) return false
  const second = units[start + 1]! | 32
  return isDigit(units[start + 1]!) || second === 111 || second === 98
}

const isHexPair = (units: Uint16Array, start: number, end: number): boolean =>
  end - start === 2 && isHex(units[start]!) && isHex(units[start + 1]!)

/** `+`, `.`, `&`, `chr`, `+chr`. */
function isMaker(units: Uint16Array, start: number, end: number): boolean {
  const sign = units[start]!
  const from = sign === 43 || sign === 46 || sign === 38 ? start + 1 : start
  const length = end - from
  return length === 0 ? from > start : (length === 3 || length === 4) && (units[from]! | 32) === 99 && (units[from + 1]! | 32) === 104
}

/** Whether the character behind a word may part two pieces of a value, as far as can be seen. */
export const joinsAt = (units: Uint16Array, at: number, end: number): boolean => mayPart(units[at]!) && mayJoin(units, at, end, isWord)

const NO_GAP = -1
const UNKNOWN_GAP = -2

/** Behind what stands between two words of a group. Unknown where the piece ends, or something is folded or passed over. */
function behindGap(units: Uint16Array, from: number, end: number, isIn: (unit: number) => boolean): number {
  let at = from
  while (at < end && isIn(units[at]!)) if (++at - from > MAX_GAP) return NO_GAP
  if (at === end || isOdd(units[at]!)) return UNKNOWN_GAP
  return at === from ? NO_GAP : at
}

const isWord = (unit: number): boolean => (kindsOfUnits()[unit]! & (WORD | ESCAPES)) !== 0
const isPlainWord = (unit: number): boolean => (kindsOfUnits()[unit]! & (WORD | ESCAPES | OTHER)) === WORD
const isOdd = (unit: number): boolean => (kindsOfUnits()[unit]! & (UNSEEN | OTHER)) !== 0
const isAlphanumeric = (unit: number): boolean => unit > 127 || isDigit(unit) || ((unit | 32) >= 97 && (unit | 32) <= 122)
const isDigit = (unit: number): boolean => unit >= 48 && unit <= 57
const isHex = (unit: number): boolean => isDigit(unit) || (unit >= 65 && unit <= 70) || (unit >= 97 && unit <= 102)
