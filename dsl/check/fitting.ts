// What would fit where an operand of a phrase does not: the help of P108.
import { findAttribute, findValue, knownNames, locationsIn, meantDetector, type Module, type Names } from './names.ts'
import { suggestion } from './lowered.ts'
import type { Operand } from '../syntax/ast.ts'
import type { TemplateOperand } from '../vocabulary/template.ts'

const CODE = /^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$/

/** A lower-case id, so that a message cannot slip into its place. */
export function isCode(text: string): boolean {
  return CODE.test(text)
}

export function fittingFor(operand: Operand, template: TemplateOperand, names: Names, module: Module): string | undefined {
  const { types } = template
  if (types.includes('http')) return 'It takes a whole number from 400 to 499.'
  if (types.includes('code')) return codeFor(operand)
  if (operand.kind === 'path') return forName(operand.name.text, template, names, module)
  const isText = types.includes('detector') && operand.kind === 'text'
  return isText ? 'Name a detector; a text is found by one with a `list`.' : undefined
}

function codeFor(operand: Operand): string {
  if (operand.kind === 'path' && isCode(operand.name.text)) return `Put the code into quotes: "${operand.name.text}".`
  return 'A code is a text in lower case with a dot: "pci.card_to_external".'
}

function forName(name: string, { types }: TemplateOperand, names: Names, module: Module): string | undefined {
  const value = findValue(names, module, name)
  if (value) return `\`${name}\` is a ${value.kind}, and nothing is converted.`
  if (types.includes('detector')) return meantDetector(name, names, module)
  if (types.includes('location')) return suggestion(name, locationsIn(names).keys())
  if (types.includes('policy')) return suggestion(name, names.policies.keys())
  const meant = suggestion(name, knownNames(names, module))
  if (!types.includes('text')) return meant
  return findAttribute(names, name)
    ? 'Here stands a text in quotes, not what an attribute holds.'
    : (meant ?? `Put it into quotes: "${name}".`)
}
