// How a text looks to detectors with `normalize marks`: what readers do not see becomes a letter that says what it is, and what they do see
// becomes a letter for its kind. One unit for each unit, so that offsets are those of the text, in streams as well.
import { setImmediate as nextTurn } from 'node:timers/promises'

/**
 * What stands for what. Dot: letters and digits; comma: those of scripts that join their letters (Arabic, scripts of India and their like),
 * where joiners are orthography; `*`: pictographs; blank: all else that is seen. Not seen: `z` zero-width, `s` soft hyphen, `d` direction
 * marks, `o` direction overrides, `t` tags, `v` variation selectors, `f` fillers and controls without a look.
 */
type Mark = '.' | ',' | '*' | ' ' | 'z' | 's' | 'd' | 'o' | 't' | 'v' | 'f'

type Ranges = readonly (readonly [from: number, to: number])[]

const HIDDEN: readonly (readonly [Mark, Ranges])[] = [
  ['s', [[0xad, 0xad]]],
  [
    'z',
    [
      [0x34f, 0x34f],
      [0x180e, 0x180e],
      [0x200b, 0x200d],
      [0x2060, 0x2064],
      [0xfeff, 0xfeff],
    ],
  ],
  [
    'd',
    [
      [0x61c, 0x61c],
      [0x200e, 0x200f],
      [0x202a, 0x202c],
      [0x2066, 0x2069],
    ],
  ],
  ['o', [[0x202d, 0x202e]]],
  [
    'v',
    [
      [0x180b, 0x180d],
      [0x180f, 0x180f],
      [0xfe00, 0xfe0f],
      [0xe0100, 0xe01ef],
    ],
  ],
  ['t', [[0xe0000, 0xe007f]]],
  [
    'f',
    [
      [0x115f, 0x1160],
      [0x17b4, 0x17b5],
      [0x206a, 0x206f],
      [0x3164, 0x3164],
      [0xffa0, 0xffa0],
      [0xfff9, 0xfffb],
      [0x1d173, 0x1d17a],
    ],
  ],
]
/** All of the above, by UTF-16 unit; beyond the basic plane by first halves, which stand for little else. */
const MAY_HIDE = new RegExp(
  `[${HIDDEN.flatMap(([, ranges]) => ranges.map(([from, to]) => `${firstUnit(from)}-${firstUnit(to)}`)).join('')}]`,
)
const JOINING =
  /[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Nko}\p{Script=Mongolian}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gurmukhi}\p{Script=Gujarati}\p{Script=Oriya}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}\p{Script=Thai}\p{Script=Lao}\p{Script=Tibetan}\p{Script=Myanmar}\p{Script=Khmer}]/u
const PICTOGRAPH = /[\p{Extended_Pictographic}\p{Emoji_Modifier}\p{Regional_Indicator}]/u
const LETTER = /[\p{L}\p{N}\p{M}]/u

/** The text in marks; null if nothing in it is hidden. */
export function marksOf(text: string): string | null {
  return MAY_HIDE.test(text) ? allMarksOf(text) : null
}

/** Half a millisecond of work. */
const STEP_CHARS = 65_536

/** The same, with pauses for the event loop. */
export async function marksInSteps(text: string): Promise<string | null> {
  if (text.length <= STEP_CHARS || !MAY_HIDE.test(text)) return marksOf(text)
  const marks: string[] = []
  for (let at = 0; at < text.length;) {
    const end = Math.min(text.length, at + STEP_CHARS)
    // Both halves of a pair are read together.
    const isParted = end < text.length && text.charCodeAt(end - 1) >= 0xd800 && text.charCodeAt(end - 1) <= 0xdbff
    const to = isParted ? end - 1 : end
    marks.push(allMarksOf(text.slice(at, to)))
    at = to
    await nextTurn()
  }
  return marks.join('')
}

function firstUnit(codePoint: number): string {
  return `\\u${String.fromCodePoint(codePoint).charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** Marks of the basic plane as character codes; made once, on first use. */
let table: Uint8Array<ArrayBuffer> | null = null

/** Makes the table, with pauses for the event loop. */
export function* tableOfMarks(): Generator<void, void> {
  if (table) return
  const made = new Uint8Array(0x10000)
  for (let unit = 0; unit < made.length; unit++) {
    made[unit] = markOf(unit).charCodeAt(0)
    if (unit % TABLE_STEP === 0) yield
  }
  table = made
}

const TABLE_STEP = 1024

/** The text in marks, whatever is in it. A half of a surrogate pair counts as seen. */
export function allMarksOf(text: string): string {
  table ??= Uint8Array.from({ length: 0x10000 }, (_, unit) => markOf(unit).charCodeAt(0))
  const marks = Buffer.allocUnsafe(text.length)
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    marks[i] = table[unit]!
    if (unit < 0xd800 || unit > 0xdbff) continue
    const codePoint = text.codePointAt(i)!
    if (codePoint <= 0xffff) continue
    marks[i] = markOf(codePoint).charCodeAt(0)
    marks[i + 1] = marks[i]!
    i++
  }
  return marks.toString('latin1')
}

function markOf(codePoint: number): Mark {
  for (const [mark, ranges] of HIDDEN) if (ranges.some(([from, to]) => codePoint >= from && codePoint <= to)) return mark
  const character = String.fromCodePoint(codePoint)
  if (JOINING.test(character)) return ','
  if (codePoint > 0x7f && PICTOGRAPH.test(character)) return '*'
  return LETTER.test(character) ? '.' : ' '
}
