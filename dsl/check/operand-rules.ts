// Holds operands against what their verb says of them beyond types: numbers with bounds, header names, attributes that can be set. What the
// verb would refuse while an exchange is judged is an error here.
import { findAttribute, type Names } from './names.ts'
import { suggestion } from './lowered.ts'
import type { CompiledOperand } from '../compile/bundle.ts'
import type { MatchedPhrase } from './phrases.ts'
import type { OperandRule } from '../vocabulary/vocabulary.ts'
import type { Report } from './report.ts'

export function checkOperandRules(match: MatchedPhrase, names: Names, report: Report): void {
  for (const [name, rule] of Object.entries(match.verb.declaration.operands ?? {})) {
    for (const operand of [match.operands[name] ?? []].flat()) checkOperand(operand, rule, match, names, report)
  }
}

function checkOperand(operand: CompiledOperand, rule: OperandRule, match: MatchedPhrase, names: Names, report: Report): void {
  const { span } = match.phrase
  if (typeof operand === 'number') checkNumber(operand, rule, match, report)
  if (typeof operand === 'string') checkText(operand, rule, match, report)
  if (typeof operand === 'object' && 'attribute' in operand && rule.only && !rule.only.includes(operand.attribute)) {
    const help = suggestion(operand.attribute, rule.only) ?? `It takes ${rule.only.map((name) => `\`${name}\``).join(', ')}.`
    report.error('P133', span, `\`${match.verb.template.verb}\` cannot change \`${operand.attribute}\``, help)
  }
  if (rule.like !== undefined) checkKind(operand, match.operands[rule.like], match, names, report)
}

function checkNumber(value: number, { min, whole }: OperandRule, { phrase, operands }: MatchedPhrase, report: Report): void {
  const verb = phrase.verb.text
  if (min !== undefined && value < min) report.error('P112', phrase.span, `\`${verb}\` needs a number from ${min} on, and this is ${value}`)
  const isWhole = whole === true || (whole !== undefined && whole.is.includes(String(operands[whole.operand])))
  if (isWhole && !Number.isInteger(value)) report.error('P112', phrase.span, `\`${verb}\` needs a whole number here, and this is ${value}`)
}

function checkText(value: string, { pattern, not }: OperandRule, { phrase }: MatchedPhrase, report: Report): void {
  const isBanned = not?.includes(value.toLowerCase()) === true
  if (!isBanned && (pattern === undefined || new RegExp(`^(?:${pattern})$`).test(value))) return
  const shown = JSON.stringify(value)
  const help = isBanned ? `These may not stand here: ${not.join(', ')}.` : `It has to match \`${pattern}\`.`
  report.error('P112', phrase.span, `\`${phrase.verb.text}\` cannot take ${shown}`, help)
}

/** A value beside the attribute that it is given to. */
function checkKind(
  value: CompiledOperand,
  target: CompiledOperand | readonly CompiledOperand[] | undefined,
  { phrase }: MatchedPhrase,
  names: Names,
  report: Report,
): void {
  if (typeof target !== 'object' || !('attribute' in target) || typeof value === 'object') return
  const wanted = findAttribute(names, target.attribute)?.type.kind
  const kind = typeof value === 'string' ? 'text' : typeof value === 'boolean' ? 'bool' : 'number'
  if (wanted === undefined || wanted === kind || (kind === 'text' && (wanted === 'enum' || wanted === 'ip'))) return
  report.error('P110', phrase.span, `\`${target.attribute}\` is a ${wanted}, and this is a ${kind}`, 'Nothing is converted.')
}
