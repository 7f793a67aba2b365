// Check digits of the Americas: United States, Canada, Brazil, Mexico.
import { digitsIn, isDate, isMonotone, passesLuhn, plainOf, weightedSum } from './check-digits-families.ts'

/** ABA routing transit number: a prefix of the Federal Reserve, and weights 3, 7, 1 modulo 10. */
export function usAba(match: string): boolean {
  const digits = digitsIn(match)
  if (digits.length !== 9) return false
  const prefix = digits[0]! * 10 + digits[1]!
  const isIssued = prefix <= 12 || (prefix >= 21 && prefix <= 32) || (prefix >= 61 && prefix <= 72) || prefix === 80
  return isIssued && !isMonotone(digits) && weightedSum(digits, [3, 7, 1, 3, 7, 1, 3, 7, 1]) % 10 === 0
}

/** National Provider Identifier (45 CFR 162.406): Luhn over the ten digits behind the prefix 80840. */
export function usNpi(match: string): boolean {
  const digits = digitsIn(match)
  return digits.length === 10 && (digits[0] === 1 || digits[0] === 2) && passesLuhn([8, 0, 8, 4, 0, ...digits])
}

/** Registration of the Drug Enforcement Administration: two letters (or a letter and 9) and seven digits; the last one checks. */
export function usDea(match: string): boolean {
  const plain = plainOf(match)
  if (!/^[ABCDEFGHJKLMPRSTUX][A-Z9]\d{7}$/.test(plain)) return false
  return weightedSum(digitsIn(plain.slice(2)), [1, 2, 1, 2, 1, 2]) % 10 === Number(plain[8])
}

/** Social Insurance Number (Service Canada): nine digits with Luhn; none begins with 0 or 8. */
export function caSin(match: string): boolean {
  const digits = digitsIn(match)
  return digits.length === 9 && digits[0] !== 0 && digits[0] !== 8 && !isMonotone(digits) && passesLuhn(digits)
}

/** The digit of Brazilian numbers: eleven less the remainder, ten and eleven counting as zero. */
const brDigit = (sum: number): number => (sum % 11 < 2 ? 0 : 11 - (sum % 11))

/** CPF (Receita Federal): nine digits and two check digits modulo 11. */
export function brCpf(match: string): boolean {
  const digits = digitsIn(match)
  if (digits.length !== 11 || isMonotone(digits)) return false
  return (
    brDigit(weightedSum(digits, [10, 9, 8, 7, 6, 5, 4, 3, 2])) === digits[9] &&
    brDigit(weightedSum(digits, [11, 10, 9, 8, 7, 6, 5, 4, 3, 2])) === digits[10]
  )
}

/** CNPJ (Instrução Normativa RFB 2.229/2024): twelve digits or letters (their code less 48) and two check digits modulo 11. */
export function brCnpj(match: string): boolean {
  const plain = plainOf(match)
  if (!/^[A-Z0-9]{12}\d{2}$/.test(plain)) return false
  const values = Array.from(plain, (character) => character.charCodeAt(0) - 48)
  if (isMonotone(values)) return false
  return (
    brDigit(weightedSum(values, [5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2])) === values[12] &&
    brDigit(weightedSum(values, [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2])) === values[13]
  )
}

const CURP_VALUES = '0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ'

/** CURP (RENAPO): names, date of birth, sex, state, and a check digit modulo 10. */
export function mxCurp(match: string): boolean {
  const text = match.toUpperCase()
  if (!/^[A-Z]{4}\d{6}[HMX][A-Z]{5}[A-Z0-9]\d$/.test(text) || !isShortDate(text.slice(4, 10))) return false
  let sum = 0
  for (let i = 0; i < 17; i++) sum += CURP_VALUES.indexOf(text[i]!) * (18 - i)
  return (10 - (sum % 10)) % 10 === Number(text[17])
}

const RFC_VALUES = '0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ Ñ'

/** RFC (SAT): three letters for companies or four for persons, a date, two characters, and a check character modulo 11. */
export function mxRfc(match: string): boolean {
  const text = match.toUpperCase().replace(/[ -]/g, '')
  if (!/^[A-ZÑ&]{3,4}\d{6}[A-Z0-9]{2}[0-9A]$/.test(text) || !isShortDate(text.slice(-9, -3))) return false
  const padded = text.padStart(13, ' ')
  let sum = 0
  for (let i = 0; i < 12; i++) sum += RFC_VALUES.indexOf(padded[i]!) * (13 - i)
  return '0123456789A'[(11 - (sum % 11)) % 11] === text.at(-1)
}

/** `yymmdd`, of either century. */
function isShortDate(text: string): boolean {
  return isDate(Number(text.slice(0, 2)), Number(text.slice(2, 4)), Number(text.slice(4)))
}

/** CLABE (ABM): eighteen digits, weights 3, 7, 1 of which each product counts modulo 10. */
export function mxClabe(match: string): boolean {
  const digits = digitsIn(match)
  if (digits.length !== 18 || isMonotone(digits)) return false
  const sum = digits.slice(0, 17).reduce((total, digit, i) => total + ((digit * [3, 7, 1][i % 3]!) % 10), 0)
  return (10 - (sum % 10)) % 10 === digits[17]
}
