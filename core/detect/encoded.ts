// Runs of base64, hex, URL-encoding, quoted-printable, backslash escapes and entities of HTML that hold text, and hidden text in tags. They are
// found word by word, so that a stream holds no more than the word or group that may still become one; whether it does is decided by what its
// beginning decodes to.
import { hasEscape, openChars, LEAD_CHARS, MAX_WORD_CHARS, MIN_BASE64_CHARS, openFrom, runsIn, wholeChars } from './encoded-words.ts'
import type { EncodedRun, Lead, RunWord } from './encoded-run.ts'
import { EscapedGroup, MAX_CODE_CHARS, mayOpenGroup, SpacedGroup } from './encoded-groups.ts'
import { LineGroup } from './encoded-lines.ts'
import { PieceGroup } from './encoded-pieces.ts'
import { foldWithOffsets, isPlain, type Folded } from './fold.ts'
import { joinsAt } from './encoded-ahead.ts'
import { skipWords } from './encoded-sieve.ts'
import { BESIDE_ESCAPES, ESCAPE_SIGN, ESCAPES, kindsOfUnits, NAMES, UNSEEN } from './encoded-units.ts'
import { endsInEntity, LONGEST_NAME } from './entities.ts'
import { firstTag, tagsIn } from './encoded-tags.ts'
import { PIECE_UNITS, unitsOf } from './units.ts'

export { MAX_WORD_CHARS, type EncodedRun }

/** A line of wrapped base64 is at least so long. */
const MIN_LINE_CHARS = 48
/** Plain text before a run that it is read behind: a value that is encoded alone counts by the words before it. */
const PLAIN_CHARS = 40
/** Up to here a word is looked at with every piece of it. */
const SHORT_WORD_CHARS = 64

export class EncodedRuns {
  /** Whoever takes them empties the list. */
  found: EncodedRun[] = []
  #position: number
  #word = ''
  #lead: Lead | null = null
  /** Where a run may be open in the first `#seenChars` of the word. */
  #open = 0
  #seenChars = 0
  readonly #kinds = kindsOfUnits()
  readonly #spaced = new SpacedGroup()
  readonly #escaped = new EscapedGroup()
  readonly #lines = new LineGroup()
  readonly #pieces = new PieceGroup()
  /** The last characters before the piece that is read, and before the word. */
  #behind: string
  #before = ''
  /** Where the last run ends: what stands before it leads no other. */
  #lastEnd: number

  /** Begins behind `before`, the end of the text up to `from`. */
  constructor(from = 0, before = '') {
    this.#position = from
    this.#behind = before
    this.#lastEnd = from - before.length
  }

  /** Where the first run begins that is not complete, or before; the position if there is none. */
  get firstOpen(): number {
    return Math.min(this.#openInWord, this.#groupStart)
  }

  /** Where the first open group begins; Infinity without one. */
  get #groupStart(): number {
    return Math.min(this.#spaced.start, this.#escaped.start, this.#lines.start, this.#pieces.start)
  }

  get #openInWord(): number {
    const { length } = this.#word
    if (length === 0) return this.#position
    // A long word is looked at again when it has grown by an eighth: as it only grows, what is not known yet is held a little longer.
    if (length < this.#seenChars || length <= SHORT_WORD_CHARS || length * 8 >= this.#seenChars * 9) {
      this.#open = openInSource(this.#word)
      this.#seenChars = length
    }
    return this.#position - length + this.#open
  }

