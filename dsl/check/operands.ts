// Matches what stands in one slot of a phrase with what its template asks for, and gives the operands as the artefact stores them.
import { findAttribute, findDetector, findValue, locationsIn, type Module, type Names } from './names.ts'
import { fittingFor, isCode } from './fitting.ts'
import { isKnownIn } from './expressions-names.ts'
import { suggestion } from './lowered.ts'
import { showOperand, type OperandType, type TemplateOperand, type TemplateSlot } from '../vocabulary/template.ts'
import type { CompiledOperand } from '../compile/bundle.ts'
import type { Literal, Operand, Slot } from '../syntax/ast.ts'
import type { Phase, Type } from '../vocabulary/vocabulary.ts'
import type { Report } from './report.ts'

export interface OperandScope {
  readonly names: Names
  readonly module: Module
  readonly phases: readonly Phase[]
  readonly report: Report
  /** In tests: what is left out is not compared, so nothing is missing. */
  readonly partial?: boolean
}

type Matched = { readonly [name: string]: CompiledOperand | readonly CompiledOperand[] }

/** Reports what does not fit; the result is then incomplete. */
export function matchSlot(slot: Slot, expected: TemplateSlot, scope: OperandScope, source: string): Matched {
  const [first = [], ...more] = slot.groups
  const rest = dropWords(first, expected, slot, scope, source)
  if (!rest) return {}
  if (expected.grouped) return matchGroups([rest, ...more], expected, slot, scope, source)
  const last = expected.operands.at(-1)
  const list = last?.many ? more.flat() : []
  if (!last?.many && more.length > 0) misfit(slot, expected, scope, source)
  return matchSequence(rest, list, expected, slot, scope, source)
}

function misfit(slot: Slot, expected: TemplateSlot, { report }: OperandScope, source: string): Matched {
  report.error('P107', slot.span, `here must stand ${describeShape(expected)}`, `It is written \`${source}\`.`)
  return {}
}

/** `with status 422`: bare words of the template must stand there as they are. */
function dropWords(
  operands: readonly Operand[],
  expected: TemplateSlot,
  slot: Slot,
  scope: OperandScope,
  source: string,
): readonly Operand[] | null {
  for (const [i, word] of expected.words.entries()) {
    const operand = operands[i]
    if (operand?.kind === 'path' && operand.name.text === word) continue
    misfit(slot, expected, scope, source)
    return null
  }
  return operands.slice(expected.words.length)
}

function matchSequence(
  operands: readonly Operand[],
  list: readonly Operand[],
  expected: TemplateSlot,
  slot: Slot,
  scope: OperandScope,
  source: string,
): Matched {
  const out: { [name: string]: CompiledOperand | readonly CompiledOperand[] } = {}
  const needed = expected.operands.filter(({ optional }) => !optional).length
  if (operands.length < needed || operands.length > expected.operands.length) return misfit(slot, expected, scope, source)
  for (const [i, operand] of operands.entries()) {
    const template = expected.operands[i]!
    const all = template.many ? [operand, ...list] : [operand]
    const compiled = all.flatMap((one) => flatten(one, template, scope)).map((one) => compileOperand(one, template, scope))
    if (compiled.some((one) => one === null)) continue
    out[template.name] = template.many ? (compiled as CompiledOperand[]) : compiled[0]!
  }
  return out
}

/** A list or a param that is a list stands for its items where many are taken. */
function flatten(operand: Operand, template: TemplateOperand, { names, module }: OperandScope): readonly Operand[] {
  if (!template.many) return [operand]
  const value = operand.kind === 'path' ? findValue(names, module, operand.name.text) : operand
  return value?.kind === 'list' ? value.items : [operand]
}

function matchGroups(
  groups: readonly (readonly Operand[])[],
  expected: TemplateSlot,
  slot: Slot,
  scope: OperandScope,
  source: string,
): Matched {
  const columns = expected.operands.map((template) => ({ template, values: [] as CompiledOperand[] }))
  for (const group of groups) {
    if (group.length !== columns.length) return misfit(slot, expected, scope, source)
    for (const [i, { template, values }] of columns.entries()) {
      const compiled = compileOperand(group[i]!, template, scope)
      if (compiled !== null) values.push(compiled)
    }
  }
  return Object.fromEntries(columns.map(({ template, values }) => [template.name, values]))
}

