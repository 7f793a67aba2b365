// Lowers a condition to portable JSON Logic and checks it in the same walk. Conditions are total: what could depend on the absence of a
// value is an error that names both fixes. Whatever does not have to walk on into its operands stands in the files beside this one.
import { attributeNames } from './attributes.ts'
import { findAttribute, findValue, locationsIn } from './names.ts'
import { elementOf, enclose, type Element } from './elements.ts'
import { checkEnumValues, describe, FALSE, flip, isText, isTyped, NUMBER, sameKind, seesAbsence, TEXT, truth } from './lowered.ts'
import { compare, has, match, membership, textContains } from './comparisons.ts'
import { containsFinding } from './expressions-content.ts'
import { lowerLiteral, readName } from './expressions-names.ts'
import { provenBy } from './expressions-presence.ts'
import type { Expression, Name } from '../syntax/ast.ts'
import type { JsonLogic } from '../compile/bundle.ts'
import type { Lowered, Scope } from './lowered.ts'

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
      return truth({ '!': [lowerCondition(expression.operand, { ...scope, positive: flip(scope.positive) })] })
    case 'compare':
      return compare(expression, lower(expression.left, scope), lower(expression.right, scope), scope)
    case 'in':
      return membership(expression, lower(expression.left, scope), lower(expression.right, scope), scope)
    case 'has':
      return has(expression, lower(expression.left, scope), lower(expression.right, scope), scope)
    case 'contains':
      return (
        containsFinding(expression, scope) ?? textContains(expression, lower(expression.left, scope), lower(expression.right, scope), scope)
      )
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
      return readName(expression, scope)
    default:
      return lowerLiteral(expression, scope)
  }
}

// ── connectives and presence ─────────────────────────────────────────────────────────────────────────────────────────

/** In `x exists and …` and in `x is missing or …` what stands beside matters only where x is there. */
function connect({ kind, operands }: Of<'and' | 'or'>, scope: Scope): Lowered {
  const present = new Set([...scope.present, ...operands.flatMap((operand) => provenBy(operand, kind))])
  return truth({ [kind]: operands.map((operand) => lowerCondition(operand, { ...scope, present })) })
}

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
  readonly element: Element
  /** Of the body. */
  readonly scope: Scope
}

function elements(list: Expression, variable: Name, positive: Scope['positive'], scope: Scope): Elements | null {
  checkVariable(variable, scope)
  const lowered = lower(list, scope)
  if (!isTyped(lowered)) return null
  if (lowered.type.kind !== 'list') {
    scope.report.error('P110', list.span, `a quantifier needs a list, and this is ${describe(lowered.type)}`)
    return null
  }
  const element = { name: variable.text, type: lowered.type.of, outer: scope.element, depth: depthOf(list, scope), brought: new Map() }
  return { list: lowered, element, scope: { ...scope, positive, element } }
}

/** A caller may send a thousand tools: two lists within each other are a million tests, three would be a way to stop the gateway. */
const MAX_DEPTH = 2

function depthOf(list: Expression, { element, report }: Scope): number {
  const isField = list.kind === 'path' && elementOf(list.name.text, element) !== null
  const depth = (element?.depth ?? 0) + (isField ? 0 : 1)
  if (depth > MAX_DEPTH)
    report.error('P135', list.span, `more than ${MAX_DEPTH} lists are walked within each other`, 'Test the lists one beside the other.')
  return depth
}

/** A name means one thing, also to the reader: an element hides nothing that could be meant in its body. */
function checkVariable({ text, span }: Name, { names, module, element, report }: Scope): void {
  const heads = [...attributeNames(names.attributes), ...locationsIn(names).keys(), 'found'].map((name) => name.split('.', 1)[0])
  const outer = (one: Element | null): boolean => one !== null && (one.name === text || outer(one.outer))
  if (!heads.includes(text) && !findValue(names, module, text) && !outer(element)) return
  report.error('P125', span, `\`${text}\` stands for something else here already`, 'Give the element another name.')
}

function quantify({ quantity, variable, list, where }: Of<'quantifier'>, scope: Scope): Lowered {
  const inner = elements(list, variable, quantity === 'no' ? flip(scope.positive) : scope.positive, scope)
  if (!inner) return FALSE
  seesAbsence([inner.list], quantity !== 'some', list.span, scope)
  const test = lowerCondition(where, inner.scope)
  const [items, body] = enclose(inner.list.logic, inner.element, quantity === 'every' ? { '!': [test] } : test)
  return truth({ [quantity === 'some' ? 'some' : 'none']: [items, body] })
}

function count({ variable, list, where }: Of<'count'>, scope: Scope): Lowered {
  const inner = elements(list, variable, null, scope)
  if (!inner) return FALSE
  seesAbsence([inner.list], 'either', list.span, scope)
  const kept: JsonLogic = where
    ? { filter: [...enclose(inner.list.logic, inner.element, lowerCondition(where, inner.scope))] }
    : inner.list.logic
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
