// The verbs on spans of text: `redact` puts a label in their place, `mask` covers their characters. Neither leaves anything that a detector
// finds again, so doing it twice changes nothing.
import type { EffectCall, Finding, Verb } from '../../core/plugin/index.ts'

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
]

function redact(_text: string, { detector }: Finding, { operands }: EffectCall): string {
  return typeof operands['text'] === 'string' ? operands['text'] : `[${detector.slice(detector.lastIndexOf('.') + 1).toUpperCase()}]`
}

const CHARACTER = /[\p{L}\p{N}]/u

/** Never shows more than half of the characters, whatever the policy says: a short secret would stand there whole. */
function mask(text: string, _finding: Finding, { operands }: EffectCall): string {
  const characters = Array.from(text)
  const covered = characters.flatMap((character, i) => (CHARACTER.test(character) ? [i] : []))
  const wanted = typeof operands['shown'] === 'number' ? Math.max(0, Math.floor(operands['shown'])) : 0
  const shown = Math.min(wanted, Math.floor(covered.length / 2))
  const toCover = new Set(operands['side'] === 'first' ? covered.slice(shown) : covered.slice(0, covered.length - shown))
  return characters.map((character, i) => (toCover.has(i) ? '*' : character)).join('')
}
