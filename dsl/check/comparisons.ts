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

function inNetworks(ip: JsonLogic, networks: JsonLogic, span: Span, { report }: Scope): JsonLogic {
  if (!Array.isArray(networks)) {
    report.error(
      'P190',
      span,
      'looking for an address in a list that is not written in the policy is not supported by this version',
      'Write the networks into a `list`.',
    )
    return false
  }
  const texts = (networks as readonly JsonLogic[]).map(String)
  for (const network of texts)
    if (!isNetwork(network))
      report.error('P112', span, `\`${network}\` is neither an address nor a network`, 'Write `10.0.0.0/8` or `203.0.113.7`.')
  return anyOf(texts.map((network) => ({ cidr: [ip, network] })))
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
  const items = itemsOf(wanted, quantity, right.span, scope)
  if (!items || wanted.type.kind !== 'list') return FALSE
  checkElement({ ...wanted, type: wanted.type.of }, list.type.of, span, scope)
  const tests = items.map((logic) => guardedIn({ ...wanted, logic }, list))
  return truth(quantity === 'any' ? anyOf(tests) : allOf(tests))
}

function itemsOf({ logic, type }: Typed, quantity: string, span: Span, { report }: Scope): readonly JsonLogic[] | null {
  if (type.kind !== 'list') report.error('P110', span, `\`has ${quantity} of\` needs a list`, 'Write `["a", "b"]`.')
  else if (!Array.isArray(logic))
    report.error(
      'P190',
      span,
      `\`has ${quantity} of\` a list that is not written in the policy is not supported by this version`,
      'Write the values into a `list`.',
    )
  return Array.isArray(logic) ? (logic as readonly JsonLogic[]) : null
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
