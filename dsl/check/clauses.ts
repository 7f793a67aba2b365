// The clauses of a policy or an exception by kind, each where it may stand: once, or more often.
import type { Clause, Expression, Name, Phrase } from '../syntax/ast.ts'
import type { Phase } from '../vocabulary/vocabulary.ts'
import type { Report } from './report.ts'

/** A policy or an exception. */
export interface Claused {
  readonly clauses: readonly Clause[]
}

export type ClauseOf<K extends Clause['kind']> = Extract<Clause, { kind: K }>

export function clausesOf<K extends Clause['kind']>({ clauses }: Claused, ...kinds: readonly K[]): readonly ClauseOf<K>[] {
  return clauses.filter((clause): clause is ClauseOf<K> => (kinds as readonly string[]).includes(clause.kind))
}

export function phasesOf(policy: Claused & { readonly name: Name }, report: Report): readonly Phase[] {
  const [on, ...more] = clausesOf(policy, 'on')
  if (!on) {
    const help = 'Add `on request`, `on target`, `on response` or `on stream`.'
    report.error('P113', policy.name.span, `the policy \`${policy.name.text}\` does not say when it is judged`, help)
    return ['request']
  }
  for (const doubled of more)
    report.doubled('P114', doubled.span, on.span, '`on` stands twice', 'Name all phases in one clause: `on response, stream`.')
  return [...new Set(on.phases.map(({ phase }) => phase))]
}

/** The condition of a clause that stands at most once. */
export function single(block: Claused, kind: 'when' | 'unless', report: Report): Expression | null {
  const [first, ...more] = clausesOf(block, 'when', 'unless').filter((clause) => clause.kind === kind)
  if (!first) return null
  for (const doubled of more)
    report.doubled('P114', doubled.span, first.span, `\`${kind}\` stands twice`, 'Join the conditions with `and` or `or`.')
  return first.condition
}

/** Phrases, without shares of a mode, which are reported. */
export function phrasesOf(block: Claused, report: Report): readonly Phrase[] {
  const phrases = clausesOf(block, 'phrase').map(({ phrase }) => phrase)
  for (const { span } of phrases.filter(isRollout)) {
    report.error('P190', span, 'a share of a mode is not supported by this version', 'Write `mode shadow` or `mode enforce`.')
  }
  return phrases.filter((phrase) => !isRollout(phrase))
}

/** `mode enforce for 25% by tenant.id` */
function isRollout({ verb, slots }: Phrase): boolean {
  return verb.text === 'mode' && slots.some(({ groups }) => groups.flat().some(({ kind }) => kind === 'percent'))
}
