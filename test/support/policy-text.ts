// Policy texts to test with: the ones that are shipped, the sample of the design, and what accidents and malice make of them.
// All chance comes from a seed, so that every text can be made again; `policy-text-sets.ts` generates sets that are right.
import { readdirSync, readFileSync } from 'node:fs'
import type { IToken } from 'chevrotain'
import { gatherWords } from '../../core/policy/words.ts'
import { lex } from '../../dsl/syntax/lex.ts'
import { PLUGINS } from '../../core/plugins.ts'
import { readVocabularies } from '../../core/plugin/registry.ts'
import type { SourceFile } from '../../dsl/diagnostics/diagnostic.ts'
import type { Vocabulary } from '../../dsl/vocabulary/vocabulary.ts'

const root = new URL('../../', import.meta.url)

/** What the plugins of the house give the language. */
export const words = gatherWords(readVocabularies(PLUGINS, {}))
export const vocabulary: Vocabulary = words.vocabulary

/** The files of `policies/standard`, by name. */
export function standardFiles(): readonly SourceFile[] {
  const folder = new URL('policies/standard/', root)
  const names = readdirSync(folder).filter((name) => name.endsWith('.policy'))
  return names.sort().map((name) => ({ path: `policies/standard/${name}`, text: readFileSync(new URL(name, folder), 'utf8') }))
}

/** The whole file of the language's design, with every construct. */
export const SAMPLE: SourceFile = {
  path: 'sample.policy',
  text: readFileSync(new URL('test/fixtures/syntax/sample.policy', root), 'utf8'),
}

// ── chance ───────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface Chance {
  /** A whole number from 0 to below the bound. */
  below(bound: number): number
  pick<Item>(items: readonly Item[]): Item
}

