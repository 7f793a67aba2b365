// Runs of base64, hex, URL-encoding and backslash escapes that hold text. They are found word by word, so that a stream holds no more
// than the word that may still become one; whether it does is decided by what its beginning decodes to.

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

/** A longer word is taken in pieces; the end of one leads the next. */
export const MAX_WORD_CHARS = 2048
const LEAD_CHARS = 128
const MIN_BASE64_CHARS = 16
const MIN_HEX_CHARS = 20
/** Where in a URL-encoded run the first escape stands at the latest. */
const MAX_BEFORE_ESCAPE = 24
/** Places in one word where base64 may begin. */
const MAX_TRIES = 8
/** A line of wrapped base64 is at least so long. */
const MIN_LINE_CHARS = 48

/** By ASCII unit: 0 ends a word, 2 may begin an escape, 1 is all else. */
const KINDS = Uint8Array.from({ length: 128 }, (_, unit) =>
  /[A-Za-z0-9+/_\-=.~]/.test(String.fromCharCode(unit)) ? 1 : unit === 37 || unit === 92 ? 2 : 0,
)

export class EncodedRuns {
  /** Whoever takes them empties the list. */
  found: EncodedRun[] = []
  #position = 0
  #word = ''
  #lead: { readonly encoding: Encoding; readonly text: string } | null = null

  /** Where the first run begins that is not complete; the position if there is none. */
  get firstOpen(): number {
    return this.#word === '' ? this.#position : this.#position - this.#word.length + openFrom(this.#word)
  }

  read(text: string): void {
    let from = this.#word === '' ? -1 : 0
    let last = MAX_WORD_CHARS - this.#word.length
    let kinds = 0
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i)
      const kind = unit < 128 ? KINDS[unit]! : 0
      if (kind !== 0) {
        if (from < 0) {
          from = i
          last = i + MAX_WORD_CHARS
          kinds = 0
        }
        kinds |= kind
        if (i < last) continue
        this.#add(text, from, i)
        this.#cut()
        from = i
        last = i + MAX_WORD_CHARS - this.#word.length
        kinds = kind
      } else if (from >= 0) {
        const length = this.#word.length + i - from
        if (length >= MIN_BASE64_CHARS || (kinds & 2) !== 0 || this.#lead !== null || this.#word !== '') {
          this.#add(text, from, i)
          this.#close(unit)
        } else this.#position += i - from
        from = -1
        this.#position++
      } else {
        if (this.#lead !== null && unit !== 10 && unit !== 13) this.#lead = null
        this.#position++
      }
    }
    if (from >= 0) this.#add(text, from, text.length)
  }

  finish(): void {
    if (this.#word !== '') this.#close(0)
  }

  #add(text: string, from: number, to: number): void {
    this.#word += text.slice(from, to)
    this.#position += to - from
  }

  #close(separator: number): void {
    const runs = this.#emit(this.#word)
    const last = runs.at(-1)
    const isLine = separator === 10 || separator === 13
    const goesOn = isLine && last?.encoding === 'base64' && last.end === this.#position && last.end - last.start >= MIN_LINE_CHARS
    this.#lead = goesOn && !this.#word.endsWith('=') ? leadOf(last) : null
    this.#word = ''
  }

  /** The word is as long as it may be: its last run ends at a whole character and goes on as a run of its own. */
  #cut(): void {
    const word = this.#word
    const last = runsIn(word).at(-1)
    const keptChars = last?.end === word.length ? last.start + wholeChars(last.encoding, word.slice(last.start)) : word.length
    const runs = this.#emit(word.slice(0, keptChars))
    const end = this.#position - (word.length - keptChars)
    this.#lead = runs.at(-1)?.end === end ? leadOf(runs.at(-1)!) : null
    this.#word = word.slice(keptChars)
  }

  #emit(word: string): readonly EncodedRun[] {
    const from = this.#position - this.#word.length
    const lead = this.#lead
    const runs = runsIn(word).map(({ start, end, encoding, text }) => {
      const leads = start === 0 && lead?.encoding === encoding ? lead.text : ''
      return { start: from + start, end: from + end, encoding, text: leads + text, lead: leads.length }
    })
    this.found.push(...runs)
    return runs
  }
}

const leadOf = ({ encoding, text }: EncodedRun) => ({ encoding, text: text.slice(-LEAD_CHARS) })

function wholeChars(encoding: Encoding, raw: string): number {
  if (encoding === 'base64') return raw.length & ~3
  if (encoding === 'hex') return raw.length & ~1
  const escape = Math.max(raw.lastIndexOf('%'), raw.lastIndexOf('\\'))
  return escape > raw.length - 6 && escape > 0 ? escape : raw.length
}

type Run = Omit<EncodedRun, 'lead'>

