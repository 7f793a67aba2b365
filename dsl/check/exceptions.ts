// Exceptions: the one thing that loosens a policy. Each is owned, ticketed and ends by itself; what it says becomes part of the policy's
// condition, so nothing at run time knows of exceptions and `time.unix` is the only clock.
import { checkClaims } from './claims.ts'
import { clausesOf, phrasesOf, single } from './clauses.ts'
import { declarationsOf, type Module, type Names } from './names.ts'
import { lowerCondition } from './expressions.ts'
import { matchPhrase, type MatchedPhrase } from './phrases.ts'
import { suggestion, type Scope } from './lowered.ts'
import type { CompiledException, JsonLogic } from '../compile/bundle.ts'
import type { DeclarationOf, Expression } from '../syntax/ast.ts'
import type { Report } from './report.ts'

export interface PolicyException {
  readonly declaration: DeclarationOf<'exception'>
  readonly module: Module
  readonly when: Expression
  readonly compiled: CompiledException
}

/** By policy. What is not whole is reported and left out. */
export function readExceptions(names: Names, report: Report): ReadonlyMap<string, readonly PolicyException[]> {
  const all = [...names.modules.values()].flatMap((module) =>
    declarationsOf(module.files, 'exception').flatMap((declaration) => readException(declaration, module, names, report) ?? []),
  )
  const byPolicy = Map.groupBy(all.sort(byTitle), ({ compiled }) => compiled.policy)
  for (const exceptions of byPolicy.values()) reportDoubled(exceptions, report)
  return byPolicy
}

function byTitle({ compiled: a }: PolicyException, { compiled: b }: PolicyException): number {
  return a.title < b.title ? -1 : a.title > b.title ? 1 : a.module < b.module ? -1 : 1
}

function reportDoubled(exceptions: readonly PolicyException[], report: Report): void {
  exceptions.forEach(({ declaration, compiled: { title } }, i) => {
    const before = exceptions[i - 1]
    if (before?.compiled.title !== title) return
    report.doubled(
      'P101',
      declaration.span,
      before.declaration.span,
      `two exceptions to the policy have the title \`${title}\``,
      'Rename one.',
    )
  })
}

function readException(declaration: DeclarationOf<'exception'>, module: Module, names: Names, report: Report): PolicyException | null {
  const { title, policy, span } = declaration
  const isKnown = names.policies.has(policy.text)
  if (!isKnown) report.error('P103', policy.span, `there is no policy \`${policy.text}\``, suggestion(policy.text, names.policies.keys()))
  for (const clause of clausesOf(declaration, 'on', 'unless', 'on error'))
    report.error('P126', clause.span, `\`${clause.kind}\` has no place in an exception`, 'It has `when`, `until`, `ticket` and `owner`.')
  const when = single(declaration, 'when', report)
  const terms = termsOf(declaration, { names, module, report })
  const { until, ticket, owner } = terms
  reportMissing(declaration, { when, ...terms }, report)
  if (!isKnown || !when || until === undefined || ticket === undefined || owner === undefined) return null
  return { declaration, module, when, compiled: { title, policy: policy.text, until, ticket, owner, module: module.name, span } }
}

const HELP = 'An exception says when it holds, until which day, where that was agreed, and who answers for it.'

type Terms = { readonly [verb in 'until' | 'ticket' | 'owner']: string | undefined }

/** How long it holds, where it was agreed, and who answers for it. */
function termsOf(declaration: DeclarationOf<'exception'>, ground: Pick<Scope, 'names' | 'module' | 'report'>): Terms {
  const found = new Map<string, MatchedPhrase>()
  for (const phrase of phrasesOf(declaration, ground.report)) {
    const match = matchPhrase(phrase, ['exception'], { ...ground, phases: [] })
    const verb = match?.verb.template.verb
    const first = verb === undefined ? undefined : found.get(verb)
    if (first) ground.report.doubled('P114', phrase.span, first.phrase.span, `\`${verb}\` stands twice`, 'Keep one of them.')
    else if (match) found.set(match.verb.template.verb, match)
  }
  for (const [verb, { operands, phrase }] of found) {
    if (Object.values(operands).join('').trim() === '')
      ground.report.error('P126', phrase.span, `the \`${verb}\` of the exception is empty`, HELP)
  }
  const text = (verb: string, operand: string): string | undefined => found.get(verb)?.operands[operand]?.toString()
  return { until: text('until', 'date'), ticket: text('ticket', 'text'), owner: text('owner', 'text') }
}

/** What stands there but was reported already is not missing. */
function reportMissing(declaration: DeclarationOf<'exception'>, has: Terms & { readonly when: Expression | null }, report: Report): void {
  const written = new Set(clausesOf(declaration, 'phrase').map(({ phrase }) => phrase.verb.text))
  const missing = (['when', 'until', 'ticket', 'owner'] as const).filter((word) => !has[word] && !written.has(word))
  if (missing.length === 0) return
  const words = missing.map((word) => `\`${word}\``).join(', ')
  report.error('P126', declaration.span, `the exception \`${declaration.title}\` has no ${words}`, HELP)
}

// ── conditions ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** True while the exception does not hold. `scope` is that of the policy; names are read as the exception's module means them. */
export function lowerException({ when, module, compiled, declaration }: PolicyException, scope: Scope): JsonLogic {
  const condition = lowerCondition(when, { ...scope, module })
  checkClaims(`the exception \`${compiled.title}\``, condition, declaration.span, { ...scope, module })
  return { '!': [{ and: [condition, { '<': [{ var: 'time.unix' }, Date.parse(compiled.until) / 1000] }] }] }
}
