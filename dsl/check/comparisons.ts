// The tests of a condition that compare values: both sides come lowered, and leave as strict JSON Logic without coercion.
import {
  checkEnumValues,
  describe,
  FALSE,
  isText,
  isTyped,
  sameKind,
  seesAbsence,
  truth,
  type Lowered,
  type Scope,
  type Typed,
} from './lowered.ts'
import { isNetwork } from '../evaluate/operators.ts'
import type { Expression } from '../syntax/ast.ts'
import type { JsonLogic } from '../compile/bundle.ts'
import type { Span } from '../diagnostics/diagnostic.ts'

type Of<Kind extends Expression['kind']> = Extract<Expression, { kind: Kind }>

const ORDERED = ['number', 'time', 'duration']

export function compare({ operator, left: a, right: b, span }: Of<'compare'>, left: Lowered, right: Lowered, scope: Scope): Lowered {
  if (!isTyped(left) || !isTyped(right)) return FALSE
  const ordering = operator !== '==' && operator !== '!='
  checkComparable(left, right, ordering ? operator : null, span, scope)
  checkEnumValues(left.type, right.logic, b.span, scope.report)
  checkEnumValues(right.type, left.logic, a.span, scope.report)
  // Two absent values are equal.
  const bothAbsent = left.absent !== null && right.absent !== null
  seesAbsence([left, right], ordering || bothAbsent ? 'either' : operator === '!=', span, scope)
  const symbol = operator === '==' ? '===' : operator === '!=' ? '!==' : operator
  return truth({ [symbol]: [left.logic, right.logic] })
}

function checkComparable(left: Typed, right: Typed, ordering: string | null, span: Span, { report }: Scope): void {
  const kinds = [left.type.kind, right.type.kind]
  if (kinds.includes('list')) return report.error('P110', span, 'a list is not compared as a whole', 'Use `has`, `in`, or a quantifier.')
  if (kinds.includes('record')) return report.error('P110', span, 'a record is not compared as a whole', 'Compare its fields.')
  if (!sameKind(left.type, right.type)) {
    return report.error(
      'P110',
      span,
      `${describe(left.type)} is compared with ${describe(right.type)}`,
      'Nothing is converted; compare values of one type.',
    )
  }
  if (ordering !== null && !ORDERED.includes(left.type.kind))
    report.error('P110', span, `\`${ordering}\` needs numbers, and this is ${describe(left.type)}`)
}

// ── lists ────────────────────────────────────────────────────────────────────────────────────────────────────────────

export function membership({ negated, right, span }: Of<'in'>, needle: Lowered, list: Lowered, scope: Scope): Lowered {
  if (!isTyped(needle) || !isTyped(list)) return FALSE
  if (list.type.kind !== 'list') return needsList('in', list, right.span, scope)
  checkElement(needle, list.type.of, span, scope)
  checkEnumValues(needle.type, list.logic, right.span, scope.report)
  checkEnumValues(list.type.of, needle.logic, span, scope.report)
  seesAbsence([needle, list], negated, span, scope)
  const logic = needle.type.kind === 'ip' ? inNetworks(needle.logic, list.logic, right.span, scope) : guardedIn(needle, list)
  return truth(negated ? { '!': [logic] } : logic)
}

function needsList(word: string, { type }: Typed, span: Span, { report }: Scope): Lowered {
  report.error(
    'P110',
    span,
    `\`${word}\` needs a list, and this is ${describe(type)}`,
    isText(type) ? 'For a text within a text write `contains`.' : undefined,
  )
  return FALSE
}

function checkElement(wanted: Typed, of: Typed['type'], span: Span, { report }: Scope): void {
  if (!sameKind(wanted.type, of))
    report.error('P110', span, `${describe(wanted.type)} is looked for among ${of.kind === 'enum' ? 'text' : of.kind} values`)
}

/** An absent list holds nothing; json-logic-js would look for a substring in anything else. */
function guardedIn(needle: Lowered, list: Lowered): JsonLogic {
  const found: JsonLogic = { in: [needle.logic, list.logic] }
  return list.absent === null ? found : { and: [{ '!==': [list.logic, null] }, found] }
}

/** Networks that stand in the policy are checked here; others are compared one by one while deciding. */
function inNetworks(ip: JsonLogic, networks: JsonLogic, span: Span, { report }: Scope): JsonLogic {
  if (!Array.isArray(networks)) return someOf(networks, ip, (network, address) => ({ cidr: [address, network] }))
  const texts = (networks as readonly JsonLogic[]).map(String)
  for (const network of texts)
    if (!isNetwork(network))
      report.error('P112', span, `\`${network}\` is neither an address nor a network`, 'Write `10.0.0.0/8` or `203.0.113.7`.')
  return anyOf(texts.map((network) => ({ cidr: [ip, network] })))
}

