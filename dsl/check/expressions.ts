// Lowers a condition to portable JSON Logic and checks it in the same walk. Conditions are total: what could depend on the absence of a
// value is an error that names both fixes.
import { findAttribute, findDetector, findValue, knownNames, locationsIn, type Module, type Names } from './names.ts'
import {
  BOOL,
  checkEnumValues,
  describe,
  FALSE,
  isText,
  isTyped,
  NUMBER,
  sameKind,
  seesAbsence,
  suggestion,
  TEXT,
  truth,
} from './lowered.ts'
import { compare, has, match, membership, textContains } from './comparisons.ts'
import type { Expression, Literal } from '../syntax/ast.ts'
import type { JsonLogic } from '../compile/bundle.ts'
import type { Lowered, Scope } from './lowered.ts'
import type { Phase } from '../vocabulary/vocabulary.ts'
import type { Span } from '../diagnostics/diagnostic.ts'

type Of<Kind extends Expression['kind']> = Extract<Expression, { kind: Kind }>

/** Lowers a condition; anything that is not a truth value is reported. */
export function lowerCondition(expression: Expression, scope: Scope): JsonLogic {
  const lowered = lower(expression, scope)
  if (!isTyped(lowered)) return false
  if (lowered.type.kind !== 'bool') {
    scope.report.error(
      'P110',
      expression.span,
      `a condition must be true or false, and this is ${describe(lowered.type)}`,
      'Compare it with something.',
    )
    return false
  }
  if (lowered.absent === null) return lowered.logic
  seesAbsence([lowered], false, expression.span, scope)
  return { '===': [lowered.logic, true] }
}

function lower(expression: Expression, scope: Scope): Lowered {
  switch (expression.kind) {
    case 'hole':
      return FALSE
    case 'and':
    case 'or':
      return connect(expression, scope)
    case 'not':
      return truth({ '!': [lowerCondition(expression.operand, { ...scope, positive: !scope.positive })] })
    case 'compare':
      return compare(expression, lower(expression.left, scope), lower(expression.right, scope), scope)
    case 'in':
      return membership(expression, lower(expression.left, scope), lower(expression.right, scope), scope)
    case 'has':
      return has(expression, lower(expression.left, scope), lower(expression.right, scope), scope)
    case 'contains':
      return contains(expression, scope)
    case 'exists':
      return exists(expression, scope)
    case 'match':
      return match(expression, lower(expression.left, scope), lower(expression.right, scope), scope)
    case 'quantifier':
      return quantify(expression, scope)
    case 'count':
      return count(expression, scope)
    case 'lower':
      return lowerCase(expression, scope)
    case 'default':
      return withDefault(expression, scope)
    case 'arithmetic':
      return arithmetic(expression, scope)
    case 'jsonlogic':
      scope.report.error('P190', expression.span, '`jsonlogic` is not supported by this version', 'Write the condition in the language.')
      return FALSE
    case 'path':
      return path(expression, scope)
    default:
      return literal(expression, scope)
  }
}

// ── names and literals ───────────────────────────────────────────────────────────────────────────────────────────────

function path({ name, span }: Of<'path'>, scope: Scope): Lowered {
  const element = readElement(name.text, span, scope)
  if (element) return element
  const value = findValue(scope.names, scope.module, name.text)
  if (value) return literal(value, scope)
  const attribute = findAttribute(scope.names, name.text)
  if (!attribute) return unknown(name.text, span, scope)
  if (scope.element) return outside(name.text, span, scope)
  const late = scope.phases.find((phase) => !isKnownIn(attribute.phase, phase))
  if (late) {
    scope.report.error(
      'P130',
      span,
      `\`${name.text}\` is not known in the phase \`${late}\``,
      `It is known from the phase \`${attribute.phase}\` on.`,
    )
  }
  const absent = attribute.optional && !scope.present.has(name.text) ? name.text : null
  return { logic: { var: name.text }, type: attribute.type, absent }
}

