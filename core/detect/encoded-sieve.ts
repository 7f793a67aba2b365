// The loop over ordinary words when looking for encoded text: a table that knows lengths and kinds of characters tells most words at one look-up
// per character, and one pass over the units of a word tells the others. No word is cut out of the text before it may hold something.
import { joinsAt, mayOpen } from './encoded-ahead.ts'
import { isBetween, isBetweenCodes, MAX_CODE_CHARS } from './encoded-groups.ts'
import { mayPart } from './encoded-pieces.ts'
import { mayHoldEscape, mayHoldLong, mayHoldPadded, mayHoldShort } from './encoded-shapes.ts'
import { BESIDE_ESCAPES, DENSE, EQUALS, ESCAPES, kindsOfUnits, NAMES, OTHER, UNSEEN, WORD } from './encoded-units.ts'
import { MAX_WORD_CHARS, MIN_BASE64_CHARS, SURE_BASE64_CHARS } from './encoded-words.ts'

// Classes of units.
const APART = 0
/** Between the words of groups, of most or of codes only. */
const BETWEEN = 1
const BETWEEN_CODES = 2
/** The same, and may part two pieces of a value. */
const PARTS = 3
const PLAIN = 4
const CAPITAL = 5
const DIGIT = 6
/** Digits that bytes in hex begin with. */
const HEX_FIRST = 7
/** Code points begin with it. */
const LETTER_U = 8
const CAPITAL_U = 9
const SIGN_EQUALS = 10
/** The word has to be looked at, whatever it is. */
const ODD = 11
const PASSED = 12
const CLASSES = 13

function classOf(kind: number, unit: number): number {
  if (kind === UNSEEN) return PASSED
  if ((kind & (ESCAPES | NAMES | OTHER)) !== 0) return ODD
  if ((kind & EQUALS) !== 0) return SIGN_EQUALS
  if (unit === 85 || unit === 117) return unit === 85 ? CAPITAL_U : LETTER_U
  if ((kind & DENSE) !== 0) return unit > 64 ? CAPITAL : unit === 49 || unit > 55 ? DIGIT : HEX_FIRST
  if ((kind & WORD) !== 0) return PLAIN
  if (mayPart(unit)) return PARTS
  return isBetween(unit) ? BETWEEN : isBetweenCodes(unit) ? BETWEEN_CODES : APART
}

/** In a word: how long it is so far, and what is in it. */
interface WordState {
  readonly length: number
  readonly isDense: boolean
  readonly hasEquals: boolean
  readonly beginsHex: boolean
  readonly beginsCode: boolean
}

/** From here on a state says that a word has to be looked at, of which so many characters have been read. */
const LOOK = 0x8000
/** From here on, that a short word has ended, how long it is and what to look for. */
const ENDED = 0x4000
const ENDED_LENGTH = 0xf
const MAY_HOLD = 0x10
const MAY_BE_PADDED = 0x20
const MAY_OPEN = 0x40
const MAY_JOIN = 0x80

interface Sieve {
  readonly classes: Uint8Array
  /** By `state + class`; states are multiples of CLASSES, 0 is outside of words. */
  readonly next: Uint16Array
  /** By `state / CLASSES`. */
  readonly lengths: Uint8Array
}

let made: Sieve | null = null

const sieve = (): Sieve => (made ??= makeSieve())

function makeSieve(): Sieve {
  const classes = kindsOfUnits().map(classOf)
  const states: WordState[] = [{ length: 0, isDense: false, hasEquals: false, beginsHex: false, beginsCode: false }]
  const indices = new Map<string, number>()
  const next: number[] = []
  for (let i = 0; i < states.length; i++) {
    for (let seen = 0; seen < CLASSES; seen++) {
      const state = behind(states[i]!, seen)
      if (typeof state === 'number') {
        next.push(state)
        continue
      }
      const key = JSON.stringify(state)
      if (!indices.has(key)) indices.set(key, states.push(state) - 1)
      next.push(indices.get(key)! * CLASSES)
    }
  }
  return { classes, next: Uint16Array.from(next), lengths: Uint8Array.from(states, ({ length }) => length) }
}

function behind(state: WordState, seen: number): WordState | number {
  const { length, beginsHex, beginsCode } = state
  if (seen === ODD || (seen === PASSED && length > 0)) return LOOK + length
  if (seen === PASSED) return 0
  if (seen <= PARTS) return length === 0 ? 0 : ended(state, seen)
  if (length + 1 === SURE_BASE64_CHARS) return LOOK + length
  const isFirst = length === 0
  const isDigit = seen === DIGIT || seen === HEX_FIRST
  return {
    length: length + 1,
    isDense: state.isDense || isDigit || seen === CAPITAL || seen === CAPITAL_U,
    hasEquals: state.hasEquals || seen === SIGN_EQUALS,
    beginsHex: isFirst ? seen === HEX_FIRST : beginsHex,
    beginsCode: isFirst ? isDigit || seen === LETTER_U || seen === CAPITAL_U : beginsCode,
  }
}

