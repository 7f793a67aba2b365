// The page that a file is printed on: lines, columns, and comments between lines.
import { widthOf } from '../diagnostics/position.ts'
import type { Comment, Gap } from './gaps.ts'

/** Columns of one level. */
export const INDENT = 2

export class Page {
  readonly #source: string
  #done = ''
  #line = ''
  #isStart = true
  #afterBrace = false

  constructor(source: string) {
    this.#source = source
  }

  get text(): string {
    return this.#done
  }

  /** Of what comes next on this line, in columns of a terminal. */
  get column(): number {
    return widthOf(this.#line.slice(this.#line.lastIndexOf('\r') + 1))
  }

  put(text: string): void {
    // A text of several lines ends in a column of its last.
    const lines = text.replaceAll('\r\n', '\n').split('\n')
    for (const line of lines.slice(0, -1)) this.#end(this.#line + line)
    this.#line += lines.at(-1)!
    this.#afterBrace = text === '{'
    this.#isStart = false
  }

  padTo(column: number): void {
    this.#line += ' '.repeat(Math.max(1, column - this.column))
  }

  newLine(indent: number): void {
    this.#end(this.#line.trimEnd())
    this.#line = ' '.repeat(indent)
  }

  /** Comments before something on a line of its own; the caller begins that line. */
  comments(comments: readonly Comment[], indent: number): void {
    for (const comment of comments) {
      if (comment.trailing) this.padTo(Math.max(this.column + 2, comment.aligned ? columnOf(this.#source, comment.start) : 0))
      else this.#ownLine(comment.blank, indent)
      this.#line += comment.text
      this.#isStart = false
      this.#afterBrace &&= comment.trailing
    }
  }

  beginLine({ comments, blank }: Gap, indent: number, isClosing: boolean): void {
    this.comments(comments, isClosing ? indent + INDENT : indent)
    this.#ownLine(blank && !isClosing, indent)
  }

  finish({ comments }: Gap): void {
    this.comments(comments, 0)
    if (!this.#isStart) this.#end(this.#line.trimEnd())
  }

  #ownLine(blank: boolean, indent: number): void {
    if (!this.#isStart) {
      this.newLine(indent)
      if (blank && !this.#afterBrace) this.#done += '\n'
    } else this.#line = ' '.repeat(indent)
    this.#afterBrace = false
  }

  #end(line: string): void {
    this.#done += `${line}\n`
    this.#line = ''
  }
}

/** The column of an offset as the file stands. */
function columnOf(text: string, offset: number): number {
  const from = Math.max(text.lastIndexOf('\n', offset - 1), text.lastIndexOf('\r', offset - 1)) + 1
  return widthOf(text.slice(from, offset))
}
