// What the lowering of a condition carries along: scope on the way down, logic with its type on the way up. The one rule that all tests
// share stands here: a test must not come out true because a value is absent.
import { didYouMean } from '../diagnostics/suggest.ts'
import { findAttribute } from './names.ts'
import type { Element } from './elements.ts'
import type { JsonLogic } from '../compile/bundle.ts'
import type { Module, Names } from './names.ts'
import type { Phase, Type } from '../vocabulary/vocabulary.ts'
import type { Report } from './report.ts'
import type { Span } from '../diagnostics/diagnostic.ts'

export interface Scope {
  readonly names: Names
  readonly module: Module
  readonly phases: readonly Phase[]
  readonly report: Report
  /** False inside `not`: a test that absence makes false becomes true there. Null where absence must not be seen at all, as in a count. */
  readonly positive: boolean | null
  /** Attributes that the surrounding condition proves to be there. */
  readonly present: ReadonlySet<string>
  /** The element that the quantifier around speaks of. */
  readonly element: Element | null
}

/** A lowered expression. `absent`: the attribute whose absence would be seen here, or null. `type` null: already reported. */
export interface Lowered {
  readonly logic: JsonLogic
  readonly type: Type | null
  readonly absent: string | null
}

/** A lowered expression that made sense. */
export type Typed = Lowered & { readonly type: Type }

export const BOOL: Type = { kind: 'bool' }
export const NUMBER: Type = { kind: 'number' }
export const TEXT: Type = { kind: 'text' }
export const FALSE: Lowered = { logic: false, type: null, absent: null }

export const truth = (logic: JsonLogic): Lowered => ({ logic, type: BOOL, absent: null })

export function isTyped(lowered: Lowered): lowered is Typed {
  return lowered.type !== null
}

/**
 * Reports a test that absence would decide. `trueIfAbsent`: does absence make the test true? `either`: it must not be seen at all,
 * since an order comparison and arithmetic have no answer to it.
 */
export function seesAbsence(lowered: readonly Lowered[], trueIfAbsent: boolean | 'either', span: Span, scope: Scope): void {
  const absent = lowered.find((one) => one.absent !== null)?.absent
  if (absent === undefined || absent === null) return
  if (trueIfAbsent !== 'either' && scope.positive !== null && trueIfAbsent !== scope.positive) return
  const fallback = fallbackOf(findAttribute(scope.names, absent)?.type ?? TEXT)
  // Absence in an order or in arithmetic has no answer, so there is nothing that it could count for.
  const counts = trueIfAbsent === 'either' ? '' : ` \`${absent} is missing or …\` where absence shall count,`
  const help = `Write \`${absent} exists and …\`,${counts} or give a value for its absence: \`(${absent} ?? ${fallback})\`.`
  scope.report.error('P120', span, `\`${absent}\` may be absent, and this test must not depend on that`, help)
}

/** A value of the type, as a condition writes it. */
function fallbackOf(type: Type): string {
  switch (type.kind) {
    case 'number':
      return '0'
    case 'bool':
      return 'false'
    case 'list':
      return '[]'
    case 'duration':
      return '0s'
    case 'time':
      return '1970-01-01'
    case 'enum':
      return JSON.stringify(type.values[0] ?? '')
    default:
      return '""'
  }
}

export function flip(positive: boolean | null): boolean | null {
  return positive === null ? null : !positive
}

/** Nothing is converted; enums and addresses are texts. */
export function sameKind(a: Type, b: Type): boolean {
  const kind = (type: Type): string => (type.kind === 'enum' || type.kind === 'ip' ? 'text' : type.kind)
  return kind(a) === kind(b)
}

export function isText(type: Type): boolean {
  return sameKind(type, TEXT)
}

/** For people: `a list of text`. */
export function describe(type: Type): string {
  if (type.kind === 'list') return `a list of ${type.of.kind}`
  return type.kind === 'enum' ? `one of ${type.values.join(', ')}` : `a ${type.kind}`
}

/** Literal texts that stand where a value of the enum is meant must be among its values. */
export function checkEnumValues(type: Type, logic: JsonLogic, span: Span, report: Report): void {
  if (type.kind !== 'enum') return
  for (const value of Array.isArray(logic) ? (logic as readonly JsonLogic[]) : [logic]) {
    if (typeof value !== 'string' || type.values.includes(value)) continue
    const allowed = type.values.map((known) => `\`${known}\``).join(', ')
    report.error('P112', span, `\`${value}\` is not one of ${allowed}`, suggestion(value, type.values))
  }
}

export function suggestion(text: string, known: Iterable<string>): string | undefined {
  return didYouMean(text, known) ?? undefined
}
