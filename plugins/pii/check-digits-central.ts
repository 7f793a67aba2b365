// Check digits of central and eastern Europe: Germany, Switzerland, Poland, Turkey.
import {
  checkDigitIcao,
  checkDigitMod11_10,
  digitsIn,
  isDate,
  isMonotone,
  numberAt,
  plainOf,
  weightedSum,
} from './check-digits-families.ts'

/** Steuer-Identifikationsnummer and USt-IdNr. (Bundeszentralamt für Steuern): ISO/IEC 7064, MOD 11,10; never a leading zero. */
function isMod11_10(match: string, length: number): boolean {
  const digits = digitsIn(match)
  return digits.length === length && digits[0] !== 0 && checkDigitMod11_10(digits.slice(0, -1)) === digits.at(-1)
}

export const deTaxId = (match: string): boolean => isMod11_10(match, 11)
export const deVat = (match: string): boolean => isMod11_10(match, 9)

/** Serial numbers of passports and identity cards (PassV, PAuswV; ICAO 9303): no vowels; eight characters and their check digit. */
export function deDocument(match: string): boolean {
  const plain = plainOf(match)
  return /^[CFGHJKLMNPRTVWXYZ][CFGHJKLMNPRTVWXYZ0-9]{7}\d$/.test(plain) && checkDigitIcao(plain.slice(0, 8)) === Number(plain[8])
}

/** The same, or an identity card of the form of November 2010, `T` and eight digits, whose check digit is printed apart. */
export const deIdCard = (match: string): boolean => deDocument(match) || /^T\d{8}$/i.test(match)

/** A letter as its two-digit place in the alphabet. */
const placeOf = (letter: string): readonly number[] => {
  const place = letter.charCodeAt(0) - 64
  return [Math.floor(place / 10), place % 10]
}
const crossSum = (value: number): number => (value > 9 ? value - 9 : value)
const sumOfCrossSums = (digits: readonly number[], weights: readonly number[]): number =>
  weights.reduce((sum, weight, i) => sum + digitSum(digits[i]! * weight), 0)
const digitSum = (value: number): number => Math.floor(value / 10) + (value % 10)

/** Krankenversichertennummer (GKV-Spitzenverband): the letter as two digits, then weights 1 and 2 with sums of digits, modulo 10. */
export function deHealthInsurance(match: string): boolean {
  const plain = plainOf(match)
  if (!/^[A-Z]\d{9}$/.test(plain)) return false
  const digits = [...placeOf(plain[0]!), ...digitsIn(plain)]
  return digits.slice(0, 10).reduce((sum, digit, i) => sum + crossSum(digit * (i % 2 === 0 ? 1 : 2)), 0) % 10 === digits[10]
}

/** Versicherungsnummer (VKVV § 2): area, date of birth, letter, serial number, check digit. */
export function deSocialSecurity(match: string): boolean {
  const plain = plainOf(match)
  if (!/^\d{8}[A-Z]\d{3}$/.test(plain)) return false
  const digits = [...digitsIn(plain.slice(0, 8)), ...placeOf(plain[8]!), ...digitsIn(plain.slice(9))]
  const area = numberAt(digits, 0, 2)
  if (area < 2 || area > 89 || !isDate(numberAt(digits, 6, 2), numberAt(digits, 4, 2), numberAt(digits, 2, 2))) return false
  return sumOfCrossSums(digits, [2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1]) % 10 === digits[12]
}

/** Lebenslange Arztnummer (KBV): six digits with weights 4 and 9, a check digit, two for the specialty. */
export function deLanr(match: string): boolean {
  const digits = digitsIn(match)
  const isFiller = digits.every((digit) => digit === digits[0])
  return !isFiller && digits.length === 9 && (10 - (weightedSum(digits, [4, 9, 4, 9, 4, 9]) % 10)) % 10 === digits[6]
}

/** AHV number (ZAS): 756 and an EAN-13 check digit. */
export function chAhv(match: string): boolean {
  const digits = digitsIn(match)
  return digits.length === 13 && numberAt(digits, 0, 3) === 756 && weightedSum(digits, [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]) % 10 === 0
}

/** Unternehmens-Identifikationsnummer (BFS): CHE and nine digits modulo 11. */
export function chUid(match: string): boolean {
  const digits = digitsIn(match)
  return digits.length === 9 && (11 - (weightedSum(digits, [5, 4, 3, 2, 7, 6, 5, 4]) % 11)) % 11 === digits[8]
}

/** PESEL (Ministerstwo Cyfryzacji): a date whose month carries the century, and weights 1, 3, 7, 9 modulo 10. */
export function plPesel(match: string): boolean {
  const digits = digitsIn(match)
  if (digits.length !== 11) return false
  const month = numberAt(digits, 2, 2)
  const century = [1900, 2000, 2100, 2200, 1800][Math.floor(month / 20)]!
  if (!isDate(century + numberAt(digits, 0, 2), month % 20, numberAt(digits, 4, 2))) return false
  return weightedSum(digits, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]) % 10 === 0
}

/** NIP (Ministerstwo Finansów): ten digits modulo 11; a check digit of ten is never issued. */
export function plNip(match: string): boolean {
  const digits = digitsIn(match)
  return digits.length === 10 && !isMonotone(digits) && weightedSum(digits, [6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 === digits[9]
}

/** REGON (GUS): nine or fourteen digits modulo 11, ten counting as zero. */
export function plRegon(match: string): boolean {
  const digits = digitsIn(match)
  const isNine = (weightedSum(digits, [8, 9, 2, 3, 4, 5, 6, 7]) % 11) % 10 === digits[8]
  if (digits.length === 9) return isNine && !isMonotone(digits)
  return digits.length === 14 && isNine && (weightedSum(digits, [2, 4, 8, 5, 0, 9, 7, 3, 6, 1, 2, 4, 8]) % 11) % 10 === digits[13]
}

/** Polish identity card: three letters and six digits, of which the first checks the others; weights 7, 3, 1 as on passports. */
export function plIdCard(match: string): boolean {
  const plain = plainOf(match)
  return /^[A-Z]{3}\d{6}$/.test(plain) && checkDigitIcao(plain.slice(0, 3) + plain.slice(4)) === Number(plain[3])
}

/** T.C. kimlik numarası (Nüfus ve Vatandaşlık İşleri): two check digits over eleven. */
export function trNationalId(match: string): boolean {
  const digits = digitsIn(match)
  if (digits.length !== 11 || digits[0] === 0) return false
  const odd = weightedSum(digits, [1, 0, 1, 0, 1, 0, 1, 0, 1])
  const even = weightedSum(digits, [0, 1, 0, 1, 0, 1, 0, 1])
  return (odd * 7 - even + 100) % 10 === digits[9] && (odd + even + digits[9]!) % 10 === digits[10]
}

/** Vergi kimlik numarası (Gelir İdaresi Başkanlığı): ten digits, the last of which checks the others. */
export function trTaxNumber(match: string): boolean {
  const digits = digitsIn(match)
  if (digits.length !== 10) return false
  const sum = digits.slice(0, 9).reduce((total, digit, i) => {
    const shifted = (digit + 9 - i) % 10
    return total + (shifted === 9 ? 9 : (shifted * 2 ** (9 - i)) % 9)
  }, 0)
  return (10 - (sum % 10)) % 10 === digits[9]
}
