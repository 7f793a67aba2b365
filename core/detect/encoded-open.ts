// The groups that are open at a place of the text, and the runs that have been found: each is read behind the plain text before it.
import { EscapedGroup } from './encoded-escaped.ts'
import { SpacedGroup } from './encoded-groups.ts'
import { LineGroup } from './encoded-lines.ts'
import { PieceGroup } from './encoded-pieces.ts'
import type { EncodedRun, RunWord } from './encoded-run.ts'
import { foldedOf, openInSource } from './encoded-source.ts'
import { ESCAPE_SIGN } from './encoded-units.ts'
import { isPlain } from './fold.ts'

/** What decodes the run that stands behind it: `atob("`, `String.fromCharCode(`, `data:text/plain;base64,`, `0x`. */
const CALL = /(?:0[xX]|[xX]['"]|\bdata:[^\s,"']{0,32},|\bbase64[:,]\s?|[A-Za-z][\w.]{1,28}\(\s?["'`[]?|\[\s?["'`]?|\$'|\b[uUbB]["'])$/

const isEscaped = ({ encoding }: EncodedRun): boolean => encoding === 'url' || encoding === 'escape'

export class OpenGroups {
  /** Whoever takes them empties the list. */
  found: EncodedRun[] = []
  readonly spaced = new SpacedGroup()
  readonly escaped = new EscapedGroup()
  readonly lines = new LineGroup()
  readonly pieces = new PieceGroup()
  /** Pieces of which the first stands before a tag: its own, since everything up to the end of what may be a tag goes into it. */
  readonly tagged = new PieceGroup()
  /** Where the last run ends: what stands before it leads no other. */
  lastEnd: number

  constructor(lastEnd: number) {
    this.lastEnd = lastEnd
  }

  /** Where the first of them begins; Infinity without one. */
  get start(): number {
    return Math.min(this.spaced.start, this.escaped.start, this.lines.start, this.pieces.start, this.tagged.start)
  }

  /** Whether letters are all that is open. */
  get areLetters(): boolean {
    return this.spaced.isOfLetters && Math.min(this.escaped.start, this.lines.start, this.pieces.start, this.tagged.start) === Infinity
  }

  /** `context`: what stands before the run, up to the last one. */
  emit(run: EncodedRun, context: string): void {
    this.lastEnd = Math.max(this.lastEnd, run.end)
    if (run.lead > 0 || context === '') return void this.found.push(run)
    const before = context.replace(CALL, '')
    const plain = /\w$/.test(before) ? `${before} ` : before
    const led = { ...run, text: plain + run.text, lead: plain.length, plain: plain.length }
    if (!run.words) return void this.found.push(led)
    const end = run.start - (context.length - before.length)
    const words: RunWord[] = run.isJoined ? [] : [{ textEnd: before.length, start: end - before.length, end, isPlain: true }]
    for (const word of run.words) words.push({ ...word, textEnd: word.textEnd + plain.length })
    this.found.push({ ...led, words })
  }

  /** The runs of a word that begins at `start`: escapes wait for what stands behind them, all else is done. */
  take(runs: readonly EncodedRun[], word: string, start: number, contextAt: (start: number) => string): void {
    const { escaped } = this
    let from = start
    for (const run of runs) {
      const raw = word.slice(run.start - start, run.end - start)
      if (run.start < from || run.lead > 0 || !isEscaped(run) || !ESCAPE_SIGN.test(raw)) {
        this.emit(run, contextAt(run.start))
        continue
      }
      if (escaped.start === Infinity) escaped.before = contextAt(run.start)
      else escaped.pass(word.slice(from - start, run.start - start))
      escaped.add(run)
      from = run.end
    }
    if (escaped.start === Infinity) return
    escaped.pass(word.slice(from - start))
    if (escaped.isFull) this.#endEscaped()
  }

  /** A character between words. */
  separate(unit: number): void {
    if (this.spaced.start !== Infinity) this.emitSpaced(this.spaced.separate(unit))
    if (this.escaped.start !== Infinity) this.passEscaped(unit)
    if (this.lines.start !== Infinity && !this.lines.separate(unit)) this.endLines()
    if (this.pieces.start !== Infinity && !this.pieces.separate(unit)) this.endPieces(this.pieces)
    if (this.tagged.start !== Infinity && !this.tagged.separate(unit)) this.endPieces(this.tagged)
  }

  /** A character between words, behind an escape. */
  passEscaped(unit: number): void {
    if (isLineEnd(unit)) {
      if (!this.escaped.passLineEnd(unit)) this.#endEscaped()
      return
    }
    this.escaped.pass(String.fromCharCode(unit))
    if (this.escaped.isFull) this.#endEscaped()
  }

  emitSpaced(runs: readonly EncodedRun[]): void {
    for (const run of runs) this.emit(run, this.spaced.before)
  }

  /** Ends those that the unfinished word can not be a part of: nothing waits for them. */
  endWithout(word: string): void {
    if (this.spaced.start !== Infinity && !this.spaced.mayTake(foldedOf(word)?.text ?? word)) this.#endSpaced()
    if (this.lines.start !== Infinity && isPlain(word) && !this.lines.mayTake(word)) this.endLines()
  }

  #endSpaced(): void {
    this.emitSpaced(this.spaced.finish())
  }

  endLines(): EncodedRun | null {
    const line = this.lines.finish()
    if (line) this.emit(line.run, line.before)
    return line && line.run
  }

  #endEscaped(): EncodedRun | null {
    const run = this.escaped.finish()
    if (run) this.emit(run, this.escaped.before)
    return run
  }

  endPieces(pieces: PieceGroup): void {
    const run = pieces.finish(openInSource)
    if (run) this.emit(run, pieces.before)
  }

  /** All of them; returns the last run, if it may lead what follows. */
  endAll(): EncodedRun | null {
    this.#endSpaced()
    this.endPieces(this.pieces)
    this.endPieces(this.tagged)
    const lines = this.endLines()
    return this.#endEscaped() ?? lines
  }
}

export const isLineEnd = (unit: number): boolean => unit === 10 || unit === 13
