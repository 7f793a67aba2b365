// Ways to write a text so that a filter does not read it. What is found plainly should be found in each of these disguises as well.
import { hitsOf, type Accuracy } from './measure.ts'
import type { Class, Line, Trial } from './corpora.ts'
import type { Scanner } from './scanner.ts'

/** Cyrillic letters that look like ours. */
const CYRILLIC: { readonly [letter: string]: string } = pairs('aceopxsijyABEKMOTHPCXSIJ', 'асеорхѕіјуАВЕКМОТНРСХЅІЈ')
const GREEK: { readonly [letter: string]: string } = pairs('oiuvpABEZHIKMNOPTYX', 'οιυνρΑΒΕΖΗΙΚΜΝΟΡΤΥΧ')
const ACUTE = '\u0301'

function pairs(plain: string, others: string): { readonly [letter: string]: string } {
  return Object.fromEntries(Array.from(others, (other, i) => [plain[i]!, other]))
}

type Disguise = (text: string) => string

const isSeen = (text: string): boolean => /^[\x21-\x7e]$/.test(text)
const eachSeen = (text: string, change: Disguise): string =>
  Array.from(text, (character) => (isSeen(character) ? change(character) : character)).join('')
const withEach =
  (mark: string): Disguise =>
  (text) =>
    eachSeen(text, (character) => `${character}${mark}`)
const replaced =
  (others: { readonly [letter: string]: string }): Disguise =>
  (text) =>
    eachSeen(text, (character) => others[character] ?? character)
/** Digits of another run of ten, and letters of another alphabet where it has them. */
const digitsFrom =
  (zero: number): Disguise =>
  (text) =>
    text.replaceAll(/\d/g, (digit) => String.fromCodePoint(zero + Number(digit)))
const lettersFrom =
  (capital: number, small: number): Disguise =>
  (text) =>
    text
      .replaceAll(/[A-Z]/g, (letter) => String.fromCodePoint(capital + letter.charCodeAt(0) - 65))
      .replaceAll(/[a-z]/g, (letter) => String.fromCodePoint(small + letter.charCodeAt(0) - 97))

const circled: Disguise = (text) =>
  lettersFrom(0x24b6, 0x24d0)(text.replaceAll('0', '⓪').replaceAll(/[1-9]/g, (digit) => at('①', digit, 1)))
const superscript: Disguise = (text) => text.replaceAll(/\d/g, (digit) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(digit)]!)
const at = (first: string, digit: string, one = 0): string => String.fromCodePoint(first.codePointAt(0)! + Number(digit) - one)

