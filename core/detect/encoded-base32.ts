// Base32 in one word, of either case, with its padding or without.
import { isPrintable, looksLikeText, textOf } from './encoded-text.ts'
import type { Run } from './encoded-run.ts'

const BASE32 = /(?<![A-Za-z0-9])(?:[A-Z2-7]{16,}|[a-z2-7]{16,})(?![A-Za-z0-9])={0,6}/g
const AT_END = /(?<![A-Za-z0-9])(?:[A-Z2-7]+|[a-z2-7]+)={0,6}$/
export const MIN_BASE32_CHARS = 16
/** Shorter ones must be printable: less would be chance. */
const SURE_CHARS = 32
const NONE: readonly Run[] = []

/** Nearly all words of letters alone are words: of those only one whose first letter may be half of a printable byte. */
const mayHold = (word: string): boolean =>
  word.length >= MIN_BASE32_CHARS && (/[2-7]/.test(word) ? /[A-Z2-7]{16}|[a-z2-7]{16}/ : /^(?:[E-P][A-Z]{15}|[e-p][a-z]{15})/).test(word)

export function base32In(word: string): readonly Run[] {
  if (!mayHold(word)) return NONE
  return [...word.matchAll(BASE32)].flatMap(({ 0: raw, index }): Run[] => {
    if (!looksLikeText(bytesOf(raw.slice(0, MIN_BASE32_CHARS)))) return []
    const bytes = bytesOf(raw)
    if (raw.length < SURE_CHARS ? !isPrintable(bytes) : !looksLikeText(bytes)) return []
    return [{ start: index, end: index + raw.length, encoding: 'escape', text: textOf(bytes) }]
  })
}

/** Where base32 may be open in an unfinished word; its length if it may not. */
export function openBase32(word: string): number {
  const start = word.search(AT_END)
  return start >= 0 && looksLikeText(bytesOf(word.slice(start))) ? start : word.length
}

function bytesOf(raw: string): Buffer {
  const bytes = Buffer.allocUnsafe((raw.length * 5) >> 3)
  let count = 0
  let bits = 0
  let held = 0
  for (let i = 0; i < raw.length; i++) {
    const unit = raw.charCodeAt(i)
    if (unit === 61) break
    held = ((held << 5) | (unit < 56 ? unit - 24 : (unit & 31) - 1)) & 0xfff
    bits += 5
    if (bits < 8) continue
    bits -= 8
    bytes[count++] = held >> bits
  }
  return bytes.subarray(0, count)
}
