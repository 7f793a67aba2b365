// What the lowering of a condition carries along: scope on the way down, logic with its type on the way up. The one rule that all tests
// share stands here: a test must not come out true because a value is absent.
import { didYouMean } from '../diagnostics/suggest.ts'
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
  /** False inside `not`: a test that absence makes false becomes true there. */
  readonly positive: boolean
  /** Attributes that the surrounding condition proves to be there. */
  readonly present: ReadonlySet<string>
  /** The element that the quantifier around speaks of; nothing else can be read there. */
  readonly element: { readonly name: string; readonly type: Type } | null
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
export function seesAbsence(lowered: readonly Lowered[], trueIfAbsent: boolean | 'either', span: Span, { positive, report }: Scope): void {
  const absent = lowered.find((one) => one.absent !== null)?.absent
  if (absent === undefined || absent === null) return
  if (trueIfAbsent !== 'either' && trueIfAbsent !== positive) return
  const help = `Write \`${absent} exists and …\`, or give a value for its absence: \`(${absent} ?? "…")\`.`
  report.error('P120', span, `\`${absent}\` may be absent, and this test must not depend on that`, help)
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
