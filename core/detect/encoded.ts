// Runs of base64, hex, URL-encoding, quoted-printable, backslash escapes and entities of HTML that hold text, and hidden text in tags. They are
// found word by word, so that a stream holds no more than the word or group that may still become one; whether it does is decided by what its
// beginning decodes to.
import { hasEscape, openChars, LEAD_CHARS, MAX_WORD_CHARS, MIN_BASE64_CHARS, runsIn, wholeChars } from './encoded-words.ts'
import type { EncodedRun, Lead, Run } from './encoded-run.ts'
import { MAX_CODE_CHARS, mayOpenGroup } from './encoded-groups.ts'
import { LineGroup } from './encoded-lines.ts'
import type { PieceGroup } from './encoded-pieces.ts'
import { isLineEnd, OpenGroups } from './encoded-open.ts'
import { foldedOf, openInSource, placeRuns } from './encoded-source.ts'
import type { Folded } from './fold.ts'
import { joinsAt } from './encoded-ahead.ts'
import { skipWords } from './encoded-sieve.ts'
import { BESIDE_ESCAPES, ESCAPES, kindsOfUnits, NAMES, UNSEEN } from './encoded-units.ts'
import { endsInEntity, LONGEST_NAME } from './entities.ts'
import { PIECE_UNITS, unitsOf } from './units.ts'

export { MAX_WORD_CHARS }

/** A line of wrapped base64 is at least so long. */
const MIN_LINE_CHARS = 48
/** Plain text before a run that it is read behind: a value that is encoded alone counts by the words before it. */
const PLAIN_CHARS = 40
const TAG_BEGIN = 60
/** Up to here a word is looked at with every piece of it. */
const SHORT_WORD_CHARS = 64

export class EncodedRuns {
  #position: number
  #word = ''
  #lead: Lead | null = null
  /** Where a run may be open in the first `#seenChars` of the word. */
  #open = 0
  #seenChars = 0
  readonly #kinds = kindsOfUnits()
  readonly #groups: OpenGroups
  readonly #looksAhead: boolean
  /** The last characters before the piece that is read, and before the word. */
  #behind: string
  #before = ''

  /**
   * Begins behind `before`, the end of the text up to `from`. Without `looksAhead` what is open at a place does not depend on how much of the text
   * behind it has come: a stream holds the same however it is cut.
   */
  constructor({ from = 0, before = '', looksAhead = true } = {}) {
    this.#looksAhead = looksAhead
    this.#position = from
    this.#behind = before
    this.#groups = new OpenGroups(from - before.length)
  }

  /** Complete runs. Whoever takes them empties the list. */
  get found(): EncodedRun[] {
    return this.#groups.found
  }

  set found(runs: EncodedRun[]) {
    this.#groups.found = runs
  }

