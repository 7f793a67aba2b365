// Checks a policy and lowers it: its clauses, facts, effects, phases, and what may not stand together.
import { declarationsOf, findAttribute, type Module, type Names } from './names.ts'
import { lowerCondition, provenPresent } from './expressions.ts'
import { matchPhrase, type MatchedPhrase } from './phrases.ts'
import { readPaths } from '../evaluate/paths.ts'
import type { Clause, DeclarationOf, Expression, Phrase } from '../syntax/ast.ts'
import type { CompiledEffect, CompiledPolicy, JsonLogic, Severity } from '../compile/bundle.ts'
import type { Phase } from '../vocabulary/vocabulary.ts'
import type { Report } from './report.ts'

interface Ground {
  readonly names: Names
  readonly module: Module
  readonly report: Report
}

type ClauseOf<K extends Clause['kind']> = Extract<Clause, { kind: K }>

export function lowerPolicies(names: Names, module: Module, report: Report): readonly CompiledPolicy[] {
  for (const declaration of declarationsOf(module.files, 'overlay', 'exception', 'attribute')) {
    report.error(
      'P190',
      declaration.span,
      `\`${declaration.kind}\` is not supported by this version`,
      'It comes with a later version; the grammar already knows it.',
    )
  }
  return [...module.policies.values()].map((policy) => lowerPolicy(policy, { names, module, report }))
}

function lowerPolicy(policy: DeclarationOf<'policy'>, ground: Ground): CompiledPolicy {
  const { report, module } = ground
  const phases = phasesOf(policy, report)
  const matched = clausesOf(policy, 'phrase').flatMap(({ phrase }) => {
    const match = matchPhrase(phrase, ['fact', 'effect'], { ...ground, phases })
    return match ? [{ phrase, match }] : []
  })
  const effects = matched.filter(({ match }) => match.verb.declaration.use === 'effect')
  for (const { phrase, match } of effects) checkEffect(phrase, match, phases, policy, ground)
  if (effects.length === 0 && clausesOf(policy, 'phrase').length === matched.length) {
    report.error(
      'P115',
      policy.name.span,
      `the policy \`${policy.name.text}\` does nothing`,
      'Give it an effect such as `deny`, `warn` or `allow`.',
    )
  }
  const facts = factsOf(matched.map(({ match }) => match))
  const when = lowerConditions(
    policy,
    phases,
    effects.map(({ match }) => match),
    ground,
  )
  checkStreamFragment(
    policy,
    phases,
    when,
    effects.map(({ match }) => match),
    ground,
  )
  return {
    id: policy.name.text,
    module: module.name,
    version: module.version,
    title: policy.title,
    phases,
    ...facts,
    when,
    effects: effects.map(({ match }) => effectOf(match)),
    onError: onErrorOf(policy, phases, ground, facts.owner),
    span: policy.span,
  }
}

function clausesOf<K extends Clause['kind']>(policy: DeclarationOf<'policy'>, ...kinds: readonly K[]): readonly ClauseOf<K>[] {
  return policy.clauses.filter((clause): clause is ClauseOf<K> => (kinds as readonly string[]).includes(clause.kind))
}

function conditionsOf(policy: DeclarationOf<'policy'>, kind: 'when' | 'unless'): readonly ClauseOf<'when' | 'unless'>[] {
  return clausesOf(policy, 'when', 'unless').filter((clause) => clause.kind === kind)
}

function phasesOf(policy: DeclarationOf<'policy'>, report: Report): readonly Phase[] {
  const [on, ...more] = clausesOf(policy, 'on')
  if (!on)
    report.error(
      'P113',
      policy.name.span,
      `the policy \`${policy.name.text}\` does not say when it is judged`,
      'Add `on request`, `on target`, `on response` or `on stream`.',
    )
  for (const doubled of more)
    report.error('P114', doubled.span, '`on` stands twice', 'Name all phases in one clause: `on response, stream`.')
  return [...new Set(on?.phases.map(({ phase }) => phase) ?? ['request' as const])]
}

