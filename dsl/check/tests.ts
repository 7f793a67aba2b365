// Checks in-file tests and lowers them to what the runner walks through.
import { declarationsOf, findAttribute, type Module, type Names } from './names.ts'
import { matchPhrase, type Operands } from './phrases.ts'
import { suggestion } from './expressions.ts'
import type { DeclarationOf, Literal, Phrase, TestClause } from '../syntax/ast.ts'
import type { Report } from './report.ts'
import type { Span } from '../diagnostics/diagnostic.ts'

export interface CompiledTest {
  readonly title: string
  readonly module: string
  readonly span: Span
  /** Attribute values by name. */
  readonly given: ReadonlyMap<string, unknown>
  readonly messages: readonly { readonly location: string; readonly text: string }[]
  readonly answer: string | null
  readonly chunks: readonly string[] | null
  readonly expect: readonly Expected[]
}

export type Expected =
  | { readonly kind: 'effect'; readonly verb: string; readonly operands: Operands; readonly span: Span }
  | { readonly kind: 'text'; readonly text: string; readonly span: Span }
  | { readonly kind: 'policy'; readonly policy: string; readonly outcome: 'fires' | 'silent'; readonly span: Span }

const ROLES: { readonly [role: string]: string } = {
  user: 'prompt.user',
  system: 'prompt.system',
  assistant: 'prompt.assistant',
  tool: 'prompt.tool',
}

export function lowerTests(names: Names, module: Module, report: Report): readonly CompiledTest[] {
  return declarationsOf(module.files, 'test').map((test) => lowerTest(test, names, module, report))
}

function lowerTest(test: DeclarationOf<'test'>, names: Names, module: Module, report: Report): CompiledTest {
  const of = <K extends TestClause['kind']>(kind: K): readonly Extract<TestClause, { kind: K }>[] =>
    test.clauses.filter((clause): clause is Extract<TestClause, { kind: K }> => clause.kind === kind)
  const given = new Map<string, unknown>()
  for (const { assignments } of of('given')) {
    for (const { attribute, value } of assignments) {
      if (findAttribute(names, attribute.text)) given.set(attribute.text, valueOf(value))
      else
        report.error(
          'P104',
          attribute.span,
          `there is no attribute \`${attribute.text}\``,
          suggestion(
            attribute.text,
            names.vocabulary.attributes.map(({ name }) => name),
          ),
        )
    }
  }
  if (of('expect').length === 0)
    report.error('P114', test.span, `the test \`${test.title}\` expects nothing`, 'Add `expect policy NAME fires`, or an effect.')
  return {
    title: test.title,
    module: module.name,
    span: test.span,
    given,
    messages: of('message').flatMap(({ role, text }) => {
      const location = ROLES[role.text]
      if (location === undefined)
        report.error(
          'P112',
          role.span,
          `\`${role.text}\` is not a role`,
          suggestion(role.text, Object.keys(ROLES)) ?? `Roles are ${Object.keys(ROLES).join(', ')}.`,
        )
      return location === undefined ? [] : [{ location, text }]
    }),
    answer: of('answer')[0]?.text ?? null,
    chunks: of('chunks')[0]?.texts ?? null,
    expect: of('expect').flatMap(({ expectation, span }) => {
      if (expectation.kind === 'effect') return expectedEffect(expectation.phrase, names, module, report)
      if (!names.policies.has(expectation.policy.text))
        report.error(
          'P103',
          expectation.policy.span,
          `there is no policy \`${expectation.policy.text}\``,
          suggestion(expectation.policy.text, names.policies.keys()),
        )
      return [{ kind: 'policy' as const, policy: expectation.policy.text, outcome: expectation.outcome, span }]
    }),
  }
}

function expectedEffect(phrase: Phrase, names: Names, module: Module, report: Report): readonly Expected[] {
  if (phrase.slots.length === 0) return [{ kind: 'effect', verb: phrase.verb.text, operands: {}, span: phrase.span }]
  // A test may name what it wants to compare and leave out the rest.
  const match = matchPhrase(phrase, ['expect', 'effect'], { names, module, phases: [], report, partial: true })
  if (!match) return []
  if (match.verb.template.verb === 'text') return [{ kind: 'text', text: String(match.operands.text), span: phrase.span }]
  return [{ kind: 'effect', verb: match.verb.template.verb, operands: match.operands, span: phrase.span }]
}

function valueOf(literal: Literal): unknown {
  if (literal.kind === 'list') return literal.items.map(valueOf)
  return literal.kind === 'date' ? Date.parse(literal.value) / 1000 : literal.value
}