  /** Where the first run begins that is not complete, or before; the position if there is none. */
  get firstOpen(): number {
    return Math.min(this.#openInWord, this.#groups.start)
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
    if (this.#word !== '') this.#groups.endWithout(this.#word)
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
        if (this.#groups.escaped.start !== Infinity) this.#groups.escaped.pass(text[i]!)
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
        this.#close(unit, joinsAt(units, i, this.#looksAhead ? text.length : i + 1))
        from = -1
        this.#pass()
      } else {
        if (this.#lead !== null && unit !== 10 && unit !== 13) this.#lead = null
        this.#groups.separate(unit)
        this.#pass()
      }
    }
    if (from >= 0) this.#add(text, from, text.length)
  }

  /** Between words: to the first that has to be looked at, or behind letters that an open group takes. */
  #skip(units: Uint16Array, from: number, end: number): number {
    const { areLetters, spaced, start } = this.#groups
    if (start === Infinity) return skipWords(units, from, end, this.#looksAhead)
    const room = start + MAX_WORD_CHARS - 1 - this.#position
    return areLetters ? spaced.takeLetters(units, from, Math.min(end, from + room), this.#position) : from
  }

  finish(): void {
    if (this.#word !== '') this.#close(0, false)
    this.#endGroups()
  }

  /** A character that belongs to no word; a group is no longer than a word may be. */
  #pass(): void {
    this.#position++
    if (this.#position - this.#groups.start >= MAX_WORD_CHARS) this.#endGroups()
  }

  /** The place in the piece where a word that begins at `from` is as long as it may be, alone or with its group. */
  #room(from: number): number {
    const { start } = this.#groups
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
    const { spaced, escaped, lines, pieces, tagged } = this.#groups
    const word = this.#word
    const start = this.#position - word.length
    const isTag = separator === TAG_BEGIN
    const goesOn = word.length > 1 && isContinued(word, separator)
    if (pieces.start !== Infinity || goesOn || (joins && !isTag))
      this.#addPiece(pieces, word, start, separator, goesOn || (joins && !isTag))
    if (tagged.start !== Infinity || (joins && isTag)) this.#addPiece(tagged, word, start, separator, joins && isTag)
    const isLine = lines.start !== Infinity && this.#addLine(word, separator)
    if (!isLine) {
      const isShort = word.length < MIN_BASE64_CHARS && LETTERS_AND_SIGNS.test(word)
      if (!isShort || this.#lead !== null || escaped.start !== Infinity) this.#closeRuns(word, start, separator)
      else if (word.length === 1 || spaced.start !== Infinity || mayOpenGroup(word, separator)) this.#closeSpaced(word, start, separator)
    }
    this.#word = ''
    this.#seenChars = 0
  }

  #addPiece(pieces: PieceGroup, word: string, start: number, separator: number, joins: boolean): void {
    const seen = foldedOf(word)?.text ?? word
    const taken = pieces.start === Infinity ? 'other' : pieces.add(seen, start, this.#position)
    if (taken !== 'other' && pieces.separate(separator)) return
    this.#groups.endPieces(pieces)
    // What stood between two pieces, as it seemed, may be the first of others.
    if (taken === 'piece' || !joins) return
    pieces.before = this.#contextAt(start)
    pieces.open(seen, word, start, this.#position)
    if (!pieces.separate(separator)) this.#groups.endPieces(pieces)
  }

  /** Whether the word is a line of the group that is open, or stands between lines; ends the group if it is not, or the last. */
  #addLine(word: string, separator: number): boolean {
    const { lines } = this.#groups
    const taken = lines.add(foldedOf(word)?.text ?? word, this.#position)
    if (taken !== 'taken' || !lines.separate(separator)) this.#groups.endLines()
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
    const raw = last && runs.at(-1)!.end === seen.length ? seen.slice(runs.at(-1)!.start) : ''
    const isLine = last !== null && LineGroup.mayOpen(last, raw, separator)
    const others = isLine ? placed.filter((run) => run !== last) : placed
    this.#groups.take(others, word, start, (at) => this.#contextAt(at))
    if (this.#groups.escaped.start !== Infinity && separator !== 0) this.#groups.passEscaped(separator)
    if (isLine) {
      this.#groups.lines.open({ run: last, before: this.#contextAt(last.start) }, raw)
      this.#lead = null
      return
    }
    if (this.#groups.spaced.start !== Infinity) this.#closeSpaced(seen, start, separator)
    else if (seen.length <= MAX_CODE_CHARS || seen.includes('=')) {
      const value = behindEquals(seen)
      const at = seen.length - value.length
      if (mayOpenGroup(value, separator)) this.#closeSpaced(value, start + (folded ? folded.starts[at]! : at), separator)
    }
    this.#lead = lineLead
  }

  #closeSpaced(word: string, start: number, separator: number): void {
    const { spaced } = this.#groups
    this.#groups.emitSpaced(spaced.add(word, start, this.#position))
    if (spaced.start === start) spaced.before = this.#contextAt(start)
    this.#groups.emitSpaced(spaced.separate(separator))
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
    for (const run of runs) this.#groups.emit(run, this.#contextAt(run.start))
    const end = this.#position - (word.length - keptChars)
    this.#lead = runs.at(-1)?.end === end ? leadOf(runs.at(-1)!) : null
    this.#word = word.slice(keptChars)
    this.#before = word.slice(Math.max(0, keptChars - PLAIN_CHARS), keptChars)
    this.#seenChars = 0
  }

  #place(runs: readonly Run[], folded: Folded | null): readonly EncodedRun[] {
    return placeRuns(runs, this.#word, folded, this.#position - this.#word.length, this.#lead)
  }

  /** What stands before a place in the word, up to the last run. */
  #contextAt(start: number): string {
    const from = this.#position - this.#word.length
    const text = this.#before + this.#word.slice(0, start - from)
    const chars = Math.min(PLAIN_CHARS, start - this.#groups.lastEnd)
    return chars > 0 ? text.slice(-chars) : ''
  }

  /** False without any. The end of one leads what follows. */
  #endGroups(): boolean {
    if (this.#groups.start === Infinity) return false
    const last = this.#groups.endAll()
    if (last) this.#lead = leadOf(last)
    return true
  }
}

const lastChars = (before: string, text: string): string =>
  text.length >= PLAIN_CHARS ? text.slice(-PLAIN_CHARS) : (before + text).slice(-PLAIN_CHARS)

/** What is given to a name: the value may be the first word of a group. */
const behindEquals = (word: string): string => word.slice(word.lastIndexOf('=') + 1) || word

/** Whether a line goes on behind the word. */
const isContinued = (word: string, separator: number): boolean => word.endsWith('\\') && isLineEnd(separator)

/** No run is in fewer of these than base64 has at least. */
const LETTERS_AND_SIGNS = /^[A-Za-z0-9+/_.~@-]*$/

/** Lines of base64 are one. */
function leadBehind(last: Pick<EncodedRun, 'start' | 'end' | 'encoding' | 'text'>, separator: number, isPadded: boolean): Lead | null {
  const isLine = isLineEnd(separator) && last.end - last.start >= MIN_LINE_CHARS
  return isLine && last.encoding === 'base64' && !isPadded ? leadOf(last) : null
}

const leadOf = ({ encoding, text }: Pick<EncodedRun, 'encoding' | 'text'>): Lead => ({ encoding, text: text.slice(-LEAD_CHARS) })