/** A response attribute is not known while the answer streams. */
export function isKnownIn(from: 'request' | 'target' | 'response', phase: Phase): boolean {
  const order = ['request', 'target', 'response']
  return order.indexOf(from) <= order.indexOf(phase === 'stream' ? 'target' : phase)
}

/** In JSON Logic the body of a quantifier sees its element and nothing else. */
function outside(text: string, span: Span, { element, report }: Scope): Lowered {
  const help = `Test \`${text}\` beside the quantifier; inside stands only \`${element?.name ?? ''}\`.`
  report.error('P190', span, `\`${text}\` inside a quantifier is not supported by this version`, help)
  return FALSE
}

function readElement(text: string, span: Span, { element, report }: Scope): Lowered | null {
  if (!element) return null
  if (text === element.name) return { logic: { var: '' }, type: element.type, absent: null }
  if (!text.startsWith(`${element.name}.`)) return null
  const field = text.slice(element.name.length + 1)
  const fields = element.type.kind === 'record' ? element.type.fields : {}
  const type = Object.hasOwn(fields, field) ? fields[field] : undefined
  if (type) return { logic: { var: field }, type, absent: null }
  const known = Object.keys(fields)
  const help = suggestion(field, known) ?? (known.length > 0 ? `It has ${known.join(', ')}.` : 'Its elements have no fields.')
  report.error('P104', span, `\`${element.name}\` has no field \`${field}\``, help)
  return FALSE
}

function unknown(text: string, span: Span, { names, module, report }: Scope): Lowered {
  if (findDetector(names, module, text)) {
    report.error('P111', span, `\`${text}\` is a detector and has no value`, `Write \`prompt contains ${text}\`.`)
  } else if (locationsIn(names).has(text)) {
    report.error('P111', span, `\`${text}\` is a place in the content and has no value`, `Write \`${text} contains\` and a detector.`)
  } else {
    const help = suggestion(text, knownNames(names, module)) ?? 'See the policy reference for what the loaded plugins bring.'
    report.error('P104', span, `there is no attribute \`${text}\``, help)
  }
  return FALSE
}

function literal(value: Literal, scope: Scope): Lowered {
  switch (value.kind) {
    case 'text':
      return { logic: value.value, type: TEXT, absent: null }
    case 'number':
      return { logic: value.value, type: NUMBER, absent: null }
    case 'duration':
      return { logic: value.value, type: { kind: 'duration' }, absent: null }
    case 'bool':
      return { logic: value.value, type: BOOL, absent: null }
    case 'date':
      return { logic: Date.parse(value.value) / 1000, type: { kind: 'time' }, absent: null }
    case 'list':
      return listLiteral(value, scope)
    default: {
      const help = value.kind === 'regex' ? 'Declare a detector with the pattern and write `prompt contains NAME`.' : undefined
      scope.report.error('P110', value.span, `a ${value.kind} has no place in a condition`, help)
      return FALSE
    }
  }
}

function listLiteral({ items: values, span }: Extract<Literal, { kind: 'list' }>, scope: Scope): Lowered {
  const items = values.map((item) => literal(item, scope))
  const first = items[0]
  const odd = values.find((_, i) => items[i]!.type?.kind !== first?.type?.kind)
  if (odd) scope.report.error('P110', odd.span, 'the values of a list must be of one type')
  if (first?.type?.kind === 'list') scope.report.error('P110', span, 'a list holds no lists')
  return { logic: items.map(({ logic }) => logic), type: { kind: 'list', of: first?.type ?? TEXT }, absent: null }
}

// ── connectives ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** In `x exists and …` and in `x is missing or …` what stands beside matters only where x is there. */
function connect({ kind, operands }: Of<'and' | 'or'>, scope: Scope): Lowered {
  const present = new Set([...scope.present, ...operands.flatMap((operand) => provenBy(operand, kind))])
  return truth({ [kind]: operands.map((operand) => lowerCondition(operand, { ...scope, present })) })
}

