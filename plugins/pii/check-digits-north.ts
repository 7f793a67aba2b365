// Check digits of northern and western Europe: Britain, Ireland, the Netherlands, the Nordic countries.
import { digitsIn, isDate, isMonotone, numberAt, passesLuhn, plainOf, weightedSum } from './check-digits-families.ts'

/** NHS number (NHS Data Dictionary): ten digits, weights 10 to 2 modulo 11; a check digit of ten is never issued. */
export function ukNhs(match: string): boolean {
  const digits = digitsIn(match)
  if (digits.length !== 10 || isMonotone(digits)) return false
  return (11 - (weightedSum(digits, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 11 === digits[9]
}

const UTR_CHECKS = [2, 1, 9, 8, 7, 6, 5, 4, 3, 2, 1]

/** Unique Taxpayer Reference (HMRC): the first of ten digits checks the others. */
export function ukUtr(match: string): boolean {
  const digits = digitsIn(match)
  return digits.length === 10 && UTR_CHECKS[weightedSum(digits.slice(1), [6, 7, 8, 9, 10, 5, 4, 3, 2]) % 11] === digits[0]
}

/** Personal Public Service Number (Department of Social Protection): weights 8 to 2, and 9 for a second letter, modulo 23. */
export function iePpsn(match: string): boolean {
  const plain = plainOf(match)
  if (!/^\d{7}[A-W][A-IW]?$/.test(plain)) return false
  const second = plain[8] === undefined || plain[8] === 'W' ? 0 : plain.charCodeAt(8) - 64
  const sum = weightedSum(digitsIn(plain), [8, 7, 6, 5, 4, 3, 2]) + second * 9
  return 'WABCDEFGHIJKLMNOPQRSTUV'[sum % 23] === plain[7]
}

/** Burgerservicenummer (RvIG): the "elfproef", weights 9 to 2 and -1. */
export function nlBsn(match: string): boolean {
  const digits = digitsIn(match)
  return digits.length === 9 && !isMonotone(digits) && weightedSum(digits, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 0
}

/**
 * Personnummer and samordningsnummer (Skatteverket): a date, with 60 more on the day of a coordination number, and Luhn over the last
 * ten digits.
 */
export function sePersonnummer(match: string): boolean {
  const all = digitsIn(match)
  const digits = all.slice(-10)
  if (all.length === 12 ? ![18, 19, 20].includes(numberAt(all, 0, 2)) : all.length !== 10) return false
  const day = numberAt(digits, 4, 2)
  const year = all.length === 12 ? numberAt(all, 0, 4) : numberAt(digits, 0, 2)
  return isDate(year, numberAt(digits, 2, 2), day > 60 ? day - 60 : day) && passesLuhn(digits)
}

/** Organisationsnummer (Bolagsverket): Luhn over ten digits, of which the third pair is at least 20, so that it is no date. */
export function seOrganisationsnummer(match: string): boolean {
  const digits = digitsIn(match)
  return digits.length === 10 && digits[0] !== 0 && digits[2]! >= 2 && passesLuhn(digits)
}

/**
 * Fødselsnummer and D-nummer (Skatteetaten): a date, with 40 more on the day of a D-number, and two check digits modulo 11. From 2032 on
 * the second alone will hold.
 */
export function noFodselsnummer(match: string): boolean {
  const digits = digitsIn(match)
  if (digits.length !== 11) return false
  const [day, month] = [numberAt(digits, 0, 2), numberAt(digits, 2, 2)]
  if (!isDate(0, month > 40 ? month - 40 : month, day > 40 ? day - 40 : day)) return false
  return weightedSum(digits, [3, 7, 6, 1, 8, 9, 4, 5, 2, 1]) % 11 === 0 && weightedSum(digits, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0
}

/** Norwegian organisation number (Brønnøysundregistrene): nine digits beginning with 8 or 9, modulo 11. */
export function noOrganisasjonsnummer(match: string): boolean {
  const digits = digitsIn(match)
  return digits.length === 9 && digits[0]! >= 8 && weightedSum(digits, [3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0
}

/** Norwegian account number (Bits): eleven digits modulo 11. */
export function noAccount(match: string): boolean {
  const digits = digitsIn(match)
  return digits.length === 11 && !isMonotone(digits) && weightedSum(digits, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0
}

/** CPR number (CPR-kontoret): a date and four digits. Since 2007 numbers without a valid modulo 11 are issued, so only the date holds. */
export function dkCpr(match: string): boolean {
  const digits = digitsIn(match)
  return digits.length === 10 && isDate(numberAt(digits, 4, 2), numberAt(digits, 2, 2), numberAt(digits, 0, 2))
}

/** CVR number (Erhvervsstyrelsen): eight digits modulo 11. */
export function dkCvr(match: string): boolean {
  const digits = digitsIn(match)
  return digits.length === 8 && digits[0] !== 0 && weightedSum(digits, [2, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0
}

const HETU_CHECKS = '0123456789ABCDEFHJKLMNPRSTUVWXY'
/** Century by sign; the letters were added in 2023 (Act 661/2009 as amended). */
const HETU_CENTURIES: { readonly [sign: string]: number } = { '+': 1800, ...signs('-YXWVU', 1900), ...signs('ABCDEF', 2000) }

function signs(characters: string, century: number): { readonly [sign: string]: number } {
  return Object.fromEntries([...characters].map((sign) => [sign, century]))
}

/** Henkilötunnus (Digital and Population Data Services Agency): date, sign of the century, serial number, check character modulo 31. */
export function fiHetu(match: string): boolean {
  const parts = /^(\d\d)(\d\d)(\d\d)([-+A-FU-Y])(\d{3})([0-9A-Y])$/.exec(match.toUpperCase())
  if (!parts) return false
  const [, day, month, year, sign, serial, check] = parts as unknown as readonly [string, string, string, string, string, string, string]
  const century = HETU_CENTURIES[sign]
  if (century === undefined || Number(serial) < 2 || !isDate(century + Number(year), Number(month), Number(day))) return false
  return HETU_CHECKS[Number(day + month + year + serial) % 31] === check
}

/** Y-tunnus (PRH): seven digits with weights 7, 9, 10, 5, 8, 4, 2 and a check digit modulo 11. */
export function fiYtunnus(match: string): boolean {
  const digits = digitsIn(match)
  return digits.length === 8 && !isMonotone(digits) && weightedSum(digits, [7, 9, 10, 5, 8, 4, 2, 1]) % 11 === 0
}

/** National insurance number (HMRC, NIM39110): of prefixes that the letters allow, seven are kept for other uses. */
export function ukNino(match: string): boolean {
  return /^[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]$/.test(plainOf(match)) && !/^(?:BG|GB|KN|NK|NT|TN|ZZ)/i.test(match)
}

/** Areas of postcodes (Royal Mail), with those of the crown dependencies, the forces and the girobank. */
const POSTCODE_AREAS = new Set(
  `AB AL B BA BB BD BF BH BL BN BR BS BT BX CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT DY E EC EH EN EX FK FY G GIR GL GU GY
  HA HD HG HP HR HS HU HX IG IM IP IV JE KA KT KW KY L LA LD LE LL LN LS LU M ME MK ML N NE NG NN NP NR NW OL OX PA PE PH PL PO PR RG
  RH RM S SA SE SG SK SL SM SN SO SP SR SS ST SW SY TA TD TF TN TQ TR TS TW UB W WA WC WD WF WN WR WS WV YO ZE`.split(/\s+/),
)

/** Whether a postcode begins with an area that exists. */
export function ukPostcode(match: string): boolean {
  return POSTCODE_AREAS.has(/^[A-Z]+/.exec(match.toUpperCase())?.[0] ?? '')
}
