// Characters that look like a Latin letter, a digit or a separator and are none (Unicode Technical Standard 39, the commonest of them).
// To detectors they are both what they are and what they look like, so that patterns and terms in Cyrillic or Greek go on working.

/** By plain character: what looks like it, in the letters' own case. Small capitals count as small letters. */
const GROUPS: { readonly [plain: string]: string } = {
  A: 'ΑАᎪꓮⲀ',
  B: 'ΒВᏴꓐⲂɃ',
  C: 'СϹᏟꓚⲤ',
  D: 'ᎠꓓĐƊ',
  E: 'ΕЕᎬꓰⲈ',
  F: 'Ϝꓝ',
  G: 'ԌᏀꓖ',
  H: 'ΗНᎻꓧⲎĦ',
  I: 'ΙІӀᏆꓲⲒ',
  J: 'ЈͿᎫꓙ',
  K: 'ΚКᏦꓗⲔ',
  L: 'ᏞԼꓡŁ',
  M: 'ΜМᎷꓟⲘ',
  N: 'ΝꓠⲚ',
  O: 'ΟОՕꓳⲞØ',
  P: 'ΡРᏢꓑⲢ',
  Q: 'Ԛ',
  R: 'ᎡꓣᏒ',
  S: 'ЅՏᏚꓢᏕ',
  T: 'ΤТᎢꓔⲦŦ',
  U: 'Սꓴ',
  V: 'ѴᏙꓦ',
  W: 'ԜᎳꓪ',
  X: 'ΧХꓫⲬ',
  Y: 'ΥҮꓬⲨᎩ',
  Z: 'ΖᏃꓜ',
  a: 'аαɑᴀⲁ',
  b: 'ЬʙьⲃᏏƀɓ',
  c: 'сϲᴄⲥ',
  d: 'ԁᴅᏧժđɗ',
  e: 'еҽᴇ℮εⲉ',
  f: 'ꜰƒғ',
  g: 'ɡցɢ',
  h: 'һհʜⲏᏂħ',
  i: 'іιɩıɪⲓ',
  j: 'јϳᴊȷ',
  k: 'κкᴋⲕƙ',
  l: 'ӏʟǀł',
  m: 'мᴍⲙ',
  n: 'ոɴηпⲛ',
  o: 'оοօσᴏⲟø',
  p: 'рρᴘⲣƥ',
  q: 'ԛգզ',
  r: 'гᴦʀɾⲅ',
  s: 'ѕꜱʂ',
  t: 'тτᴛⲧŧƭ',
  u: 'υսᴜʋ',
  v: 'νѵᴠ',
  w: 'ԝѡաᴡω',
  x: 'хχⲭ',
  y: 'уγүʏⲩƴ',
  z: 'ᴢʐ',
  '0': '〇零',
  '1': '一壹〡',
  '2': '二贰貳〢',
  '3': 'ЗӠ三叁參〣',
  '4': 'Ч四肆〤',
  '5': '五伍〥',
  '6': 'б六陆陸〦',
  '7': '七柒〧',
  '8': '八捌〨',
  '9': '九玖〩',
  '-': '\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\u02d7\u2500\u30fc',
  '/': '\u2044\u2215',
  ':': '\u2236\ua789',
  _: '\u02cd',
  '.': '\u2024\u3002\u30fb\u00b7\u2022\u2027\u2219\u22c5',
}

/** Latin letters with accents in one character: what they are without is what they look like, as it is where the accent stands behind. */
const ACCENTED: readonly (readonly [from: number, to: number])[] = [
  [0xc0, 0x24f],
  [0x1e00, 0x1eff],
]

/** By unit: the plain unit that it looks like. */
export const LOOK_ALIKES: ReadonlyMap<number, number> = new Map([
  ...ACCENTED.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i)).flatMap(withoutAccents),
  ...Object.entries(GROUPS).flatMap(([plain, others]) =>
    others.split('').map((other) => [other.charCodeAt(0), plain.charCodeAt(0)] as const),
  ),
])

function withoutAccents(unit: number): readonly (readonly [unit: number, plain: number])[] {
  const parts = String.fromCharCode(unit).normalize('NFD')
  return /^[A-Za-z]\p{Mn}+$/u.test(parts) ? [[unit, parts.charCodeAt(0)]] : []
}

/**
 * Digits and letters in circles, squares, brackets and flags, or with a full stop or comma, which no Unicode normal form takes for what stands
 * in them; null for all others.
 */
export function plainOfSymbol(codePoint: number): string | null {
  for (const [from, to, first] of SYMBOLS) if (codePoint >= from && codePoint <= to) return String.fromCharCode(first + codePoint - from)
  for (const [from, to, first] of NUMBERS) if (codePoint >= from && codePoint <= to) return String(first + codePoint - from)
  return null
}

type Row = readonly (readonly [from: number, to: number, first: number])[]

/** `first`: the character that the first of the row stands for. */
const SYMBOLS: Row = [
  [0x249c, 0x24b5, 97],
  [0x24ff, 0x24ff, 48],
  [0x1f100, 0x1f100, 48],
  [0x1f101, 0x1f10a, 48],
  [0x1f10b, 0x1f10b, 48],
  [0x1f10c, 0x1f10c, 48],
  [0x1f110, 0x1f129, 65],
  [0x1f150, 0x1f169, 65],
  [0x1f170, 0x1f189, 65],
  [0x1f1e6, 0x1f1ff, 65],
]

/** `first`: the number that the first of the row stands for. */
const NUMBERS: Row = [
  [0x2474, 0x2487, 1],
  [0x2488, 0x249b, 1],
  [0x24eb, 0x24f4, 11],
  [0x24f5, 0x24fe, 1],
  [0x2776, 0x277f, 1],
  [0x2780, 0x2789, 1],
  [0x278a, 0x2793, 1],
]