// ── conditions ───────────────────────────────────────────────────────────────────────────────────────────────────────

function lowerConditions(
  policy: DeclarationOf<'policy'>,
  phases: readonly Phase[],
  effects: readonly MatchedPhrase[],
  ground: Ground,
): JsonLogic {
  const when = single(policy, 'when', ground.report)
  const unless = single(policy, 'unless', ground.report)
  const scope = { ...ground, phases, element: null, present: provenPresent(when), positive: true }
  const parts: JsonLogic[] = []
  if (when) parts.push(lowerCondition(when, { ...scope, present: new Set() }))
  // Absence in an `unless` keeps a protection up, but would let an `allow` through.
  const loosens = effects.some(({ verb }) => !verb.declaration.protects && verb.template.verb === 'allow')
  if (unless) parts.push({ '!': [lowerCondition(unless, { ...scope, positive: !loosens })] })
  return parts.length === 0 ? true : parts.length === 1 ? parts[0]! : { and: parts }
}

function single(policy: DeclarationOf<'policy'>, kind: 'when' | 'unless', report: Report): Expression | null {
  const [first, ...more] = conditionsOf(policy, kind)
  for (const doubled of more) report.error('P114', doubled.span, `\`${kind}\` stands twice`, 'Join the conditions with `and` or `or`.')
  return first?.condition ?? null
}

// ── facts and effects ────────────────────────────────────────────────────────────────────────────────────────────────

function factsOf(matched: readonly MatchedPhrase[]): Pick<CompiledPolicy, 'mode' | 'severity' | 'owner' | 'tags' | 'maps'> {
  const fact = (verb: string): MatchedPhrase['operands'] =>
    matched.find(({ verb: known }) => known.declaration.use === 'fact' && known.template.verb === verb)?.operands ?? {}
  const list = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : [])
  const { framework, control } = fact('maps')
  const owner = fact('owner').text
  return {
    mode: (fact('mode').choice as CompiledPolicy['mode'] | undefined) ?? 'enforce',
    severity: (fact('severity').choice as Severity | undefined) ?? 'medium',
    owner: typeof owner === 'string' ? owner : null,
    tags: [...list(fact('tags').text)].sort(),
    maps: list(framework).map((word, i) => ({ framework: word, control: list(control)[i]! })),
  }
}

function effectOf({ verb, operands }: MatchedPhrase): CompiledEffect {
  return { verb: verb.template.verb, phrase: verb.template.source, operands, join: verb.declaration.join }
}

function checkEffect(
  phrase: Phrase,
  { verb, operands }: MatchedPhrase,
  phases: readonly Phase[],
  policy: DeclarationOf<'policy'>,
  ground: Ground,
): void {
  const { report } = ground
  for (const phase of phases) {
    if (!verb.declaration.phases.includes(phase))
      report.error(
        'P131',
        phrase.span,
        `\`${verb.template.verb}\` cannot act in the phase \`${phase}\``,
        `It acts in ${verb.declaration.phases.map((known) => `\`${known}\``).join(', ')}.`,
      )
  }
  checkCode(phrase, operands.code, verb.template.verb, ground)
  checkLocations(phrase, operands.location, phases, ground)
  checkCounterKeys(phrase, operands.attribute, verb.template.verb, policy, ground)
}

/** A code with a dot is the policy's own; one without is a code of the gateway, which only the standard modules may raise. */
function checkCode(phrase: Phrase, code: unknown, verb: string, { names, module, report }: Ground): void {
  if (typeof code !== 'string' || code.includes('.') || verb !== 'deny') return
  if (!module.name.startsWith('standard.'))
    report.error(
      'P116',
      phrase.span,
      `the code \`${code}\` needs a dot`,
      `Name it after its area: "${module.name.split('.')[0] || 'acme'}.${code}".`,
    )
  else if (!Object.hasOwn(names.vocabulary.errorCodes, code)) report.error('P116', phrase.span, `\`${code}\` is no code of the error table`)
}

