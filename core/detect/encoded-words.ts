// The encoded runs in one word: where base64, hex and escapes stand in it and what they decode to. A short run counts only if all of it is
// printable, so that names and numbers are not taken for one.
import { isPrintable, looksLikeText, textOf, unescape } from './encoded-text.ts'

export type Encoding = 'base64' | 'hex' | 'url' | 'escape'

/** Offsets in the text that holds the run. */
export interface EncodedRun {
  readonly start: number
  readonly end: number
  readonly encoding: Encoding
  readonly text: string
  /** Characters at the beginning of `text` that belong to the run before this one; what ends in them was found there. */
  readonly lead: number
}

/** What stands before a run that goes on from the one before it. */
export interface Lead {
  readonly encoding: Encoding
  readonly text: string
}

export const LEAD_CHARS = 256
export const MIN_BASE64_CHARS = 8
const MIN_HEX_CHARS = 12
/** Below these lengths a run counts only if every byte of it is a printable character: less would be chance. */
export const SURE_BASE64_CHARS = 16
const SURE_HEX_CHARS = 20
/** What stands before the first escape belongs to the run if it is no longer than this; else the end of it leads the run. */
const MAX_BEFORE_ESCAPE = 24
/** Places in one word where base64 may begin. */
const MAX_TRIES = 8

/** Of a run that ends where its word is cut: the characters that stand for whole ones. */
export function wholeChars(encoding: Encoding, raw: string): number {
  if (encoding === 'base64') return raw.length & ~3
  if (encoding === 'hex') return raw.length & ~1
  const escape = Math.max(raw.lastIndexOf('%'), raw.lastIndexOf('\\'), raw.lastIndexOf('&'))
  return escape > raw.length - LONGEST_ESCAPE && escape > 0 ? escape : raw.length
}

type Run = Omit<EncodedRun, 'lead'> & Partial<Pick<EncodedRun, 'lead'>>

