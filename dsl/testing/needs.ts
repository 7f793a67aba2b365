// What a test would have to say so that a part of a condition comes out true, or false.
import { readPaths } from '../evaluate/paths.ts'
import type { Branch } from './branches.ts'
import type { Bundle, JsonLogic } from '../compile/bundle.ts'
import type { Expression, Literal } from '../syntax/ast.ts'

/** Fits behind "it needs". */
export function needOf(branch: Branch, wanted: boolean, bundle: Pick<Bundle, 'detectors'>): string {
  const { expression } = branch
  if (branch.kind === 'not') return needOf(branch.parts[0]!, !wanted, bundle)
  if (branch.kind === 'and' && !wanted) return needOf(branch.parts[0]!, false, bundle)
  if (branch.kind === 'or' && wanted) return needOf(branch.parts[0]!, true, bundle)
  if (branch.parts.length > 0) return branch.parts.map((part) => needOf(part, wanted, bundle)).join(', and ')
  return (
    contentNeed(branch, wanted, bundle) ?? attributeNeed(expression, wanted, branch.logic) ?? `\`${branch.text}\` to be ${String(wanted)}`
  )
}

const FOUND = /^found\.(.+?)\.(prompt|completion)(?:\.\w+)?\.(?:count|score)$/

function contentNeed({ expression, logic }: Branch, wanted: boolean, bundle: Pick<Bundle, 'detectors'>): string | null {
  if (expression.kind !== 'contains' || expression.right.kind !== 'path') return null
  const found = readPaths(logic).flatMap((path) => FOUND.exec(path) ?? [])
  const [, detector, side] = found
  if (detector === undefined) return null
  const where = side === 'prompt' ? 'a message' : 'an answer'
  const example = exampleOf(detector, bundle)
  const such = wanted && example !== null ? `, such as ${JSON.stringify(example)}` : ''
  return `${where} ${wanted ? 'with' : 'without'} a finding of \`${expression.right.name.text}\`${such}`
}

function exampleOf(detector: string, bundle: Pick<Bundle, 'detectors'>): string | null {
  const known = bundle.detectors.find(({ name }) => name === detector)
  if (!known) return null
  return known.examples[0] ?? known.any.map((member) => exampleOf(member, bundle)).find((one) => one !== null) ?? null
}

function attributeNeed(expression: Expression, wanted: boolean, logic: JsonLogic): string | null {
  if (expression.kind === 'path') return `\`given ${expression.name.text} = ${String(wanted)}\``
  if (expression.kind === 'exists') {
    const name = nameOf(expression.operand)
    return name && (wanted !== expression.negated ? `\`given ${name} = …\`` : `no \`given ${name}\``)
  }
  if (expression.kind === 'compare') return compareNeed(expression, wanted, logic)
  if (expression.kind === 'in') return membershipNeed(nameOf(expression.left), expression.right, wanted !== expression.negated)
  if (expression.kind === 'has') return listNeed(expression, wanted)
  return null
}

const nameOf = (expression: Expression): string | null => (expression.kind === 'path' ? expression.name.text : null)

const STEPS: { readonly [operator: string]: readonly [whenTrue: number, whenFalse: number] } = {
  '<': [-1, 0],
  '<=': [0, 1],
  '>': [1, 0],
  '>=': [0, -1],
}

function compareNeed(
  { left, operator, right }: Extract<Expression, { kind: 'compare' }>,
  wanted: boolean,
  logic: JsonLogic,
): string | null {
  const name = nameOf(left)
  const value = constantOf(right, logic)
  if (name === null || value === null) return null
  const step = STEPS[operator]
  if (step) return typeof value === 'number' ? `\`given ${name} = ${value + step[wanted ? 0 : 1]}\`` : null
  const shown = JSON.stringify(value)
  return wanted === (operator === '==') ? `\`given ${name} = ${shown}\`` : `\`given ${name}\` with another value than \`${shown}\``
}

/** What an attribute is compared with: a literal, or the value that a param or a const became. */
function constantOf(right: Expression, logic: JsonLogic): string | number | boolean | null {
  if (right.kind === 'text' || right.kind === 'number' || right.kind === 'bool') return right.value
  if (right.kind !== 'path' || logic === null || typeof logic !== 'object' || Array.isArray(logic)) return null
  const [args] = Object.values(logic)
  const value = Array.isArray(args) ? (args as readonly JsonLogic[])[1] : null
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null
}

function membershipNeed(name: string | null, right: Expression, isIn: boolean): string | null {
  if (name === null || right.kind !== 'list' || right.items.length === 0) return null
  return isIn ? `\`given ${name} = ${show(right.items[0]!)}\`` : `\`given ${name}\` with a value outside of the list`
}

function listNeed({ left, right, quantity }: Extract<Expression, { kind: 'has' }>, wanted: boolean): string | null {
  const name = nameOf(left)
  const value = show(right)
  if (name === null || value === null) return null
  if (!wanted) return `\`given ${name}\` without \`${value}\``
  return `\`given ${name} = ${quantity === 'one' ? `[${value}]` : value}\``
}

/** A literal as a test writes it; null for everything else. */
function show(expression: Expression): string | null {
  const literal = expression as Literal
  if (literal.kind === 'text') return JSON.stringify(literal.value)
  if (literal.kind === 'list') {
    const items = literal.items.map(show)
    return items.includes(null) ? null : `[${items.join(', ')}]`
  }
  return literal.kind === 'number' || literal.kind === 'bool' ? String(literal.value) : null
}