const BASE64 = /[A-Za-z0-9+/_-]{16,}={0,2}/g
const HEX = /(?<![A-Za-z0-9])(?:0?[xX])?((?:[0-9a-fA-F]{2}){10,})/g
const ESCAPED = /[A-Za-z0-9%._~+\\-]+/g
const ESCAPE = /%[0-9a-fA-F]{2}|\\x[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}/

/** The runs in a whole word, by start. */
function runsIn(word: string): readonly Run[] {
  const runs = [...escapedIn(word)]
  if (word.length >= MIN_BASE64_CHARS) runs.push(...hexIn(word), ...base64In(word))
  return runs.sort((a, b) => a.start - b.start)
}

function escapedIn(word: string): readonly Run[] {
  if (!word.includes('%') && !word.includes('\\')) return []
  return [...word.matchAll(ESCAPED)].flatMap(({ 0: raw, index }): Run[] => {
    const first = raw.search(ESCAPE)
    if (first < 0 || first > MAX_BEFORE_ESCAPE) return []
    const encoding = raw[first] === '%' ? 'url' : 'escape'
    return [{ start: index, end: index + raw.length, encoding, text: unescape(raw) }]
  })
}

function unescape(raw: string): string {
  const bytes = raw
    .replaceAll(/\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})/g, (_, wide: string | undefined, narrow: string | undefined) =>
      String.fromCharCode(Number.parseInt((wide ?? narrow)!, 16)),
    )
    .replaceAll(/(?:%[0-9a-fA-F]{2})+/g, (escapes) => Buffer.from(escapes.replaceAll('%', ''), 'hex').toString('utf8'))
  return raw.includes('%') ? bytes.replaceAll('+', ' ') : bytes
}

function hexIn(word: string): readonly Run[] {
  return [...word.matchAll(HEX)].flatMap(({ 0: whole, 1: raw, index }): Run[] => {
    const bytes = Buffer.from(raw!, 'hex')
    if (raw!.length < MIN_HEX_CHARS || !looksLikeText(bytes)) return []
    const start = index + whole.length - raw!.length
    return [{ start, end: start + raw!.length, encoding: 'hex', text: textOf(bytes) }]
  })
}

function base64In(word: string): readonly Run[] {
  return [...word.matchAll(BASE64)].flatMap(({ 0: raw, index }): Run[] => {
    for (const from of placesToTry(raw)) {
      if (raw.length - from < MIN_BASE64_CHARS) return []
      const bytes = Buffer.from(raw.slice(from), 'base64')
      if (looksLikeText(bytes)) return [{ start: index + from, end: index + raw.length, encoding: 'base64', text: textOf(bytes) }]
    }
    return []
  })
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
function openFrom(word: string): number {
  let open = word.length
  for (const { start, end } of runsIn(word)) if (end < word.length) open = Math.min(open, start)
  const escaped = /[A-Za-z0-9%._~+\\-]*$/.exec(word)!
  const first = escaped[0].search(/[%\\]/)
  if (escaped[0] !== '' && (first < 0 ? escaped[0].length : first) <= MAX_BEFORE_ESCAPE) open = Math.min(open, escaped.index)
  const hex = /(?<![A-Za-z0-9])(?:0?[xX])?([0-9a-fA-F]+)$/.exec(word)
  if (hex && looksLikeText(Buffer.from(hex[1]!.slice(0, hex[1]!.length & ~1), 'hex'))) open = Math.min(open, word.length - hex[1]!.length)
  const base64 = /[A-Za-z0-9+/_-]+={0,2}$/.exec(word)
  if (!base64 || base64.index >= open) return open
  const place = placesToTry(base64[0]).find((from) => looksLikeText(Buffer.from(wholeGroups(base64[0].slice(from)), 'base64')))
  return place === undefined ? open : Math.min(open, base64.index + place)
}

const wholeGroups = (raw: string): string => raw.slice(0, raw.length & ~3)

/**
 * Whether bytes are mostly printable UTF-8 (or UTF-16 of plain letters), at every place from the start on: what is refused once is
 * refused with anything behind it.
 */
function looksLikeText(bytes: Uint8Array): boolean {
  let good = 0
  let bad = 0
  let zero = 0
  let following = 0
  for (const byte of bytes) {
    if (byte === 0) zero++
    else if (following > 0 && byte >= 0x80 && byte < 0xc0) {
      following--
      good++
    } else if (byte >= 0xc2 && byte < 0xf5 && following === 0) following = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3
    else if ((byte >= 32 && byte < 127) || byte === 9 || byte === 10 || byte === 13) {
      // A lead byte without its followers was none.
      if (following > 0) bad++
      following = 0
      good++
    } else bad++
    if (bad > 1 + good / 8 || zero > good + 4) return false
  }
  return true
}

function textOf(bytes: Buffer): string {
  return bytes.toString('utf8').replaceAll('\0', '')
}
