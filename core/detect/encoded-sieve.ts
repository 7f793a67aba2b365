// The loop over ordinary words when looking for encoded text: a table that knows lengths and kinds of characters tells most words at one look-up
// per character, and one pass over the units of a word tells the others. No word is cut out of the text before it may hold something.
import { joinsAt, mayOpen } from './encoded-ahead.ts'
import { isBetween, isBetweenCodes, MAX_CODE_CHARS } from './encoded-groups.ts'
import { mayPart } from './encoded-pieces.ts'
import { mayBeFirst, mayBeSecond, mayBeThird, mayHoldEscape, mayHoldLong, mayHoldPadded, mayHoldShort } from './encoded-shapes.ts'
import { BESIDE_ESCAPES, DENSE, EQUALS, ESCAPES, kindsOfUnits, NAMES, OTHER, UNSEEN, WORD } from './encoded-units.ts'
import { MAX_WORD_CHARS, MIN_BASE64_CHARS, SURE_BASE64_CHARS } from './encoded-words.ts'

// What a unit is to the table.
const APART = 0
/** Between the words of groups, of most or of codes only. */
const BETWEEN = 1
const BETWEEN_CODES = 2
/** The same, and may part two pieces of a value. */
const PARTS = 3
const PLAIN = 4
/** No short run of base64 or hex is without capitals and digits. */
const CAPITAL = 5
const DIGIT = 6
const SIGN_EQUALS = 7
/** The word has to be looked at, whatever it is. */
const ODD = 8
const PASSED = 9

// Bits beside it: what may be the first, second and third character of four of base64 (`mayBeThree`), a digit in hex, the first digit of hex,
// the letter of a prefix of hex or of codes, the letter that code points begin with.
const FIRST_OF_FOUR = 0x10
const SECOND_OF_FOUR = 0x20
const THIRD_OF_FOUR = 0x40
const OF_FOUR = [FIRST_OF_FOUR, SECOND_OF_FOUR, THIRD_OF_FOUR]
const HEX_DIGIT = 0x80
const FIRST_OF_HEX = 0x100
const PREFIX_OF_HEX = 0x200
const PREFIX_OF_CODES = 0x400
const FIRST_OF_POINT = 0x800
const WHAT = 0xf

function traitsOf(kind: number, unit: number): number {
  if (kind === UNSEEN) return PASSED
  if ((kind & (ESCAPES | NAMES | OTHER)) !== 0) return ODD
  if ((kind & EQUALS) !== 0) return SIGN_EQUALS
  if ((kind & WORD) === 0) return mayPart(unit) ? PARTS : isBetween(unit) ? BETWEEN : isBetweenCodes(unit) ? BETWEEN_CODES : APART
  const character = String.fromCharCode(unit)
  const bit = (set: RegExp, value: number): number => (set.test(character) ? value : 0)
  return (
    ((kind & DENSE) === 0 ? PLAIN : unit > 64 ? CAPITAL : DIGIT) |
    (mayBeThird(unit) ? THIRD_OF_FOUR : 0) |
    (mayBeSecond(unit) ? SECOND_OF_FOUR : 0) |
    (mayBeFirst(unit) ? FIRST_OF_FOUR : 0) |
    bit(/[0-9a-fA-F]/, HEX_DIGIT) |
    bit(/[02-7]/, FIRST_OF_HEX) |
    bit(/[xX]/, PREFIX_OF_HEX) |
    bit(/[oObB]/, PREFIX_OF_CODES) |
    bit(/[uU]/, FIRST_OF_POINT)
  )
}

/** In a word: how long it is so far, what is in it, and what all of it may be. */
interface WordState {
  readonly length: number
  readonly isDense: boolean
  readonly hasEquals: boolean
  readonly isBase64: boolean
  readonly isHex: boolean
  readonly isCode: boolean
  readonly isPoint: boolean
}

const OUTSIDE: WordState = {
  length: 0,
  isDense: false,
  hasEquals: false,
  isBase64: false,
  isHex: false,
  isCode: false,
  isPoint: false,
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
  /** By UTF-16 unit; units that the table has to tell apart. */
  readonly classes: Uint8Array
  /** By `state + class`; a state is a multiple of the number of classes, 0 is outside of words. */
  readonly next: Uint16Array
  /** By state. */
  readonly lengths: Uint8Array
}

let made: Sieve | null = null

const sieve = (): Sieve => (made ??= makeSieve())