/** Repeatable chance (mulberry32): the same seed, the same numbers. */
export function chanceOf(seed: number): Chance {
  let state = seed >>> 0
  const below = (bound: number): number => {
    state = (state + 0x6d_2b_79_f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound
  }
  return { below, pick: (items) => items[below(items.length)]! }
}

// ── accidents: one slip of a hand ────────────────────────────────────────────────────────────────────────────────────

export const ACCIDENTS = ['deleted', 'doubled', 'swapped', 'misspelt'] as const
export type AccidentKind = (typeof ACCIDENTS)[number]

export interface Accident {
  readonly kind: AccidentKind
  readonly text: string
  /** Where it happened, in the old text. */
  readonly at: number
  /** The words around it before and after, for reading. */
  readonly story: string
}

/** The text with one token deleted, doubled, swapped with the next, or misspelt. Never the same text. */
export function accidentIn(text: string, tokens: readonly IToken[], kind: AccidentKind, chance: Chance): Accident {
  for (;;) {
    const index = chance.below(tokens.length - 1)
    const [token, next] = [tokens[index]!, tokens[index + 1]!]
    const [start, end] = [token.startOffset, endOf(token)]
    const happened = HAPPEN[kind](
      text.slice(start, end),
      text.slice(end, next.startOffset),
      text.slice(next.startOffset, endOf(next)),
      chance,
    )
    if (happened === null || happened.trim() === text.slice(start, endOf(next)).trim()) continue
    const made = apart(text.slice(0, start), happened) + happened + apart(happened, text.slice(endOf(next)))
    const around = (from: number, to: number): string => text.slice(from, to).replaceAll(/\s+/g, ' ')
    const [before, after] = [around(Math.max(0, start - 30), start), around(endOf(next), endOf(next) + 20)]
    return {
      kind,
      at: start,
      text: text.slice(0, start) + made + text.slice(endOf(next)),
      story: `${before}⟨${around(start, endOf(next))} → ${made.replaceAll(/\s+/g, ' ')}⟩${after}`,
    }
  }
}

export const tokensOf = (file: SourceFile): readonly IToken[] => lex(file).tokens

const endOf = ({ startOffset, image }: IToken): number => startOffset + image.length

type Happening = (token: string, gap: string, next: string, chance: Chance) => string | null

const HAPPEN: { readonly [kind in AccidentKind]: Happening } = {
  deleted: (_token, gap, next) => gap + next,
  doubled: (token, gap, next) => `${token} ${token}${gap}${next}`,
  swapped: (token, gap, next) => (gap === '' && isWord(token) === isWord(next) ? `${next} ${token}` : next + gap + token),
  misspelt: (token, gap, next, chance) => (token.length < 2 ? null : misspell(token, chance) + gap + next),
}

/** The first text, and a blank where the second would become one word with it. */
const apart = (first: string, second: string): string => (/\w$/.test(first) && /^\w/.test(second) ? ' ' : '')

const isWord = (image: string): boolean => /^\w/.test(image)

/** One letter left out, doubled, exchanged with the next, or another one. */
function misspell(token: string, chance: Chance): string {
  const at = chance.below(token.length - 1)
  const [head, letter, tail] = [token.slice(0, at), token[at]!, token.slice(at + 1)]
  const ways = [tail, letter + letter + tail, tail[0]! + letter + tail.slice(1), chance.pick([...'etaoinshr']) + tail]
  return head + chance.pick(ways)
}

// ── damage: whatever bytes may hold ──────────────────────────────────────────────────────────────────────────────────

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const encoder = new TextEncoder()

type Damage = (text: string, other: string, chance: Chance) => string

const cut = (text: string, chance: Chance): [string, string] => {
  const at = chance.below(text.length + 1)
  return [text.slice(0, at), text.slice(at)]
}
const insert = (text: string, piece: string, chance: Chance): string => cut(text, chance).join(piece)

const STRANGE = [
  '\0',
  '\uFEFF',
  '\u202E',
  '\u2066',
  '\uD800',
  '\uDC00',
  '\u200B',
  '\u2028',
  '\r',
  '\u0430',
  '\u037E',
  '\u{1F600}',
  '\u00A0',
]
const SIGNS = [
  '{',
  '}',
  '(',
  ')',
  '[',
  ']',
  '"',
  '"""',
  "'",
  '/',
  '\\',
  '#',
  '##',
  ',',
  '.',
  ':',
  '?',
  '??',
  '=',
  '==',
  '!',
  '<',
  '-',
  '*',
  '%',
]
const WORDS = [
  'policy', 'test', 'overlay', 'exception', 'import', 'list', 'param', 'detector', 'when', 'unless', 'on', 'error', 'not', 'and', 'or',
  'in', 'of', 'some', 'every', 'where', 'count', 'lower', 'jsonlogic', 'pattern', 'expect', 'given', 'mode', 'deny', 'allow', 'constructor',
  '__proto__', 'toString', '2027-03-31', '9e999', '30d', '25%', '1_', '200kk', '/a(/', 'text', 'number?',
] // prettier-ignore

/** Each is cheap, and each has broken a parser somewhere. */
const DAMAGES: readonly Damage[] = [
  flipBytes,
  (text, _other, chance) => cut(text, chance)[0],
  (text, _other, chance) => cut(text, chance)[1],
  (text, other, chance) => cut(text, chance)[0] + cut(other, chance)[1],
  (text, other, chance) => insert(text, pieceOf(other, chance), chance),
  (text, _other, chance) => text.replace(pieceOf(text, chance), () => ''),
  (text, _other, chance) => insert(text, chance.pick(STRANGE).repeat(1 + chance.below(3)), chance),
  (text, _other, chance) => insert(text, chance.pick(SIGNS).repeat(1 + chance.below(3)), chance),
  (text, _other, chance) => insert(text, ` ${chance.pick(WORDS)} `, chance),
  (text, _other, chance) => insert(text, `\n${chance.pick(WORDS)} `, chance),
  (text, _other, chance) => insert(text, nest(chance), chance),
  (text, _other, chance) => insert(text, chance.pick([...'a9"/{.,-']).repeat(1 << (4 + chance.below(8))), chance),
  (text, _other, chance) =>
    text.replaceAll(chance.pick(['{', '}', '"', '\n', ' ', ',', 'on', 'e']), chance.pick(['', '\n', '"', '(', '  '])),
]

/** The text after one to three damages; `other` is a text to take pieces from. */
export function damage(text: string, other: string, chance: Chance): string {
  let damaged = text
  for (let times = 1 + chance.below(3); times > 0; times--) damaged = chance.pick(DAMAGES)(damaged, other, chance)
  return damaged
}

/** Bytes, not letters: what is no UTF-8 any more is read with replacement signs. */
function flipBytes(text: string, _other: string, chance: Chance): string {
  const bytes = encoder.encode(text)
  for (let times = 1 + chance.below(4); times > 0 && bytes.length > 0; times--) bytes[chance.below(bytes.length)]! ^= 1 << chance.below(8)
  return decoder.decode(bytes)
}

const pieceOf = (text: string, chance: Chance): string => cut(text, chance)[1].slice(0, 1 + chance.below(80))

function nest(chance: Chance): string {
  const opener = chance.pick([
    '(',
    '[',
    '{',
    'not ',
    '!',
    '1 + ',
    'x ?? ',
    'lower(',
    'count(x in ',
    'some x in y where (',
    'list of ',
    'policy a { ',
  ])
  return opener.repeat(1 << chance.below(9))
}
