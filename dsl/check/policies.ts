// Checks a policy and lowers it: its clauses, phases, condition, and what it does when it fires.
import { declarationsOf, type Module, type Names } from './names.ts'
import { checkEffect, effectOf, factsOf, onErrorOf, type Ground } from './effects.ts'
import { checkStreamFragment } from './stream.ts'
import { findAttribute } from './names.ts'
import { lowerCondition } from './expressions.ts'
import { provenPresent } from './expressions-presence.ts'
import { matchPhrase, type MatchedPhrase } from './phrases.ts'
import { readPaths } from '../evaluate/paths.ts'
import type { Clause, DeclarationOf, Expression } from '../syntax/ast.ts'
import type { CompiledPolicy, JsonLogic } from '../compile/bundle.ts'
import type { Phase } from '../vocabulary/vocabulary.ts'
import type { Report } from './report.ts'

type Policy = DeclarationOf<'policy'>
type ClauseOf<K extends Clause['kind']> = Extract<Clause, { kind: K }>

export function lowerPolicies(names: Names, module: Module, report: Report): readonly CompiledPolicy[] {
  for (const declaration of declarationsOf(module.files, 'overlay', 'exception', 'attribute')) {
    const help = 'It comes with a later version; the grammar already knows it.'
    report.error('P190', declaration.span, `\`${declaration.kind}\` is not supported by this version`, help)
  }
  return [...module.policies.values()].map((policy) => lowerPolicy(policy, { names, module, report }))
}

function lowerPolicy(policy: Policy, ground: Ground): CompiledPolicy {
  const { report, module } = ground
  const phases = phasesOf(policy, report)
  const when = single(policy, 'when', report)
  const phrases = clausesOf(policy, 'phrase').map(({ phrase }) => phrase)
  const matched = phrases.flatMap((phrase) => matchPhrase(phrase, ['fact', 'effect'], { ...ground, phases }) ?? [])
  const effects = matched.filter(({ verb }) => verb.declaration.use === 'effect')
  for (const effect of effects) checkEffect(effect, phases, when, ground)
  if (effects.length === 0 && phrases.length === matched.length) reportIdle(policy, report)
  const facts = factsOf(matched, report)
  const logic = lowerConditions(when, single(policy, 'unless', report), phases, effects, ground)
  checkClaims(policy, logic, effects, ground)
  checkStreamFragment(policy.name.span, phases, logic, effects, report)
  return {
    id: policy.name.text,
    module: module.name,
    version: module.version,
    title: policy.title,
    phases,
    ...facts,
    when: logic,
    effects: effects.map(effectOf),
    onError: onErrorOf(clausesOf(policy, 'on error'), policy.name.text, phases, facts.owner, ground),
    span: policy.span,
  }
}

function reportIdle({ name }: Policy, report: Report): void {
  report.error('P115', name.span, `the policy \`${name.text}\` does nothing`, 'Give it an effect such as `deny`, `warn` or `allow`.')
}

function clausesOf<K extends Clause['kind']>(policy: Policy, ...kinds: readonly K[]): readonly ClauseOf<K>[] {
  return policy.clauses.filter((clause): clause is ClauseOf<K> => (kinds as readonly string[]).includes(clause.kind))
}

function phasesOf(policy: Policy, report: Report): readonly Phase[] {
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

function single(policy: Policy, kind: 'when' | 'unless', report: Report): Expression | null {
  const [first, ...more] = clausesOf(policy, 'when', 'unless').filter((clause) => clause.kind === kind)
  if (!first) return null
  for (const doubled of more)
    report.doubled('P114', doubled.span, first.span, `\`${kind}\` stands twice`, 'Join the conditions with `and` or `or`.')
  return first.condition
}

function lowerConditions(
  when: Expression | null,
  unless: Expression | null,
  phases: readonly Phase[],
  effects: readonly MatchedPhrase[],
  ground: Ground,
): JsonLogic {
  const scope = { ...ground, phases, element: null, present: new Set<string>(), positive: true }
  const parts: JsonLogic[] = []
  if (when) parts.push(lowerCondition(when, scope))
  // Absence in an `unless` keeps a protection up, but would let an `allow` through.
  const loosens = effects.some(({ verb }) => verb.template.verb === 'allow')
  if (unless) parts.push({ '!': [lowerCondition(unless, { ...scope, present: provenPresent(when), positive: !loosens })] })
  return parts.length === 0 ? true : parts.length === 1 ? parts[0]! : { and: parts }
}

/** An `allow` that rests on nothing but what the caller says of itself. */
function checkClaims(policy: Policy, when: JsonLogic, effects: readonly MatchedPhrase[], { names, report }: Ground): void {
  if (!effects.some(({ verb }) => verb.template.verb === 'allow')) return
  const read = readPaths(when).flatMap((name) => findAttribute(names, name) ?? [])
  if (read.length === 0 || read.some(({ source }) => source === 'proved')) return
  const claims = read.map(({ name }) => `\`${name}\``).join(', ')
  const help = 'Add a condition on something proved, such as `key.scopes`, `tenant.id` or `user.roles`.'
  report.warning('P123', policy.name.span, `\`${policy.name.text}\` allows what rests on the caller's word alone: ${claims}`, help)
}
