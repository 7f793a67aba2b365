// Checks in-file tests and lowers them to what the runner walks through.
import { attributeNames } from './attributes.ts'
import { declarationsOf, findAttribute, type Module, type Names } from './names.ts'
import { matchPhrase, type Operands } from './phrases.ts'
import { unknownAttribute } from './expressions-names.ts'
import { checkEnumValues, describe, suggestion } from './lowered.ts'
import type { DeclarationOf, Literal, Phrase, TestClause } from '../syntax/ast.ts'
import type { JsonLogic } from '../compile/bundle.ts'
import type { Report } from './report.ts'
import type { Span } from '../diagnostics/diagnostic.ts'
import type { Type } from '../vocabulary/vocabulary.ts'

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

type ClauseOf<K extends TestClause['kind']> = Extract<TestClause, { kind: K }>

const ROLES: { readonly [role: string]: string } = {
  user: 'prompt.user',
  system: 'prompt.system',
  assistant: 'prompt.assistant',
  tool: 'prompt.tool',
}

export function lowerTests(names: Names, module: Module, report: Report): readonly CompiledTest[] {
  const tests = declarationsOf(module.files, 'test')
  checkTitles(tests, report)
  return tests.map((test) => lowerTest(test, names, module, report))
}

/** A report names a test by its title. */
function checkTitles(tests: readonly DeclarationOf<'test'>[], report: Report): void {
  const seen = new Set<string>()
  for (const { title, span } of tests) {
    if (seen.has(title))
      report.warning('P132', span, `two tests of the module have the title \`${title}\``, 'Say what is different in one of them.')
    seen.add(title)
  }
}

function lowerTest(test: DeclarationOf<'test'>, names: Names, module: Module, report: Report): CompiledTest {
  const of = <K extends TestClause['kind']>(kind: K): readonly Extract<TestClause, { kind: K }>[] =>
    test.clauses.filter((clause): clause is Extract<TestClause, { kind: K }> => clause.kind === kind)
  const assignments = of('given').flatMap((given) => given.assignments)
  checkAnswers([...of('answer'), ...of('chunks')], report)
  if (of('expect').length === 0) {
    report.error('P114', test.span, `the test \`${test.title}\` expects nothing`, 'Add `expect policy NAME fires`, or an effect.')
  }
  return {
    title: test.title,
    module: module.name,
    span: test.span,
    given: lowerGiven(assignments, names, report),
    messages: of('message').flatMap((message) => lowerMessage(message, report)),
    answer: of('answer')[0]?.text ?? null,
    chunks: of('chunks')[0]?.texts ?? null,
    expect: of('expect').flatMap((expect) => lowerExpect(expect, names, module, report)),
  }
}

/** An answer comes whole or in chunks, and once. */
function checkAnswers([first, ...more]: readonly TestClause[], report: Report): void {
  for (const { kind, span } of more) {
    report.doubled(
      'P114',
      span,
      first!.span,
      `\`${kind}\` is a second answer`,
      'A test has one answer, `answer` or `chunks`; write a test for each.',
    )
  }
}

function lowerMessage({ role, text }: ClauseOf<'message'>, report: Report): CompiledTest['messages'] {
  if (Object.hasOwn(ROLES, role.text)) return [{ location: ROLES[role.text]!, text }]
  const known = Object.keys(ROLES)
  report.error('P112', role.span, `\`${role.text}\` is not a role`, suggestion(role.text, known) ?? `Roles are ${known.join(', ')}.`)
  return []
}

// ── given ────────────────────────────────────────────────────────────────────────────────────────────────────────────

function lowerGiven(assignments: ClauseOf<'given'>['assignments'], names: Names, report: Report): CompiledTest['given'] {
  const given = new Map<string, unknown>()
  for (const { attribute, value } of assignments) {
    const declaration = findAttribute(names, attribute.text)
    if (!declaration) {
      const help = unknownAttribute(attribute.text, attributeNames(names.attributes), names)
      report.error('P104', attribute.span, `there is no attribute \`${attribute.text}\``, help)
      continue
    }
    if (given.has(attribute.text)) report.error('P114', attribute.span, `\`${attribute.text}\` is given twice`, 'Keep one of the values.')
    checkGiven(attribute.text, declaration.type, value, report)
    given.set(attribute.text, valueOf(value))
  }
  return given
}

function checkGiven(name: string, type: Type, value: Literal, report: Report): void {
  if (type.kind === 'list' && value.kind === 'list') {
    for (const item of value.items) checkGiven(name, type.of, item, report)
    return
  }
  const written: string = value.kind === 'date' ? 'time' : value.kind
  if (written !== (type.kind === 'enum' || type.kind === 'ip' ? 'text' : type.kind)) {
    report.error(
      'P110',
      value.span,
      `\`${name}\` is ${describe(type)}, and this is a ${value.kind}`,
      type.kind === 'list' ? 'Put it into brackets.' : undefined,
    )
  } else checkEnumValues(type, valueOf(value) as JsonLogic, value.span, report)
}

function valueOf(literal: Literal): unknown {
  if (literal.kind === 'list') return literal.items.map(valueOf)
  return literal.kind === 'date' ? Date.parse(literal.value) / 1000 : literal.value
}

// ── expect ───────────────────────────────────────────────────────────────────────────────────────────────────────────

function lowerExpect({ expectation, span }: ClauseOf<'expect'>, names: Names, module: Module, report: Report): readonly Expected[] {
  if (expectation.kind === 'effect') return lowerExpectedEffect(expectation.phrase, names, module, report)
  const { policy, outcome } = expectation
  if (!names.policies.has(policy.text)) {
    report.error('P103', policy.span, `there is no policy \`${policy.text}\``, suggestion(policy.text, names.policies.keys()))
  }
  return [{ kind: 'policy', policy: policy.text, outcome, span }]
}

/** A test names what it wants to compare and leaves out the rest. */
function lowerExpectedEffect(phrase: Phrase, names: Names, module: Module, report: Report): readonly Expected[] {
  const match = matchPhrase(phrase, ['expect', 'effect'], { names, module, phases: [], report, partial: true })
  if (!match) return []
  if (match.verb.template.verb === 'text') return [{ kind: 'text', text: String(match.operands.text), span: phrase.span }]
  return [{ kind: 'effect', verb: match.verb.template.verb, operands: match.operands, span: phrase.span }]
}
