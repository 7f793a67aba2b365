// Words that are read as one: bytes in hex and base64 in groups, codes of characters, single letters. A group is no longer than a word may be, so
// that a stream holds no more for it.
import { isHidden } from './encoded-signs.ts'
import { isQuote } from './encoded-pieces.ts'
import { isPrintable, looksLikeText, textOf } from './encoded-text.ts'
import { mayBeGroup, SIXES } from './encoded-words.ts'
import type { EncodedRun } from './encoded-run.ts'
import { DENSE, kindsOfUnits, WORD } from './encoded-units.ts'

const LETTERS = 1
const HEX = 2
const BASE64 = 4
/** The last of a group of base64: shorter, or with padding. */
const BASE64_END = 8
const DECIMAL = 16
const OCTAL = 32
const BINARY = 64
const UNICODE = 128
const CODES = DECIMAL | OCTAL | BINARY | UNICODE
/** In the order of their runs. */
const KINDS = [HEX, BASE64, DECIMAL, OCTAL, BINARY, UNICODE, LETTERS]

const HEX_WORD = /^(?:0[xX])?(?:[2-9a-fA-F][0-9a-fA-F]|0[9aAdD])+$/
const HEX_FIRST = /^(?:0[xX])?[2-7]/
/** Codes of printable characters and ends of lines, one to a word. */
const DECIMAL_WORD = /^0?(?:10|13|3[2-9]|[4-9][0-9]|1[01][0-9]|12[0-6])$/
const OCTAL_WORD = /^(?:0[oO]?)?(?:0?[4-7][0-7]|1[0-7][0-7])$/
const BINARY_WORD = /^(?:0[bB])?0?[01]{7}$/
const UNICODE_WORD = /^[uU]\+?0{0,2}[0-9a-fA-F]{4}$/
const CODE_BEGINNING = /^(?:0[oObB]?)?[0-9]*$|^[uU]\+?[0-9a-fA-F]*$/
/** What makes a character of a code, between codes. */
const MAKERS = /^[+.&]?(?:chr|char|CHR|CHAR|Chr)$|^[+.&]$/
const MAKER_BEGINNING = /^[+.&]?[cC]?[hH]?[aA]?[rR]?$/
const LAST_BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/
/** Longer ones are found alone; a stream waits for two of them. */
const MAX_WORD_CHARS = 8
/** Of a byte in binary with its prefix. */
export const MAX_CODE_CHARS = 10
export const MIN_BYTES = 6
/** Fewer must all be printable. */
const SURE_BYTES = 12

/** What a word may be in a group; 0 for most. */
function kindsOf(word: string): number {
  const { length } = word
  if (length === 1) return LETTERS
  if (length > MAX_CODE_CHARS) return 0
  const codes = codesOf(word)
  if (length > MAX_WORD_CHARS) return codes
  const hex = codes | ((length & 1) === 0 && HEX_WORD.test(word) ? HEX : 0)
  if ((length & 3) === 0 && isBase64(word)) return hex | BASE64
  return hex | (LAST_BASE64.test(word) ? BASE64_END : 0)
}

function codesOf(word: string): number {
  const first = word.charCodeAt(0)
  if (first === 85 || first === 117) return UNICODE_WORD.test(word) ? UNICODE : 0
  if (first < 48 || first > 57 || (first > 49 && word.length > 2)) return 0
  return (DECIMAL_WORD.test(word) ? DECIMAL : 0) | (OCTAL_WORD.test(word) ? OCTAL : 0) | (BINARY_WORD.test(word) ? BINARY : 0)
}

function isBase64(word: string): boolean {
  for (let at = 0; at < word.length; at += 4) if (!mayBeGroup(word, at) || SIXES[word.charCodeAt(at + 3)]! > 63) return false
  return true
}

function openingKindsOf(word: string, all = kindsOf(word)): number {
  const kinds = all & ~BASE64_END
  return (kinds & HEX) !== 0 && !HEX_FIRST.test(word) ? kinds & ~HEX : kinds
}

/** Blanks, tabs and ends of lines; colons and commas stand between bytes too. */
export const isBetween = (unit: number): boolean =>
  unit === 32 || unit === 58 || unit === 44 || unit === 10 || unit === 13 || unit === 9 || (unit > 127 && isBlank(unit))

/** Blanks of other widths, and the braille pattern without dots. */
const isBlank = (unit: number): boolean =>
  unit === 0xa0 ||
  unit === 0x1680 ||
  (unit >= 0x2000 && unit <= 0x200a) ||
  unit === 0x202f ||
  unit === 0x205f ||
  unit === 0x2800 ||
  unit === 0x3000

