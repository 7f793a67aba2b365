// Checks a policy and lowers it: its clauses, phases, condition, and what it does when it fires. Exceptions become part of its condition,
// overlays make variants of it.
import { checkBounds } from './bounds.ts'
import { checkClaims } from './claims.ts'
import { checkEffect, effectOf, factsOf, onErrorOf, type Ground } from './effects.ts'
import { checkEnginesOnStream, checkHeldStream, checkStreamFragment } from './stream.ts'
import { checkRaises, paramsIn, variantsOf, type Lower, type VariantBudget } from './variants.ts'
import { clausesOf, phasesOf, phrasesOf, single } from './clauses.ts'
import type { Module, Names } from './names.ts'
import { lowerCondition } from './expressions.ts'
import { lowerException, type PolicyException } from './exceptions.ts'
import { provenPresent } from './expressions-presence.ts'
import { matchPhrase, type MatchedPhrase } from './phrases.ts'
import { Report } from './report.ts'
import type { CompiledPolicy, JsonLogic } from '../compile/bundle.ts'
import type { DeclarationOf, Expression } from '../syntax/ast.ts'
import type { Overlay } from './overlays.ts'
import type { Phase } from '../vocabulary/vocabulary.ts'

type Policy = DeclarationOf<'policy'>

/** What changes policies from outside, wherever it is declared. */
export interface Changes {
  readonly exceptions: ReadonlyMap<string, readonly PolicyException[]>
  readonly overlays: readonly Overlay[]
  readonly budget: VariantBudget
}

export function lowerPolicies(names: Names, module: Module, changes: Changes, report: Report): readonly CompiledPolicy[] {
  return [...module.policies.values()].flatMap((policy) => lowerVariants(policy, { names, module, report }, changes))
}

function lowerVariants(policy: Policy, ground: Ground, { exceptions, overlays, budget }: Changes): readonly CompiledPolicy[] {
  const { names, module, report } = ground
  const own = exceptions.get(policy.name.text) ?? []
  const base = lowerPolicy(policy, own, ground)
  if (overlays.length === 0) return [base]
  checkRaises(base, overlays, report)
  checkBounds(policy, own, overlays, ground)
  const params = [
    ...paramsIn(policy, names, module),
    ...own.flatMap(({ declaration, module: other }) => paramsIn(declaration, names, other)),
  ]
  const lowerWith: Lower = (overrides) => {
    // What is wrong whatever the value was reported with the policy itself.
    const found = new Report()
    const variant = lowerPolicy(policy, own, { module, names: { ...names, overrides }, report: found })
    report.adopt(found.diagnostics)
    return variant
  }
  return variantsOf(base, new Set(params), overlays, lowerWith, (count) => budget.take(count, policy, report))
}

function lowerPolicy(policy: Policy, exceptions: readonly PolicyException[], ground: Ground): CompiledPolicy {
  const { report, module } = ground
  const phases = phasesOf(policy, report)
  const when = single(policy, 'when', report)
  const phrases = phrasesOf(policy, report)
  const matched = phrases.flatMap((phrase) => matchPhrase(phrase, ['fact', 'effect'], { ...ground, phases }) ?? [])
  const effects = matched.filter(({ verb }) => verb.declaration.use === 'effect')
  for (const effect of effects) checkEffect(effect, phases, when, ground)
  if (effects.length === 0 && phrases.length === matched.length) reportIdle(policy, report)
  const facts = factsOf(matched, report)
  const condition = lowerConditions(policy, when, phases, effects, ground)
  if (allows(effects)) checkClaims(`what \`${policy.name.text}\` allows`, condition, policy.name.span, ground)
  checkStreamFragment(policy.name.span, phases, condition, effects, report)
  checkHeldStream(policy.name, phases, effects, report)
  checkEnginesOnStream(policy.name.span, phases, condition, effects, ground.names.vocabulary.engines, report)
  return {
    id: policy.name.text,
    module: module.name,
    version: module.version,
    title: policy.title,
    phases,
    ...facts,
    when: withExceptions(condition, exceptions, phases, effects, ground),
    effects: effects.map(effectOf),
    onError: onErrorOf(clausesOf(policy, 'on error'), policy.name.text, phases, facts.owner, ground),
    overlay: null,
    span: policy.span,
  }
}

function reportIdle({ name }: Policy, report: Report): void {
  report.error('P115', name.span, `the policy \`${name.text}\` does nothing`, 'Give it an effect such as `deny`, `warn` or `allow`.')
}

// ── conditions ───────────────────────────────────────────────────────────────────────────────────────────────────────

const SCOPE = { element: null, present: new Set<string>(), positive: true }

function lowerConditions(
  policy: Policy,
  when: Expression | null,
  phases: readonly Phase[],
  effects: readonly MatchedPhrase[],
  ground: Ground,
): JsonLogic {
  const scope = { ...ground, ...SCOPE, phases }
  const parts: JsonLogic[] = []
  if (when) parts.push(lowerCondition(when, scope))
  const unless = single(policy, 'unless', ground.report)
  if (unless) {
    // Absence in an `unless` keeps a protection up, but would let an `allow` through.
    const exempt = lowerCondition(unless, { ...scope, present: provenPresent(when), positive: !allows(effects) })
    if (!allows(effects)) checkClaims(`what \`unless\` exempts from \`${policy.name.text}\``, exempt, unless.span, ground)
    parts.push({ '!': [exempt] })
  }
  return allOf(parts)
}

/** An exception to an `allow` takes something away, so that absence must not keep it from holding. */
function withExceptions(
  condition: JsonLogic,
  exceptions: readonly PolicyException[],
  phases: readonly Phase[],
  effects: readonly MatchedPhrase[],
  ground: Ground,
): JsonLogic {
  if (exceptions.length === 0) return condition
  const scope = { ...ground, ...SCOPE, phases, positive: !allows(effects) }
  const parts = exceptions.map((exception) => {
    const logic = lowerException(exception, scope)
    checkStreamFragment(exception.declaration.span, phases, logic, effects, ground.report)
    return logic
  })
  return allOf([...(condition === true ? [] : [condition]), ...parts])
}

const allows = (effects: readonly MatchedPhrase[]): boolean => effects.some(({ verb }) => verb.template.verb === 'allow')

function allOf(parts: readonly JsonLogic[]): JsonLogic {
  return parts.length === 0 ? true : parts.length === 1 ? parts[0]! : { and: parts }
}
