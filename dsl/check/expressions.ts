// Checks a condition and lowers it to portable JSON Logic in one walk. Conditions are total: what could depend on the absence of a
// value is an error that names both fixes.
import { findAttribute, findDetector, findValue, knownNames, locationsIn, type Module, type Names } from './names.ts'
import { isNetwork } from '../evaluate/operators.ts'
import { didYouMean } from '../diagnostics/suggest.ts'
import type { Expression, Literal } from '../syntax/ast.ts'
import type { JsonLogic } from '../compile/bundle.ts'
import type { Phase, Type } from '../vocabulary/vocabulary.ts'
import type { Report } from './report.ts'
import type { Span } from '../diagnostics/diagnostic.ts'

export interface Scope {
  readonly names: Names
  readonly module: Module
  readonly phases: readonly Phase[]
  readonly report: Report
  /** False inside `not`: a test that absence makes false becomes true there. */
  readonly positive: boolean
  /** Attributes that the surrounding conjunction proves to be there. */
  readonly present: ReadonlySet<string>
  /** Elements of quantifiers: name -> type. The innermost alone can be read. */
  readonly element: { readonly name: string; readonly type: Type } | null
}

/** A lowered expression. `absent`: the attribute whose absence would be seen here, or null. `type` null: already reported. */
interface Lowered {
  readonly logic: JsonLogic
  readonly type: Type | null
  readonly absent: string | null
}

const BOOL: Type = { kind: 'bool' }
const NUMBER: Type = { kind: 'number' }
const TEXT: Type = { kind: 'text' }
const FALSE: Lowered = { logic: false, type: null, absent: null }