/** Between codes and the letters of lists also quotation marks, brackets, and signs that part or join. */
export const isBetweenCodes = (unit: number): boolean => isBetween(unit) || (unit < 128 && BETWEEN_CODES.has(unit))
const BETWEEN_CODES: ReadonlySet<number> = new Set(Array.from('"\'`;|()[]<>', (sign) => sign.charCodeAt(0)))
export const MAX_GAP = 8

/** Whether a word that stands before `separator` may be the first of a group. */
export function mayOpenGroup(word: string, separator: number): boolean {
  if (word.length > MAX_CODE_CHARS) return false
  if (word.length === 1 && isQuote(separator)) return openingKindsOf(word) !== 0
  return isBetween(separator) ? openingKindsOf(word) !== 0 : isBetweenCodes(separator) && (openingKindsOf(word) & CODES) !== 0
}

/** Of hex, base64, codes and letters. What a group may be of each kind is followed apart: it may begin behind words of another kind. */
export class SpacedGroup {
  /** The plain text before it. */
  before = ''
  /** What it may still be. */
  #kinds = 0
  /** By kind that it may be: the word that it begins with. */
  readonly #firsts: number[] = KINDS.map(() => 0)
  #words: string[] = []
  #starts: number[] = []
  #gap = 0
  /** In the gap there are more than blanks. */
  #hasSigns = false
  /** Behind a quotation mark that may open a string of one character. */
  #isQuoted = false
  #start = Infinity
  #end = 0

  /** Where the open group begins; Infinity without one. */
  get start(): number {
    return this.#start
  }

