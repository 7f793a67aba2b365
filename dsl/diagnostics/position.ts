// From an offset in a file to its line and column, and to how wide its text stands on a terminal.
import type { SourceFile } from './diagnostic.ts'

export interface Position {
  /** From 1. */
  readonly line: number
  /** From 1, in UTF-16 units, as editors count. */
  readonly column: number
}

/** The lines of one file, found once. `\r\n`, `\n` and a lone `\r` end a line. */
export class Lines {
  private readonly text: string
  private readonly starts: readonly number[]

  constructor(source: Pick<SourceFile, 'text'>) {
    this.text = source.text
    this.starts = [0, ...[...source.text.matchAll(/\r\n|\n|\r/g)].map((match) => match.index + match[0].length)]
  }

  /** An offset beyond the end is the end. */
  positionOf(offset: number): Position {
    const bounded = Math.max(0, Math.min(offset, this.text.length))
    let low = 0
    let high = this.starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.starts[middle] ?? 0) <= bounded) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: bounded - (this.starts[low] ?? 0) + 1 }
  }

  /** The text of a line without its end. */
  textOf(line: number): string {
    return this.text.slice(this.starts[line - 1] ?? this.text.length, this.starts[line] ?? this.text.length).replace(/[\r\n]+$/, '')
  }
}

const TAB = 4
const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })
// Half-width Katakana and Hangul (U+FF61 to U+FFDC) are narrow although their scripts are wide.
const WIDE =
  /^(?![\uff61-\uffdc])[\p{Emoji_Presentation}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303f\uff01-\uff60\uffe0-\uffe6]|\ufe0f/u
const INVISIBLE = /^[\p{Cc}\p{Cf}\p{Mn}\p{Me}]+$/u

/** A line as it is shown: tabs become spaces, what would move the cursor or turn the writing around becomes `·`. */
export function showLine(text: string): string {
  return isPlain(text) ? text : [...segmenter.segment(text)].map(({ segment }) => showSign(segment)).join('')
}

/** Columns that a text takes on a terminal, after `showLine`. */
export function widthOf(text: string): number {
  if (isPlain(text)) return text.length
  let width = 0
  for (const { segment } of segmenter.segment(text)) width += widthOfSign(segment)
  return width
}

function isPlain(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text)
}

function showSign(sign: string): string {
  if (sign === '\t') return ' '.repeat(TAB)
  return INVISIBLE.test(sign) ? '·' : sign.isWellFormed() ? sign : '\uFFFD'
}

function widthOfSign(sign: string): number {
  if (sign === '\t') return TAB
  return WIDE.test(sign) ? 2 : 1
}
