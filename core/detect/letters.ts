// What counts as a letter where a term or a word nearby must stand alone. Scripts that are written without spaces between words, and Korean,
// whose particles follow the word directly, have no such boundary: a term between their letters stands alone.
import type { Units } from './pattern.ts'

const WITHOUT_SPACES = [
  'Han',
  'Hiragana',
  'Katakana',
  'Hangul',
  'Bopomofo',
  'Thai',
  'Lao',
  'Khmer',
  'Myanmar',
  'Tai_Le',
  'New_Tai_Lue',
  'Tai_Tham',
  'Javanese',
  'Tibetan',
]
const LETTER = new RegExp(`[[\\p{L}\\p{N}]--[${WITHOUT_SPACES.map((script) => `\\p{sc=${script}}`).join('')}々〆ー]]`, 'v')

/** Whether the character beside a term would make it a part of a longer word. */
export function isLetter(character: string): boolean {
  return LETTER.test(character)
}

let units: Units | null = null

/** All such letters of the basic plane. Made once, on first use. */
export function letterUnits(): Units {
  if (units) return units
  const ranges: [number, number][] = []
  for (let unit = 0; unit < 0x10000; unit++) {
    if (!LETTER.test(String.fromCharCode(unit))) continue
    const last = ranges.at(-1)
    if (last?.[1] === unit - 1) last[1] = unit
    else ranges.push([unit, unit])
  }
  return (units = ranges)
}
