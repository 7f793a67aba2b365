// What a condition says about presence: the names that are there wherever it is true. Nothing is lowered or reported here.
import type { Expression } from '../syntax/ast.ts'

/** Names of which an operand of `and` says that they exist, or one of `or` that they are missing. */
export function provenBy(operand: Expression, connective: 'and' | 'or'): readonly string[] {
  const isNegated = operand.kind === 'not'
  const test = isNegated ? operand.operand : operand
  if (test.kind === 'exists' && test.operand.kind === 'path') {
    return (test.negated !== isNegated) === (connective === 'or') ? [test.operand.name.text] : []
  }
  return operand.kind === connective ? operand.operands.flatMap((inner) => provenBy(inner, connective)) : []
}

/** Names that a condition says to exist. */
export function provenPresent(condition: Expression | null): ReadonlySet<string> {
  return new Set(condition ? provenBy(condition, 'and') : [])
}

/** Names without which a condition is never true: beside `exists`, all that stand in a positive test. What `limit … by` asks for. */
export function neededPresent(condition: Expression | null): ReadonlySet<string> {
  return new Set(condition ? neededBy(condition) : [])
}

function neededBy(condition: Expression): readonly string[] {
  const names = (...operands: readonly Expression[]): readonly string[] =>
    operands.flatMap((one) => (one.kind === 'path' ? [one.name.text] : []))
  switch (condition.kind) {
    case 'and':
      return condition.operands.flatMap(neededBy)
    case 'compare':
      return condition.operator === '==' ? names(condition.left, condition.right) : []
    case 'in':
      return condition.negated ? [] : names(condition.left)
    case 'has':
      return condition.quantity === 'one' ? names(condition.left, condition.right) : []
    case 'match':
      return names(condition.left)
    default:
      return provenBy(condition, 'and')
  }
}
