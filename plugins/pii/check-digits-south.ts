// Check digits of southern Europe: Spain, France, Italy, Portugal.
import { digitsIn, isDate, isMonotone, passesLuhn, plainOf, remainderMod97, weightedSum } from './check-digits-families.ts'

const NIF_LETTERS = 'TRWAGMYFPDXBNJZSQVHLCKE'

/** DNI, NIF and NIE (Orden INT/2058/2008): the number modulo 23 names the letter; X, Y and Z of a NIE count as 0, 1 and 2. */
export function esNif(match: string): boolean {
  const parts = /^([XYZ]?)(\d{7,8})([A-Z])$/.exec(plainOf(match))
  if (!parts || parts[1]!.length + parts[2]!.length > 8) return false
  return NIF_LETTERS[Number(`${parts[1] ? 'XYZ'.indexOf(parts[1]) : ''}${parts[2]}`) % 23] === parts[3]
}

/** NIF of legal persons, once CIF (Orden EHA/451/2008): Luhn over seven digits, written as a digit or as a letter. */
export function esCif(match: string): boolean {
  const plain = plainOf(match)
  if (!/^[ABCDEFGHJNPQRSUVW]\d{7}[0-9A-J]$/.test(plain)) return false
  const sum = digitsIn(plain.slice(1, 8)).reduce((total, digit, i) => {
    const value = i % 2 === 0 ? digit * 2 : digit
    return total + (value > 9 ? value - 9 : value)
  }, 0)
  const check = (10 - (sum % 10)) % 10
  return plain[8] === String(check) || plain[8] === 'JABCDEFGHI'[check]
}

/**
 * NIR, the number of French social security (INSEE): sex, year, month, department (2A and 2B for Corsica, which count as 19 and 18),
 * municipality, serial number, and a key of 97 less the remainder modulo 97.
 */
export function frNir(match: string): boolean {
  const parts = /^([1-478]\d{2}(\d\d)(?:\d\d|2[AB])\d{6})(\d\d)$/.exec(plainOf(match))
  if (!parts) return false
  const month = Number(parts[2])
  // 20 to 42 and 50 to 99 are given where the month is not known.
  if (month === 0 || (month > 12 && month < 20) || (month > 42 && month < 50)) return false
  return 97 - remainderMod97(parts[1]!.replace('2A', '19').replace('2B', '18')) === Number(parts[3])
}

/** Numéro fiscal de référence, SPI (DGFiP): thirteen digits beginning with 0 to 3; the last three are the others modulo 511. */
export function frTaxNumber(match: string): boolean {
  const plain = plainOf(match)
  return /^[0-3]\d{12}$/.test(plain) && Number(plain.slice(0, 10)) % 511 === Number(plain.slice(10))
}

/** SIREN or SIRET (INSEE): nine or fourteen digits with Luhn; of La Poste (356000000) the sum of the digits is a multiple of five. */
export function frSiren(match: string): boolean {
  const digits = digitsIn(match)
  if ((digits.length !== 9 && digits.length !== 14) || isMonotone(digits)) return false
  const isPost = digits.slice(0, 9).join('') === '356000000'
  return passesLuhn(digits) || (isPost && digits.reduce((sum, digit) => sum + digit, 0) % 5 === 0)
}

/** Values of characters at odd places, the first being odd (Decreto ministeriale 23 dicembre 1976). */
const ODD_VALUES = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23]
const OMOCODES = 'LMNPQRSTUV'
const MONTHS = 'ABCDEHLMPRST'

/** Codice fiscale of persons (Agenzia delle Entrate): names, date of birth, municipality, check letter; digits may stand as letters. */
export function itFiscalCode(match: string): boolean {
  const plain = plainOf(match)
  if (!/^[A-Z]{6}[0-9L-NP-V]{2}[A-EHLMPRST][0-9L-NP-V]{2}[A-Z][0-9L-NP-V]{3}[A-Z]$/.test(plain)) return false
  const day = Number(Array.from(plain.slice(9, 11), digitOfOmocode).join(''))
  if (!isDate(0, MONTHS.indexOf(plain[8]!) + 1, day > 40 ? day - 40 : day)) return false
  let sum = 0
  for (let i = 0; i < 15; i++) {
    const code = plain.charCodeAt(i)
    const value = code < 58 ? code - 48 : code - 65
    sum += i % 2 === 0 ? ODD_VALUES[value]! : value
  }
  return sum % 26 === plain.charCodeAt(15) - 65
}

function digitOfOmocode(character: string): string {
  const place = OMOCODES.indexOf(character)
  return place < 0 ? character : String(place)
}

/** Partita IVA (Agenzia delle Entrate): eleven digits with Luhn, of which the first seven are not all zero. */
export function itVat(match: string): boolean {
  const digits = digitsIn(match)
  return digits.length === 11 && digits.slice(0, 7).some((digit) => digit !== 0) && passesLuhn(digits)
}

/** NIF (Autoridade Tributária): nine digits modulo 11, a check digit of ten or eleven counting as zero; 4 begins none. */
export function ptNif(match: string): boolean {
  const digits = digitsIn(match)
  if (digits.length !== 9 || digits[0] === 0 || digits[0] === 4 || isMonotone(digits)) return false
  const check = 11 - (weightedSum(digits, [9, 8, 7, 6, 5, 4, 3, 2]) % 11)
  return (check > 9 ? 0 : check) === digits[8]
}

/** Cartão de Cidadão (AMA): eight digits, a digit, two characters and a digit; Luhn over digits and letters, which count as 10 to 35. */
export function ptCitizenCard(match: string): boolean {
  const plain = plainOf(match)
  if (!/^\d{9}[A-Z0-9]{2}\d$/.test(plain)) return false
  let sum = 0
  for (let i = 0; i < 12; i++) {
    const value = Number.parseInt(plain[i]!, 36) * (i % 2 === 0 ? 2 : 1)
    sum += i % 2 === 0 && value > 9 ? value - 9 : value
  }
  return sum % 10 === 0
}

/** NISS (Segurança Social): eleven digits beginning with 1 or 2, weighted with primes. */
export function ptNiss(match: string): boolean {
  const digits = digitsIn(match)
  if (digits.length !== 11 || digits[0]! < 1 || digits[0]! > 2) return false
  return 9 - (weightedSum(digits, [29, 23, 19, 17, 13, 11, 7, 5, 3, 2]) % 10) === digits[10]
}

/** Numéro de TVA intracommunautaire (DGFiP): a key of twelve and three times the SIREN, modulo 97. */
export function frVat(match: string): boolean {
  const plain = plainOf(match)
  return /^FR\d{11}$/.test(plain) && frSiren(plain.slice(4)) && (12 + 3 * (Number(plain.slice(4)) % 97)) % 97 === Number(plain.slice(2, 4))
}
