// Words with escapes that are read as one: with a blank between them, with plain words beside them, lines of quoted-printable.
import type { EncodedRun, RunWord } from './encoded-run.ts'

/** Plain text behind an escape that is read with it, for a value of several words of which one has escapes. */
const TAIL_CHARS = 48

/** Words with escapes and what stands between and behind them: one run, whose findings cover the words that they touch. */
export class EscapedGroup {
  /** The plain text before it. */
  before = ''
  #first: EncodedRun | null = null
  #words: RunWord[] = []
  #text = ''
  /** Plain text behind the last escape, and where it ends. */
  #tail = ''
  #end = 0

  get start(): number {
    return this.#first?.start ?? Infinity
  }

  /** Whether so much plain text stands behind the last escape that nothing more is read with it. */
  get isFull(): boolean {
    return this.#tail.length >= TAIL_CHARS
  }

  add(run: EncodedRun): void {
    this.#endTail()
    this.#first ??= run
    this.#text += run.text
    this.#words.push({ textEnd: this.#text.length, start: run.start, end: run.end })
    this.#end = run.end
  }

  /** Plain text that follows. */
  pass(text: string): void {
    this.#tail += text
    this.#end += text.length
  }

  /** An end of a line: false where it ends the group. Behind a soft end of quoted-printable the word goes on. */
  passLineEnd(unit: number): boolean {
    if (unit === 13) {
      this.pass('\r')
      return true
    }
    const soft = SOFT_END.exec(this.#tail)
    if (!soft) return false
    const end = this.#end
    this.#tail = this.#tail.slice(0, soft.index)
    this.#end -= soft[0].length
    this.#endTail()
    this.#end = end + 1
    return true
  }

  finish(): EncodedRun | null {
    const first = this.#first
    if (!first) return null
    const over = this.#tail.length - TAIL_CHARS
    if (over > 0) {
      this.#tail = this.#tail.slice(0, TAIL_CHARS)
      this.#end -= over
    }
    this.#endTail()
    const words = this.#words
    const text = this.#text
    this.#first = null
    this.#words = []
    this.#text = ''
    return { ...first, end: words.at(-1)!.end, text, words }
  }

  #endTail(): void {
    if (this.#tail === '') return
    this.#text += this.#tail
    this.#words.push({ textEnd: this.#text.length, start: this.#end - this.#tail.length, end: this.#end, isPlain: true })
    this.#tail = ''
  }
}

const SOFT_END = /=[ \t]*\r?$/
