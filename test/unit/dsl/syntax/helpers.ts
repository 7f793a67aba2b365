// Short ways to parse a text, and to look at a tree without its spans.
import assert from 'node:assert/strict'
import type { Clause, Declaration, Expression, Phrase } from '../../../../dsl/syntax/ast.ts'
import { parse, type Parsed, type ParseOptions } from '../../../../dsl/syntax/parse.ts'

export const N = (large: number): number => (process.env['SALLYPORT_TEST_LONG'] ? large : Math.ceil(large / 10))

/** For properties that compile or decide each time: a thirtieth. */
export const FEW = (large: number): number => (process.env['SALLYPORT_TEST_LONG'] ? large : Math.ceil(large / 30))

export function parseText(text: string, options?: ParseOptions): Parsed {
  return parse({ path: 'a.policy', text }, options)
}

/** The declarations of a text that must be without errors. */
export function declarations(text: string): readonly Declaration[] {
  const { file, diagnostics } = parseText(text)
  assert.deepEqual(diagnostics, [])
  return file.declarations
}

/** The clauses of a policy whose body is the text. */
export function clauses(body: string): readonly Clause[] {
  const [policy] = declarations(`policy a.b "t" {\n${body}\n}`)
  assert.equal(policy?.kind, 'policy')
  return policy.kind === 'policy' ? policy.clauses : []
}

/** A condition as a short text: `(and (== a.b "x") …)`. */
export function condition(text: string): string {
  const [when] = clauses(`when ${text}`)
  assert.equal(when?.kind, 'when')
  return when?.kind === 'when' ? show(when.condition) : ''
}

/** The phrases of a policy body, each as a short text: `verb [a "b"] to [c] [d]`. */
export function phrases(body: string): string[] {
  return clauses(body).flatMap((clause) => (clause.kind === 'phrase' ? [showPhrase(clause.phrase)] : []))
}

export function showPhrase({ verb, slots }: Phrase): string {
  return [
    verb.text,
    ...slots.map(({ preposition, groups }) => {
      const shown = groups.map((group) => `[${group.map(show).join(' ')}]`).join(' ')
      return preposition === null ? shown : `${preposition.text} ${shown}`
    }),
  ].join(' ')
}

export function show(e: Expression): string {
  switch (e.kind) {
    case 'text':
    case 'date':
      return JSON.stringify(e.value)
    case 'number':
    case 'bool':
      return String(e.value)
    case 'percent':
      return `${e.value}%`
    case 'duration':
      return `${e.value}ms`
    case 'regex':
      return `/${e.value}/`
    case 'list':
      return `[${e.items.map(show).join(', ')}]`
    case 'path':
      return e.name.text
    case 'and':
    case 'or':
      return `(${e.kind} ${e.operands.map(show).join(' ')})`
    case 'not':
      return `(not ${show(e.operand)})`
    case 'compare':
    case 'arithmetic':
    case 'match':
      return `(${e.operator} ${show(e.left)} ${show(e.right)})`
    case 'in':
      return `(${e.negated ? 'not in' : 'in'} ${show(e.left)} ${show(e.right)})`
    case 'has':
      return `(has ${e.quantity} ${show(e.left)} ${show(e.right)})`
    case 'contains':
      return `(contains ${show(e.left)} ${show(e.right)}${e.scoring === null ? '' : ` ${e.scoring.value}`})`
    case 'exists':
      return `(${e.negated ? 'missing' : 'exists'} ${show(e.operand)})`
    case 'quantifier':
      return `(${e.quantity} ${e.variable.text} ${show(e.list)} ${show(e.where)})`
    case 'count':
      return `(count ${e.variable.text} ${show(e.list)}${e.where === null ? '' : ` ${show(e.where)}`})`
    case 'lower':
      return `(lower ${show(e.operand)})`
    case 'default':
      return `(?? ${show(e.left)} ${show(e.right)})`
    case 'jsonlogic':
      return `(jsonlogic ${e.source})`
    case 'hole':
      return '_'
  }
}

/** A tree without spans and docs, to compare with what is expected. */
export function bare<Value>(value: Value): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, inner: unknown) => (key === 'span' || key === 'doc' ? undefined : isName(inner) ? inner.text : inner)),
  )
}

function isName(value: unknown): value is { text: string } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'text' in value &&
    'span' in value &&
    Object.keys(value).length === 2 &&
    !('optional' in value)
  )
}
