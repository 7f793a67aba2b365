// What a policy does: its facts, its effects with their codes, places and counter keys, and what happens when it can not be judged.
import { findAttribute, type Module, type Names } from './names.ts'
import { checkOperandRules } from './operand-rules.ts'
import { matchPhrase, type MatchedPhrase } from './phrases.ts'
import { neededPresent } from './expressions-presence.ts'
import { FAIL_CLOSED } from '../vocabulary/kernel.ts'
import type { Clause, Expression, Phrase } from '../syntax/ast.ts'
import type { CompiledEffect, CompiledPolicy, Severity } from '../compile/bundle.ts'
import type { Phase } from '../vocabulary/vocabulary.ts'
import type { Report } from './report.ts'

export interface Ground {
  readonly names: Names
  readonly module: Module
  readonly report: Report
}

export function effectOf({ verb, operands }: MatchedPhrase): CompiledEffect {
  return { verb: verb.template.verb, phrase: verb.template.source, operands, join: verb.declaration.join }
}

// ── facts ────────────────────────────────────────────────────────────────────────────────────────────────────────────

type Facts = Pick<CompiledPolicy, 'mode' | 'severity' | 'owner' | 'tags' | 'maps'>

export function factsOf(matched: readonly MatchedPhrase[], report: Report): Facts {
  const facts = new Map<string, MatchedPhrase>()
  for (const one of matched.filter(({ verb }) => verb.declaration.use === 'fact')) {
    const word = one.verb.template.verb
    const first = facts.get(word)
    if (first)
      report.doubled(
        'P114',
        one.phrase.span,
        first.phrase.span,
        `\`${word}\` stands twice`,
        'Keep one of them; a list takes several values after commas.',
      )
    else facts.set(word, one)
  }
  const operand = (verb: string, name: string): unknown => facts.get(verb)?.operands[name]
  const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : [])
  const owner = operand('owner', 'text')
  const controls = texts(operand('maps', 'control'))
  return {
    mode: (operand('mode', 'choice') as CompiledPolicy['mode'] | undefined) ?? 'enforce',
    severity: (operand('severity', 'choice') as Severity | undefined) ?? 'medium',
    owner: typeof owner === 'string' && owner.trim() !== '' ? owner : null,
    tags: [...new Set(texts(operand('tags', 'text')))].sort(),
    maps: texts(operand('maps', 'framework')).map((framework, i) => ({ framework, control: controls[i]! })),
  }
}

// ── effects ──────────────────────────────────────────────────────────────────────────────────────────────────────────

export function checkEffect(match: MatchedPhrase, phases: readonly Phase[], when: Expression | null, ground: Ground): void {
  checkPhases(match, phases, ground.report)
  checkCode(match, ground)
  checkLocations(match, phases, ground.report)
  checkCounterKeys(match, when, ground)
  checkOperandRules(match, ground.names, ground.report)
}

function checkPhases({ phrase, verb: { declaration, template } }: MatchedPhrase, phases: readonly Phase[], report: Report): void {
  for (const phase of phases.filter((one) => !declaration.phases.includes(one))) {
    const help = `It acts in ${declaration.phases.map((known) => `\`${known}\``).join(', ')}.`
    report.error('P131', phrase.span, `\`${template.verb}\` cannot act in the phase \`${phase}\``, help)
  }
}

/** A code with a dot is the policy's own; one without is a code of the gateway, which only the standard modules may raise. */
function checkCode({ phrase, verb, operands }: MatchedPhrase, { names, module, report }: Ground): void {
  const { code, http } = operands
  if (typeof code !== 'string' || code.includes('.') || verb.template.verb !== 'deny') return
  const status = Object.hasOwn(names.vocabulary.errorCodes, code) ? names.vocabulary.errorCodes[code] : undefined
  if (!module.name.startsWith('standard.')) {
    const help = `Name it after its area: "${module.name.split('.')[0] || 'acme'}.${code}".`
    report.error('P116', phrase.span, `the code \`${code}\` needs a dot`, help)
  } else if (status === undefined) report.error('P116', phrase.span, `\`${code}\` is no code of the error table`)
  else if (http !== undefined && http !== status) {
    report.error('P116', phrase.span, `\`${code}\` has the status ${status} everywhere`, 'Leave `with status` out.')
  }
}

function checkLocations({ phrase, operands }: MatchedPhrase, phases: readonly Phase[], report: Report): void {
  if (!Array.isArray(operands.location)) return
  for (const location of operands.location.map(String)) {
    const isAnswer = location.startsWith('completion')
    const wrong = phases.find((phase) => isAnswer !== (phase === 'response' || phase === 'stream'))
    const help = isAnswer ? 'Put the policy `on response, stream`.' : 'Put the policy `on request` or `on target`.'
    if (wrong) report.error('P130', phrase.span, `\`${location}\` cannot be rewritten in the phase \`${wrong}\``, help)
  }
}

/** Attributes after `by` are the keys of a counter; callers without one would share it. */
function checkCounterKeys({ phrase, verb, operands }: MatchedPhrase, when: Expression | null, { names, report }: Ground): void {
  const keys = verb.template.slots.filter(({ preposition }) => preposition === 'by').flatMap(({ operands: expected }) => expected)
  const needed = neededPresent(when)
  for (const key of keys.flatMap(({ name }) => operands[name] ?? [])) {
    if (typeof key !== 'object' || !('attribute' in key)) continue
    if (!findAttribute(names, key.attribute)?.optional || needed.has(key.attribute)) continue
    const message = `\`${key.attribute}\` may be absent, and all callers without it would share one counter`
    report.error('P122', phrase.span, message, `Add \`when ${key.attribute} exists\`.`)
  }
}

// ── on error ─────────────────────────────────────────────────────────────────────────────────────────────────────────

type OnError = Extract<Clause, { kind: 'on error' }>

export function onErrorOf(
  clauses: readonly OnError[],
  policy: string,
  phases: readonly Phase[],
  owner: string | null,
  ground: Ground,
): CompiledEffect | null {
  const [clause, ...more] = clauses
  if (!clause) return null
  const { report } = ground
  for (const doubled of more) report.doubled('P114', doubled.span, clause.span, '`on error` stands twice', 'Keep one of them.')
  const match = matchPhrase(clause.phrase, ['effect'], { ...ground, phases })
  if (!match) return null
  checkCode(match, ground)
  checkOperandRules(match, ground.names, report)
  const { verb } = match.verb.template
  if (verb !== 'allow') checkPhases(match, phases, report)
  if (!FAIL_CLOSED.has(verb)) checkFailOpen(clause.phrase, policy, owner, report)
  return effectOf(match)
}

/** Letting go unchecked is possible in each phase, and somebody answers for it. */
function checkFailOpen({ span, verb }: Phrase, policy: string, owner: string | null, report: Report): void {
  if (owner === null)
    report.error('P117', span, `\`on error ${verb.text}\` needs an \`owner\``, 'Say who answers for letting unchecked requests through.')
  else report.warning('P500', span, `\`${policy}\` lets requests through when its check fails`)
}
