// What a literal is worth: numbers, units, dates and texts. Each function answers null (or an offset) for what is not one.

const MS_PER_UNIT: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
  ['w', 604_800_000],
])
const FACTORS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['k', 1_000],
  ['M', 1_000_000],
])

/** Unit words people write out, and the letter that is meant. */
export const UNIT_WORDS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ms: ['ms', 'milliseconds', 'millisecond', 'millis'],
    s: ['s', 'sec', 'secs', 'second', 'seconds'],
    m: ['m', 'min', 'mins', 'minute', 'minutes'],
    h: ['h', 'hr', 'hrs', 'hour', 'hours'],
    d: ['d', 'day', 'days'],
    w: ['w', 'week', 'weeks'],
    '%': ['percent', 'pct'],
    k: ['k', 'K', 'thousand'],
    M: ['M', 'million', 'millions', 'mio'],
  }).flatMap(([unit, words]) => words.map((word) => [word, unit] as const)),
)

export type NumeralKind = 'number' | 'percent' | 'duration' | 'date'

/** The kind of `200k`, `25%`, `30d`, `2027-03-31`; null for an unknown unit or misplaced `_`. */
export function kindOfNumeral(image: string): NumeralKind | null {
  if (isDateLike(image)) return 'date'
  const { digits, unit } = splitNumeral(image)
  if (/__|_$|_\./.test(digits) || hasTooManyDigits(digits)) return null
  if (unit === '%') return 'percent'
  if (FACTORS.has(unit)) return 'number'
  return MS_PER_UNIT.has(unit) ? 'duration' : null
}

/** `1_000` → 1000, `200k` → 200000, `25%` → 25, `30d` → milliseconds. */
export function valueOfNumeral(image: string): number {
  const { digits, unit } = splitNumeral(image)
  const scaled = (FACTORS.get(unit) ?? MS_PER_UNIT.get(unit) ?? 1) * Number(digits.replaceAll('_', ''))
  // 1.1M is 1100000, not 1100000.0000000001
  return Number(scaled.toPrecision(15))
}

/** Further digits could not be told apart from others, and a limit would be another than the one that is written. */
export const MAX_DIGITS = 15

export function hasTooManyDigits(digits: string): boolean {
  return digits.replaceAll(/[_.]/g, '').replace(/^0+/, '').length > MAX_DIGITS
}

export function splitNumeral(image: string): { digits: string; unit: string } {
  const digits = /^[\d_.]*/.exec(image)?.[0] ?? ''
  return { digits, unit: image.slice(digits.length) }
}

export function isDateLike(image: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(image)
}

/** Is it a day of the calendar? 2027-02-30 is not. */
export function isRealDate(image: string): boolean {
  const day = new Date(`${image}T00:00:00Z`)
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(image)
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
])
const ESCAPE = /\\(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|([^]))/g

/** The value of `"…"` with its escapes read: `\" \\ \n \r \t \u00e9 \u{1f600}`. An unknown escape stays as written. */
export function valueOfText(image: string): string {
  const inner = image.slice(1, image.length > 1 && image.endsWith('"') ? -1 : undefined)
  return inner.includes('\\') ? inner.replace(ESCAPE, (whole, braced, four, one) => readEscape(braced ?? four, one) ?? whole) : inner
}

/** Where unknown escapes stand in `"…"`, as offsets into the image. */
export function badEscapes(image: string): { offset: number; text: string }[] {
  if (!image.includes('\\')) return []
  return [...image.matchAll(ESCAPE)]
    .filter(([, braced, four, one]) => readEscape(braced ?? four, one) === null)
    .map((match) => ({ offset: match.index, text: match[0] }))
}

function readEscape(hex: string | undefined, char: string | undefined): string | null {
  if (hex !== undefined) return Number.parseInt(hex, 16) <= 0x10_ff_ff ? String.fromCodePoint(Number.parseInt(hex, 16)) : null
  return ESCAPES.get(char ?? '') ?? null
}

/** The value of `"""…"""`: nothing is escaped; a line break right after the opening goes, and so does the indentation all lines share. */
export function valueOfLongText(image: string): string {
  const lines = image.slice(3, image.endsWith('"""') && image.length >= 6 ? -3 : undefined).split(/\r?\n/)
  if (lines.length === 1) return lines[0] ?? ''
  if (lines[0]?.trim() === '') lines.shift()
  const indents = lines.filter((line) => line.trim() !== '').map((line) => line.length - line.trimStart().length)
  const shared = indents.reduce((least, indent) => Math.min(least, indent), Number.POSITIVE_INFINITY)
  if (lines.at(-1)?.trim() === '') lines[lines.length - 1] = ''
  return lines.map((line) => line.slice(shared === Number.POSITIVE_INFINITY ? 0 : shared)).join('\n')
}