function makeSieve(): Sieve {
  const indices = new Map<number, number>()
  const classes = kindsOfUnits().map((kind, unit) => indexOf(indices, traitsOf(kind, unit)))
  const states = new Map([[keyOf(OUTSIDE), 0]])
  const waiting = [OUTSIDE]
  const next: number[] = []
  const lengths: number[] = []
  for (const state of waiting) {
    lengths[next.length] = state.length
    for (const traits of indices.keys()) {
      const behind = stateBehind(state, traits)
      if (typeof behind !== 'number' && !states.has(keyOf(behind))) waiting.push(behind)
      next.push(typeof behind === 'number' ? behind : indexOf(states, keyOf(behind)) * indices.size)
    }
  }
  return { classes, next: Uint16Array.from(next), lengths: Uint8Array.from(lengths) }
}

const keyOf = (state: WordState): string => JSON.stringify(state)

function indexOf<K>(indices: Map<K, number>, key: K): number {
  const index = indices.get(key) ?? indices.size
  indices.set(key, index)
  return index
}

function stateBehind(state: WordState, traits: number): WordState | number {
  const { length } = state
  const what = traits & WHAT
  if (what === ODD || (what === PASSED && length > 0)) return LOOK + length
  if (what === PASSED) return 0
  if (what <= PARTS) return length === 0 ? 0 : ended(state, what)
  if (length + 1 === SURE_BASE64_CHARS) return LOOK + length
  const isDense = state.isDense || what === CAPITAL || what === DIGIT
  const hasEquals = state.hasEquals || what === SIGN_EQUALS
  // What is given to a name is looked at, whatever it is.
  if (hasEquals) return { ...OUTSIDE, length: length + 1, isDense, hasEquals }
  const isHexDigit = (traits & HEX_DIGIT) !== 0
  const isPrefix = (prefix: number): boolean => length === 1 && (traits & prefix) !== 0
  return {
    length: length + 1,
    isDense,
    hasEquals,
    isBase64: length < 8 && (length === 0 || state.isBase64) && ((length & 3) === 3 || (traits & OF_FOUR[length & 3]!) !== 0),
    isHex: length === 0 ? (traits & FIRST_OF_HEX) !== 0 : length < 8 && state.isHex && (isHexDigit || isPrefix(PREFIX_OF_HEX)),
    isCode: length === 0 ? what === DIGIT : length < MAX_CODE_CHARS && state.isCode && (what === DIGIT || isPrefix(PREFIX_OF_CODES)),
    isPoint: length === 0 ? (traits & FIRST_OF_POINT) !== 0 : length < MAX_CODE_CHARS && state.isPoint,
  }
}

/** What to look for in a word of less than the sure length; 0 for nothing. */
function ended({ length, isDense, hasEquals, isBase64, isHex, isCode, isPoint }: WordState, separator: number): number {
  const hasValue = hasEquals && length > 2
  const opensCodes = length > 1 && (isCode || (isPoint && isDense))
  const opens = length === 1 || (isBase64 && (length & 3) === 0) || (isHex && (length & 1) === 0)
  const looks =
    (length >= MIN_BASE64_CHARS && isDense ? MAY_HOLD : 0) |
    (hasValue ? MAY_BE_PADDED : 0) |
    ((separator !== APART && (opensCodes || hasValue)) || (separator === BETWEEN && opens) || (separator === PARTS && length === 1)
      ? MAY_OPEN
      : 0) |
    (separator === PARTS ? MAY_JOIN : 0)
  return looks === 0 ? 0 : ENDED | looks | length
}

/**
 * Where the first word begins that may hold an encoded run or open a group, or the word at the end. `looksAhead`: words that open no group are told
 * by those behind them.
 */
export function skipWords(units: Uint16Array, from: number, end: number, looksAhead = true): number {
  const { classes, next, lengths } = sieve()
  let state = 0
  for (let i = from; ; i++) {
    // Nothing is called in this loop, so that the engine keeps all that it needs in registers.
    for (; i < end && (state = next[state + classes[units[i]!]!]!) < ENDED; i++);
    if (i >= end) break
    if (state < LOOK) {
      if (isInteresting(units, i, looksAhead ? end : i + 1, state)) return i - (state & ENDED_LENGTH)
      state = 0
      continue
    }
    const start = i - (state - LOOK)
    const wordEnd = endOfDull(units, start, end, looksAhead)
    if (wordEnd < 0) return start
    i = wordEnd
    state = 0
  }
  return end - lengths[state]!
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
function endOfDull(units: Uint16Array, start: number, end: number, looksAhead: boolean): number {
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
  const ahead = looksAhead ? end : at + 1
  if (at === end || at - start >= MAX_WORD_CHARS || mayHold(units, start, at, kinds) || joinsAt(units, at, ahead)) return -1
  if (units[at - 1] === 92 && (units[at] === 10 || units[at] === 13)) return -1
  return mayOpen(units, (kinds & EQUALS) === 0 ? start : behindEquals(units, start, at), at, ahead) ? -1 : at
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