/** Lowers a condition; anything that is not a truth value is reported. */
export function lowerCondition(expression: Expression, scope: Scope): JsonLogic {
  const lowered = lower(expression, scope)
  if (lowered.type && lowered.type.kind !== 'bool') {
    scope.report.error(
      'P110',
      expression.span,
      `a condition must be true or false, and this is ${describe(lowered.type)}`,
      'Compare it with something.',
    )
    return false
  }
  return lowered.absent === null || expression.kind !== 'path' ? lowered.logic : { '===': [lowered.logic, true] }
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
      return compare(expression, scope)
    case 'in':
      return membership(expression, scope)
    case 'has':
      return has(expression, scope)
    case 'contains':
      return contains(expression, scope)
    case 'exists':
      return exists(expression, scope)
    case 'match':
      return match(expression, scope)
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

const truth = (logic: JsonLogic): Lowered => ({ logic, type: BOOL, absent: null })

// ── names and literals ───────────────────────────────────────────────────────────────────────────────────────────────

function path({ name, span }: Extract<Expression, { kind: 'path' }>, scope: Scope): Lowered {
  const element = readElement(name.text, span, scope)
  if (element) return element
  const value = findValue(scope.names, scope.module, name.text)
  if (value) return literal(value, scope)
  const attribute = findAttribute(scope.names, name.text)
  if (!attribute) return unknown(name.text, span, scope)
  const late = scope.phases.find((phase) => !isKnownIn(attribute.phase, phase))
  if (late)
    scope.report.error(
      'P130',
      span,
      `\`${name.text}\` is not known in the phase \`${late}\``,
      `It is known from the phase \`${attribute.phase}\` on.`,
    )
  const absent = attribute.optional && !scope.present.has(name.text) ? name.text : null
  return { logic: { var: name.text }, type: attribute.type, absent }
}

export function isKnownIn(from: 'request' | 'target' | 'response', phase: Phase): boolean {
  const order = ['request', 'target', 'response']
  return order.indexOf(from) <= order.indexOf(phase === 'stream' ? 'target' : phase)
}

function readElement(text: string, span: Span, { element, report }: Scope): Lowered | null {
  if (!element) return null
  if (text === element.name) return { logic: { var: '' }, type: element.type, absent: null }
  if (!text.startsWith(`${element.name}.`)) return null
  const field = text.slice(element.name.length + 1)
  const type = element.type.kind === 'record' ? element.type.fields[field] : undefined
  if (type) return { logic: { var: field }, type, absent: null }
  const fields = element.type.kind === 'record' ? Object.keys(element.type.fields) : []
  report.error('P104', span, `\`${element.name}\` has no field \`${field}\``, suggestion(field, fields) ?? `It has ${fields.join(', ')}.`)
  return FALSE
}

function unknown(text: string, span: Span, { names, module, report }: Scope): Lowered {
  if (findDetector(names, module, text))
    report.error('P111', span, `\`${text}\` is a detector and has no value`, `Write \`prompt contains ${text}\`.`)
  else if (locationsIn(names).has(text))
    report.error('P111', span, `\`${text}\` is a place in the content and has no value`, `Write \`${text} contains\` and a detector.`)
  else
    report.error(
      'P104',
      span,
      `there is no attribute \`${text}\``,
      suggestion(text, knownNames(names, module)) ?? 'See the policy reference for what the loaded plugins bring.',
    )
  return FALSE
}

export function suggestion(text: string, known: Iterable<string>): string | undefined {
  return didYouMean(text, known) ?? undefined
}

function literal(value: Literal, scope: Scope): Lowered {
  switch (value.kind) {
    case 'text':
      return { logic: value.value, type: TEXT, absent: null }
    case 'number':
    case 'duration':
      return { logic: value.value, type: value.kind === 'number' ? NUMBER : { kind: 'duration' }, absent: null }
    case 'bool':
      return { logic: value.value, type: BOOL, absent: null }
    case 'date':
      return { logic: Date.parse(value.value) / 1000, type: { kind: 'time' }, absent: null }
    case 'list': {
      const items = value.items.map((item) => literal(item, scope))
      const odd = value.items.find((_, i) => items[i]!.type?.kind !== items[0]!.type?.kind)
      if (odd) scope.report.error('P110', odd.span, 'the values of a list must be of one type')
      return { logic: items.map(({ logic }) => logic), type: { kind: 'list', of: items[0]?.type ?? TEXT }, absent: null }
    }
    default:
      scope.report.error(
        'P110',
        value.span,
        `a ${value.kind} has no place in a condition`,
        value.kind === 'regex' ? 'Declare a detector with the pattern and write `prompt contains NAME`.' : undefined,
      )
      return FALSE
  }
}

// ── connectives ──────────────────────────────────────────────────────────────────────────────────────────────────────

function connect({ kind, operands }: Extract<Expression, { kind: 'and' | 'or' }>, scope: Scope): Lowered {
  const proves = kind === 'and' ? scope.positive : !scope.positive
  const present = proves ? new Set([...scope.present, ...operands.flatMap((operand) => provenBy(operand, kind))]) : scope.present
  return truth({
    [kind]: operands.map((operand) => lowerCondition(operand, { ...scope, present: provesItself(operand) ? scope.present : present })),
  })
}

/** `x exists` proves x for its neighbours in an `and`; `x is missing` does in an `or`. */
function provenBy(operand: Expression, connective: 'and' | 'or'): readonly string[] {
  if (operand.kind === 'exists' && operand.negated === (connective === 'or') && operand.operand.kind === 'path')
    return [operand.operand.name.text]
  if (operand.kind === 'and' && connective === 'and') return operand.operands.flatMap((inner) => provenBy(inner, connective))
  return []
}

function provesItself(operand: Expression): boolean {
  return operand.kind === 'exists'
}

/** Names that a whole condition proves to be there: what `limit … by` an optional attribute asks for. */
export function provenPresent(condition: Expression | null): ReadonlySet<string> {
  return new Set(condition ? provenBy(condition, 'and') : [])
}

// ── tests ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** `trueIfAbsent`: does absence make the test true? An order comparison may not see absence at all. */
function seesAbsence(lowered: readonly Lowered[], trueIfAbsent: boolean | 'either', span: Span, { positive, report }: Scope): void {
  const absent = lowered.find((one) => one.absent !== null)?.absent
  if (absent === undefined || absent === null) return
  if (trueIfAbsent !== 'either' && trueIfAbsent !== positive) return
  report.error(
    'P120',
    span,
    `\`${absent}\` may be absent, and this test must not depend on that`,
    `Write \`${absent} exists and …\`, or give a value for its absence: \`(${absent} ?? "…")\`.`,
  )
}

function compare(expression: Extract<Expression, { kind: 'compare' }>, scope: Scope): Lowered {
  const { operator, span } = expression
  const left = lower(expression.left, scope)
  const right = lower(expression.right, scope)
  if (!left.type || !right.type) return FALSE
  const ordering = operator !== '==' && operator !== '!='
  checkComparable(left.type, right.type, expression, ordering, scope)
  seesAbsence([left, right], ordering ? 'either' : operator === '!=', span, scope)
  const symbol = operator === '==' ? '===' : operator === '!=' ? '!==' : operator
  return truth({ [symbol]: [left.logic, right.logic] })
}

function checkComparable(
  left: Type,
  right: Type,
  { span, left: a, right: b, operator }: Extract<Expression, { kind: 'compare' }>,
  ordering: boolean,
  scope: Scope,
): void {
  if (left.kind === 'list' || right.kind === 'list')
    return scope.report.error('P110', span, 'a list is not compared as a whole', 'Use `has`, `in`, or a quantifier.')
  if (left.kind === 'enum') return checkEnum(left, b, scope)
  if (right.kind === 'enum') return checkEnum(right, a, scope)
  if (!sameKind(left, right))
    return scope.report.error(
      'P110',
      span,
      `${describe(left)} is compared with ${describe(right)}`,
      'Nothing is converted; compare values of one type.',
    )
  if (ordering && !['number', 'time', 'duration'].includes(left.kind))
    scope.report.error('P110', span, `\`${operator}\` needs numbers, and this is ${describe(left)}`)
}

function checkEnum(type: Extract<Type, { kind: 'enum' }>, other: Expression, { report }: Scope): void {
  if (other.kind === 'path') return
  if (other.kind === 'text' && type.values.includes(other.value)) return
  const shown = other.kind === 'text' ? `\`${other.value}\`` : 'this'
  report.error(
    'P112',
    other.span,
    `${shown} is not one of ${type.values.map((value) => `\`${value}\``).join(', ')}`,
    other.kind === 'text' ? suggestion(other.value, type.values) : undefined,
  )
}

function sameKind(a: Type, b: Type): boolean {
  const kind = (type: Type): string => (type.kind === 'enum' || type.kind === 'ip' ? 'text' : type.kind)
  return kind(a) === kind(b)
}

function membership({ negated, left, right, span }: Extract<Expression, { kind: 'in' }>, scope: Scope): Lowered {
  const needle = lower(left, scope)
  const list = lower(right, scope)
  if (!needle.type || !list.type) return FALSE
  if (list.type.kind !== 'list') {
    scope.report.error(
      'P110',
      right.span,
      `\`in\` needs a list, and this is ${describe(list.type)}`,
      list.type.kind === 'text' ? 'For a text within a text write `contains`.' : undefined,
    )
    return FALSE
  }
  if (!sameKind(needle.type, list.type.of))
    scope.report.error('P110', span, `${describe(needle.type)} is looked for among ${describe(list.type.of)} values`)
  seesAbsence([needle, list], negated, span, scope)
  const logic = needle.type.kind === 'ip' ? inNetworks(needle.logic, list.logic, right.span, scope) : guardedIn(needle, list)
  return truth(negated ? { '!': [logic] } : logic)
}

