// Which paths of the context a JSON Logic expression reads. Paths inside a quantifier's body belong to its elements.
import type { JsonLogic } from '../compile/bundle.ts'

const QUANTIFIERS = new Set(['some', 'none', 'filter', 'reduce'])

/** Distinct paths in order of first use. */
export function readPaths(logic: JsonLogic): readonly string[] {
  const paths = new Set<string>()
  collect(logic, paths)
  return [...paths]
}

function collect(logic: JsonLogic, paths: Set<string>): void {
  if (logic === null || typeof logic !== 'object') return
  if (Array.isArray(logic)) {
    for (const item of logic as readonly JsonLogic[]) collect(item, paths)
    return
  }
  const [operator, operand] = Object.entries(logic)[0]!
  if (operator === 'var') paths.add(String(Array.isArray(operand) ? operand[0] : operand))
  else if (QUANTIFIERS.has(operator) && Array.isArray(operand)) collect((operand as readonly JsonLogic[])[0]!, paths)
  else collect(operand!, paths)
}