/** What to look for in a word of less than the sure length; 0 for nothing. */
function ended({ length, isDense, hasEquals, beginsHex, beginsCode }: WordState, separator: number): number {
  const hasValue = hasEquals && length > 2
  const isCode = beginsCode && isDense && length > 1 && length <= MAX_CODE_CHARS
  const isOfGroup = length === 1 || length === 4 || length === 8 || (beginsHex && (length & 1) === 0 && length < 8)
  const looks =
    (length >= MIN_BASE64_CHARS && isDense ? MAY_HOLD : 0) |
    (hasValue ? MAY_BE_PADDED : 0) |
    ((separator !== APART && (isCode || hasValue)) || (separator === BETWEEN && isOfGroup) ? MAY_OPEN : 0) |
    (separator === PARTS ? MAY_JOIN : 0)
  return looks === 0 ? 0 : ENDED | looks | length
}

/** Where the first word begins that may hold an encoded run or open a group, or the word at the end. */
export function skipWords(units: Uint16Array, from: number, end: number): number {
  const { classes, next, lengths } = sieve()
  let state = 0
  for (let i = from; i < end; i++) {
    state = next[state + classes[units[i]!]!]!
    if (state < ENDED) continue
    if (state < LOOK) {
      if (isInteresting(units, i, end, state)) return i - (state & ENDED_LENGTH)
      state = 0
      continue
    }
    const start = i - (state - LOOK)
    const wordEnd = endOfDull(units, start, end)
    if (wordEnd < 0) return start
    i = wordEnd
    state = 0
  }
  return end - lengths[state / CLASSES]!
}

/** Of a short word of plain characters that has ended at `at`. */
function isInteresting(units: Uint16Array, at: number, end: number, looks: number): boolean {
  const start = at - (looks & ENDED_LENGTH)
  if ((looks & MAY_HOLD) !== 0 && mayHoldShort(units, start, at)) return true
  if ((looks & MAY_BE_PADDED) !== 0 && mayHoldPadded(units, start, at)) return true
  if ((looks & MAY_JOIN) !== 0 && joinsAt(units, at, end)) return true
  if ((looks & MAY_OPEN) === 0) return false
  return mayOpen(units, (looks & MAY_BE_PADDED) === 0 ? start : behindEquals(units, start, at), at, end)
}

/** Where a word ends in which there is nothing; -1 if there may be something. */
function endOfDull(units: Uint16Array, start: number, end: number): number {
  const kindOf = kindsOfUnits()
  let kinds = 0
  let at = start
  for (; at < end; at++) {
    const unit = units[at]!
    const kind = kindOf[unit]!
    if (kind === BESIDE_ESCAPES) {
      if ((unit === 35 && at > start && units[at - 1] === 38) || (unit === 59 && (kinds & NAMES) !== 0)) return -1
      if ((kinds & ESCAPES) === 0) break
    } else if (kind === 0) break
    kinds |= kind
  }
  if (at === end || at - start >= MAX_WORD_CHARS || mayHold(units, start, at, kinds) || joinsAt(units, at, end)) return -1
  if (units[at - 1] === 92 && (units[at] === 10 || units[at] === 13)) return -1
  return mayOpen(units, (kinds & EQUALS) === 0 ? start : behindEquals(units, start, at), at, end) ? -1 : at
}

/** Where the value begins that is given to a name: it may be the first word of a group. */
function behindEquals(units: Uint16Array, start: number, end: number): number {
  if (units[end - 1] === 61) return start
  let at = end
  while (units[at - 1] !== 61) at--
  return at
}

/** Whether a whole word may hold a run. */
function mayHold(units: Uint16Array, start: number, end: number, kinds: number): boolean {
  const length = end - start
  if ((kinds & (UNSEEN | OTHER)) !== 0) return true
  if ((kinds & ESCAPES) !== 0 && mayHoldEscape(units, start, end)) return true
  if ((kinds & EQUALS) !== 0 && mayHoldPadded(units, start, end)) return true
  if (length >= SURE_BASE64_CHARS) return mayHoldLong(units, start, end)
  return length >= MIN_BASE64_CHARS && (kinds & DENSE) !== 0 && mayHoldShort(units, start, end)
}