/** An absent list holds nothing; json-logic-js would look for a substring in anything else. */
function guardedIn(needle: Lowered, list: Lowered): JsonLogic {
  const found: JsonLogic = { in: [needle.logic, list.logic] }
  return list.absent === null ? found : { and: [{ '!==': [list.logic, null] }, found] }
}

function inNetworks(ip: JsonLogic, networks: JsonLogic, span: Span, { report }: Scope): JsonLogic {
  if (!Array.isArray(networks)) return { some: [networks, { cidr: [ip, { var: '' }] }] }
  const texts = (networks as readonly JsonLogic[]).map(String)
  for (const network of texts)
    if (!isNetwork(network))
      report.error('P112', span, `\`${network}\` is neither an address nor a network`, 'Write `10.0.0.0/8` or `203.0.113.7`.')
  return { or: texts.map((network) => ({ cidr: [ip, network] })) }
}

function has({ quantity, left, right, span }: Extract<Expression, { kind: 'has' }>, scope: Scope): Lowered {
  const list = lower(left, scope)
  const wanted = lower(right, scope)
  if (!list.type || !wanted.type) return FALSE
  if (list.type.kind !== 'list') {
    scope.report.error(
      'P110',
      left.span,
      `\`has\` needs a list, and this is ${describe(list.type)}`,
      list.type.kind === 'text' ? 'For a text within a text write `contains`.' : undefined,
    )
    return FALSE
  }
  const wantedItem = quantity === 'one' ? wanted.type : wanted.type.kind === 'list' ? wanted.type.of : null
  if (!wantedItem) scope.report.error('P110', right.span, `\`has ${quantity} of\` needs a list`, 'Write `["a", "b"]`.')
  else if (!sameKind(list.type.of, wantedItem))
    scope.report.error('P110', span, `${describe(wantedItem)} is looked for among ${describe(list.type.of)} values`)
  seesAbsence([list], false, span, scope)
  if (quantity === 'one') return truth(guardedIn(wanted, list))
  const items = Array.isArray(wanted.logic) ? (wanted.logic as readonly JsonLogic[]) : []
  return truth({ [quantity === 'any' ? 'or' : 'and']: items.map((item) => guardedIn({ ...wanted, logic: item }, list)) })
}

