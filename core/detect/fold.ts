// How a text looks to detectors: full-width and other compatibility forms as plain characters, foreign digits as 0–9, invisible and
// bidi characters gone. Folding works unit by unit, so offsets are those of the original text at every moment, in streams as well.

/** Stands for a unit that detectors do not see. */
const INVISIBLE = -1

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
const DIGIT = /^\p{Nd}$/u

let table: Int32Array<ArrayBuffer> | null = null

/** For each UTF-16 unit the unit it counts as, or a negative number if it is invisible. Made once, on first use. */
export function foldTable(): Int32Array<ArrayBuffer> {
  table ??= Int32Array.from({ length: 0x10000 }, (_, unit) => (unit < 0x80 ? unit : foldUnit(unit)))
  return table
}

function foldUnit(unit: number): number {
  if (unit >= 0xd800 && unit <= 0xf8ff) return unit
  if (INVISIBLE_UNITS.some(([from, to]) => unit >= from && unit <= to)) return INVISIBLE
  return foldCharacter(String.fromCharCode(unit)) ?? unit
}

/** What a code point above U+FFFF counts as; U+FFFF for most, which no pattern names. */
export function foldAstral(codePoint: number): number {
  // Tags and variation selectors beyond the basic plane.
  if (codePoint >= 0xe0000 && codePoint <= 0xe01ef) return INVISIBLE
  return foldCharacter(String.fromCodePoint(codePoint)) ?? 0xffff
}

function foldCharacter(character: string): number | null {
  const plain = character.normalize('NFKC')
  if (DIGIT.test(plain)) return 48 + digitValue(plain.codePointAt(0)!)
  return plain.length === 1 ? plain.charCodeAt(0) : null
}

/** Decimal digits of every script stand in runs of ten, in order. */
function digitValue(codePoint: number): number {
  let zero = codePoint
  while (codePoint - zero < 9 && DIGIT.test(String.fromCodePoint(zero - 1))) zero--
  return codePoint - zero
}

const PLAIN = /^[\x00-\x7f]*$/

/** The text as detectors see it. */
export function foldText(text: string): string {
  return PLAIN.test(text) ? text : foldWithOffsets(text).text
}

/** The same, with the offset in the original of each unit, and one more for the end. */
export function foldWithOffsets(text: string): { readonly text: string; readonly offsets: readonly number[] } {
  const fold = foldTable()
  const offsets: number[] = []
  let folded = ''
  for (let i = 0; i < text.length; i++) {
    const start = i
    const codePoint = text.codePointAt(i)!
    const unit = codePoint > 0xffff ? foldAstral(codePoint) : fold[codePoint]!
    if (codePoint > 0xffff) i++
    if (unit < 0) continue
    folded += String.fromCharCode(unit)
    offsets.push(start)
  }
  offsets.push(text.length)
  return { text: folded, offsets }
}
