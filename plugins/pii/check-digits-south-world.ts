// Check digits of Oceania and Africa: Australia, South Africa, Nigeria.
import { digitsIn, isDate, isMonotone, numberAt, passesLuhn, passesVerhoeff, weightedSum } from './check-digits-families.ts'

/** Tax File Number (Australian Taxation Office): nine digits modulo 11. */
export function auTfn(match: string): boolean {
  const digits = digitsIn(match)
  return digits.length === 9 && !isMonotone(digits) && weightedSum(digits, [1, 4, 3, 7, 5, 8, 6, 9, 10]) % 11 === 0
}

/** Australian Business Number (ABR): one less on the first of eleven digits, then modulo 89. */
export function auAbn(match: string): boolean {
  const digits = digitsIn(match)
  if (digits.length !== 11 || digits[0] === 0) return false
  return (weightedSum(digits, [10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]) - 10) % 89 === 0
}

/** Australian Company Number (ASIC): eight digits with weights 8 to 1, and their complement modulo 10. */
export function auAcn(match: string): boolean {
  const digits = digitsIn(match)
  return digits.length === 9 && !isMonotone(digits) && (10 - (weightedSum(digits, [8, 7, 6, 5, 4, 3, 2, 1]) % 10)) % 10 === digits[8]
}

/** Medicare card number (Services Australia): eight digits, a check digit, the issue; a tenth place names the person. */
export function auMedicare(match: string): boolean {
  const digits = digitsIn(match)
  if ((digits.length !== 10 && digits.length !== 11) || digits[0]! < 2 || digits[0]! > 6 || digits[9] === 0) return false
  return weightedSum(digits, [1, 3, 7, 9, 1, 3, 7, 9]) % 10 === digits[8]
}

/** Identity number of South Africa (Department of Home Affairs): date of birth, serial number, citizenship, 8 or 9, Luhn. */
export function zaId(match: string): boolean {
  const digits = digitsIn(match)
  if (digits.length !== 13 || digits[10]! > 2 || digits[11]! < 8) return false
  return isDate(numberAt(digits, 0, 2), numberAt(digits, 2, 2), numberAt(digits, 4, 2)) && passesLuhn(digits)
}

/** National Identification Number of Nigeria: eleven digits. NIMC publishes no sum; numbers in the field pass Verhoeff. */
export function ngNin(match: string): boolean {
  const digits = digitsIn(match)
  return digits.length === 11 && !isMonotone(digits) && passesVerhoeff(digits)
}