function provenBy(operand: Expression, connective: 'and' | 'or'): readonly string[] {
  const isNegated = operand.kind === 'not'
  const test = isNegated ? operand.operand : operand
  if (test.kind === 'exists' && test.operand.kind === 'path') {
    return (test.negated !== isNegated) === (connective === 'or') ? [test.operand.name.text] : []
  }
  return operand.kind === connective ? operand.operands.flatMap((inner) => provenBy(inner, connective)) : []
}

/** Names that a condition says to exist. */
export function provenPresent(condition: Expression | null): ReadonlySet<string> {
  return new Set(condition ? provenBy(condition, 'and') : [])
}

/** Names without which a condition is never true: beside `exists`, all that stand in a positive test. What `limit … by` asks for. */
export function neededPresent(condition: Expression | null): ReadonlySet<string> {
  return new Set(condition ? neededBy(condition) : [])
}

function neededBy(condition: Expression): readonly string[] {
  const names = (...operands: readonly Expression[]): readonly string[] =>
    operands.flatMap((one) => (one.kind === 'path' ? [one.name.text] : []))
  switch (condition.kind) {
    case 'and':
      return condition.operands.flatMap(neededBy)
    case 'compare':
      return condition.operator === '==' ? names(condition.left, condition.right) : []
    case 'in':
      return condition.negated ? [] : names(condition.left)
    case 'has':
      return condition.quantity === 'one' ? names(condition.left, condition.right) : []
    case 'match':
      return names(condition.left)
    default:
      return provenBy(condition, 'and')
  }
}

// ── content and presence ─────────────────────────────────────────────────────────────────────────────────────────────

function contains(expression: Of<'contains'>, scope: Scope): Lowered {
  const { left, right, scoring } = expression
  const location = left.kind === 'path' ? left.name.text : null
  const phase = location === null ? undefined : locationsIn(scope.names).get(location)
  if (location === null || phase === undefined) return textContains(expression, lower(left, scope), lower(right, scope), scope)
  if (scope.element) return outside(location, left.span, scope)
  if (phase === 'response' && scope.phases.some((on) => on === 'request' || on === 'target')) {
    scope.report.error('P130', left.span, `\`${location}\` is not known before there is an answer`, 'Put the policy `on response, stream`.')
  }
  const detector = detectorOf(right, scope)
  if (detector === null) return FALSE
  if (scoring && (scoring.value < 0 || scoring.value > 1)) {
    scope.report.error('P112', scoring.span, `a score lies between 0 and 1, and this is ${scoring.value}`)
  }
  const score: JsonLogic = { var: `found.${detector}.${location}.score` }
  const threshold = scoring?.value ?? ownScore(scope, detector)
  // A score is 0 where nothing was found, so a threshold of 0 still asks for a finding.
  return truth(threshold === null || threshold <= 0 ? { '>': [score, 0] } : { '>=': [score, threshold] })
}

function detectorOf(right: Expression, { names, module, report }: Scope): string | null {
  if (right.kind === 'hole') return null
  const name = right.kind === 'path' ? right.name.text : null
  const detector = name === null ? null : findDetector(names, module, name)
  if (detector !== null) return detector
  if (name === null)
    report.error('P105', right.span, 'a location contains a detector', 'Write `prompt contains NAME`, with a declared detector.')
  else report.error('P105', right.span, `there is no detector \`${name}\``, suggestion(name, knownNames(names, module)))
  return null
}

/** Without `scoring`, the detector's own score; a union has none, so any finding of its members counts. */
function ownScore({ names }: { readonly names: Names; readonly module: Module }, detector: string): number | null {
  const declaration = names.detectors.get(detector)
  if (!declaration || declaration.clauses.some(({ kind }) => kind === 'any')) return null
  const score = declaration.clauses.find((clause) => clause.kind === 'score')
  return score?.kind === 'score' ? score.score : DEFAULT_SCORE
}

export const DEFAULT_SCORE = 0.5

