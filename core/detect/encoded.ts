// Runs of base64, hex, URL-encoding, backslash escapes and numeric entities of HTML that hold text. They are found word by word, so that a
// stream holds no more than the word that may still become one; whether it does is decided by what its beginning decodes to.
import {
  hasEscape,
  LEAD_CHARS,
  mayHoldShort,
  MIN_BASE64_CHARS,
  openFrom,
  runsIn,
  SURE_BASE64_CHARS,
  wholeChars,
  type EncodedRun,
  type Lead,
} from './encoded-words.ts'
import { PIECE_UNITS, unitsOf } from './units.ts'

export type { EncodedRun }

/** A longer word is taken in pieces; the end of one leads the next. */
export const MAX_WORD_CHARS = 2048
/** A line of wrapped base64 is at least so long. */
const MIN_LINE_CHARS = 48

/** Bits of the kind of an ASCII unit; 0 ends a word. */
const WORD = 1
const ESCAPES = 2
/** Capitals and digits; no short run of base64 or hex is without them. */
const DENSE = 4
/** Belongs to a word that has an escape: encoders of URLs leave these as they are, and entities end so. */
const BESIDE_ESCAPES = 8
const KINDS = Uint8Array.from({ length: 128 }, (_, unit) => kindOf(String.fromCharCode(unit)))

function kindOf(character: string): number {
  if (/[A-Z0-9]/.test(character)) return WORD | DENSE
  if (/[a-z+/_\-=.~&@]/.test(character)) return WORD
  if (/[%\\]/.test(character)) return ESCAPES
  return /['()*!#;{}]/.test(character) ? BESIDE_ESCAPES : 0
}

/** The fast way over ordinary words: where the first begins that `read` must look at, or the end of the text. */
function skipWords(units: Uint16Array, from: number, end: number): number {
  let start = from
  let kinds = 0
  for (let i = from; i < end; i++) {
    const unit = units[i]!
    const kind = unit < 128 ? KINDS[unit]! : 0
    if ((kind & (WORD | ESCAPES)) !== 0) {
      kinds |= kind
      continue
    }
    const length = i - start
    const isEntity = unit === 35 && length > 0 && units[i - 1] === 38
    if ((kinds & ESCAPES) !== 0 || isEntity || length >= SURE_BASE64_CHARS || (length >= MIN_BASE64_CHARS && (kinds & DENSE) !== 0))
      return start
    start = i + 1
    kinds = 0
  }
  return start
}

/** Up to here a word is looked at with every piece of it. */
const SHORT_WORD_CHARS = 64

export class EncodedRuns {
  /** Whoever takes them empties the list. */
  found: EncodedRun[] = []
  #position = 0
  #word = ''
  #lead: Lead | null = null
  /** Where a run may be open in the first `#seenChars` of the word. */
  #open = 0
  #seenChars = 0

  /** Where the first run begins that is not complete, or before; the position if there is none. */
  get firstOpen(): number {
    const { length } = this.#word
    if (length === 0) return this.#position
    // A long word is looked at again when it has grown by an eighth: as it only grows, what is not known yet is held a little longer.
    if (length < this.#seenChars || length <= SHORT_WORD_CHARS || length * 8 >= this.#seenChars * 9) {
      this.#open = openFrom(this.#word)
      this.#seenChars = length
    }
    return this.#position - length + this.#open
  }

  read(text: string): void {
    for (let at = 0; at < text.length; at += PIECE_UNITS)
      this.#readPiece(text.length <= PIECE_UNITS ? text : text.slice(at, at + PIECE_UNITS))
  }

  #readPiece(text: string): void {
    const units = unitsOf(text)
    let from = this.#word === '' ? -1 : 0
    let last = MAX_WORD_CHARS - this.#word.length
    let kinds = hasEscape(this.#word) ? ESCAPES : 0
    for (let i = 0; i < text.length; i++) {
      if (from < 0 && this.#lead === null) {
        const next = skipWords(units, i, text.length)
        this.#position += next - i
        i = next
        if (i === text.length) return
      }
      const unit = units[i]!
      let kind = unit < 128 ? KINDS[unit]! : 0
      if (kind === BESIDE_ESCAPES) {
        if (from < 0) kind = 0
        else if (unit === 35 && (i > from ? units[i - 1] === 38 : this.#word.endsWith('&'))) kind = ESCAPES
        else if ((kinds & ESCAPES) === 0) kind = 0
      }
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
        kinds = kind | (hasEscape(this.#word) ? ESCAPES : 0)
      } else if (from >= 0) {
        const length = this.#word.length + i - from
        const isWanted = length >= SURE_BASE64_CHARS || (kinds & ESCAPES) !== 0 || this.#lead !== null || this.#word !== ''
        if (isWanted || (length >= MIN_BASE64_CHARS && (kinds & DENSE) !== 0 && mayHoldShort(text.slice(from, i)))) {
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
    const runs = this.#place(runsIn(this.#word, this.#lead))
    const last = runs.at(-1)
    this.#lead = last?.end === this.#position ? leadBehind(last, separator, this.#word.endsWith('=')) : null
    this.#word = ''
    this.#seenChars = 0
  }

  /** The word is as long as it may be: its last run ends at a whole character and goes on as a run of its own. */
  #cut(): void {
    const word = this.#word
    const whole = runsIn(word, this.#lead)
    const last = whole.at(-1)
    const keptChars = last?.end === word.length ? last.start + wholeChars(last.encoding, word.slice(last.start)) : word.length
    const runs = this.#place(keptChars === word.length ? whole : runsIn(word.slice(0, keptChars), this.#lead))
    const end = this.#position - (word.length - keptChars)
    this.#lead = runs.at(-1)?.end === end ? leadOf(runs.at(-1)!) : null
    this.#word = word.slice(keptChars)
    this.#seenChars = 0
  }

  /** The runs of the word at their places in the text. */
  #place(inWord: ReturnType<typeof runsIn>): readonly EncodedRun[] {
    const from = this.#position - this.#word.length
    const lead = this.#lead
    const runs = inWord.map(({ start, end, encoding, text, lead: before = 0 }) => {
      const leads = start === 0 && lead?.encoding === encoding ? lead.text : ''
      return { start: from + start, end: from + end, encoding, text: leads + text, lead: leads.length + before }
    })
    this.found.push(...runs)
    return runs
  }
}

/** Lines of base64 are one, and so are groups of escapes with a blank between them. */
function leadBehind(last: EncodedRun, separator: number, isPadded: boolean): Lead | null {
  const { start, end, encoding, text } = last
  if (encoding === 'url' || encoding === 'escape') return separator === 32 ? { encoding, text: `${text.slice(-LEAD_CHARS)} ` } : null
  const isLine = (separator === 10 || separator === 13) && end - start >= MIN_LINE_CHARS
  return isLine && encoding === 'base64' && !isPadded ? leadOf(last) : null
}

const leadOf = ({ encoding, text }: EncodedRun): Lead => ({ encoding, text: text.slice(-LEAD_CHARS) })
