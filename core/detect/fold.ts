// How a text looks to detectors: full-width and other compatibility forms as plain characters, foreign digits as 0–9, invisible and
// bidi characters gone. Folding works character by character, so offsets are those of the original text at every moment, in streams as well.
import { LOOK_ALIKES, plainOfSymbol } from './look-alikes.ts'

/** Stands for a unit that detectors do not see. */
export const INVISIBLE = -1
/** Stands for a unit that counts as several: see `expansionOf`. */
export const EXPANDED = -2

/**
 * Controls but for those that part lines and words, soft hyphen, joiners, fillers, zero-width, bidi controls, variation selectors, byte order
 * mark, second halves of a pair that stand alone: ranges, both ends inclusive.
 */
const INVISIBLE_UNITS: readonly (readonly [from: number, to: number])[] = [
  [0, 8],
  [0xe, 0x1f],
  [0x7f, 0x84],
  [0x86, 0x9f],
  [0xad, 0xad],
  [0x34f, 0x34f],
  [0x61c, 0x61c],
  [0x115f, 0x1160],
  [0x17b4, 0x17b5],
  [0x180b, 0x180f],
  [0x200b, 0x200f],
  [0x202a, 0x202e],
  [0x2060, 0x206f],
  [0x3164, 0x3164],
  [0xdc00, 0xdfff],
  [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
  [0xfff0, 0xfffc],
]

/**
 * Accents, strokes and points that stand behind the letter they belong to. Vowel signs of scripts that write words with them are letters, not
 * these; Hebrew and Arabic are written without.
 */
export const MARK_UNITS: readonly (readonly [from: number, to: number])[] = [
  [0x300, 0x34e],
  [0x350, 0x36f],
  [0x483, 0x489],
  [0x591, 0x5bd],
  [0x5bf, 0x5bf],
  [0x5c1, 0x5c2],
  [0x5c4, 0x5c5],
  [0x5c7, 0x5c7],
  [0x610, 0x61a],
  [0x64b, 0x65f],
  [0x670, 0x670],
  [0x6d6, 0x6dc],
  [0x6df, 0x6e4],
  [0x6e7, 0x6e8],
  [0x6ea, 0x6ed],
  [0x711, 0x711],
  [0x730, 0x74a],
  [0x1ab0, 0x1aff],
  [0x1dc0, 0x1dff],
  [0x20d0, 0x20ff],
  [0xfe20, 0xfe2f],
]
const DIGIT = /^\p{Nd}$/u

let table: Int32Array<ArrayBuffer> | null = null

/** For each UTF-16 unit the unit it counts as, or a negative number: invisible, or EXPANDED. Made once, on first use. */
export function foldTable(): Int32Array<ArrayBuffer> {
  if (!table) for (const steps = foldTableInSteps(); !steps.next().done;);
  return table!
}

/** Units between two pauses. */
const STEP = 1024

/** Makes it with pauses, a millisecond apart; `foldTable` has it then. */
export function* foldTableInSteps(): Generator<void, void> {
  if (table) return
  const made = new Int32Array(0x10000)
  for (let unit = 0; unit < made.length; unit++) {
    made[unit] = foldUnit(unit)
    if (unit % STEP === STEP - 1) yield
  }
  table = made
}

function foldUnit(unit: number): number {
  // First halves, and characters for private use.
  if ((unit >= 0xd800 && unit <= 0xdbff) || (unit >= 0xe000 && unit <= 0xf8ff)) return unit
  if (unit >= 0x20 && unit < 0x7f) return unit
  // Han, Yi and Hangul, two units of three: each stands for itself, and asking takes a tenth of a second of every start.
  if ((unit >= 0x3400 && unit <= 0xa48c) || (unit >= 0xac00 && unit <= 0xd7a3)) return unit
  if (INVISIBLE_UNITS.some(([from, to]) => unit >= from && unit <= to)) return INVISIBLE
  return foldCharacter(unit) ?? (expansionOf(unit) === null ? unit : EXPANDED)
}

/** What a code point above U+FFFF counts as; U+FFFF for most, which no pattern names. */
export function foldAstral(codePoint: number): number {
  if (isUnseenAstral(codePoint)) return INVISIBLE
  return foldCharacter(codePoint) ?? (expansionOf(codePoint) === null ? 0xffff : EXPANDED)
}

/** Tags and variation selectors, format controls, marks of scripts beyond the basic plane. Emoji, most of all, are told at once. */
function isUnseenAstral(codePoint: number): boolean {
  if (codePoint >= 0xe0000 && codePoint <= 0xe0fff) return true
  if (codePoint >= 0x1f000) return false
  return /^[\p{Mn}\p{Me}\p{Cf}]$/u.test(String.fromCodePoint(codePoint))
}

function foldCharacter(codePoint: number): number | null {
  const plain = plainOfSymbol(codePoint) ?? String.fromCodePoint(codePoint).normalize('NFKC')
  if (DIGIT.test(plain)) return 48 + digitValue(plain.codePointAt(0)!)
  return plain.length === 1 ? plain.charCodeAt(0) : null
}

/** What a character counts as if that is several plain ones: `fi` for the ligature, `MHz`, `12` in a circle; null otherwise. */
export function expansionOf(codePoint: number): string | null {
  const plain = plainOfSymbol(codePoint) ?? String.fromCodePoint(codePoint).normalize('NFKC')
  return plain.length > 1 && /[0-9A-Za-z]/.test(plain) && !/[\ud800-\udfff]/.test(plain) ? plain : null
}

/** Decimal digits of every script stand in runs of ten, in order. */
function digitValue(codePoint: number): number {
  let zero = codePoint
  while (codePoint - zero < 9 && DIGIT.test(String.fromCodePoint(zero - 1))) zero--
  return codePoint - zero
}

const PLAIN = /^[\t-\r\x20-\x7e]*$/

/** Folding does not change such a text. */
export function isPlain(text: string): boolean {
  return PLAIN.test(text)
}

/** The text as detectors see it, without marks. */
export function foldText(text: string): string {
  return PLAIN.test(text) ? text : foldWithOffsets(text).text
}

/** The text as it may be read: folded, and folded with look-alikes taken for what they look like, where that differs. */
export function readingsOf(text: string): readonly string[] {
  if (PLAIN.test(text)) return [text]
  const folded = foldText(text)
  const alike = takeForPlain(folded)
  return alike === folded ? [folded] : [folded, alike]
}

/** Unit by unit: a look-alike becomes what it looks like. */
export function takeForPlain(folded: string): string {
  if (PLAIN.test(folded)) return folded
  let plain = ''
  for (let i = 0; i < folded.length; i++) {
    const unit = folded.charCodeAt(i)
    plain += String.fromCharCode(LOOK_ALIKES.get(unit) ?? unit)
  }
  return plain
}

export interface Folded {
  readonly text: string
  /** By unit of `text`: where the character that it stands for begins in the original; one more for the end of the text. */
  readonly starts: readonly number[]
  /** By unit of `text`: where that character ends, its marks included. */
  readonly ends: readonly number[]
}

/** The text as detectors see it, with the place of each unit in the original. */
export function foldWithOffsets(text: string): Folded {
  const fold = foldTable()
  const starts: number[] = []
  const ends: number[] = []
  let folded = ''
  for (let i = 0; i < text.length; i++) {
    const start = i
    const codePoint = text.codePointAt(i)!
    const unit = codePoint > 0xffff ? foldAstral(codePoint) : isFirstHalf(codePoint) ? INVISIBLE : fold[codePoint]!
    if (codePoint > 0xffff) i++
    if (isMark(unit) && ends.length > 0) ends[ends.length - 1] = i + 1
    if (unit === INVISIBLE || isMark(unit)) continue
    const seen = unit === EXPANDED ? expansionOf(codePoint)! : String.fromCharCode(unit)
    folded += seen
    for (let k = 0; k < seen.length; k++) {
      starts.push(start)
      ends.push(i + 1)
    }
  }
  starts.push(text.length)
  return { text: folded, starts, ends }
}

/** Of a pair, which stands alone here. */
const isFirstHalf = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff

function isMark(unit: number): boolean {
  return unit >= 0x300 && MARK_UNITS.some(([from, to]) => unit >= from && unit <= to)
}
