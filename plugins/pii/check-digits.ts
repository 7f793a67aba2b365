// Checks of numbers with check digits: payment cards (ISO/IEC 7812-1) and bank accounts (ISO 13616).
import { digitSums } from './digit-sums.ts'

const MIN_LUHN_DIGITS = 12

/** The Luhn formula over the digits of the match; false below 12 digits or for one digit repeated. */
export function luhn(match: string): boolean {
  let [sum, digits, first, isMixed] = [0, 0, -1, false]
  for (let i = match.length - 1; i >= 0; i--) {
    const digit = match.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) continue
    if (first < 0) first = digit
    if (digit !== first) isMixed = true
    const value = digits++ % 2 === 1 ? digit * 2 : digit
    sum += value > 9 ? value - 9 : value
  }
  return digits >= MIN_LUHN_DIGITS && isMixed && sum % 10 === 0
}

/** See `CheckTest.lastOf`. Which half of the digits is doubled, the index of the last one tells. */
export function lastLuhn(text: string, start: number, ends: readonly number[], count: number): number {
  const sums = digitSums(text, start, ends[count - 1]!)
  if (!sums) return lastByTest(luhn, text, start, ends, count)
  const { from, counts, evenDoubled, oddDoubled, sameSince } = sums
  const at = start - from
  const first = counts[at]!
  for (let e = count - 1; e >= 0; e--) {
    const end = ends[e]! - from
    const digits = counts[end]!
    // Shorter ones have no more digits, nor others.
    if (digits - first < MIN_LUHN_DIGITS || sameSince[end]! <= first) return -1
    const sum = digits % 2 === 0 ? evenDoubled[end]! - evenDoubled[at]! : oddDoubled[end]! - oddDoubled[at]!
    if (sum % 10 === 0) return e
  }
  return -1
}

/**
 * Issuer ranges with their lengths. Visa's 13 digits are left out: they were withdrawn, and a tenth of all bar codes (EAN-13)
 * beginning with 4 would pass for them.
 */
