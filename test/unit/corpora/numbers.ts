// Identity numbers with valid check digits, computed here once more from the rules of who issues them, so that a mistake in the sums of
// `plugins/pii` can not hide itself.
import type { Dice } from './formats.ts'

export interface Numbers {
  readonly label: string
  /** Words that people write before it. */
  readonly names: readonly string[]
  readonly draw: (dice: Dice) => string
}

const sum = (digits: string, weights: readonly number[]): number =>
  weights.reduce((total, weight, i) => total + weight * Number(digits[i]), 0)

/** Digits until the last of them checks the others. */
function drawUntil(draw: () => string, isValid: (digits: string) => boolean): string {
  for (;;) {
    const digits = draw()
    if (isValid(digits)) return digits
  }
}

function luhn(body: string): string {
  const total = [...body].reverse().reduce((all, digit, i) => {
    const doubled = Number(digit) * (i % 2 === 0 ? 2 : 1)
    return all + (doubled > 9 ? doubled - 9 : doubled)
  }, 0)
  return body + String((10 - (total % 10)) % 10)
}

const two = (number: number): string => String(number).padStart(2, '0')
const date = (dice: Dice): string => two(40 + dice.below(60)) + two(1 + dice.below(12)) + two(1 + dice.below(28))
const grouped = (digits: string, sizes: readonly number[], sign: string): string => {
  let at = 0
  return sizes.map((size) => digits.slice(at, (at += size))).join(sign)
}

const LETTERS = 'TRWAGMYFPDXBNJZSQVHLCKE'

export const NUMBERS: readonly Numbers[] = [
  {
    label: 'AU_TFN',
    names: ['TFN', 'tax file number'],
    draw: (dice) =>
      drawUntil(
        () => String(1 + dice.below(9)) + dice.digits(8),
        (tfn) => sum(tfn, [1, 4, 3, 7, 5, 8, 6, 9, 10]) % 11 === 0,
      ),
  },
  {
    label: 'AU_ABN',
    names: ['ABN', 'Australian business number'],
    draw: (dice) =>
      drawUntil(
        () => String(1 + dice.below(9)) + dice.digits(10),
        (abn) => sum(String(Number(abn[0]) - 1) + abn.slice(1), [10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]) % 89 === 0,
      ),
  },
  {
    label: 'CA_SIN',
    names: ['SIN', 'social insurance number'],
    draw: (dice) => grouped(luhn(String(1 + dice.below(7)) + dice.digits(7)), [3, 3, 3], '-'),
  },
  {
    label: 'CREDIT_CARD',
    names: ['card number', 'Visa'],
    draw: (dice) => grouped(luhn(dice.pick(['40', '51', '55']) + dice.digits(13)), [4, 4, 4, 4], ' '),
  },
  { label: 'ES_NIF', names: ['DNI', 'NIF'], draw: (dice) => withLetter(dice.digits(8)) },
  {
    label: 'NG_NIN',
    names: ['NIN', 'national identification number'],
    draw: (dice) => drawUntil(() => dice.digits(11), isVerhoeff),
  },
  {
    label: 'IN_AADHAAR',
    names: ['Aadhaar', 'UIDAI'],
    draw: (dice) => drawUntil(() => String(2 + dice.below(8)) + dice.digits(11), isVerhoeff),
  },
  {
    label: 'PL_PESEL',
    names: ['PESEL', 'numer PESEL'],
    draw: (dice) => {
      const body = date(dice) + dice.digits(4)
      return body + String((10 - (sum(body, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10)) % 10)
    },
  },
  { label: 'SE_PERSONNUMMER', names: ['personnummer', 'pnr'], draw: (dice) => grouped(luhn(date(dice) + dice.digits(3)), [6, 4], '-') },
  {
    label: 'UK_NHS',
    names: ['NHS', 'NHS number'],
    draw: (dice) =>
      drawUntil(
        () => String(4 + dice.below(4)) + dice.digits(9),
        (nhs) => (11 - (sum(nhs, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 11 === Number(nhs[9]),
      ),
  },
  {
    label: 'US_NPI',
    names: ['NPI', 'national provider identifier'],
    draw: (dice) => luhn(`80840${1 + dice.below(2)}${dice.digits(8)}`).slice(5),
  },
  {
    label: 'ABA_ROUTING_NUMBER',
    names: ['routing number', 'ABA'],
    draw: (dice) =>
      drawUntil(
        () => `0${1 + dice.below(9)}${dice.digits(7)}`,
        (aba) => sum(aba, [3, 7, 1, 3, 7, 1, 3, 7, 1]) % 10 === 0,
      ),
  },
]

const withLetter = (digits: string): string => digits + LETTERS[Number(digits) % 23]

/** The dihedral group of order ten, and its powers of one permutation (Verhoeff 1969). */
function isVerhoeff(digits: string): boolean {
  const times = (a: number, b: number): number => {
    const turned = (a < 5 ? a + b : a - b + 10) % 5
    return a < 5 === b < 5 ? turned : turned + 5
  }
  const moved = (digit: number, places: number): number =>
    places === 0 ? digit : moved([1, 5, 7, 6, 2, 8, 3, 0, 9, 4][digit]!, places - 1)
  return [...digits].reverse().reduce((check, digit, i) => times(check, moved(Number(digit), i % 8)), 0) === 0
}