function contains({ left, right, scoring }: Extract<Expression, { kind: 'contains' }>, scope: Scope): Lowered {
  const location = left.kind === 'path' ? left.name.text : null
  const phase = location === null ? undefined : locationsIn(scope.names).get(location)
  if (location === null || phase === undefined) return textContains(left, right, scope)
  if (phase === 'response' && scope.phases.some((on) => on === 'request' || on === 'target')) {
    scope.report.error('P130', left.span, `\`${location}\` is not known before there is an answer`, 'Put the policy `on response, stream`.')
  }
  const name = right.kind === 'path' ? right.name.text : null
  const detector = name === null ? null : findDetector(scope.names, scope.module, name)
  if (detector === null) {
    scope.report.error(
      'P105',
      right.span,
      name === null ? 'a location contains a detector' : `there is no detector \`${name}\``,
      name === null ? 'Write `prompt contains NAME`, with a declared detector.' : suggestion(name, knownNames(scope.names, scope.module)),
    )
    return FALSE
  }
  if (scoring && (scoring.value < 0 || scoring.value > 1))
    scope.report.error('P112', scoring.span, `a score lies between 0 and 1, and this is ${scoring.value}`)
  const score: JsonLogic = { var: `found.${detector}.${location}.score` }
  const threshold = scoring?.value ?? ownScore(scope, detector)
  return truth(threshold === null ? { '>': [score, 0] } : { '>=': [score, threshold] })
}

/** Without `scoring`, the detector's own score; a union has none, so any finding of its members counts. */
function ownScore({ names }: Scope, detector: string): number | null {
  const declaration = names.detectors.get(detector)
  if (!declaration || declaration.clauses.some(({ kind }) => kind === 'any')) return null
  const score = declaration.clauses.find((clause) => clause.kind === 'score')
  return score?.kind === 'score' ? score.score : DEFAULT_SCORE
}

export const DEFAULT_SCORE = 0.5

function textContains(left: Expression, right: Expression, scope: Scope): Lowered {
  const text = lower(left, scope)
  const part = lower(right, scope)
  if (!text.type || !part.type) return FALSE
  if (text.type.kind === 'list')
    scope.report.error('P110', left.span, '`contains` looks into a text, and this is a list', 'For a list write `has`.')
  else if (!sameKind(text.type, TEXT) || !sameKind(part.type, TEXT))
    scope.report.error('P110', left.span, '`contains` needs a location and a detector, or two texts')
  seesAbsence([text, part], false, left.span, scope)
  return truth({ includes: [text.logic, part.logic] })
}

function exists({ negated, operand }: Extract<Expression, { kind: 'exists' }>, scope: Scope): Lowered {
  const { logic, type } = lower(operand, scope)
  if (!type) return FALSE
  const attribute = operand.kind === 'path' ? findAttribute(scope.names, operand.name.text) : null
  if (!attribute?.optional) scope.report.warning('P121', operand.span, 'this is never absent, so the test says nothing', 'Remove it.')
  return truth({ [negated ? '===' : '!==']: [logic, null] })
}

