// Checks what a module declares beside policies, detectors and tests: lists, params and defaults.
import { declarationsOf, type Module } from './names.ts'
import type { DeclarationOf, Literal, TypeName } from '../syntax/ast.ts'
import type { Report } from './report.ts'

export function checkDeclarations({ files }: Module, report: Report): void {
  for (const list of declarationsOf(files, 'list')) checkList(list, report)
  for (const param of declarationsOf(files, 'param')) checkParam(param, report)
  checkDefaults(declarationsOf(files, 'default'), report)
}

/** One value of a list after another is compared with the same thing, so all are of one kind. */
function checkList({ values, from }: DeclarationOf<'list'>, report: Report): void {
  // Lines of a file are texts.
  if (from === null) checkItems(values ?? [], report)
}

function checkItems(values: readonly Literal[], report: Report): void {
  const odd = values.find(({ kind }) => kind !== values[0]!.kind)
  if (odd) report.error('P110', odd.span, `the values of a list are of one kind, and this is a ${odd.kind} after a ${values[0]!.kind}`)
}

// ── params ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/** The literals of which values of a type are written. */
const WRITTEN: { readonly [type: string]: Literal['kind'] } = {
  text: 'text',
  number: 'number',
  bool: 'bool',
  duration: 'duration',
  time: 'date',
  percent: 'percent',
}

const ORDERED: readonly string[] = ['number', 'duration', 'date', 'percent']

function checkParam({ type, value, min, max }: DeclarationOf<'param'>, report: Report): void {
  const kind = writtenKind(type, report)
  if (kind === null) return
  const fits = [value, min, max].flatMap((one) => one ?? []).filter((one) => !isOf(kind, one, type, report))
  if (fits.length > 0) return
  for (const bound of [min, max]) {
    if (bound && !ORDERED.includes(kind)) report.error('P112', bound.span, `a ${type.text} has no bounds`, 'Leave `min` and `max` out.')
  }
  if (!ORDERED.includes(kind)) return
  if (min && orderOf(value) < orderOf(min)) report.error('P112', value.span, 'the value is below its own `min`')
  if (max && orderOf(value) > orderOf(max)) report.error('P112', value.span, 'the value is above its own `max`')
}

function writtenKind(type: TypeName, report: Report): Literal['kind'] | null {
  const { text, optional, span } = type
  if (optional) report.error('P110', span, 'a param always has a value', 'Leave the `?` out.')
  const kind = kindOf(type)
  if (kind === null)
    report.error('P110', span, `\`${text}\` is no type of a param`, `Types are ${Object.keys(WRITTEN).join(', ')}, and \`list of\` them.`)
  return kind
}

/** The kind of literal that a value of a param is written as; null for a type that params do not have. */
export function kindOf({ text }: TypeName): Literal['kind'] | null {
  if (text.startsWith('list of ')) return 'list'
  return Object.hasOwn(WRITTEN, text) ? WRITTEN[text]! : null
}

/** Bounds are of the kind of the value. */
export function isWithin(value: Literal, min: Literal | null, max: Literal | null): boolean {
  return (min === null || orderOf(value) >= orderOf(min)) && (max === null || orderOf(value) <= orderOf(max))
}

function isOf(kind: Literal['kind'], value: Literal, { text }: TypeName, report: Report): boolean {
  if (value.kind === kind) {
    if (value.kind === 'list') checkItems(value.items, report)
    const odd = value.kind === 'list' ? value.items.find((item) => item.kind !== WRITTEN[text.slice('list of '.length)]) : undefined
    if (odd) report.error('P110', odd.span, `this is a ${odd.kind} in a ${text}`)
    return odd === undefined
  }
  report.error('P110', value.span, `this is a ${value.kind}, and the param is a ${text}`, 'Nothing is converted.')
  return false
}

/** ISO dates are ordered as texts; all else is a number. */
function orderOf(literal: Literal): number {
  return literal.kind === 'date' ? Date.parse(literal.value) : literal.kind === 'list' ? 0 : Number(literal.value)
}

// ── defaults ─────────────────────────────────────────────────────────────────────────────────────────────────────────

function checkDefaults(defaults: readonly DeclarationOf<'default'>[], report: Report): void {
  for (const [i, { phase, span }] of defaults.entries()) {
    const first = defaults.slice(0, i).find((other) => other.phase === phase)
    if (first) report.doubled('P114', span, first.span, `\`default ${phase}\` stands twice in the module`, 'Keep one of them.')
  }
}
