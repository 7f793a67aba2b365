// Base64 and hex over several lines, or in several strings: one run that is as long as all of them, so that a value that begins in one line and
// ends in another is covered from the first to the last. It is no longer than a word may be, so that a stream holds no more for it.
import { looksLikeText, textOf } from './encoded-text.ts'
import type { EncodedRun } from './encoded-run.ts'

/** A shorter line opens no group. */
const MIN_LINE_CHARS = 12
const BASE64 = /^[A-Za-z0-9+/_-]{2,}={0,2}$/
const HEX = /^(?:[0-9a-fA-F]{2})+$/
/** Signs of concatenation, quoting and comments, as words of their own. */
const BETWEEN_LINES = /^(?:[+.\\]|\/\/)$/
const MAX_GAP = 24

/** Ends of lines, and quotation marks. */
const opens = (unit: number): boolean => unit === 10 || unit === 13 || unit === 34 || unit === 39 || unit === 96
/** What else may stand between two lines: blanks, and the signs of comments and quoted mail. */
const isBetween = (unit: number): boolean =>
  opens(unit) || unit === 32 || unit === 9 || unit === 62 || unit === 35 || unit === 42 || unit === 124

export interface Line {
  readonly run: EncodedRun
  /** The plain text before it. */
  readonly before: string
}

export class LineGroup {
  #first: Line | null = null
  #raw = ''
  #width = 0
  #count = 0
  #gap = 0
  #end = 0

  /** Where the open group begins; Infinity without one. */
  get start(): number {
    return this.#first ? this.#first.run.start : Infinity
  }

  /** Whether the run, at the end of its word, may be the first line; `raw` is what of it is encoded. */
  static mayOpen({ encoding }: EncodedRun, raw: string, separator: number): boolean {
    return (encoding === 'base64' || encoding === 'hex') && raw.length >= MIN_LINE_CHARS && !raw.endsWith('=') && opens(separator)
  }

  open(line: Line, raw: string): void {
    this.#first = line
    this.#raw = raw
    this.#width = raw.length
    this.#count = 1
    this.#gap = 1
    this.#end = line.run.end
  }

  /** Whether the unfinished word may be the next line. */
  mayTake(word: string): boolean {
    return BASE64.test(`${word}AA`) || BETWEEN_LINES.test(word) || word.startsWith('=') || word.endsWith('=')
  }

  /** Takes the word if it is the next line, or stands between lines. */
  add(word: string, end: number): 'taken' | 'last' | 'other' {
    if (BETWEEN_LINES.test(word)) return ++this.#gap <= MAX_GAP ? 'taken' : 'other'
    const { encoding } = this.#first!.run
    if (!(encoding === 'hex' ? HEX : BASE64).test(word) || (this.#count > 1 && word.length > this.#width)) return 'other'
    const raw = this.#raw + word
    const tail = Buffer.from(raw.slice(this.#raw.length & ~3), encoding as 'hex' | 'base64')
    if (tail.length === 0 || !looksLikeText(tail)) return 'other'
    const isLast = word.length < this.#width || word.endsWith('=')
    this.#raw = raw
    this.#width = Math.max(this.#width, word.length)
    this.#count++
    this.#gap = 0
    this.#end = end
    return isLast ? 'last' : 'taken'
  }

  /** What stands behind a line: false where it ends the group. */
  separate(unit: number): boolean {
    return isBetween(unit) && ++this.#gap <= MAX_GAP
  }

  finish(): Line | null {
    const first = this.#first
    this.#first = null
    if (!first || this.#count === 1) return first
    const { run, before } = first
    const decoded = textOf(Buffer.from(this.#raw, run.encoding as 'hex' | 'base64'))
    return { run: { ...run, end: this.#end, text: run.text.slice(0, run.lead) + decoded }, before }
  }
}
