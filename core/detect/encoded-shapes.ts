// Whether a word may hold encoded text, told by its units alone: what `encoded-words.ts` would find is never refused here, and most of what it
// would not find is.
import { MIN_BASE32_CHARS } from './encoded-base32.ts'
import { MIN_BYTE_SIGNS, MIN_LETTER_SIGNS } from './encoded-signs.ts'
import { looksLikeText } from './encoded-text.ts'
import { MAX_TRIES, MIN_BASE64_CHARS, MIN_HEX_CHARS, SIXES, SURE_BASE64_CHARS } from './encoded-words.ts'

// Bits of ASCII characters.
const HEX = 1
const ALPHANUMERIC_SHIFT = 1
const ALPHANUMERIC = 1 << ALPHANUMERIC_SHIFT
const BASE64 = 4
/** Of base64, parts paths and prefixes. */
const SEPARATOR = 8
/** May stand between bytes in hex, or letters. */
const SIGN_SHIFT = 4
const SIGN = 1 << SIGN_SHIFT
/** Of base32, in either case. */
const UPPER32 = 32
const LOWER32 = 64

const BITS = Uint8Array.from({ length: 128 }, (_, unit) => {
  const character = String.fromCharCode(unit)
  const bit = (set: RegExp, value: number): number => (set.test(character) ? value : 0)
  const letters = bit(/[0-9a-fA-F]/, HEX) | bit(/[A-Za-z0-9]/, ALPHANUMERIC) | bit(/[A-Z2-7]/, UPPER32) | bit(/[a-z2-7]/, LOWER32)
  return letters | bit(/[A-Za-z0-9+/_-]/, BASE64) | bit(/[-+/_]/, SEPARATOR) | bit(/[-._~/+]/, SIGN)
})

const HEX_DIGITS = Uint8Array.from({ length: 128 }, (_, unit) => Number.parseInt(String.fromCharCode(unit), 16) || 0)

const bitsOf = (unit: number): number => (unit < 128 ? BITS[unit]! : 0)
const isHex = (unit: number): boolean => (bitsOf(unit) & HEX) !== 0
const isOctal = (unit: number): boolean => unit >= 48 && unit <= 55

/** Whether an escape may begin at one of the signs of the word; characters behind the end do no harm. */
export function mayHoldEscape(units: Uint16Array, start: number, end: number): boolean {
  for (let i = start; i < end - 2; i++) {
    const unit = units[i]!
    const next = units[i + 1]!
    // %41, %u0041
    if (unit === 37 && ((isHex(next) && isHex(units[i + 2]!)) || next === 117)) return true
    // \x41, \u0041, \U00000041, \N{U+41}, \101
    if (unit === 92 && (next === 120 || next === 117 || next === 85 || next === 78 || (isOctal(next) && isOctal(units[i + 2]!))))
      return true
  }
  return false
}

/** Whether there may be quoted-printable in the word, or short base64 with its padding. */
export function mayHoldPadded(units: Uint16Array, start: number, end: number): boolean {
  let quoted = 0
  for (let i = start; i < end; i++) {
    if (units[i] !== 61) continue
    if (i + 2 < end && isHex(units[i + 1]!) && isHex(units[i + 2]!) && ++quoted > 1) return true
    if (i > start && units[i - 1] === 61) continue
    const signs = i + 1 < end && units[i + 1] === 61 ? 2 : 1
    const behind = i + signs < end ? units[i + signs]! : 0
    if (behind === 61 || (bitsOf(behind) & ALPHANUMERIC) !== 0) continue
    let before = i
    while (before > start && i - before < 8 && (bitsOf(units[before - 1]!) & BASE64) !== 0) before--
    if ((i - before + signs) % 4 === 0 && i - before < 8) return true
  }
  return false
}

/** Whether base64 or hex of less than the sure length, of which the fewest have as many characters, may stand in the word. */
export function mayHoldShort(units: Uint16Array, start: number, end: number): boolean {
  for (let i = start; i + MIN_BASE64_CHARS <= end; i++) {
    if (i > start && (bitsOf(units[i - 1]!) & ALPHANUMERIC) !== 0) continue
    if ((mayBeThree(units, i) && mayBeThree(units, i + 4)) || mayBeginHex(units, i, end)) return true
  }
  return false
}

/** Whether four characters of base64 are three that are printable. */
export const mayBeThree = (units: Uint16Array, at: number): boolean =>
  mayBeFirst(units[at]!) && mayBeSecond(units[at + 1]!) && mayBeThird(units[at + 2]!)

export const mayBeFirst = (unit: number): boolean => SIXES[unit]! >= 8 && SIXES[unit]! <= 31
export const mayBeSecond = (unit: number): boolean => (SIXES[unit]! & 15) > 1 && (SIXES[unit]! & 15) < 8
export const mayBeThird = (unit: number): boolean => (SIXES[unit]! & 3) < 2

/** Whether there may be a run in a word of the sure length or more, escapes apart. */
export function mayHoldLong(units: Uint16Array, start: number, end: number): boolean {
  let signs = 0
  let base64 = -1
  // So many in a row, and all these numbers with their bits in one, which is as much as a power of two where one of them is: without a branch,
  // as every word has some of each.
  let alphanumeric = 0
  let alphanumerics = 0
  let hex = 0
  let hexes = 0
  for (let i = start; i <= end; i++) {
    const bits = i < end ? bitsOf(units[i]!) : 0
    signs += (bits & SIGN) >> SIGN_SHIFT
    alphanumerics |= alphanumeric = (alphanumeric + 1) & -((bits & ALPHANUMERIC) >> ALPHANUMERIC_SHIFT)
    hexes |= hex = (hex + 1) & -(bits & HEX)
    if ((bits & BASE64) !== 0) {
      if (base64 < 0) base64 = i
    } else if (base64 >= 0) {
      if (i - base64 >= MIN_BASE64_CHARS && mayHoldBase64(units, base64, i, end)) return true
      base64 = -1
    }
  }
  if (hexes >= MIN_HEX_CHARS && mayHoldHex(units, start, end)) return true
  if (alphanumerics >= MIN_BASE32_CHARS && mayHoldBase32(units, start, end)) return true
  return signs > 4 && mayHoldSpaced(units, start, end)
}

