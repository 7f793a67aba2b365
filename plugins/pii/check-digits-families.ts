// The families of check digits that national numbers are built from: Luhn, Verhoeff, weighted sums, ISO 7064. Pure arithmetic over plain
// texts; which number uses which stands in the files by region.

/** The digits of a match as numbers, whatever stands between them. */
export function digitsIn(match: string): readonly number[] {
  const digits: number[] = []
  for (let i = 0; i < match.length; i++) {
    const digit = match.charCodeAt(i) - 48
    if (digit >= 0 && digit <= 9) digits.push(digit)
  }
  return digits
}

/** Letters and digits of a match in upper case, without what separates them. */
export function plainOf(match: string): string {
  return match.replace(/[^A-Za-z0-9]/g, '').toUpperCase()
}

/** Σ digit × weight over as many places as there are weights. */
export function weightedSum(digits: readonly number[], weights: readonly number[]): number {
  let sum = 0
  for (let i = 0; i < weights.length; i++) sum += (digits[i] ?? 0) * weights[i]!
  return sum
}

/** Whether all digits are the same: such numbers pass many sums and belong to nobody. */
export function isMonotone(digits: readonly number[]): boolean {
  return digits.every((digit) => digit === digits[0])
}

/** ISO/IEC 7812-1, annex B: every second digit from the right is doubled; the sum with the check digit is a multiple of ten. */
export function passesLuhn(digits: readonly number[]): boolean {
  let sum = 0
  for (let i = digits.length - 1, place = 0; i >= 0; i--, place++) {
    const value = place % 2 === 1 ? digits[i]! * 2 : digits[i]!
    sum += value > 9 ? value - 9 : value
  }
  return sum % 10 === 0
}

/** Luhn over a number of one length that is not one digit repeated. */
export const luhnOf =
  (length: number) =>
  (match: string): boolean => {
    const digits = digitsIn(match)
    return digits.length === length && !isMonotone(digits) && passesLuhn(digits)
  }

const PERMUTE = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]
/** Powers of the permutation; it has order eight. */
const PERMUTATIONS = Array.from({ length: 8 }).reduce<number[][]>(
  (powers) => [...powers, powers.at(-1)!.map((digit) => PERMUTE[digit]!)],
  [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
)

/** Multiplication in the dihedral group D5, whose elements above 4 are reflections. */
function timesD5(a: number, b: number): number {
  if (a < 5) return b < 5 ? (a + b) % 5 : ((a + b) % 5) + 5
  return b < 5 ? ((a - b + 5) % 5) + 5 : (a - b + 5) % 5
}

/** J. Verhoeff, Error Detecting Decimal Codes (1969): finds every wrong digit and every swap of neighbours. */
export function passesVerhoeff(digits: readonly number[]): boolean {
  let value = 0
  for (let i = digits.length - 1, place = 0; i >= 0; i--, place++) value = timesD5(value, PERMUTATIONS[place % 8]![digits[i]!]!)
  return value === 0
}

/** ISO/IEC 7064, MOD 11,10: the check digit of a number, by recursion over its digits. */
export function checkDigitMod11_10(digits: readonly number[]): number {
  let product = 10
  for (const digit of digits) product = (((digit + product) % 10 || 10) * 2) % 11
  return (11 - product) % 10
}

/** ISO/IEC 7064, MOD 11-2: the check character of a number, `X` for ten. */
export function checkCharacterMod11_2(digits: readonly number[]): string {
  let product = 0
  for (const digit of digits) product = ((product + digit) * 2) % 11
  const check = (12 - product) % 11
  return check === 10 ? 'X' : String(check)
}

/** The remainder modulo 97 (ISO/IEC 7064, MOD 97-10) of a text of digits and letters; letters count as 10 to 35. */
export function remainderMod97(text: string): number {
  let remainder = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    remainder = (code < 58 ? remainder * 10 + code - 48 : remainder * 100 + code - 55) % 97
  }
  return remainder
}

const ALPHANUMERIC = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'

/** Luhn modulo 36 over digits and letters: the character that ends a text. */
export function checkCharacterMod36(text: string): string {
  let sum = 0
  for (let i = text.length - 1, place = 0; i >= 0; i--, place++) {
    const product = ALPHANUMERIC.indexOf(text[i]!) * (place % 2 === 0 ? 2 : 1)
    sum += Math.floor(product / 36) + (product % 36)
  }
  return ALPHANUMERIC[(36 - (sum % 36)) % 36]!
}

/** ICAO 9303 part 3, 4.9: digit of a machine-readable document; weights 7, 3, 1, letters count as 10 to 35. */
export function checkDigitIcao(text: string): number {
  let sum = 0
  for (let i = 0; i < text.length; i++) sum += ALPHANUMERIC.indexOf(text[i]!) * [7, 3, 1][i % 3]!
  return sum % 10
}

/** Whether the calendar has this day; a year below 100 is one of two centuries, so that 29 February is let through for either. */
export function isDate(year: number, month: number, day: number): boolean {
  if (month < 1 || month > 12 || day < 1) return false
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 || year === 0
  return day <= (month === 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31)
}

/** The number that stands in `digits` from `start`, `length` places long. */
export function numberAt(digits: readonly number[], start: number, length: number): number {
  let value = 0
  for (let i = start; i < start + length; i++) value = value * 10 + (digits[i] ?? 0)
  return value
}