type Test = (element: JsonLogic, value: JsonLogic) => JsonLogic

/** Some element of a list that is known later only, tested against a value from outside the quantifier. */
function someOf(list: JsonLogic, value: JsonLogic, test: Test): JsonLogic {
  return { some: [{ bind: [list, 'k1', value] }, test({ var: 'it' }, { var: 'k1' })] }
}

export function has({ quantity, left, right, span }: Of<'has'>, list: Lowered, wanted: Lowered, scope: Scope): Lowered {
  if (!isTyped(list) || !isTyped(wanted)) return FALSE
  if (list.type.kind !== 'list') return needsList('has', list, left.span, scope)
  seesAbsence([list, wanted], false, span, scope)
  checkEnumValues(list.type.of, wanted.logic, right.span, scope.report)
  if (quantity === 'one') {
    checkElement(wanted, list.type.of, span, scope)
    return truth(guardedIn(wanted, list))
  }
  if (wanted.type.kind !== 'list') {
    scope.report.error('P110', right.span, `\`has ${quantity} of\` needs a list`, 'Write `["a", "b"]`.')
    return FALSE
  }
  checkElement({ ...wanted, type: wanted.type.of }, list.type.of, span, scope)
  const { logic } = wanted
  if (!Array.isArray(logic)) return truth(hasLater(quantity, list, wanted))
  const tests = (logic as readonly JsonLogic[]).map((item) => guardedIn({ ...wanted, logic: item }, list))
  return truth(quantity === 'any' ? anyOf(tests) : allOf(tests))
}

/** An absent list holds nothing, and an absent list is held by none. */
function hasLater(quantity: 'any' | 'all', list: Lowered, wanted: Lowered): JsonLogic {
  const found = (element: JsonLogic, of: JsonLogic): JsonLogic => ({ in: [element, of] })
  const missing: Test = (element, of) => ({ '!': [found(element, of)] })
  const logic: JsonLogic =
    quantity === 'any' ? someOf(wanted.logic, list.logic, found) : { '!': [someOf(wanted.logic, list.logic, missing)] }
  const guards = [list, wanted].filter(({ absent }) => absent !== null).map((one): JsonLogic => ({ '!==': [one.logic, null] }))
  return guards.length === 0 ? logic : { and: [...guards, logic] }
}

/** JSON Logic gives no truth value for an empty `or` and `and`. */
const anyOf = (tests: readonly JsonLogic[]): JsonLogic => (tests.length === 0 ? false : { or: tests })
const allOf = (tests: readonly JsonLogic[]): JsonLogic => (tests.length === 0 ? true : { and: tests })

// ── texts ────────────────────────────────────────────────────────────────────────────────────────────────────────────

export function textContains({ left }: Of<'contains'>, text: Lowered, part: Lowered, scope: Scope): Lowered {
  if (!isTyped(text) || !isTyped(part)) return FALSE
  if (text.type.kind === 'list')
    scope.report.error('P110', left.span, '`contains` looks into a text, and this is a list', 'For a list write `has`.')
  else if (!isText(text.type) || !isText(part.type))
    scope.report.error('P110', left.span, '`contains` needs a location and a detector, or two texts')
  seesAbsence([text, part], false, left.span, scope)
  return truth({ includes: [text.logic, part.logic] })
}

export function match({ operator, right, span }: Of<'match'>, text: Lowered, part: Lowered, scope: Scope): Lowered {
  if (!isTyped(text) || !isTyped(part)) return FALSE
  if (!isText(text.type) || !isText(part.type)) scope.report.error('P110', span, `\`${operator}\` needs two texts`)
  seesAbsence([text, part], false, span, scope)
  if (operator === 'like') return truth({ glob: [text.logic, part.logic] })
  if (typeof part.logic !== 'string' || part.logic === '') {
    scope.report.error('P110', right.span, `\`${operator}\` needs a text that stands in the policy and is not empty`)
    return FALSE
  }
  const cut: JsonLogic =
    operator === 'starts with' ? { substr: [text.logic, 0, part.logic.length] } : { substr: [text.logic, -part.logic.length] }
  const test: JsonLogic = { '===': [cut, part.logic] }
  return truth(text.absent === null ? test : { and: [{ '!==': [text.logic, null] }, test] })
}
