// Characters that look like a Latin letter, a digit or a separator and are none (Unicode Technical Standard 39, the commonest of them).
// To detectors they are both what they are and what they look like, so that patterns and terms in Cyrillic or Greek go on working.

/** By plain character: what looks like it, in the letters' own case. Small capitals count as small letters. */
const GROUPS: { readonly [plain: string]: string } = {
  A: 'ΑАᎪ',
  B: 'ΒВᏴ',
  C: 'СϹᏟ',
  D: 'Ꭰ',
  E: 'ΕЕᎬ',
  F: 'Ϝ',
  G: 'ԌᏀ',
  H: 'ΗНᎻ',
  I: 'ΙІӀᏆ',
  J: 'ЈͿᎫ',
  K: 'ΚКᏦ',
  L: 'ᏞԼ',
  M: 'ΜМᎷ',
  N: 'Ν',
  O: 'ΟОՕ',
  P: 'ΡРᏢ',
  Q: 'Ԛ',
  R: 'Ꭱ',
  S: 'ЅՏᏚ',
  T: 'ΤТᎢ',
  U: 'Ս',
  V: 'ѴᏙ',
  W: 'ԜᎳ',
  X: 'ΧХ',
  Y: 'ΥҮ',
  Z: 'ΖᏃ',
  a: 'аαɑᴀ',
  b: 'Ьʙ',
  c: 'сϲᴄ',
  d: 'ԁᴅ',
  e: 'еҽᴇ℮',
  f: 'ꜰ',
  g: 'ɡցɢ',
  h: 'һհʜ',
  i: 'іιɩıɪ',
  j: 'јϳᴊ',
  k: 'κкᴋ',
  l: 'ӏʟ',
  m: 'мᴍ',
  n: 'ոɴ',
  o: 'оοօσᴏ',
  p: 'рρᴘ',
  q: 'ԛգ',
  r: 'гᴦʀ',
  s: 'ѕꜱ',
  t: 'тτᴛ',
  u: 'υսᴜʋ',
  v: 'νѵᴠ',
  w: 'ԝѡաᴡ',
  x: 'хχ',
  y: 'уγүʏ',
  z: 'ᴢ',
  '3': 'ЗӠ',
  '4': 'Ч',
  '6': 'б',
  '-': '\u2010\u2011\u2012\u2013\u2212\u02d7',
  '/': '\u2044\u2215',
  ':': '\u2236\ua789',
  '.': '\u2024',
}

/** By unit: the plain unit that it looks like. */
export const LOOK_ALIKES: ReadonlyMap<number, number> = new Map(
  Object.entries(GROUPS).flatMap(([plain, others]) => others.split('').map((other) => [other.charCodeAt(0), plain.charCodeAt(0)] as const)),
)

/** Dingbat digits, and letters in black squares, black circles and flags, which no Unicode normal form resolves; null for all others. */
export function plainOfSymbol(codePoint: number): string | null {
  for (const [from, to, first] of SYMBOL_LETTERS)
    if (codePoint >= from && codePoint <= to) return String.fromCharCode(first + codePoint - from)
  if (codePoint >= 0x2776 && codePoint <= 0x2793) return String(((codePoint - 0x2776) % 10) + 1)
  if (codePoint >= 0x24eb && codePoint <= 0x24f4) return String(codePoint - 0x24eb + 11)
  return codePoint === 0x24ff ? '0' : null
}

const SYMBOL_LETTERS: readonly (readonly [from: number, to: number, first: number])[] = [
  [0x1f150, 0x1f169, 65],
  [0x1f170, 0x1f189, 65],
  [0x1f1e6, 0x1f1ff, 65],
]