  /** Whether the unfinished word may still be one of the group. */
  mayTake(word: string): boolean {
    if ((this.#kinds & CODES) !== 0 && word.length <= MAX_CODE_CHARS && (CODE_BEGINNING.test(word) || MAKER_BEGINNING.test(word)))
      return true
    if ((this.#kinds & BASE64) !== 0 && word.length <= this.#widthOfBase64) return true
    if ((this.#kinds & HEX) !== 0) return word.length <= MAX_WORD_CHARS && /^[0-9a-fA-FxX]*$/.test(word)
    return word.length <= 1
  }

  get isOfLetters(): boolean {
    return this.#kinds === LETTERS
  }

  /** Takes letters with one blank behind each; returns where something else stands. `position`: of `from`, in the text. */
  takeLetters(units: Uint16Array, from: number, end: number, position: number): number {
    const kindOf = kindsOfUnits()
    let at = from
    for (; at + 1 < end && units[at + 1] === 32 && (kindOf[units[at]!]! & ~DENSE) === WORD; at += 2) {
      this.#push(String.fromCharCode(units[at]!))
      this.#gap = 1
    }
    if (at > from) this.#end = position + at - from - 1
    return at
  }

  /** Takes the word, or ends the group; returns what ends before it. */
  add(word: string, start: number, end: number): readonly EncodedRun[] {
    const all = kindsOf(word)
    if ((this.#kinds & CODES) !== 0 && MAKERS.test(word)) {
      this.#gap = 0
      return NONE
    }
    const isLast = (all & BASE64_END) !== 0
    let kinds = this.#kinds & (isLast ? all | BASE64 : all)
    if ((kinds & BASE64) !== 0 && word.length > this.#widthOfBase64) kinds &= ~BASE64
    if (kinds === 0) {
      const ended = this.finish()
      this.#open(word, start, end)
      return ended
    }
    const ended = kinds === this.#kinds ? NONE : this.#leave(kinds)
    const isOnlyLast = kinds === BASE64 && isLast
    if (!isOnlyLast) this.#begin(openingKindsOf(word, all) & ~kinds)
    this.#push(word)
    this.#starts.push(start)
    this.#end = end
    return isOnlyLast ? [...ended, ...this.finish()] : ended
  }

  #push(word: string): void {
    this.#words.push(this.#gap > 1 && !this.#hasSigns && this.#kinds === LETTERS ? ` ${word}` : word)
    this.#gap = 0
    this.#hasSigns = false
    this.#isQuoted = false
  }

  /** What stands behind a word; returns the group that it ends. */
  separate(unit: number): readonly EncodedRun[] {
    if (this.#start === Infinity) return NONE
    if (this.#kinds === LETTERS && (isQuote(unit) || this.#isQuoted)) return this.#separateQuoted(unit)
    const isSign = !isBetween(unit) || unit === 58 || unit === 44
    if (this.#kinds === LETTERS && isSign && this.#gap > 0 && !this.#hasSigns && unit > 32 && unit < 127) {
      // A sign that stands alone is one of the characters.
      this.#words.push(`${this.#gap > 1 ? ' ' : ''}${String.fromCharCode(unit)}`)
      this.#starts.push(this.#end)
      this.#gap = 0
      return NONE
    }
    if (isSign) this.#hasSigns = true
    const most = (this.#kinds & CODES) !== 0 || (this.#kinds === LETTERS && this.#hasSigns) ? MAX_GAP : this.#kinds === LETTERS ? 6 : 2
    const may = (this.#kinds & CODES) !== 0 ? isBetweenCodes(unit) : isBetween(unit)
    return may && ++this.#gap <= most ? NONE : this.finish()
  }

  /** Between letters that are strings of their own: whatever stands between two quotation marks is one of the characters. */
  #separateQuoted(unit: number): readonly EncodedRun[] {
    if (isQuote(unit)) {
      this.#isQuoted = this.#gap > 0 && !this.#isQuoted
      this.#hasSigns = true
      return ++this.#gap <= MAX_GAP ? NONE : this.finish()
    }
    if (unit < 32 || unit > 126) return this.finish()
    this.#words.push(String.fromCharCode(unit))
    this.#starts.push(this.#end)
    this.#gap = 0
    return NONE
  }

  finish(): readonly EncodedRun[] {
    if (this.#start === Infinity) return NONE
    this.#isQuoted = false
    const runs = this.#runs(this.#kinds)
    this.#start = Infinity
    this.#kinds = 0
    this.#words = []
    this.#starts = []
    return runs
  }

  #open(word: string, start: number, end: number): void {
    const kinds = openingKindsOf(word)
    if (kinds === 0) return
    this.#begin(kinds)
    this.#words = [word]
    this.#starts = [start]
    this.#gap = 0
    this.#hasSigns = false
    this.#start = start
    this.#end = end
  }

  /** With the word that is taken next. */
  #begin(kinds: number): void {
    if (kinds === 0) return
    this.#kinds |= kinds
    KINDS.forEach((kind, i) => {
      if ((kinds & kind) !== 0) this.#firsts[i] = this.#words.length
    })
  }

  /** It is of these kinds alone from here on; returns what it was before, unless one of these began as early. */
  #leave(kinds: number): readonly EncodedRun[] {
    const left = this.#kinds & ~kinds
    const first = this.#firstOf(kinds)
    const runs = this.#firstOf(left) < first ? this.#runs(left) : NONE
    this.#kinds = kinds
    this.#start = this.#starts[first]!
    return runs
  }

  #firstOf(kinds: number): number {
    let first = Infinity
    KINDS.forEach((kind, i) => {
      if ((kinds & kind) !== 0) first = Math.min(first, this.#firsts[i]!)
    })
    return first
  }

  get #widthOfBase64(): number {
    return this.#words[this.#firsts[KINDS.indexOf(BASE64)]!]!.length
  }

  #runs(kinds: number): readonly EncodedRun[] {
    const runs: EncodedRun[] = []
    const firstCode = this.#firstOf(kinds & CODES)
    KINDS.forEach((kind, i) => {
      const first = this.#firsts[i]!
      // Codes look like bytes in hex, too.
      if ((kinds & kind) === 0 || first > this.#words.length - 2 || (kind === HEX && first > firstCode)) return
      const decoded = decode(kind, first === 0 ? this.#words : this.#words.slice(first))
      if (decoded) runs.push({ ...decoded, start: this.#starts[first]!, end: this.#end, lead: 0 })
    })
    return runs
  }
}

const NONE: readonly EncodedRun[] = []

const RADIXES: ReadonlyMap<number, number> = new Map([
  [DECIMAL, 10],
  [OCTAL, 8],
  [BINARY, 2],
  [UNICODE, 16],
])

const textOfCodes = (words: readonly string[], radix: number): string =>
  words.map((word) => String.fromCharCode(Number.parseInt(word.replace(/^(?:[uU]\+?|0[oObB])/, ''), radix))).join('')

/** What words of one kind stand for; null where that is no text. */
function decode(kind: number, words: readonly string[]): Pick<EncodedRun, 'encoding' | 'text'> | null {
  if (kind === LETTERS) {
    // Two blanks part words only where one parts letters.
    const isWide = words.every((word, i) => i === 0 || word.startsWith(' '))
    const text = isWide ? words.join('').replaceAll(' ', '') : words.join('')
    return isHidden(text) ? { encoding: 'escape', text } : null
  }
  const radix = RADIXES.get(kind)
  if (radix !== undefined) return words.length < MIN_BYTES ? null : { encoding: 'escape', text: textOfCodes(words, radix) }
  const encoding = kind === HEX ? 'hex' : 'base64'
  const bytes = Buffer.from((kind === HEX ? words.map((word) => word.replace(/^0[xX]/, '')) : words).join(''), encoding)
  const isText = bytes.length >= MIN_BYTES && (bytes.length < SURE_BYTES ? isPrintable(bytes) : looksLikeText(bytes))
  return isText ? { encoding, text: textOf(bytes) } : null
}
