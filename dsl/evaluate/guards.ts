// What a condition compares with constants. A guard is a conjunct that must hold: where it is false the condition is, whatever else is
// unknown, so a policy need not be looked at for other values. Mentions tell which values of a slot no condition can tell apart.
import { isList, operationOf } from './closure.ts'
import type { JsonLogic } from '../compile/bundle.ts'

export type Scalar = string | number | boolean | null

/** The condition is false unless the value of the path (`value`), or one of its elements (`element`), is among these. */
export interface Guard {
  readonly path: string
  readonly of: 'value' | 'element'
  /** Member of the element that is meant; empty: the element itself, or the value. */
  readonly field: string
  readonly values: readonly Scalar[]
}

type Operation = ReturnType<typeof operationOf>

/** Longer lists, from files, are looked up in the condition itself: an index would hold them once more. */
const MAX_VALUES = 1000

/** Beyond, remembering the values costs more than it saves. */
const MAX_MENTIONED = 10_000

/** Every guard of a condition; each is necessary on its own. */
export function guardsOf(logic: JsonLogic): readonly Guard[] {
  return guardsIn(logic).filter(({ values }) => values.length <= MAX_VALUES)
}

function guardsIn(logic: JsonLogic): readonly Guard[] {
  const operation = operationIn(logic)
  if (operation === null) return []
  const [operator, args] = operation
  if (operator === 'and') return args.flatMap(guardsOf)
  if (operator === 'or') return eitherOf(args.map(guardsOf))
  if (operator === 'some') return someOf(args)
  const guard = comparisonOf(operation)
  return guard === null ? [] : [guard]
}

/** One of the parts must hold, so one of their values, where all have a guard on the same path. */
function eitherOf(parts: readonly (readonly Guard[])[]): readonly Guard[] {
  const [first = [], ...others] = parts
  return first.flatMap((guard): Guard[] => {
    const same = others.map((guards) =>
      guards.find(({ path, of, field }) => path === guard.path && of === guard.of && field === guard.field),
    )
    if (same.includes(undefined)) return []
    return [{ ...guard, values: [...new Set([...guard.values, ...same.flatMap((one) => one!.values)])] }]
  })
}

/** What an element must be, one of the list must be: `some t in request.tools where t.name == "shell"`. */
function someOf([list = null, body = null]: readonly JsonLogic[]): readonly Guard[] {
  const binding = operationIn(list)
  const isBound = binding?.[0] === 'bind'
  const path = pathOf(isBound ? (binding[1][0] ?? null) : list)
  if (path === null) return []
  return guardsOf(body).flatMap((guard): Guard[] => {
    const words = guard.path === '' ? [] : guard.path.split('.')
    if (guard.of !== 'value' || (isBound && words.shift() !== 'it') || words.length > 1) return []
    return [{ path, of: 'element', field: words[0] ?? '', values: guard.values }]
  })
}

function comparisonOf([operator, [left = null, right = null]]: Operation): Guard | null {
  const path = pathOf(left)
  if (operator === '===') {
    if (path !== null && isScalar(right)) return { path, of: 'value', field: '', values: [right] }
    const other = pathOf(right)
    return other !== null && isScalar(left) ? { path: other, of: 'value', field: '', values: [left] } : null
  }
  if (operator !== 'in') return null
  if (path !== null && isList(right) && right.every(isScalar)) return { path, of: 'value', field: '', values: distinct(right) }
  const list = pathOf(right)
  return list !== null && isScalar(left) ? { path: list, of: 'element', field: '', values: [left] } : null
}

/** Lists that are too long for anybody here are not copied. */
function distinct(values: readonly Scalar[]): readonly Scalar[] {
  return values.length > MAX_MENTIONED ? values : [...new Set(values)]
}

/**
 * For each path that the conditions read: the constants that they compare it with, where they do nothing else with it (nor with its
 * elements); null where they do. Values that are not mentioned are all the same to the conditions.
 */
export function mentionsIn(conditions: readonly JsonLogic[]): ReadonlyMap<string, ReadonlySet<Scalar> | null> {
  const mentions: Mentions = new Map()
  for (const condition of conditions) note(condition, mentions)
  return mentions
}

type Mentions = Map<string, Set<Scalar> | null>

function note(logic: JsonLogic, mentions: Mentions): void {
  if (isList(logic)) {
    for (const item of logic) note(item, mentions)
    return
  }
  const operation = operationIn(logic)
  if (operation === null) return
  const [operator, args] = operation
  const guard = comparisonOf(operator === '!==' ? ['===', args] : operation)
  if (guard !== null) return noteValues(guard, mentions)
  const path = pathOf(logic)
  if (path !== null) mentions.set(path, null)
  else if (BODIES.has(operator)) note(args[0] ?? null, mentions)
  else for (const arg of args) note(arg, mentions)
}

/** Paths in the body of a quantifier belong to its elements. */
const BODIES = new Set(['some', 'none', 'filter', 'reduce'])

function noteValues({ path, values }: Guard, mentions: Mentions): void {
  const known = mentions.get(path)
  if (known === null) return
  if (values.length > MAX_MENTIONED) return void mentions.set(path, null)
  const all = known ?? new Set()
  for (const value of values) all.add(value)
  mentions.set(path, all.size > MAX_MENTIONED ? null : all)
}

function operationIn(logic: JsonLogic): Operation | null {
  return logic === null || typeof logic !== 'object' || isList(logic) ? null : operationOf(logic)
}

function pathOf(logic: JsonLogic): string | null {
  const operation = operationIn(logic)
  return operation?.[0] === 'var' ? String(operation[1][0]) : null
}

function isScalar(logic: JsonLogic): logic is Scalar {
  return logic === null || typeof logic !== 'object'
}
