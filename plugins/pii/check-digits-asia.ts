// Check digits of Asia: China, India, Japan, Korea, Singapore, Thailand, the Philippines.
import {
  checkCharacterMod11_2,
  checkCharacterMod36,
  digitsIn,
  isDate,
  isMonotone,
  numberAt,
  passesVerhoeff,
  plainOf,
  weightedSum,
} from './check-digits-families.ts'

/** Resident identity number of China (GB 11643-1999): region, date of birth, serial number, ISO/IEC 7064 MOD 11-2. */
export function cnResidentId(match: string): boolean {
  const plain = plainOf(match)
  if (!/^[1-8]\d{16}[0-9X]$/.test(plain)) return false
  const digits = digitsIn(plain.slice(0, 17))
  if (!isDate(numberAt(digits, 6, 4), numberAt(digits, 10, 2), numberAt(digits, 12, 2))) return false
  return checkCharacterMod11_2(digits) === plain[17]
}

const USCC_CHARACTERS = '0123456789ABCDEFGHJKLMNPQRTUWXY'

/** Unified social credit code (GB 32100-2015): eighteen characters modulo 31, weights the powers of three. */
export function cnCreditCode(match: string): boolean {
  const plain = plainOf(match)
  if (!/^[159Y][1-39]\d{6}[0-9A-HJ-NPQRTUWXY]{10}$/.test(plain)) return false
  let [sum, weight] = [0, 1]
  for (let i = 0; i < 17; i++) {
    sum += USCC_CHARACTERS.indexOf(plain[i]!) * weight
    weight = (weight * 3) % 31
  }
  return USCC_CHARACTERS[(31 - (sum % 31)) % 31] === plain[17]
}

/** Aadhaar (UIDAI): twelve digits with Verhoeff; none begins with 0 or 1. */
export function inAadhaar(match: string): boolean {
  const digits = digitsIn(match)
  return digits.length === 12 && digits[0]! > 1 && !isMonotone(digits) && passesVerhoeff(digits)
}

/** GSTIN (GSTN): state, PAN, entity, `Z`, and a Luhn modulo 36 character. */
export function inGstin(match: string): boolean {
  const plain = plainOf(match)
  return /^\d{2}[A-Z]{5}\d{4}[A-Z][1-9A-Z]Z[0-9A-Z]$/.test(plain) && checkCharacterMod36(plain.slice(0, 14)) === plain[14]
}

/** My Number of a person (Ministerial Ordinance No. 85 of 2014, article 5): twelve digits modulo 11. */
export function jpMyNumber(match: string): boolean {
  const digits = digitsIn(match)
  if (digits.length !== 12 || isMonotone(digits)) return false
  const remainder = weightedSum(digits, [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11
  return (remainder < 2 ? 0 : 11 - remainder) === digits[11]
}

/** Corporate number (National Tax Agency of Japan): thirteen digits, the first of which checks the others modulo 9. */
export function jpCorporate(match: string): boolean {
  const digits = digitsIn(match)
  return digits.length === 13 && 9 - (weightedSum(digits, [0, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1]) % 9) === digits[0]
}

/** The date in a registration number of Korea; the digit behind it tells century, sex, and whether somebody is a foreigner. */
function koreanBirth(match: string, kinds: readonly number[]): boolean {
  const digits = digitsIn(match)
  if (digits.length !== 13 || !kinds.includes(digits[6]!)) return false
  const century = [1800, 1900, 1900, 2000, 2000, 1900, 1900, 2000, 2000, 1800][digits[6]!]!
  return isDate(century + numberAt(digits, 0, 2), numberAt(digits, 2, 2), numberAt(digits, 4, 2))
}

/** Resident registration number (주민등록법): numbers given since October 2020 have no check digit, so only date and kind hold. */
export const krResident = (match: string): boolean => koreanBirth(match, [1, 2, 3, 4])
/** Foreigner registration number (출입국관리법), likewise. */
export const krForeigner = (match: string): boolean => koreanBirth(match, [5, 6, 7, 8])

/** Business registration number (국세청): ten digits, of which the ninth counts five times with its carry. */
export function krBusiness(match: string): boolean {
  const digits = digitsIn(match)
  if (digits.length !== 10 || isMonotone(digits)) return false
  const sum = weightedSum(digits, [1, 3, 7, 1, 3, 7, 1, 3, 5]) + Math.floor((digits[8]! * 5) / 10)
  return (10 - (sum % 10)) % 10 === digits[9]
}

/** NRIC and FIN (Immigration & Checkpoints Authority): seven digits modulo 11; T and G begin at four, M at three. */
export function sgNric(match: string): boolean {
  const plain = plainOf(match)
  if (!/^[STFGM]\d{7}[A-Z]$/.test(plain)) return false
  const series = plain[0]!
  const sum = weightedSum(digitsIn(plain), [2, 7, 6, 5, 4, 3, 2]) + ('TG'.includes(series) ? 4 : series === 'M' ? 3 : 0)
  if ('ST'.includes(series)) return 'JZIHGFEDCBA'[sum % 11] === plain[8]
  return (series === 'M' ? 'XWUTRQPNJLK' : 'XWUTRQPNMLK')[series === 'M' ? 10 - (sum % 11) : sum % 11] === plain[8]
}

const UEN_LETTERS = 'ABCDEFGHJKLMNPQRSTUVWX0123456789'

/** Unique Entity Number (ACRA): of businesses, of companies by year, and of others by year and kind; each with a check letter. */
export function sgUen(match: string): boolean {
  const plain = plainOf(match)
  const digits = digitsIn(plain)
  if (/^\d{8}[A-Z]$/.test(plain)) return 'XMKECAWLJDB'[weightedSum(digits, [10, 4, 9, 3, 8, 2, 7, 1]) % 11] === plain[8]
  if (/^(?:18|19|20)\d{7}[A-Z]$/.test(plain)) return 'ZKCMDNERGWH'[weightedSum(digits, [10, 8, 6, 4, 9, 7, 5, 3, 1]) % 11] === plain[9]
  if (!/^[RST]\d{2}[A-Z]{2}\d{4}[A-Z]$/.test(plain)) return false
  const values = Array.from(plain.slice(0, 9), (character) => UEN_LETTERS.indexOf(character))
  return UEN_LETTERS[(((weightedSum(values, [4, 3, 5, 3, 10, 2, 2, 5, 7]) - 5) % 11) + 11) % 11] === plain[9]
}

/** Provinces that no registry office of Thailand has as its first two digits. */
const TH_NOT_ISSUED = [28, 29, 59, 68, 69, 78, 79, 87, 88, 89, 97, 98, 99]

/** Thai national identity number (Department of Provincial Administration): thirteen digits modulo 11; kind, then province. */
export function thNationalId(match: string): boolean {
  const digits = digitsIn(match)
  const province = numberAt(digits, 1, 2)
  if (digits.length !== 13 || digits[0] === 0 || digits[0] === 9 || province < 10 || TH_NOT_ISSUED.includes(province)) return false
  return (11 - (weightedSum(digits, [13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 10 === digits[12] && !isMonotone(digits)
}

/** Taxpayer Identification Number of the Philippines (BIR): eight digits with weights 9 to 2 modulo 11, then a branch. */
export function phTin(match: string): boolean {
  const digits = digitsIn(match)
  if (digits.length !== 9 && digits.length !== 12 && digits.length !== 14) return false
  return weightedSum(digits, [9, 8, 7, 6, 5, 4, 3, 2]) % 11 === digits[8] && !isMonotone(digits)
}
