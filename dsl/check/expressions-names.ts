// The leaves of a condition: names and literals, with the phase in which each is known.
import { elementOf, readFrom } from './elements.ts'
import { familyOf, writtenType } from './attributes.ts'
import { findAttribute, findDetector, findValue, knownNames, locationsIn } from './names.ts'
import { BOOL, FALSE, NUMBER, suggestion, TEXT } from './lowered.ts'
import type { Expression, Literal } from '../syntax/ast.ts'
import type { Lowered, Scope } from './lowered.ts'
import type { Phase } from '../vocabulary/vocabulary.ts'
import type { Span } from '../diagnostics/diagnostic.ts'

/** What a name in a condition stands for: an element, a declared value or an attribute. Anything else is reported. */
export function readName({ name, span }: Extract<Expression, { kind: 'path' }>, scope: Scope): Lowered {
  const element = readElement(name.text, span, scope)
  if (element) return element
  const value = findValue(scope.names, scope.module, name.text)
  if (value) return lowerLiteral(value, scope)
  const attribute = findAttribute(scope.names, name.text)
  if (!attribute) return unknown(name.text, span, scope)
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
  return { logic: readFrom(name.text, scope.element), type: attribute.type, absent }
}

/** A response attribute is not known while the answer streams. */
export function isKnownIn(from: 'request' | 'target' | 'response', phase: Phase): boolean {
  const order = ['request', 'target', 'response']
  return order.indexOf(from) <= order.indexOf(phase === 'stream' ? 'target' : phase)
}

function readElement(text: string, span: Span, { element: innermost, report }: Scope): Lowered | null {
  const element = elementOf(text, innermost)
  if (!element) return null
  const logic = readFrom(text, innermost)
  if (text === element.name) return { logic, type: element.type, absent: null }
  const field = text.slice(element.name.length + 1)
  const fields = element.type.kind === 'record' ? element.type.fields : {}
  const type = Object.hasOwn(fields, field) ? fields[field] : undefined
  if (type) return { logic, type, absent: null }
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
  } else report.error('P104', span, `there is no attribute \`${text}\``, unknownAttribute(text, knownNames(names, module), names))
  return FALSE
}

/** What helps where a name is no attribute. */
export function unknownAttribute(text: string, known: readonly string[], { attributes }: Scope['names']): string {
  const family = familyOf(attributes, text)
  if (family) return `Declare it: \`attribute ${text} : ${writtenType(family)}\`.`
  return suggestion(text, known) ?? 'docs/policy-language.md#attributes lists what the loaded plugins bring.'
}

/** A value as it is written. Kinds that no condition can use are reported. */
export function lowerLiteral(value: Literal, scope: Scope): Lowered {
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

/** A declared list is one array wherever it stands: it may have a million values, and many policies may use it. */
const knownLists = new WeakMap<readonly Literal[], Lowered>()

function listLiteral(literal: Extract<Literal, { kind: 'list' }>, scope: Scope): Lowered {
  const known = knownLists.get(literal.items)
  if (known) return known
  const faults = scope.report.diagnostics.length
  const lowered = lowerList(literal, scope)
  if (scope.report.diagnostics.length === faults) knownLists.set(literal.items, lowered)
  return lowered
}

function lowerList({ items: values, span }: Extract<Literal, { kind: 'list' }>, scope: Scope): Lowered {
  const items = values.map((item) => lowerLiteral(item, scope))
  const first = items[0]
  const odd = values.find((_, i) => items[i]!.type?.kind !== first?.type?.kind)
  if (odd) scope.report.error('P110', odd.span, 'the values of a list must be of one type')
  if (first?.type?.kind === 'list') scope.report.error('P110', span, 'a list holds no lists')
  return { logic: items.map(({ logic }) => logic), type: { kind: 'list', of: first?.type ?? TEXT }, absent: null }
}