function checkLocations(phrase: Phrase, locations: unknown, phases: readonly Phase[], { report }: Ground): void {
  if (!Array.isArray(locations)) return
  for (const location of locations) {
    const isAnswer = String(location).startsWith('completion')
    const wrong = phases.find((phase) => isAnswer !== (phase === 'response' || phase === 'stream'))
    if (wrong)
      report.error(
        'P130',
        phrase.span,
        `\`${String(location)}\` cannot be rewritten in the phase \`${wrong}\``,
        isAnswer ? 'Put the policy `on response, stream`.' : 'Put the policy `on request` or `on target`.',
      )
  }
}

/** Counters of callers without the attribute would be one counter. */
function checkCounterKeys(phrase: Phrase, keys: unknown, verb: string, policy: DeclarationOf<'policy'>, { names, report }: Ground): void {
  if (verb !== 'limit' || !Array.isArray(keys)) return
  const proven = provenPresent(conditionsOf(policy, 'when')[0]?.condition ?? null)
  for (const key of keys as readonly { attribute: string }[]) {
    if (!findAttribute(names, key.attribute)?.optional || proven.has(key.attribute)) continue
    report.error(
      'P122',
      phrase.span,
      `\`${key.attribute}\` may be absent, and all callers without it would share one counter`,
      `Add \`when ${key.attribute} exists\`.`,
    )
  }
}

function onErrorOf(policy: DeclarationOf<'policy'>, phases: readonly Phase[], ground: Ground, owner: string | null): CompiledEffect | null {
  const [clause, ...more] = clausesOf(policy, 'on error')
  for (const doubled of more) ground.report.error('P114', doubled.span, '`on error` stands twice')
  if (!clause) return null
  const match = matchPhrase(clause.phrase, ['effect'], { ...ground, phases })
  if (!match) return null
  checkCode(clause.phrase, match.operands.code, match.verb.template.verb, ground)
  if (match.verb.template.verb === 'allow') {
    if (owner === null)
      ground.report.error(
        'P117',
        clause.span,
        '`on error allow` needs an `owner`',
        'Say who answers for letting unchecked requests through.',
      )
    else ground.report.warning('P500', clause.span, `\`${policy.name.text}\` lets requests through when its check fails`)
  }
  return effectOf(match)
}

// ── streams ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** What is known about an answer only grows while it streams: no negations, no counts, and a span verb guards itself alone. */
function checkStreamFragment(
  policy: DeclarationOf<'policy'>,
  phases: readonly Phase[],
  when: JsonLogic,
  effects: readonly MatchedPhrase[],
  { report }: Ground,
): void {
  if (!phases.includes('stream')) return
  const found = readPaths(when).filter((path) => path.startsWith('found.') && path.includes('.completion'))
  if (found.some((path) => path.endsWith('.count')) || negates(when)) {
    report.error(
      'P140',
      policy.name.span,
      'a condition on `stream` may not deny or count what an answer contains',
      'Put the policy `on response` and add `buffer completion`.',
    )
  }
  for (const { verb, operands } of effects) {
    if (verb.declaration.join.kind !== 'span' || !Array.isArray(operands.detector)) continue
    const own = operands.detector.map(String)
    const other = found.find((path) => !own.some((detector) => path.startsWith(`found.${detector}.completion`)))
    if (other !== undefined)
      report.error(
        'P141',
        policy.name.span,
        `\`${verb.template.verb}\` on \`stream\` depends on a finding that may come after the text was sent`,
        'Put the policy `on response` and add `buffer completion`.',
      )
  }
}

/** Does a `!` stand above a finding about the answer? */
function negates(logic: JsonLogic, below = false): boolean {
  if (logic === null || typeof logic !== 'object') return false
  if (Array.isArray(logic)) return (logic as readonly JsonLogic[]).some((item) => negates(item, below))
  const [operator, operand] = Object.entries(logic)[0]!
  if (operator === 'var') return below && String(operand).includes('.completion')
  return negates(operand!, below || operator === '!' || operator === 'none' || operator === '<' || operator === '<=')
}