/** In characters of base64 between two others; `wordEnd` is behind the padding. */
function mayHoldBase64(units: Uint16Array, start: number, end: number, wordEnd: number): boolean {
  let padded = end
  while (padded < wordEnd && padded < end + 2 && units[padded] === 61) padded++
  let tries = 0
  for (let from = start; padded - from >= MIN_BASE64_CHARS; from++) {
    if (from > start && (bitsOf(units[from - 1]!) & SEPARATOR) === 0) continue
    if (padded - from < SURE_BASE64_CHARS ? mayBeThree(units, from) && mayBeThree(units, from + 4) : mayBeText(units, from, end))
      return true
    if (++tries === MAX_TRIES) return false
  }
  return false
}

/** Most of what is no text shows in its first bytes. */
const FIRST_BYTES = 9
const MANY_BYTES = 48
const bytes = new Uint8Array(MANY_BYTES)

/** Whether the first bytes of base64 look like text; if they do not, nothing behind them changes it. */
function mayBeText(units: Uint16Array, from: number, end: number): boolean {
  readBase64(units, from, 0, FIRST_BYTES)
  if (!looksLikeText(bytes, FIRST_BYTES)) return false
  const most = Math.min(MANY_BYTES, ((end - from) >> 2) * 3)
  if (most === FIRST_BYTES) return true
  readBase64(units, from + (FIRST_BYTES / 3) * 4, FIRST_BYTES, most)
  return looksLikeText(bytes, most)
}

function readBase64(units: Uint16Array, from: number, first: number, end: number): void {
  for (let byte = first, at = from; byte < end; byte += 3, at += 4) {
    const [b, c] = [SIXES[units[at + 1]!]!, SIXES[units[at + 2]!]!]
    bytes[byte] = (SIXES[units[at]!]! << 2) | (b >> 4)
    bytes[byte + 1] = (b << 4) | (c >> 2)
    bytes[byte + 2] = (c << 6) | SIXES[units[at + 3]!]!
  }
}

/** Whether there may be hex that is text: behind no letter or digit. */
function mayHoldHex(units: Uint16Array, start: number, end: number): boolean {
  for (let i = start; end - i >= MIN_HEX_CHARS; i++)
    if ((i === start || (bitsOf(units[i - 1]!) & ALPHANUMERIC) === 0) && mayBeginHex(units, i, end)) return true
  return false
}

/** Perhaps behind its prefix. */
function mayBeginHex(units: Uint16Array, start: number, end: number): boolean {
  const isPrefixed = units[start] === 48 && (units[start + 1]! | 32) === 120
  const from = isPrefixed ? start + 2 : (units[start]! | 32) === 120 ? start + 1 : start
  let at = from
  while (at < end && isHex(units[at]!)) at++
  return at - from >= MIN_HEX_CHARS && mayBeHexText(units, from, at)
}

/** Whether there may be base32 that is text: so many letters and digits that stand alone, of one case. */
function mayHoldBase32(units: Uint16Array, start: number, end: number): boolean {
  for (let at = start; end - at >= MIN_BASE32_CHARS;) {
    const from = at
    let both = UPPER32 | LOWER32
    for (; at < end && (bitsOf(units[at]!) & ALPHANUMERIC) !== 0; at++) both &= bitsOf(units[at]!)
    if (both !== 0 && at - from >= MIN_BASE32_CHARS && mayBeBase32Text(units, from)) return true
    while (at < end && (bitsOf(units[at]!) & ALPHANUMERIC) === 0) at++
  }
  return false
}

/** By the first ten bytes. */
function mayBeBase32Text(units: Uint16Array, from: number): boolean {
  let count = 0
  for (let i = 0, held = 0, bits = 0; i < MIN_BASE32_CHARS; i++) {
    const unit = units[from + i]!
    held = ((held << 5) | (unit < 56 ? unit - 24 : (unit & 31) - 1)) & 0xfff
    bits += 5
    if (bits < 8) continue
    bits -= 8
    bytes[count++] = held >> bits
  }
  return looksLikeText(bytes, count)
}

function mayBeHexText(units: Uint16Array, from: number, end: number): boolean {
  const count = Math.min(MANY_BYTES, (end - from) >> 1)
  for (let i = 0; i < count; i++) bytes[i] = (HEX_DIGITS[units[from + 2 * i]!]! << 4) | HEX_DIGITS[units[from + 2 * i + 1]!]!
  return looksLikeText(bytes, count)
}

/**
 * Whether there may be bytes or letters with one sign between them: as many of the same sign with one character between as the fewest
 * letters have, or with a byte between.
 */
function mayHoldSpaced(units: Uint16Array, start: number, end: number): boolean {
  let letters = 0
  let hex = 0
  for (let i = start + 2; i < end; i++) {
    const unit = units[i]!
    if ((bitsOf(unit) & SIGN) === 0) continue
    if (units[i - 2] === unit) letters++
    if (i > start + 2 && units[i - 3] === unit && isHex(units[i - 1]!) && isHex(units[i - 2]!)) hex++
  }
  return hex >= MIN_BYTE_SIGNS - 1 || letters >= MIN_LETTER_SIGNS - 1
}
