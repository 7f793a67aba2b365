// How a text looks to detectors: full-width and other compatibility forms as plain characters, foreign digits as 0–9, invisible and
// bidi characters gone. Folding works character by character, so offsets are those of the original text at every moment, in streams as well.
import { LOOK_ALIKES, plainOfSymbol } from './look-alikes.ts'

/** Stands for a unit that detectors do not see. */
const INVISIBLE = -1
/** Stands for a unit that counts as several: see `expansionOf`. */
export const EXPANDED = -2

/** Soft hyphen, joiners, fillers, zero-width, bidi controls, variation selectors, byte order mark: ranges, both ends inclusive. */
const INVISIBLE_UNITS: readonly (readonly [from: number, to: number])[] = [
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
  [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
]

/** Accents and strokes that stand behind the letter they belong to. Vowel signs of scripts that write words with them are letters, not these. */
export const MARK_UNITS: readonly (readonly [from: number, to: number])[] = [
  [0x300, 0x34e],
  [0x350, 0x36f],
  [0x1ab0, 0x1aff],
  [0x1dc0, 0x1dff],
  [0x20d0, 0x20ff],
  [0xfe20, 0xfe2f],
]
const DIGIT = /^\p{Nd}$/u

let table: Int32Array<ArrayBuffer> | null = null

/** For each UTF-16 unit the unit it counts as, or a negative number: invisible, or EXPANDED. Made once, on first use. */
export function foldTable(): Int32Array<ArrayBuffer> {
  table ??= Int32Array.from({ length: 0x10000 }, (_, unit) => (unit < 0x80 ? unit : foldUnit(unit)))
  return table
}

function foldUnit(unit: number): number {
  if (unit >= 0xd800 && unit <= 0xf8ff) return unit
  if (INVISIBLE_UNITS.some(([from, to]) => unit >= from && unit <= to)) return INVISIBLE
  return foldCharacter(unit) ?? (expansionOf(unit) === null ? unit : EXPANDED)
}

/** What a code point above U+FFFF counts as; U+FFFF for most, which no pattern names. */
export function foldAstral(codePoint: number): number {
  // Tags and variation selectors beyond the basic plane.
  if (codePoint >= 0xe0000 && codePoint <= 0xe01ef) return INVISIBLE
  return foldCharacter(codePoint) ?? (expansionOf(codePoint) === null ? 0xffff : EXPANDED)
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

const PLAIN = /^[\x00-\x7f]*$/

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
    const unit = codePoint > 0xffff ? foldAstral(codePoint) : fold[codePoint]!
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

function isMark(unit: number): boolean {
  return unit >= 0x300 && MARK_UNITS.some(([from, to]) => unit >= from && unit <= to)
}