const BASE64 = /[A-Za-z0-9+/_-]{8,}={0,2}/g
const LAST_LINE = /^[A-Za-z0-9+/_-]{2,15}={0,2}$/
const HEX = /(?<![A-Za-z0-9])(?:0?[xX])?((?:[0-9a-fA-F]{2}){6,})/g
const SHORT_HEX = /(?<![A-Za-z0-9])(?:0?[xX])?(?:[2-7][0-9a-fA-F]){6}/
const ESCAPED = /(?:[A-Za-z0-9%._~+\\'()*!-]|&#(?:\d{1,7}|[xX][0-9a-fA-F]{1,6});)+/g
const ESCAPE = /%[0-9a-fA-F]{2}|\\x[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|&#(?:\d{1,7}|[xX][0-9a-fA-F]{1,6});/
/** One unit longer than the longest that is not complete: `&#1234567`. */
const LONGEST_ESCAPE = 10
/** The end of a word that may become an escaped run, an escape that is not complete included. */
const OPEN_ESCAPED = /(?:[A-Za-z0-9%._~+\\'()*!-]|&#(?:\d{1,7}|[xX][0-9a-fA-F]{1,6});)*(?:&(?:#(?:\d{0,7}|[xX][0-9a-fA-F]{0,6}))?)?$/
const BEGINS_ESCAPE = /[%\\]|&#/
/** What encoders leave between escapes, and people write behind them. */
const SIGNS_BEHIND = /['()*!]+$/

export const hasEscape = (word: string): boolean => word !== '' && BEGINS_ESCAPE.test(word)

/** The runs in a whole word, by start. */
export function runsIn(word: string, lead: Lead | null = null): readonly Run[] {
  const runs = [...escapedIn(word)]
  const last = lead?.encoding === 'base64' ? lastLineIn(word) : []
  if (last.length > 0) runs.push(...last)
  else if (word.length >= SURE_BASE64_CHARS || mayHoldShort(word)) runs.push(...hexIn(word), ...base64In(word))
  return runs.sort((a, b) => a.start - b.start)
}

function escapedIn(word: string): readonly Run[] {
  if (!hasEscape(word)) return []
  return [...word.matchAll(ESCAPED)].flatMap(({ 0: whole, index }): Run[] => {
    const first = whole.search(ESCAPE)
    if (first < 0) return []
    const from = first > MAX_BEFORE_ESCAPE ? first : 0
    const lead = whole.slice(Math.max(0, from - LEAD_CHARS), from)
    const raw = whole.slice(from).replace(SIGNS_BEHIND, '')
    const encoding = whole[first] === '%' ? 'url' : 'escape'
    return [{ start: index + from, end: index + from + raw.length, encoding, text: lead + unescape(raw), lead: lead.length }]
  })
}

function hexIn(word: string): readonly Run[] {
  return [...word.matchAll(HEX)].flatMap(({ 0: whole, 1: raw, index }): Run[] => {
    if (raw!.length < MIN_HEX_CHARS) return []
    const bytes = Buffer.from(raw!, 'hex')
    if (raw!.length < SURE_HEX_CHARS ? !isPrintable(bytes) : !looksLikeText(bytes)) return []
    const start = index + whole.length - raw!.length
    return [{ start, end: start + raw!.length, encoding: 'hex', text: textOf(bytes) }]
  })
}

function base64In(word: string): readonly Run[] {
  return [...word.matchAll(BASE64)].flatMap(({ 0: raw, index }): Run[] => {
    for (const from of placesToTry(raw)) {
      const length = raw.length - from
      if (length < MIN_BASE64_CHARS) return []
      if (length < SURE_BASE64_CHARS && !mayBeShort(raw, from)) continue
      const bytes = Buffer.from(raw.slice(from), 'base64')
      if (length < SURE_BASE64_CHARS ? isPrintable(bytes) : looksLikeText(bytes))
        return [{ start: index + from, end: index + raw.length, encoding: 'base64', text: textOf(bytes) }]
    }
    return []
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
const SIXES = Uint8Array.from({ length: 128 }, (_, unit) => {
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
  const six = digits.indexOf(String.fromCharCode(unit).replace('-', '+').replace('_', '/'))
  return six < 0 ? 255 : six
})

/** Whether the first six bytes of base64 may be printable ASCII: two looks are enough for nearly all words. */
function mayBeShort(word: string, from: number): boolean {
  return mayBeGroup(word, from) && mayBeGroup(word, from + 4) && /[A-Z0-9]/.test(word)
}

function mayBeGroup(word: string, at: number): boolean {
  const first = SIXES[word.charCodeAt(at)]!
  if (first < 8 || first > 31) return false
  const second = SIXES[word.charCodeAt(at + 1)]! & 15
  return second > 1 && second < 8 && (SIXES[word.charCodeAt(at + 2)]! & 3) < 2
}

/** Base64 may stand behind a path or a prefix, whose separators are in its alphabet. */
function placesToTry(raw: string): readonly number[] {
  const places = [0]
  for (let i = 0; i < raw.length - 1 && places.length < MAX_TRIES; i++) {
    const unit = raw.charCodeAt(i)
    if (unit === 47 || unit === 45 || unit === 95 || unit === 43) places.push(i + 1)
  }
  return places
}

/** Offset in an unfinished word from which a run may still come; its length if none may. Grows as the word does. */
export function openFrom(word: string): number {
  let open = word.length
  for (const { start, end } of runsIn(word)) if (end < word.length) open = Math.min(open, start)
  const escaped = OPEN_ESCAPED.exec(word)!
  const first = escaped[0].search(BEGINS_ESCAPE)
  const before = first < 0 ? escaped[0].length - (escaped[0].endsWith('&') ? 1 : 0) : first
  if (escaped[0] !== '') open = Math.min(open, escaped.index + (before > MAX_BEFORE_ESCAPE ? before : 0))
  const hex = /(?<![A-Za-z0-9])(?:0?[xX])?([0-9a-fA-F]+)$/.exec(word)
  if (hex && looksLikeText(Buffer.from(hex[1]!.slice(0, hex[1]!.length & ~1), 'hex'))) open = Math.min(open, word.length - hex[1]!.length)
  const base64 = /[A-Za-z0-9+/_-]+={0,2}$/.exec(word)
  if (!base64 || base64.index >= open) return open
  const place = placesToTry(base64[0]).find((from) => looksLikeText(Buffer.from(wholeGroups(base64[0].slice(from)), 'base64')))
  return place === undefined ? open : Math.min(open, base64.index + place)
}

const wholeGroups = (raw: string): string => raw.slice(0, raw.length & ~3)
