// Disguises that put a sign before or between what they hide, inside one word: quoted-printable (`=41=42`), bytes in hex with a sign between
// them (`4a-4b`), and single letters with a sign between them (`j.o.h.n`).
import { isPrintable, looksLikeText, textOf, unquote } from './encoded-text.ts'
import { MAX_BEFORE_ESCAPE, type Run } from './encoded-run.ts'

const QUOTED = /(?:[A-Za-z0-9._~+@-]|=[0-9a-fA-F]{2})+/g
const BESIDE_QUOTED = /[A-Za-z0-9._~+@-]/
const QUOTED_BYTE = /=[0-9a-fA-F]{2}/
const QUOTED_BYTES = /=[0-9a-fA-F]{2}/g
/** One may be the beginning of an argument: `a=20`. */
const MIN_QUOTED = 2
const HEX_BYTES = /(?<![A-Za-z0-9])[2-7][0-9a-fA-F]([-._])[0-9a-fA-F]{2}(?:\1[0-9a-fA-F]{2}){4,}(?![A-Za-z0-9])/g
/** Fewer letters are an abbreviation. */
const MIN_LETTERS = 12
/** Of digits, with at least one other character. */
export const MIN_NUMBER = 7
/** Of digits alone. */
const MIN_DIGITS = 8
/** A longer row of digits alone is data. */
const MAX_DIGITS = 19
const LETTERS = /(?<![A-Za-z0-9])[A-Za-z0-9]([-._~/+])[A-Za-z0-9@._~+/=-](?:\1[A-Za-z0-9@._~+/=-]){7,}(?![A-Za-z0-9])/g

const IS_SIGN = Uint8Array.from({ length: 128 }, (_, unit) => ('-._~/+'.includes(String.fromCharCode(unit)) ? 1 : 0))
/** Between the fewest bytes, one to three characters; and between the fewest letters, one to two. */
export const MIN_BYTE_SIGNS = 5
export const MIN_LETTER_SIGNS = 8
const NONE: readonly Run[] = []

/** Whether there may be quoted-printable in the word. */
export function mayBeQuoted(word: string): boolean {
  const first = word.search(QUOTED_BYTE)
  return first >= 0 && QUOTED_BYTE.test(word.slice(first + 3))
}

export function quotedIn(word: string): readonly Run[] {
  if (!mayBeQuoted(word)) return []
  return [...word.matchAll(QUOTED)].flatMap(({ 0: whole, index }): Run[] => {
    const bytes = whole.match(QUOTED_BYTES) ?? []
    if (bytes.length < MIN_QUOTED || !looksLikeText(Buffer.from(bytes.join('').replaceAll('=', ''), 'hex'))) return []
    const first = whole.search(QUOTED_BYTE)
    const from = first > MAX_BEFORE_ESCAPE ? first : 0
    return [{ start: index + from, end: index + whole.length, encoding: 'escape', text: unquote(whole.slice(from)) }]
  })
}

export function spacedIn(word: string): readonly Run[] {
  const bytes = hasRow(word, 3, MIN_BYTE_SIGNS) ? bytesIn(word) : NONE
  const letters = hasRow(word, 2, MIN_LETTER_SIGNS) ? lettersIn(word) : NONE
  return bytes.length === 0 ? letters : [...bytes, ...letters]
}

/** Whether one sign stands `least` times in a row, `stride` apart. One of so many places in every row is looked at, and what is beside it. */
function hasRow(word: string, stride: number, least: number): boolean {
  for (let first = (least - 1) * stride; first < word.length; first += least * stride) {
    for (let i = first; i < first + stride; i++) {
      const sign = word.charCodeAt(i)
      if (!(sign < 128 && IS_SIGN[sign] === 1)) continue
      let count = 1
      for (let k = i - stride; count < least && k >= 0 && word.charCodeAt(k) === sign; k -= stride) count++
      for (let k = i + stride; count < least && k < word.length && word.charCodeAt(k) === sign; k += stride) count++
      if (count >= least) return true
    }
  }
  return false
}

function bytesIn(word: string): readonly Run[] {
  return [...word.matchAll(HEX_BYTES)].flatMap(({ 0: raw, 1: sign, index }): Run[] => {
    const decoded = Buffer.from(raw.replaceAll(sign!, ''), 'hex')
    const place = { start: index, end: index + raw.length, encoding: 'hex' } as const
    return isPrintable(decoded) ? [{ ...place, text: textOf(decoded) }] : []
  })
}

function lettersIn(word: string): readonly Run[] {
  return [...word.matchAll(LETTERS)].flatMap(({ 0: raw, index }): Run[] => {
    const text = raw.replaceAll(/(.)./g, '$1')
    return isHidden(text) ? [{ start: index, end: index + raw.length, encoding: 'escape', text }] : []
  })
}

/** Whether single characters are a value: few letters are an abbreviation, and long rows of digits are numbers. */
export function isHidden(text: string): boolean {
  if (/^[0-9]*$/.test(text)) return text.length >= MIN_DIGITS && text.length <= MAX_DIGITS
  return text.length >= (/[0-9].*[0-9].*[0-9]/.test(text) ? MIN_NUMBER : MIN_LETTERS)
}

/** Where one of them may be open in an unfinished word; its length if none may. What stands before the first sign is held for other escapes. */
export function openSpaced(word: string): number {
  if (word.length <= MAX_BEFORE_ESCAPE && !word.includes('=') && !word.includes('/')) return word.length
  return Math.min(openQuoted(word), openBetween(word))
}

function openQuoted(word: string): number {
  const partial = word.includes('=') ? (/=[0-9a-fA-F]?$/.exec(word.slice(-2))?.[0].length ?? 0) : 0
  const end = word.length - partial
  let start = end
  if (!word.includes('=')) while (start > 0 && end - start <= MAX_BEFORE_ESCAPE && BESIDE_QUOTED.test(word[start - 1]!)) start--
  else for (const { 0: whole, index } of word.slice(0, end).matchAll(QUOTED)) if (index + whole.length === end) start = index
  const first = word.slice(start, end).search(QUOTED_BYTE)
  const before = first < 0 ? end - start : first
  return start + (before > MAX_BEFORE_ESCAPE ? before : 0)
}

/** Bytes and letters that stand two or one to a sign, up to the end. */
function openBetween(word: string): number {
  let open = word.search(/(?<![A-Za-z0-9])[A-Za-z0-9]{1,2}$/)
  if (open < 0) open = word.length
  for (const stride of [2, 3]) {
    for (let behind = 0; behind < stride; behind++) {
      let at = word.length - 1 - behind
      const sign = word[at]
      if (sign === undefined || !/[-._~/+]/.test(sign)) continue
      while (at - stride >= 0 && word[at - stride] === sign) at -= stride
      open = Math.min(open, Math.max(0, at - stride + 1))
    }
  }
  return open
}
