// A value in pieces: strings that are put together (`"ab" + "cd"`), lines that go on behind a backslash, and words with tags, comments of HTML or
// emphasis in them. They are read as one word; only what goes from one piece to the next is found here.
import type { EncodedRun, RunWord } from './encoded-run.ts'

const STRINGS = /^["'`]\s*(?:[+.&~]|\|\||\.\.|\+\+|<>)\s*["'`]$|^["'`]\s*\n\s*["'`]$|^(["'`]) ?\1$/
const TAG =
  '(?:!--[^<>]{0,40}--|\\/?(?:b|i|u|s|em|strong|span|font|wbr|mark|small|big|tt|code|sub|sup|a|q|del|ins|bdi|bdo)(?: [^<>]{0,60})?\\/?)'
const TAGS = new RegExp(`^(?:<${TAG}>){1,4}$`, 'i')
const CONTINUED = /^\r?\n[ \t]*$/
const BEGINNING = /^["'`]\s{0,24}(?:[+.&~]|\|{1,2}|\.\.|\+\+|<>?)?\s{0,24}["'`]?$|^(?:<[^<>]{0,70}>){0,3}(?:<[^<>]{0,70}>?)?$|^\*{1,2}$/

export const isQuote = (unit: number): boolean => unit === 34 || unit === 39 || unit === 96
/** Whether what stands behind a word may part two pieces. */
export const mayPart = (unit: number): boolean => unit === 60 || unit === 42 || isQuote(unit)

/** The same, seen from a separator at `at`: looks at the characters behind it. */
export function mayJoin(units: Uint16Array, at: number, end: number, isWord: (unit: number) => boolean): boolean {
  if (units[at] === 42) return at + 1 >= end || (units[at + 1] === 42 && (at + 2 >= end || isWord(units[at + 2]!)))
  let i = at + 1
  if (units[at] === 60) {
    while (i < end && i < at + 72 && units[i] !== 62 && units[i] !== 60) i++
    return i + 1 >= end || (units[i] === 62 && (units[i + 1] === 60 || isWord(units[i + 1]!)))
  }
  if (i < end && units[i] === units[at]) return i + 1 >= end || isWord(units[i + 1]!)
  let hasLine = false
  for (; i < end && i < at + 24 && isBlank(units[i]!); i++) hasLine ||= units[i] === 10
  if (i + 1 >= end) return true
  const unit = units[i]!
  if (isQuote(unit)) return hasLine || (unit === units[at] && i === at + 2 && isWord(units[i + 1]!))
  const isPair = isPairOfSigns(unit, units[i + 1]!)
  if (!isPair && unit !== 43 && unit !== 46 && unit !== 38 && unit !== 126) return false
  for (i += isPair ? 2 : 1; i < end && i < at + 48 && isBlank(units[i]!); i++);
  return i === end || isQuote(units[i]!)
}

/** `||`, `++`, `..`, `<>`. */
const isPairOfSigns = (first: number, second: number): boolean =>
  first === 60 ? second === 62 : first === second && (first === 124 || first === 43 || first === 46)

const isBlank = (unit: number): boolean => unit === 32 || unit === 9 || unit === 10 || unit === 13

export class PieceGroup {
  /** The plain text before it. */
  before = ''
  #words: RunWord[] = []
  #first = ''
  #text = ''
  #gap = ''
  #isContinued = false

  /** Where the open group begins; Infinity without one. */
  get start(): number {
    return this.#words[0]?.start ?? Infinity
  }

  /** `source`: the word as it is written, which `word` may stand for. */
  open(word: string, source: string, start: number, end: number): void {
    this.#first = source
    this.#text = ''
    this.#words = []
    this.#append(word, start, end)
  }

  /** Takes the word as the next piece, or as a part of what parts two. */
  add(word: string, start: number, end: number): 'piece' | 'part' | 'other' {
    const gap = this.#gap
    if (gap === '**' || STRINGS.test(gap) || TAGS.test(gap) || (this.#isContinued && CONTINUED.test(gap))) {
      this.#append(word, start, end)
      return 'piece'
    }
    this.#gap += word
    return BEGINNING.test(this.#gap) ? 'part' : 'other'
  }

  #append(word: string, start: number, end: number): void {
    this.#isContinued = word.endsWith('\\')
    const piece = this.#isContinued ? word.slice(0, -1) : word
    this.#text += piece
    this.#words.push({ textEnd: this.#text.length, start, end: end - word.length + piece.length })
    this.#gap = ''
  }

  /** What stands behind a word; false where it ends the group. */
  separate(unit: number): boolean {
    this.#gap += String.fromCharCode(unit)
    return BEGINNING.test(this.#gap) || (this.#isContinued && CONTINUED.test(this.#gap))
  }

  /** `openIn`: offset in a word up to which a stream may have released it. */
  finish(openIn: (word: string) => number): EncodedRun | null {
    const [first, ...others] = this.#words
    this.#words = []
    if (!first || others.length === 0) return null
    const start = first.start + openIn(this.#first)
    const words = [{ ...first, start }, ...others]
    return { start, end: words.at(-1)!.end, encoding: 'escape', text: this.#text, lead: 0, words, isJoined: true }
  }
}