  read(text: string): void {
    for (let at = 0; at < text.length; at += PIECE_UNITS) {
      const piece = text.length <= PIECE_UNITS ? text : text.slice(at, at + PIECE_UNITS)
      this.#readPiece(piece)
      this.#behind = lastChars(this.#behind, piece)
    }
    // A group that the word can not be a part of has ended, and nothing waits for it.
    if (this.#spaced.start !== Infinity && this.#word !== '' && !this.#spaced.mayTake(this.#word)) this.#endSpaced()
    if (this.#lines.start !== Infinity && this.#word !== '' && isPlain(this.#word) && !this.#lines.mayTake(this.#word)) this.#endLines()
  }

  #readPiece(text: string): void {
    const units = unitsOf(text)
    const kindOf = this.#kinds
    let from = this.#word === '' ? -1 : 0
    let last = this.#room(-this.#word.length)
    let kinds = hasEscape(this.#word) ? ESCAPES : this.#word === '' ? 0 : NAMES
    for (let i = 0; i < text.length; i++) {
      if (from < 0 && this.#lead === null) {
        const next = this.#skip(units, i, text.length)
        this.#position += next - i
        i = next
        if (i === text.length) return
      }
      const unit = units[i]!
      let kind = kindOf[unit]!
      if (kind === BESIDE_ESCAPES) {
        if (from < 0) kind = 0
        else if (unit === 35 && (i > from ? units[i - 1] === 38 : this.#word.endsWith('&'))) kind = ESCAPES
        else if ((kinds & ESCAPES) === 0) kind = unit === 59 && (kinds & NAMES) !== 0 && this.#endsInEntity(text, from, i) ? ESCAPES : 0
      } else if (kind === UNSEEN && from < 0) {
        if (this.#escaped.start !== Infinity) this.#escaped.pass(text[i]!)
        this.#position++
        continue
      }
      if (kind !== 0) {
        if (from < 0) {
          from = i
          last = this.#room(i)
          kinds = 0
        }
        kinds |= kind
        if (i < last) continue
        this.#add(text, from, i)
        if (!this.#endGroups()) this.#cut()
        // Looked at again, as the first character behind what is left of the word.
        from = this.#word === '' ? -1 : i
        last = this.#room(i - this.#word.length)
        kinds = hasEscape(this.#word) ? ESCAPES : NAMES
        i--
      } else if (from >= 0) {
        this.#add(text, from, i)
        this.#close(unit, joinsAt(units, i, text.length))
        this.#word = ''
        from = -1
        this.#pass()
      } else {
        if (this.#lead !== null && unit !== 10 && unit !== 13) this.#lead = null
        if (this.#spaced.start !== Infinity) this.#emitSpaced(this.#spaced.separate(unit))
        if (this.#escaped.start !== Infinity) this.#passEscaped(unit)
        if (this.#lines.start !== Infinity && !this.#lines.separate(unit)) this.#endLines()
        if (this.#pieces.start !== Infinity && !this.#pieces.separate(unit)) this.#endPieces()
        this.#pass()
      }
    }
    if (from >= 0) this.#add(text, from, text.length)
  }

  /** Between words: to the first that has to be looked at, or behind letters that an open group takes. */
  #skip(units: Uint16Array, from: number, end: number): number {
    if (this.#spaced.isOfLetters && Math.min(this.#escaped.start, this.#lines.start, this.#pieces.start) === Infinity) {
      const room = this.#spaced.start + MAX_WORD_CHARS - 1 - this.#position
      return this.#spaced.takeLetters(units, from, Math.min(end, from + room), this.#position)
    }
    return this.#groupStart === Infinity ? skipWords(units, from, end) : from
  }

  finish(): void {
    if (this.#word !== '') this.#close(0, false)
    this.#endGroups()
  }

  /** A character that belongs to no word; a group is no longer than a word may be. */
  #pass(): void {
    this.#position++
    if (this.#position - this.#groupStart >= MAX_WORD_CHARS) this.#endGroups()
  }

  /** The place in the piece where a word that begins at `from` is as long as it may be, alone or with its group. */
  #room(from: number): number {
    const start = this.#groupStart
    // `#position` stands where the word begins, or behind its part in earlier pieces.
    const groupChars = start === Infinity ? 0 : this.#position - this.#word.length - start
    return from + MAX_WORD_CHARS - groupChars
  }

  #endsInEntity(text: string, from: number, to: number): boolean {
    const word = from === 0 ? this.#word : ''
    const near = text.slice(Math.max(from, to - LONGEST_NAME - 1), to)
    return endsInEntity(word.slice(-LONGEST_NAME - 1) + near)
  }

  #add(text: string, from: number, to: number): void {
    if (this.#word === '')
      this.#before = from >= PLAIN_CHARS ? text.slice(from - PLAIN_CHARS, from) : lastChars(this.#behind, text.slice(0, from))
    this.#word += text.slice(from, to)
    this.#position += to - from
  }

  #close(separator: number, joins: boolean): void {
    const word = this.#word
    const start = this.#position - word.length
    if (joins || this.#pieces.start !== Infinity || (word.endsWith('\\') && isLineEnd(separator)))
      this.#addPiece(word, start, separator, joins)
    if (this.#lines.start !== Infinity && this.#addLine(word, separator)) {
      // Nothing else is in it.
    } else if (word.length >= MIN_BASE64_CHARS || this.#lead !== null || this.#escaped.start !== Infinity || !LETTERS_AND_SIGNS.test(word))
      this.#closeRuns(word, start, separator)
    else if (word.length === 1 || this.#spaced.start !== Infinity || mayOpenGroup(word, separator))
      this.#closeSpaced(word, start, separator)
    this.#word = ''
    this.#seenChars = 0
  }

  #addPiece(word: string, start: number, separator: number, joins: boolean): void {
    const isOpen = this.#pieces.start !== Infinity
    if (!isOpen || !this.#pieces.add(foldedOf(word)?.text ?? word, start, this.#position)) {
      this.#endPieces()
      if (!joins && !(isLineEnd(separator) && word.length > 1 && word.endsWith('\\'))) return
      this.#pieces.before = this.#contextAt(start)
      this.#pieces.open(foldedOf(word)?.text ?? word, word, start, this.#position)
    }
    if (!this.#pieces.separate(separator)) this.#endPieces()
  }

  #endPieces(): void {
    const run = this.#pieces.finish(openInSource)
    if (run) this.#emit(run, this.#pieces.before)
  }

  /** Whether the word is a line of the group that is open, or stands between lines; ends the group if it is not, or the last. */
  #addLine(word: string, separator: number): boolean {
    const taken = this.#lines.add(foldedOf(word)?.text ?? word, this.#position)
    if (taken !== 'taken' || !this.#lines.separate(separator)) this.#endLines()
    return taken !== 'other'
  }

  #closeRuns(word: string, start: number, separator: number): void {
    const folded = foldedOf(word)
    const seen = folded?.text ?? word
    const runs = runsIn(seen, this.#lead)
    const seenEnd = runs.at(-1)?.end ?? -2
    const reaches = seenEnd === seen.length || (seenEnd === seen.length - 1 && seen.endsWith('='))
    const placed = this.#place(runs, folded)
    const last = reaches ? placed[runs.length - 1]! : null
    const lineLead = last && leadBehind(last, separator, seen.endsWith('='))
    // A soft end of a line may stand behind a blank.
    const raw = last && runs.at(-1)!.end === seen.length ? seen.slice(runs.at(-1)!.start) : ''
    const isLine = last !== null && LineGroup.mayOpen(last, raw, separator)
    this.#take(isLine ? placed.filter((run) => run !== last) : placed, word, start)
    if (this.#escaped.start !== Infinity && separator !== 0) this.#passEscaped(separator)
    if (isLine) {
      this.#lines.open({ run: last, before: this.#contextAt(last.start) }, raw)
      this.#lead = null
      return
    }
    if (this.#spaced.start !== Infinity) this.#closeSpaced(seen, start, separator)
    else if (seen.length <= MAX_CODE_CHARS || seen.includes('=')) {
      const value = behindEquals(seen)
      if (mayOpenGroup(value, separator)) this.#closeSpaced(value, this.#position - value.length, separator)
    }
    this.#lead = lineLead
  }

  #closeSpaced(word: string, start: number, separator: number): void {
    this.#emitSpaced(this.#spaced.add(word, start, this.#position))
    if (this.#spaced.start === start) this.#spaced.before = this.#contextAt(start)
    this.#emitSpaced(this.#spaced.separate(separator))
  }

  /** Escapes wait for what stands behind them; all else is done. */
  #take(runs: readonly EncodedRun[], word: string, start: number): void {
    let from = start
    for (const run of runs) {
      const raw = word.slice(run.start - start, run.end - start)
      if (run.start < from || run.lead > 0 || !isEscaped(run) || !ESCAPE_SIGN.test(raw)) {
        this.#emit(run, this.#contextAt(run.start))
        continue
      }
      if (this.#escaped.start === Infinity) this.#escaped.before = this.#contextAt(run.start)
      else this.#escaped.pass(word.slice(from - start, run.start - start))
      this.#escaped.add(run)
      from = run.end
    }
    if (this.#escaped.start === Infinity) return
    this.#escaped.pass(word.slice(from - start))
    if (this.#escaped.isFull) this.#endEscaped()
  }

  /** A character between words, behind an escape. */
  #passEscaped(unit: number): void {
    if (isLineEnd(unit)) {
      if (!this.#escaped.passLineEnd(unit)) this.#endEscaped()
      return
    }
    this.#escaped.pass(String.fromCharCode(unit))
    if (this.#escaped.isFull) this.#endEscaped()
  }

  /** The word is as long as it may be: its last run ends at a whole character and goes on as a run of its own. */
  #cut(): void {
    const word = this.#word
    const folded = foldedOf(word)
    const seen = folded?.text ?? word
    const whole = runsIn(seen, this.#lead)
    const last = whole.at(-1)
    const reaches = last !== undefined && last.end + openChars(seen.slice(last.start)) >= seen.length
    const seenChars = reaches ? last.start + wholeChars(last.encoding, seen.slice(last.start)) : seen.length
    const keptChars = folded && seenChars < seen.length ? folded.starts[seenChars]! : seenChars === seen.length ? word.length : seenChars
    const runs = this.#place(seenChars === seen.length ? whole : runsIn(seen.slice(0, seenChars), this.#lead), folded)
    for (const run of runs) this.#emit(run, this.#contextAt(run.start))
    const end = this.#position - (word.length - keptChars)
    this.#lead = runs.at(-1)?.end === end ? leadOf(runs.at(-1)!) : null
    this.#word = word.slice(keptChars)
    this.#before = word.slice(Math.max(0, keptChars - PLAIN_CHARS), keptChars)
    this.#seenChars = 0
  }

  /** The runs of the word at their places in the text. */
  #place(inWord: ReturnType<typeof runsIn>, folded: Folded | null): readonly EncodedRun[] {
    const from = this.#position - this.#word.length
    const lead = this.#lead
    const runs = inWord.map(({ start, end, encoding, text, lead: before = 0 }) => {
      const leads = start === 0 && lead?.encoding === encoding ? lead.text : ''
      const place = folded
        ? { start: from + folded.starts[start]!, end: from + folded.ends[end - 1]! }
        : { start: from + start, end: from + end }
      return { ...place, encoding, text: leads + text, lead: leads.length + before }
    })
    if (folded)
      for (const { start, end, text } of tagsIn(this.#word))
        runs.push({ start: from + start, end: from + end, encoding: 'escape', text, lead: 0 })
    return runs
  }

  /** What stands before a place in the word, up to the last run. */
  #contextAt(start: number): string {
    const from = this.#position - this.#word.length
    const text = this.#before + this.#word.slice(0, start - from)
    const chars = Math.min(PLAIN_CHARS, start - this.#lastEnd)
    return chars > 0 ? text.slice(-chars) : ''
  }

  #emit(run: EncodedRun, context: string): void {
    this.#lastEnd = Math.max(this.#lastEnd, run.end)
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

  #emitSpaced(runs: readonly EncodedRun[]): void {
    for (const run of runs) this.#emit(run, this.#spaced.before)
  }

  #endSpaced(): void {
    this.#emitSpaced(this.#spaced.finish())
  }

  #endLines(): EncodedRun | null {
    const line = this.#lines.finish()
    if (line) this.#emit(line.run, line.before)
    return line && line.run
  }

  #endEscaped(): EncodedRun | null {
    const run = this.#escaped.finish()
    if (run) this.#emit(run, this.#escaped.before)
    return run
  }

  /** False without any. The end of one leads what follows. */
  #endGroups(): boolean {
    if (this.#groupStart === Infinity) return false
    this.#endSpaced()
    this.#endPieces()
    const lines = this.#endLines()
    const run = this.#endEscaped()
    if (run) this.#lead = leadOf(run)
    else if (lines) this.#lead = leadOf(lines)
    return true
  }
}

const lastChars = (before: string, text: string): string =>
  text.length >= PLAIN_CHARS ? text.slice(-PLAIN_CHARS) : (before + text).slice(-PLAIN_CHARS)

/** What is given to a name: the value may be the first word of a group. */
const behindEquals = (word: string): string => word.slice(word.lastIndexOf('=') + 1) || word

/** What decodes the run that stands behind it: `atob("`, `String.fromCharCode(`, `data:text/plain;base64,`, `0x`. */
const CALL = /(?:0[xX]|[xX]['"]|\bdata:[^\s,"']{0,32},|\bbase64[:,]\s?|[A-Za-z][\w.]{1,28}\(\s?["'`[]?|\[\s?["'`]?|\$'|\b[uUbB]["'])$/

const isLineEnd = (unit: number): boolean => unit === 10 || unit === 13

const isEscaped = ({ encoding }: EncodedRun): boolean => encoding === 'url' || encoding === 'escape'

/** Null for a word that looks as it is written. */
const foldedOf = (word: string): Folded | null => (isPlain(word) ? null : foldWithOffsets(word))

/** Where a run may be open in an unfinished word, as it is written. */
function openInSource(word: string): number {
  const folded = foldedOf(word)
  if (!folded) return openFrom(word)
  const open = folded.starts[openFrom(folded.text)]!
  const tag = firstTag(word)
  return tag < 0 ? open : Math.min(open, tag)
}

/** No run is in fewer of these than base64 has at least. */
const LETTERS_AND_SIGNS = /^[A-Za-z0-9+/_.~@-]*$/

/** Lines of base64 are one. */
function leadBehind(last: Pick<EncodedRun, 'start' | 'end' | 'encoding' | 'text'>, separator: number, isPadded: boolean): Lead | null {
  const isLine = isLineEnd(separator) && last.end - last.start >= MIN_LINE_CHARS
  return isLine && last.encoding === 'base64' && !isPadded ? leadOf(last) : null
}

const leadOf = ({ encoding, text }: Pick<EncodedRun, 'encoding' | 'text'>): Lead => ({ encoding, text: text.slice(-LEAD_CHARS) })
