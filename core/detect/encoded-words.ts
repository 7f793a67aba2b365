// The encoded runs in one word: where base64, hex and escapes stand in it and what they decode to. A short run counts only if all of it is
// printable, so that names and numbers are not taken for one.
import { isPrintable, looksLikeText, textOf, unescape } from './encoded-text.ts'
import { base32In, openBase32 } from './encoded-base32.ts'
import { ENTITY, LONGEST_NAME, NAMES } from './entities.ts'
import { MAX_BEFORE_ESCAPE, type Encoding, type Lead, type Run } from './encoded-run.ts'
import { openSpaced, quotedIn, spacedIn } from './encoded-signs.ts'

export const LEAD_CHARS = 256
/** A longer word is taken in pieces; the end of one leads the next. */
export const MAX_WORD_CHARS = 2048
export const MIN_BASE64_CHARS = 8
/** Years and postcodes: so few count only if they are letters and digits. */
export const MIN_HEX_CHARS = 8
const MIN_PRINTABLE_HEX_CHARS = 12
/** Below these lengths a run counts only if every byte of it is a printable character: less would be chance. */
export const SURE_BASE64_CHARS = 16
const SURE_HEX_CHARS = 20
/** Places in one word where base64 may begin. */
export const MAX_TRIES = 8

/** Of a run that ends where its word is cut: the characters that stand for whole ones. */
export function wholeChars(encoding: Encoding, raw: string): number {
  if (encoding === 'base64') return raw.length & ~3
  if (encoding === 'hex') return raw.length & ~1
  const escape = Math.max(raw.lastIndexOf('%'), raw.lastIndexOf('\\'), raw.lastIndexOf('&'))
  return escape > raw.length - LONGEST_ESCAPE && escape > 0 ? escape : raw.length
}