function exists({ negated, operand }: Of<'exists'>, scope: Scope): Lowered {
  const { logic, type } = lower(operand, scope)
  if (!type) return FALSE
  const attribute = operand.kind === 'path' ? findAttribute(scope.names, operand.name.text) : null
  if (!attribute?.optional) scope.report.warning('P121', operand.span, 'this is never absent, so the test says nothing', 'Remove it.')
  return truth({ [negated ? '===' : '!==']: [logic, null] })
}

// ── lists ────────────────────────────────────────────────────────────────────────────────────────────────────────────

interface Elements {
  readonly list: Lowered
  readonly scope: Scope
}

function elements(list: Expression, variable: string, scope: Scope): Elements | null {
  if (scope.element) {
    scope.report.error('P190', list.span, 'a quantifier inside a quantifier is not supported by this version')
    return null
  }
  const lowered = lower(list, scope)
  if (!isTyped(lowered)) return null
  if (lowered.type.kind !== 'list') {
    scope.report.error('P110', list.span, `a quantifier needs a list, and this is ${describe(lowered.type)}`)
    return null
  }
  return { list: lowered, scope: { ...scope, element: { name: variable, type: lowered.type.of } } }
}

function quantify({ quantity, variable, list, where }: Of<'quantifier'>, scope: Scope): Lowered {
  const inner = elements(list, variable.text, scope)
  if (!inner) return FALSE
  seesAbsence([inner.list], quantity !== 'some', list.span, scope)
  const test = lowerCondition(where, inner.scope)
  if (quantity === 'some') return truth({ some: [inner.list.logic, test] })
  return truth({ none: [inner.list.logic, quantity === 'no' ? test : { '!': [test] }] })
}

function count({ variable, list, where }: Of<'count'>, scope: Scope): Lowered {
  const inner = elements(list, variable.text, scope)
  if (!inner) return FALSE
  seesAbsence([inner.list], 'either', list.span, scope)
  const kept: JsonLogic = where ? { filter: [inner.list.logic, lowerCondition(where, inner.scope)] } : inner.list.logic
  return { logic: { reduce: [kept, { '+': [{ var: 'accumulator' }, 1] }, 0] }, type: NUMBER, absent: null }
}

// ── values ───────────────────────────────────────────────────────────────────────────────────────────────────────────

function lowerCase({ operand, span }: Of<'lower'>, scope: Scope): Lowered {
  const text = lower(operand, scope)
  if (!isTyped(text)) return FALSE
  if (!isText(text.type)) scope.report.error('P110', span, '`lower` needs a text')
  const logic: JsonLogic = { lower: [text.logic] }
  return { logic: text.absent === null ? logic : { if: [{ '!==': [text.logic, null] }, logic, null] }, type: TEXT, absent: text.absent }
}

function withDefault({ left, right, span }: Of<'default'>, scope: Scope): Lowered {
  const value = lower(left, scope)
  const fallback = lower(right, scope)
  if (!isTyped(value) || !isTyped(fallback)) return FALSE
  if (!sameKind(value.type, fallback.type)) {
    scope.report.error('P110', span, `${describe(value.type)} falls back to ${describe(fallback.type)}`)
  }
  checkEnumValues(value.type, fallback.logic, right.span, scope.report)
  return { logic: { if: [{ '!==': [value.logic, null] }, value.logic, fallback.logic] }, type: value.type, absent: fallback.absent }
}

function arithmetic({ operator, left, right, span }: Of<'arithmetic'>, scope: Scope): Lowered {
  const a = lower(left, scope)
  const b = lower(right, scope)
  if (!isTyped(a) || !isTyped(b)) return FALSE
  if (a.type.kind !== 'number' || b.type.kind !== 'number') scope.report.error('P110', span, `\`${operator}\` needs numbers`)
  seesAbsence([a, b], 'either', span, scope)
  return { logic: { [operator]: [a.logic, b.logic] }, type: NUMBER, absent: null }
}