function match({ operator, left, right, span }: Extract<Expression, { kind: 'match' }>, scope: Scope): Lowered {
  const text = lower(left, scope)
  const part = lower(right, scope)
  if (!text.type || !part.type) return FALSE
  if (!sameKind(text.type, TEXT) || !sameKind(part.type, TEXT)) scope.report.error('P110', span, `\`${operator}\` needs two texts`)
  seesAbsence([text, part], false, span, scope)
  if (operator === 'like') return truth({ glob: [text.logic, part.logic] })
  if (typeof part.logic !== 'string') {
    scope.report.error('P110', right.span, `\`${operator}\` needs a text that stands in the policy`)
    return FALSE
  }
  const cut: JsonLogic =
    operator === 'starts with' ? { substr: [text.logic, 0, part.logic.length] } : { substr: [text.logic, -part.logic.length] }
  const test: JsonLogic = { '===': [cut, part.logic] }
  return truth(text.absent === null ? test : { and: [{ '!==': [text.logic, null] }, test] })
}

// ── lists ────────────────────────────────────────────────────────────────────────────────────────────────────────────

function elements(list: Expression, variable: string, scope: Scope): { readonly logic: JsonLogic; readonly scope: Scope } | null {
  const lowered = lower(list, scope)
  if (!lowered.type) return null
  if (lowered.type.kind !== 'list') {
    scope.report.error('P110', list.span, `a quantifier needs a list, and this is ${describe(lowered.type)}`)
    return null
  }
  if (scope.element) {
    scope.report.error('P190', list.span, 'a quantifier inside a quantifier is not supported by this version')
    return null
  }
  return { logic: lowered.logic, scope: { ...scope, element: { name: variable, type: lowered.type.of } } }
}

function quantify({ quantity, variable, list, where }: Extract<Expression, { kind: 'quantifier' }>, scope: Scope): Lowered {
  const inner = elements(list, variable.text, scope)
  if (!inner) return FALSE
  const test = lowerCondition(where, inner.scope)
  if (quantity === 'some') return truth({ some: [inner.logic, test] })
  return truth({ none: [inner.logic, quantity === 'no' ? test : { '!': [test] }] })
}

function count({ variable, list, where }: Extract<Expression, { kind: 'count' }>, scope: Scope): Lowered {
  const inner = elements(list, variable.text, scope)
  if (!inner) return FALSE
  const kept: JsonLogic = where ? { filter: [inner.logic, lowerCondition(where, inner.scope)] } : inner.logic
  return { logic: { reduce: [kept, { '+': [{ var: 'accumulator' }, 1] }, 0] }, type: NUMBER, absent: null }
}

// ── values ───────────────────────────────────────────────────────────────────────────────────────────────────────────

function lowerCase({ operand, span }: Extract<Expression, { kind: 'lower' }>, scope: Scope): Lowered {
  const text = lower(operand, scope)
  if (!text.type) return FALSE
  if (!sameKind(text.type, TEXT)) scope.report.error('P110', span, '`lower` needs a text')
  return { logic: { lower: [text.logic] }, type: TEXT, absent: text.absent }
}

function withDefault({ left, right, span }: Extract<Expression, { kind: 'default' }>, scope: Scope): Lowered {
  const value = lower(left, scope)
  const fallback = lower(right, scope)
  if (!value.type || !fallback.type) return FALSE
  if (!sameKind(value.type, fallback.type) && value.type.kind !== fallback.type.kind)
    scope.report.error('P110', span, `${describe(value.type)} falls back to ${describe(fallback.type)}`)
  return { logic: { if: [{ '!==': [value.logic, null] }, value.logic, fallback.logic] }, type: value.type, absent: null }
}

function arithmetic({ operator, left, right, span }: Extract<Expression, { kind: 'arithmetic' }>, scope: Scope): Lowered {
  const a = lower(left, scope)
  const b = lower(right, scope)
  if (!a.type || !b.type) return FALSE
  if (a.type.kind !== 'number' || b.type.kind !== 'number') scope.report.error('P110', span, `\`${operator}\` needs numbers`)
  seesAbsence([a, b], 'either', span, scope)
  return { logic: { [operator]: [a.logic, b.logic] }, type: NUMBER, absent: null }
}

export function describe(type: Type): string {
  if (type.kind === 'list') return `a list of ${type.of.kind}`
  return type.kind === 'enum' ? `one of ${type.values.join(', ')}` : `a ${type.kind}`
}
