// The verbs on spans of text: `redact` puts a label in their place, `mask` covers their characters, `tokenize` puts a placeholder there whose
// value comes back in the answer. None leaves anything that a detector finds again, so doing it twice changes nothing.
import type { EffectCall, Finding, Verb } from '../../core/plugin/index.ts'
import { placeholderOf, tokenName } from './token-name.ts'

const PHASES = ['request', 'target', 'response', 'stream'] as const

export const verbs: readonly Verb[] = [
  {
    phrase: 'redact <detector...> in <location...> [with <text>]',
    use: 'effect',
    phases: PHASES,
    aliases: ['remove', 'scrub', 'strip', 'hide'],
    protects: true,
    doc: 'Puts a label in the place of every finding: the text after `with`, else the name of its detector, such as `[EMAIL]`.',
    acts: 'spans',
    join: { kind: 'span', strength: 3 },
    rewrite: redact,
  },
  {
    phrase: 'mask <detector...> in <location...> [except <side:first|last> <shown:number>]',
    use: 'effect',
    phases: PHASES,
    aliases: ['cover', 'obscure', 'star'],
    protects: true,
    doc: 'Covers the letters and digits of every finding with `*`, but for the first or last few: `mask payment_card in prompt except last 4`.',
    acts: 'spans',
    join: { kind: 'span', strength: 1 },
    rewrite: mask,
  },
  {
    phrase: 'tokenize <detector...> in <location...> [for <duration>] [to tools <name:text...>]',
    use: 'effect',
    phases: ['request', 'target'],
    aliases: ['tokenise', 'pseudonymize', 'pseudonymise', 'vault'],
    protects: true,
    doc: 'Puts a placeholder such as `⟦EMAIL_7K2QM3XA⟧` in the place of every finding, and the value back into the answer for the client: into its text, and into the arguments of the named tools only. Values are kept encrypted for the duration, one hour unless told.',
    operands: { duration: { min: 1000 } },
    acts: 'spans',
    join: { kind: 'span', strength: 2 },
    reversible: true,
    rewrite: (text, finding) => placeholderOf(tokenName(SHOWN_KEY, text, finding)),
  },
]

/** Of policy tests and previews: nothing that it names is ever restored. */
const SHOWN_KEY = Buffer.from('sallyport policy test')

function redact(_text: string, { detector }: Finding, { operands }: EffectCall): string {
  return typeof operands['text'] === 'string' ? operands['text'] : `[${detector.slice(detector.lastIndexOf('.') + 1).toUpperCase()}]`
}

/** Marks go with their letter: an accent or a vowel sign that was left alone would tell what stood there. */
const CHARACTERS = /\P{M}\p{M}*|\p{M}+/gu
const COVERABLE = /[\p{L}\p{N}\p{M}]/u

/** Covers what any of the calls covers. Never shows more than half of the characters, whatever a policy says: a short secret would stand there whole. */
function mask(text: string, _finding: Finding, call: EffectCall, calls: readonly EffectCall[] = [call]): string {
  const characters = text.match(CHARACTERS) ?? []
  const coverable = coverableOf(characters)
  const toCover = new Set(calls.flatMap(({ operands }) => coveredBy(coverable, operands)))
  return characters.map((character, i) => (toCover.has(i) ? '*' : character)).join('')
}

/** Places of letters and digits; where a finding has none, of whatever can be seen. */
function coverableOf(characters: readonly string[]): readonly number[] {
  const places = (sort: RegExp): readonly number[] => characters.flatMap((character, i) => (sort.test(character) ? [i] : []))
  const words = places(COVERABLE)
  return words.length > 0 ? words : places(/\S/)
}

function coveredBy(coverable: readonly number[], { shown, side }: EffectCall['operands']): readonly number[] {
  const wanted = typeof shown === 'number' ? Math.max(0, Math.floor(shown)) : 0
  const kept = Math.min(wanted, Math.floor(coverable.length / 2))
  return side === 'first' ? coverable.slice(kept) : coverable.slice(0, coverable.length - kept)
}