const BRANDS: readonly { readonly prefix: RegExp; readonly lengths: readonly number[] }[] = [
  { prefix: /^4/, lengths: [16, 19] },
  { prefix: /^(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, lengths: [16] },
  { prefix: /^3[47]/, lengths: [15] },
  { prefix: /^(?:6011|64[4-9]|65)/, lengths: [16, 17, 18, 19] },
  { prefix: /^35(?:2[89]|[3-8])/, lengths: [16, 17, 18, 19] },
  { prefix: /^3(?:0[0-5]|095|6|[89])/, lengths: [14, 15, 16, 17, 18, 19] },
  { prefix: /^62/, lengths: [16, 17, 18, 19] },
  { prefix: /^(?:5018|5020|5038|5893|6304|6759|676[1-3])/, lengths: [12, 13, 14, 15, 16, 17, 18, 19] },
]

/** Whether an issuer of payment cards uses numbers that begin so, in this length. */
export function cardBrand(match: string): boolean {
  const digits = match.replace(/\D/g, '')
  return BRANDS.some(({ prefix, lengths }) => lengths.includes(digits.length) && prefix.test(digits))
}

/** By the first four digits, as far as they have been asked for: a bit for each length that an issuer uses; -1: not asked yet. */
const lengthsByPrefix = new Int32Array(10_000).fill(-1)
const PREFIX_DIGITS = 4

function lengthsOf(prefix: number): number {
  if (lengthsByPrefix[prefix]! < 0) {
    const digits = String(prefix).padStart(PREFIX_DIGITS, '0')
    const lengths = BRANDS.filter((brand) => brand.prefix.test(digits)).flatMap((brand) => brand.lengths)
    lengthsByPrefix[prefix] = lengths.reduce((bits, length) => bits | (1 << length), 0)
  }
  return lengthsByPrefix[prefix]!
}

/** See `CheckTest.lastOf`. */
export function lastCardBrand(text: string, start: number, ends: readonly number[], count: number): number {
  const sums = digitSums(text, start, ends[count - 1]!)
  if (!sums) return lastByTest(cardBrand, text, start, ends, count)
  const { from, counts, digits } = sums
  const first = counts[start - from]!
  if (counts[ends[count - 1]! - from]! - first < PREFIX_DIGITS) return -1
  const lengths = lengthsOf(((digits[first]! * 10 + digits[first + 1]!) * 10 + digits[first + 2]!) * 10 + digits[first + 3]!)
  if (lengths === 0) return -1
  for (let e = count - 1; e >= 0; e--) {
    const length = counts[ends[e]! - from]! - first
    if (length < 32 && ((lengths >> length) & 1) === 1) return e
  }
  return -1
}

/** Lengths by country, from the IBAN registry of SWIFT. */
const IBAN_LENGTHS: { readonly [country: string]: number } = {
  AD: 24,
  AE: 23,
  AL: 28,
  AT: 20,
  AZ: 28,
  BA: 20,
  BE: 16,
  BG: 22,
  BH: 22,
  BI: 27,
  BR: 29,
  BY: 28,
  CH: 21,
  CR: 22,
  CY: 28,
  CZ: 24,
  DE: 22,
  DJ: 27,
  DK: 18,
  DO: 28,
  EE: 20,
  EG: 29,
  ES: 24,
  FI: 18,
  FK: 18,
  FO: 18,
  FR: 27,
  GB: 22,
  GE: 22,
  GI: 23,
  GL: 18,
  GR: 27,
  GT: 28,
  HR: 21,
  HU: 28,
  IE: 22,
  IL: 23,
  IQ: 23,
  IS: 26,
  IT: 27,
  JO: 30,
  KW: 30,
  KZ: 20,
  LB: 28,
  LC: 32,
  LI: 21,
  LT: 20,
  LU: 20,
  LV: 21,
  LY: 25,
  MC: 27,
  MD: 24,
  ME: 22,
  MK: 19,
  MN: 20,
  MR: 27,
  MT: 31,
  MU: 30,
  NI: 28,
  NL: 18,
  NO: 15,
  OM: 23,
  PK: 24,
  PL: 28,
  PS: 29,
  PT: 25,
  QA: 29,
  RO: 24,
  RS: 22,
  RU: 33,
  SA: 24,
  SC: 31,
  SD: 18,
  SE: 24,
  SI: 19,
  SK: 24,
  SM: 27,
  SO: 23,
  ST: 25,
  SV: 28,
  TL: 23,
  TN: 24,
  TR: 26,
  UA: 29,
  VA: 22,
  VG: 24,
  XK: 20,
  YE: 30,
}

/** ISO 13616: the country's length, and the remainder modulo 97 is 1. Check digits are 98 less a remainder, so 00, 01 and 99 are never issued. */
export function iban(match: string): boolean {
  const plain = match.replace(/[\s-]/g, '').toUpperCase()
  if (IBAN_LENGTHS[plain.slice(0, 2)] !== plain.length || !/^[A-Z]{2}(?!00|01|99)\d{2}[A-Z0-9]+$/.test(plain)) return false
  let remainder = 0
  for (const character of plain.slice(4) + plain.slice(0, 4)) {
    const value = Number.parseInt(character, 36)
    remainder = (remainder * (value > 9 ? 100 : 10) + value) % 97
  }
  return remainder === 1
}

const TWO_CAPITALS = /^[A-Z]{2}$/

/** See `CheckTest.lastOf`: a country has one length, so the remainder is asked for once. */
export function lastIban(text: string, start: number, ends: readonly number[], count: number): number {
  const country = text.slice(start, start + 2)
  const length = IBAN_LENGTHS[country]
  // Two letters are a country or none; else small letters, or a sign between them.
  if (length === undefined) return TWO_CAPITALS.test(country) ? -1 : lastByTest(iban, text, start, ends, count)
  let [characters, last] = [0, -1]
  for (let i = start, e = 0; ; i++) {
    for (; ends[e] === i && e < count; e++) if (characters === length && iban(text.slice(start, i))) last = e
    if (e >= count || characters > length) return last
    if (!/[\s-]/.test(text[i]!)) characters++
  }
}

/** Asks for one end after the other. */
export function lastByTest(test: (match: string) => boolean, text: string, start: number, ends: readonly number[], count: number): number {
  let e = count - 1
  while (e >= 0 && !test(text.slice(start, ends[e]))) e--
  return e
}