const BASE64 = /[A-Za-z0-9+/_-]{8,}={0,2}/g
const LAST_LINE = /^[A-Za-z0-9+/_-]{2,15}={0,2}$/
const HEX = /(?<![A-Za-z0-9])(?:0?[xX])?((?:[0-9a-fA-F]{2}){4,})/g
const SHORT_HEX = /(?<![A-Za-z0-9])(?:0?[xX])?(?:(?:3[0-9]|[4-7][0-9a-fA-F]){4}|(?:[2-7][0-9a-fA-F]){6})/
/** Base64 of few characters shows by its padding. */
const PADDED = /(?<![A-Za-z0-9+/_=-])(?:[A-Za-z0-9+/_-]{4})?(?:[A-Za-z0-9+/_-]{2}=|[A-Za-z0-9+/_-]{3})=(?![A-Za-z0-9=])/g
const LETTERS_AND_DIGITS = /^[0-9A-Za-z]{2,}$/
/** Entities may lack their end, and braces stand in an escape alone. */
const ESCAPED = new RegExp(
  `(?:(?<=&(?:amp;)+)(?:amp;|#(?:\\d{1,10}|[xX][0-9a-fA-F]{1,8});?|(?:${NAMES});)|[A-Za-z0-9%._~+@\\\\'()*!-]|(?<=\\\\[ux])\\{[0-9a-fA-F]{1,6}\\}|(?<=\\\\N)\\{U\\+[0-9a-fA-F]{1,6}\\}|&#(?:\\d{1,10}|[xX][0-9a-fA-F]{1,8});?|${ENTITY.source})+`,
  'g',
)
/** The same in words without entities and braces. */
const ESCAPED_PLAINLY = /[A-Za-z0-9%._~+@\\'()*!-]+/g
const ESCAPE = new RegExp(
  `%u?[0-9a-fA-F]{2}|\\\\x[0-9a-fA-F]{2}|\\\\u[0-9a-fA-F]{4}|\\\\[ux]\\{[0-9a-fA-F]{1,6}\\}|\\\\N\\{U\\+[0-9a-fA-F]{1,6}\\}|\\\\U[0-9a-fA-F]{8}|\\\\[0-3][0-7]{2}|&#(?:\\d{1,10}|[xX][0-9a-fA-F]{1,8});?|${ENTITY.source}`,
)
/** One unit longer than the longest that is not complete: `&ZeroWidthSpace`. */
const LONGEST_ESCAPE = 20
/** The end of a word that may become an entity, or an escape in braces. */
const OPEN_ENTITY = new RegExp(
  `(?:(?:&|(?<=amp;))(?:#(?:\\d{0,10}|[xX][0-9a-fA-F]{0,8})|[A-Za-z]{0,${LONGEST_NAME}})|(?<=\\\\[ux])\\{[0-9a-fA-F]{0,6}|(?<=\\\\N)\\{(?:U\\+?)?[0-9a-fA-F]{0,6})$`,
)
const BEGINS_ESCAPE = new RegExp(`[%\\\\]|&#|${ENTITY.source}`)
/** What encoders leave between escapes, and people write behind them. */
const SIGNS_BEHIND = "'()*!"

/** How many characters at the end of a word may become an entity. */
export function openChars(word: string): number {
  return OPEN_ENTITY.exec(word.slice(-LONGEST_ESCAPE))?.[0].length ?? 0
}

export const hasEscape = (word: string): boolean => word !== '' && BEGINS_ESCAPE.test(word)

/** The runs in a whole word, by start. */
export function runsIn(word: string, lead: Lead | null = null): readonly Run[] {
  const runs: Run[] = [...escapedIn(word), ...quotedIn(word)]
  if (word.includes('=')) runs.push(...paddedIn(word))
  const last = lead?.encoding === 'base64' ? lastLineIn(word) : []
  if (last.length > 0) runs.push(...last)
  else if (word.length >= SURE_BASE64_CHARS || mayHoldShort(word)) {
    // Between signs of escapes, most of all, nothing else has room.
    if (hasRoom(word)) runs.push(...hexIn(word), ...base64In(word), ...base32In(word))
    runs.push(...spacedIn(word))
  }
  return runs.sort((a, b) => a.start - b.start)
}

/** Whether so many characters of base64 stand together that base64, base32 or hex may be in the word. */
function hasRoom(word: string): boolean {
  for (let i = 0, since = 0; i < word.length; i++) {
    const unit = word.charCodeAt(i)
    if (unit > 127 || SIXES[unit]! > 63) since = i + 1
    else if (i - since === MIN_BASE64_CHARS - 1) return true
  }
  return false
}

function escapedIn(word: string): readonly Run[] {
  if (!hasEscape(word)) return []
  return [...word.matchAll(escapedPart(word))].flatMap(({ 0: whole, index }): Run[] => {
    const first = whole.search(ESCAPE)
    if (first < 0) return []
    const from = first > MAX_BEFORE_ESCAPE ? first : 0
    const lead = whole.slice(Math.max(0, from - LEAD_CHARS), from)
    const raw = withoutSigns(whole.slice(from))
    const encoding = whole[first] === '%' ? 'url' : 'escape'
    return [{ start: index + from, end: index + from + raw.length, encoding, text: lead + unescape(raw), lead: lead.length }]
  })
}

const escapedPart = (word: string): RegExp => (word.includes('&') || word.includes('{') ? ESCAPED : ESCAPED_PLAINLY)

function withoutSigns(raw: string): string {
  let end = raw.length
  while (end > 0 && SIGNS_BEHIND.includes(raw[end - 1]!)) end--
  return raw.slice(0, end)
}

function hexIn(word: string): readonly Run[] {
  return [...word.matchAll(HEX)].flatMap(({ 0: whole, 1: raw, index }): Run[] => {
    const bytes = Buffer.from(raw!, 'hex')
    if (raw!.length < MIN_PRINTABLE_HEX_CHARS && !LETTERS_AND_DIGITS.test(bytes.toString('latin1'))) return []
    if (raw!.length < SURE_HEX_CHARS ? !isPrintable(bytes) : !looksLikeText(bytes)) return []
    const start = index + whole.length - raw!.length
    return [{ start, end: start + raw!.length, encoding: 'hex', text: textOf(bytes) }]
  })
}

/** Base64 in lines whose ends are written as escapes, as in a string of JSON. */
const ESCAPED_LINES = /[A-Za-z0-9+/_-]{8,}(?:(?:\\{1,2}r)?\\{1,2}n[A-Za-z0-9+/_-]{2,})+={0,2}/g
const ESCAPED_END = /(?:\\{1,2}r)?\\{1,2}n/g

function linesIn(word: string): readonly Run[] {
  if (!word.includes('\\n')) return []
  return [...word.matchAll(ESCAPED_LINES)].flatMap(({ 0: raw, index }): Run[] => {
    const bytes = Buffer.from(raw.replaceAll(ESCAPED_END, ''), 'base64')
    return looksLikeText(bytes) ? [{ start: index, end: index + raw.length, encoding: 'base64', text: textOf(bytes) }] : []
  })
}

function base64In(word: string): readonly Run[] {
  const lines = linesIn(word)
  if (lines.length > 0) return lines
  return [...word.matchAll(BASE64)].flatMap(({ 0: raw, index }): Run[] => {
    for (const from of placesToTry(raw)) {
      const length = raw.length - from
      if (length < MIN_BASE64_CHARS) return []
      if (length < SURE_BASE64_CHARS ? !mayBeShort(raw, from) : !mayBeText(raw, from)) continue
      const bytes = Buffer.from(raw.slice(from), 'base64')
      if (length < SURE_BASE64_CHARS ? isPrintable(bytes) : looksLikeText(bytes))
        return [{ start: index + from, end: index + raw.length, encoding: 'base64', text: textOf(bytes) }]
    }
    return []
  })
}

function paddedIn(word: string): readonly Run[] {
  return [...word.matchAll(PADDED)].flatMap(({ 0: raw, index }): Run[] => {
    const text = Buffer.from(raw, 'base64').toString('latin1')
    return LETTERS_AND_DIGITS.test(text) ? [{ start: index, end: index + raw.length, encoding: 'base64', text }] : []
  })
}

/** What is left of base64 in lines may be as short as two characters. */
function lastLineIn(word: string): readonly Run[] {
  if (!LAST_LINE.test(word)) return []
  const bytes = Buffer.from(word, 'base64')
  return looksLikeText(bytes) ? [{ start: 0, end: word.length, encoding: 'base64', text: textOf(bytes) }] : []
}

/** Whether base64 or hex of less than the sure length may stand in a word. */
export function mayHoldShort(word: string): boolean {
  for (let i = 0; i + MIN_BASE64_CHARS <= word.length; i++)
    if ((i === 0 || SIXES[word.charCodeAt(i - 1)]! > 61) && mayBeShort(word, i)) return true
  return word.length >= MIN_HEX_CHARS && SHORT_HEX.test(word)
}

/** By ASCII unit: what it counts in base64; 255 if it counts nothing. */
export const SIXES = Uint8Array.from({ length: 128 }, (_, unit) => {
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
  const six = digits.indexOf(String.fromCharCode(unit).replace('-', '+').replace('_', '/'))
  return six < 0 ? 255 : six
})

const FIRST_BYTES = 9
const first = new Uint8Array(FIRST_BYTES)

/** Whether the first bytes of base64 look like text; if they do not, nothing behind them changes it. */
function mayBeText(word: string, from: number): boolean {
  for (let byte = 0, at = from; byte < FIRST_BYTES; byte += 3, at += 4) {
    const [a, b] = [SIXES[word.charCodeAt(at)]!, SIXES[word.charCodeAt(at + 1)]!]
    const [c, d] = [SIXES[word.charCodeAt(at + 2)]!, SIXES[word.charCodeAt(at + 3)]!]
    first[byte] = (a << 2) | (b >> 4)
    first[byte + 1] = (b << 4) | (c >> 2)
    first[byte + 2] = (c << 6) | d
  }
  return looksLikeText(first)
}

/** Whether the first six bytes of base64 may be printable ASCII: two looks are enough for nearly all words. */
function mayBeShort(word: string, from: number): boolean {
  return mayBeGroup(word, from) && mayBeGroup(word, from + 4) && /[A-Z0-9]/.test(word)
}

/** Whether four characters of base64 are three of printable ASCII, most likely. */
export function mayBeGroup(word: string, at: number): boolean {
  const first = SIXES[word.charCodeAt(at)]!
  if (first < 8 || first > 31) return false
  const second = SIXES[word.charCodeAt(at + 1)]! & 15
  return second > 1 && second < 8 && (SIXES[word.charCodeAt(at + 2)]! & 3) < 2
}

/** Base64 may stand behind a path or a prefix, whose separators are in its alphabet. */
function placesToTry(raw: string): readonly number[] {
  const places = [0]
  for (let i = 0; i < raw.length - 1 && places.length < MAX_TRIES; i++) {
    if (SIXES[raw.charCodeAt(i)]! > 61) places.push(i + 1)
  }
  return places
}

/**
 * Offset in an unfinished word from which a run may still come; its length if none may. Grows as the word does. No pattern is tried from every
 * place to the end: that would be quadratic.
 */
export function openFrom(word: string): number {
  let open = Math.min(word.length, openEscape(word), openHex(word), openSpaced(word), openBase32(word))
  const hasLines = word.includes('\\n')
  for (const { start, end } of runsIn(word)) if (hasLines || end < word.length) open = Math.min(open, start)
  const end = word.length - (word.endsWith('==') ? 2 : word.endsWith('=') ? 1 : 0)
  const start = suffixStart(word, end, (unit) => SIXES[unit]! < 64)
  if (start === end || start >= open) return open
  const raw = word.slice(start)
  const place = placesToTry(raw).find((from) => looksLikeText(Buffer.from(wholeGroups(raw.slice(from)), 'base64')))
  return place === undefined ? open : Math.min(open, start + place)
}

function openEscape(word: string): number {
  const tail = word.slice(-LONGEST_ESCAPE)
  const entity = tail.search(OPEN_ENTITY)
  const end = word.length - (entity < 0 ? 0 : tail.length - entity)
  let start = end
  for (const { 0: raw, index } of word.slice(0, end).matchAll(escapedPart(word))) if (index + raw.length === end) start = index
  const escaped = word.slice(start)
  if (escaped === '') return end
  const first = escaped.search(BEGINS_ESCAPE)
  const before = first < 0 ? escaped.length - (escaped.endsWith('&') ? 1 : 0) : first
  return start + (before > MAX_BEFORE_ESCAPE ? before : 0)
}

function openHex(word: string): number {
  const start = suffixStart(word, word.length, (unit) => HEX_UNITS[unit] === 1)
  if (start === word.length) return start
  let before = start
  if (/[xX]/.test(word[before - 1] ?? '')) before -= word[before - 2] === '0' ? 2 : 1
  if (/[A-Za-z0-9]/.test(word[before - 1] ?? '')) return word.length
  const bytes = Buffer.from(word.slice(start, start + ((word.length - start) & ~1)), 'hex')
  return looksLikeText(bytes) ? start : word.length
}

const HEX_UNITS = Uint8Array.from({ length: 128 }, (_, unit) => Number(/[0-9a-fA-F]/.test(String.fromCharCode(unit))))

/** Where the longest run of such units begins that ends at `end`; `end` if there is none. */
function suffixStart(word: string, end: number, isIn: (unit: number) => boolean): number {
  let start = end
  while (start > 0 && isIn(word.charCodeAt(start - 1))) start--
  return start
}

const wholeGroups = (raw: string): string => raw.slice(0, raw.length & ~3)