const base64: Disguise = (text) => Buffer.from(text).toString('base64')
const base64url: Disguise = (text) => Buffer.from(text).toString('base64url')
const hex: Disguise = (text) => Buffer.from(text).toString('hex')
const percent: Disguise = (text) => Array.from(Buffer.from(text), (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
const ofUnits =
  (written: (unit: number) => string): Disguise =>
  (text) =>
    text
      .split('')
      .map((unit) => written(unit.charCodeAt(0)))
      .join('')

const base32: Disguise = (text) =>
  Array.from(Buffer.from(text), (byte) => byte.toString(2).padStart(8, '0'))
    .join('')
    .replaceAll(/.{1,5}/g, (five) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[Number.parseInt(five.padEnd(5, '0'), 2)]!)

/** Of a whole text. */
export const EVASIONS: { readonly [name: string]: Disguise } = {
  'full-width': (text) => eachSeen(text, (character) => String.fromCharCode(character.charCodeAt(0) + 0xfee0)),
  'zero-width': withEach('\u200b'),
  'soft hyphens': withEach('\u00ad'),
  'word joiners': withEach('\u2060'),
  'joiners by turns': withEach('\u200c\u200d\ufeff'),
  'variation selectors': withEach('\ufe0f'),
  'combining marks': withEach(ACUTE),
  'tag characters': withEach('\u{e0041}'),
  'direction marks': (text) => `\u202e${text}\u202c`,
  'direction isolates': (text) => Array.from(text, (character) => `\u2066${character}\u2069`).join(''),
  'mathematical digits': digitsFrom(0x1d7ce),
  'Arabic-Indic digits': digitsFrom(0x660),
  'Devanagari digits': digitsFrom(0x966),
  'mathematical letters': (text) => digitsFrom(0x1d7ec)(lettersFrom(0x1d5d4, 0x1d5ee)(text)),
  circled,
  superscript,
  'Cyrillic look-alikes': replaced(CYRILLIC),
  'Greek look-alikes': replaced(GREEK),
  'decomposed (NFD)': (text) => text.normalize('NFD'),
  base64,
  base64url,
  'base64 in lines': (text) => base64(text).replaceAll(/.{76}/g, '$&\n'),
  'base64 twice': (text) => base64(base64(text)),
  hex,
  'hex of base64': (text) => hex(base64(text)),
  'hex with 0x': (text) => `0x${hex(text)}`,
  'URL-encoding': percent,
  'URL-encoding of signs': encodeURIComponent,
  'URL-encoding twice': (text) => encodeURIComponent(encodeURIComponent(text)),
  'JSON escapes': ofUnits((unit) => `\\u${unit.toString(16).padStart(4, '0')}`),
  'byte escapes': (text) => Array.from(Buffer.from(text), (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join(''),
  'HTML entities': ofUnits((unit) => `&#${unit};`),
  'hex in groups': (text) => hex(text).replaceAll(/../g, '$& '),
  'hex behind colons': (text) => hex(text).replaceAll(/..(?=.)/g, '$&:'),
  'base64 in groups of four': (text) => base64(text).replaceAll(/.{4}/g, '$& '),
  'base64 with zero-width': (text) => withEach('\u200b')(base64(text)),
  'full-width base64': (text) => EVASIONS['full-width']!(base64(text)),
  'base64 three times': (text) => base64(base64(base64(text))),
  'quoted-printable': (text) => Array.from(Buffer.from(text), (byte) => `=${byte.toString(16).padStart(2, '0').toUpperCase()}`).join(''),
  'HTML entities in hex': ofUnits((unit) => `&#x${unit.toString(16)};`),
  'escaped HTML entities': ofUnits((unit) => `&amp;#${unit};`),
  'Coptic look-alikes': replaced(pairs('aehikmnopctxyABEHIKMNOPCTXY', 'ⲁⲉⲏⲓⲕⲙⲛⲟⲣⲥⲧⲭⲩⲀⲂⲈⲎⲒⲔⲘⲚⲞⲢⲤⲦⲬⲨ')),
  'accents in one character': replaced(pairs('aeioucsAEIOUCS', 'áéíóúçšÁÉÍÓÚÇŠ')),
  'Chinese digits': replaced(pairs('0123456789', '〇一二三四五六七八九')),
  'letters in brackets': (text) => lettersFrom(0x1f110, 0x249c)(text),
  'base64 in short lines': (text) => base64(text).replaceAll(/.{16}/g, '$&\n'),
  'base64 in quoted lines': (text) => base64(text).replaceAll(/.{48}/g, '$&\n> '),
  'base64 in strings': (text) => base64(text).replaceAll(/.{24}(?=.)/g, '$&" + "'),
  'hex in lines': (text) => hex(text).replaceAll(/.{32}/g, '$&\n'),
  base32,
  'decimal codes': (text) => [...Buffer.from(text)].join(' '),
  'octal codes': (text) => [...Buffer.from(text)].map((byte) => byte.toString(8).padStart(3, '0')).join(' '),
  'binary codes': (text) => [...Buffer.from(text)].map((byte) => byte.toString(2).padStart(8, '0')).join(' '),
  'code points': (text) =>
    text
      .split('')
      .map((unit) => `U+${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(' '),
  'bytes in variation selectors': (text) =>
    String.fromCodePoint(...Array.from(Buffer.from(text), (byte) => (byte < 16 ? 0xfe00 : 0xe00f0) + byte)),
}

const inMiddle =
  (between: string): Disguise =>
  (text) =>
    text.slice(0, text.length >> 1) + between + text.slice(text.length >> 1)

/** The character in the middle, written in another way; a value with none of ASCII there stays. */
function oneOf(text: string, write: (code: number) => string): string {
  const middle = text.length >> 1
  return isSeen(text[middle] ?? '') ? text.slice(0, middle) + write(text.charCodeAt(middle)) + text.slice(middle + 1) : text
}

/** Of the value alone, where it is known; what stands around it stays. */
export const EVASIONS_OF_VALUES: { readonly [name: string]: Disguise } = {
  'base64 of the value': base64,
  'hex of the value': hex,
  'URL-encoding of the value': percent,
  'JSON escapes of the value': EVASIONS['JSON escapes']!,
  'HTML entities of the value': EVASIONS['HTML entities']!,
  'decimal codes of the value': EVASIONS['decimal codes']!,
  'blanks between the characters of the value': (text) => [...text].join(' '),
  'a list of the characters of the value': (text) => JSON.stringify([...text]),
  'a soft hyphen in the value': inMiddle('&shy;'),
  'an entity of no width in the value': inMiddle('&#8203;'),
  'one character of the value as an entity': (text) => oneOf(text, (code) => `&#${code};`),
  'one character of the value URL-encoded': (text) => oneOf(text, (code) => `%${code.toString(16)}`),
  'strings put together': (text) => text.replace(/^.{4}\S{2}(?=\S)/, '$&" + "'),
  'a comment of HTML in the value': (text) => text.replace(/^.{4}\S{2}(?=\S)/, '$&<!-- -->'),
}

export interface Evaded {
  readonly found: number
  readonly of: number
}

type Counts = Map<string, Map<Class, { found: number; of: number }>>

/** By evasion and class: of what is found plainly, how much is found in disguise. */
export async function measureEvasions(
  { scan }: Scanner,
  { labels }: Pick<Accuracy, 'labels'>,
  lines: readonly Line[],
  missed: (name: string, label: string, text: string) => void = () => {},
): Promise<ReadonlyMap<string, ReadonlyMap<Class, Evaded>>> {
  const counts: Counts = new Map([...Object.keys(EVASIONS), ...Object.keys(EVASIONS_OF_VALUES)].map((name) => [name, new Map()]))
  const count = async (name: string, trials: readonly Trial[], disguised: string): Promise<void> => {
    const findings = await scan(disguised)
    for (const trial of trials) {
      const { class: of } = labels[trial.label]!
      const tally = counts.get(name)!.get(of) ?? { found: 0, of: 0 }
      counts.get(name)!.set(of, tally)
      tally.of++
      if (hitsOf({ ...trial, span: null }, labels[trial.label]!, findings).length > 0) tally.found++
      else missed(name, trial.label, disguised)
    }
  }
  for (const { text, trials } of lines) {
    const plainly = await scan(text)
    const wanted = trials.filter((trial) => trial.expect && hitsOf(trial, labels[trial.label]!, plainly).length > 0)
    if (wanted.length === 0) continue
    for (const [name, disguise] of Object.entries(EVASIONS)) await count(name, wanted, disguise(text))
    for (const trial of wanted) {
      if (!trial.span) continue
      const [start, end] = trial.span
      for (const [name, disguise] of Object.entries(EVASIONS_OF_VALUES))
        await count(name, [trial], text.slice(0, start) + disguise(text.slice(start, end)) + text.slice(end))
    }
  }
  return counts
}