function compileOperand(operand: Operand, template: TemplateOperand, scope: OperandScope): CompiledOperand | null {
  if (template.words.length > 0) return compileWord(operand, template, scope)
  for (const type of template.types) {
    const compiled = compileAs(operand, type, template, scope)
    if (compiled !== undefined) return compiled
  }
  return wrongOperand(operand, template, scope)
}

function compileWord(operand: Operand, template: TemplateOperand, { report }: OperandScope): string | null {
  const word = operand.kind === 'path' ? operand.name.text : null
  if (word !== null && template.words.includes(word)) return word
  const help = word === null ? undefined : suggestion(word, template.words)
  report.error('P108', operand.span, `here must stand one of ${template.words.map((known) => `\`${known}\``).join(', ')}`, help)
  return null
}

function wrongOperand(operand: Operand, template: TemplateOperand, { names, module, report }: OperandScope): null {
  const what = operand.kind === 'path' ? `\`${operand.name.text}\`` : `a ${operand.kind}`
  report.error('P108', operand.span, `${what} does not fit ${showOperand(template)}`, fittingFor(operand, template, names, module))
  return null
}

/** `undefined`: not of this type. */
function compileAs(operand: Operand, type: OperandType, template: TemplateOperand, scope: OperandScope): CompiledOperand | undefined {
  const { names, module } = scope
  if (operand.kind === 'path') {
    const text = operand.name.text
    switch (type) {
      case 'word':
        return text.includes('.') ? undefined : text
      case 'attribute':
        return compileAttribute(text, operand, template, scope)
      case 'detector':
        return findDetector(names, module, text) ?? undefined
      case 'location':
        return locationsIn(names).has(text) ? text : undefined
      case 'policy':
        return names.policies.has(text) ? text : undefined
      default: {
        const value = findValue(names, module, text)
        return value ? compileLiteral(value, type) : undefined
      }
    }
  }
  return compileLiteral(operand, type)
}

function compileAttribute(
  text: string,
  operand: Operand,
  template: TemplateOperand,
  { names, phases, report }: OperandScope,
): CompiledOperand | undefined {
  const attribute = findAttribute(names, text)
  if (!attribute || !takes(template, attribute.type)) return undefined
  const late = phases.find((phase) => !isKnownIn(attribute.phase, phase))
  if (late)
    report.error(
      'P130',
      operand.span,
      `\`${text}\` is not known in the phase \`${late}\``,
      `It is known from the phase \`${attribute.phase}\` on.`,
    )
  return { attribute: text }
}

/** Beside other types an attribute stands for a value of them; alone it is a name, such as a key to count by. */
function takes({ types }: TemplateOperand, type: Type): boolean {
  const values = types.filter((known) => known !== 'attribute')
  if (values.length === 0) return type.kind !== 'list' && type.kind !== 'record'
  return (values as readonly string[]).includes(type.kind === 'enum' || type.kind === 'ip' ? 'text' : type.kind)
}

function compileLiteral(literal: Literal, type: OperandType): CompiledOperand | undefined {
  if (type === 'code') return literal.kind === 'text' && isCode(literal.value) ? literal.value : undefined
  if (type === 'http')
    return literal.kind === 'number' && literal.value >= 400 && literal.value <= 499 && Number.isInteger(literal.value)
      ? literal.value
      : undefined
  if (literal.kind === 'percent') return type === 'percent' ? { percent: literal.value } : undefined
  return literal.kind === type && literal.kind !== 'list' ? literal.value : undefined
}

/** `<detector...>`, `` `status` <http> `` … for people. */
export function describeShape({ preposition, words, operands }: TemplateSlot): string {
  const parts = [
    ...(preposition === null ? [] : [`\`${preposition}\``]),
    ...words.map((word) => `\`${word}\``),
    ...operands.map(showOperand),
  ]
  return parts.join(' ')
}
