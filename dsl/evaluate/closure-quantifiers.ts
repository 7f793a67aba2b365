// Quantifiers over lists, counting, and `bind`, which brings outer values into a quantifier: `bind(list, k, v, …)` is the list of
// `{it: element, k: v, …}`. Such objects are made only where they are results; a body reads element and values from one array.
import { isList, operationOf, type Closure, type CompileIn, type Scope } from './closure.ts'
import type { JsonLogic } from '../compile/bundle.ts'
import type { SlotValue } from './program.ts'

type Quantify = (args: readonly JsonLogic[], scope: Scope, compileIn: CompileIn) => Closure

/** Reads on into a value, own members only; null where there is nothing. */
export function readPath(value: unknown, words: readonly string[]): unknown {
  let at = value
  for (const word of words) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, word)) return null
    at = (at as { [name: string]: unknown })[word]
  }
  return at ?? null
}

/** The list that a quantifier goes over, with what its body sees beside the element. */
interface Range {
  readonly list: Closure
  /** Scope of the body. */
  readonly inside: Scope
  /** Bound values, in the order of the names behind `it`; null without `bind`. */
  readonly bound: readonly Closure[] | null
}

function rangeOf(logic: JsonLogic, scope: Scope, compileIn: CompileIn): Range {
  const pairs = bindArguments(logic)
  if (pairs === null) return { list: compileIn(logic, scope).run, inside: 'element', bound: null }
  const { list, names, bound } = pairs
  return {
    list: compileIn(list, scope).run,
    inside: ['it', ...names],
    bound: bound.map((value) => compileIn(value, scope).run),
  }
}

function bindArguments(logic: JsonLogic): ReturnType<typeof splitBind> | null {
  if (logic === null || typeof logic !== 'object' || isList(logic)) return null
  const [operator, args] = operationOf(logic)
  return operator === 'bind' ? splitBind(args) : null
}

function splitBind([list = null, ...pairs]: readonly JsonLogic[]): {
  readonly list: JsonLogic
  readonly names: readonly string[]
  readonly bound: readonly JsonLogic[]
} {
  const names = pairs.filter((_, i) => i % 2 === 0)
  if (pairs.length % 2 === 1) throw new Error('`bind` takes a list, and then names with their values')
  if (!names.every(isBoundName) || new Set(names).size < names.length)
    throw new Error('the names that `bind` gives are texts without dots, each once, and never `it`')
  return { list, names, bound: pairs.filter((_, i) => i % 2 === 1) }
}

const isBoundName = (name: JsonLogic): name is string => typeof name === 'string' && name !== '' && name !== 'it' && !name.includes('.')

/**
 * A caller decides how long its lists are, so that lists within lists are walked no further than this, within one condition: some 50 ms.
 * Beyond, the condition stays open, and the policy acts through its `on error`.
 */
const MAX_PAIRS = 1_000_000

/** Evaluation never waits, so one counter serves; the outermost quantifier sets it. */
let pairsLeft = MAX_PAIRS

/** Takes the elements of a list that is walked once more for each element around it; false where that is too much. */
function mayWalk(items: readonly unknown[], scope: Scope): boolean {
  if (scope === 'context') pairsLeft = MAX_PAIRS
  else pairsLeft -= items.length
  return pairsLeft >= 0
}

/** What a body gets as `item`: the element, or one array for the whole list whose first place is set for each element. */
function frameOf(bound: readonly Closure[] | null, values: readonly SlotValue[], outer: unknown): unknown[] | null {
  if (bound === null) return null
  const frame: unknown[] = [null]
  for (const read of bound) frame.push(read(values, outer))
  return frame
}

function someOrNone(found: boolean): Quantify {
  return ([over = null, body = null], scope, compileIn) => {
    const { list, inside, bound } = rangeOf(over, scope, compileIn)
    const test = compileIn(body, inside).run
    return (values, outer) => {
      const items = list(values, outer)
      if (items === undefined) return undefined
      if (!Array.isArray(items) || items.length === 0) return !found
      if (!mayWalk(items, scope)) return undefined
      const frame = frameOf(bound, values, outer)
      let open = false
      for (const item of items as readonly unknown[]) {
        if (frame !== null) frame[0] = item
        const result = test(values, frame ?? item)
        if (result === true) return found
        if (result === undefined) open = true
      }
      return open ? undefined : !found
    }
  }
}

/** Open if one element is: what is left of the list is not known then. */
const filter: Quantify = ([over = null, body = null], scope, compileIn) => {
  const names = bindArguments(over)?.names ?? []
  const { list, inside, bound } = rangeOf(over, scope, compileIn)
  const test = compileIn(body, inside).run
  return (values, outer) => {
    const items = list(values, outer)
    if (items === undefined) return undefined
    if (!Array.isArray(items)) return []
    if (!mayWalk(items, scope)) return undefined
    const frame = frameOf(bound, values, outer)
    if (frame?.includes(undefined) === true && items.length > 0) return undefined
    const kept: unknown[] = []
    for (const item of items as readonly unknown[]) {
      if (frame !== null) frame[0] = item
      const result = test(values, frame ?? item)
      if (result === undefined) return undefined
      if (result === true) kept.push(frame === null ? item : boundElement(item, names, frame))
    }
    return kept
  }
}

const bind: Quantify = (args, scope, compileIn) => {
  const { names } = splitBind(args)
  const { list, bound } = rangeOf({ bind: args }, scope, compileIn)
  return (values, outer) => {
    const items = list(values, outer)
    const frame = frameOf(bound, values, outer)!
    if (items === undefined || frame.includes(undefined)) return undefined
    return Array.isArray(items) ? items.map((item) => boundElement(item, names, frame)) : []
  }
}

function boundElement(item: unknown, names: readonly string[], frame: readonly unknown[]): object {
  const element = Object.create(null) as { [name: string]: unknown }
  element['it'] = item
  names.forEach((name, i) => (element[name] = frame[i + 1]))
  return element
}

/** The compiler emits one form only: counting. */
const reduce: Quantify = ([over = null], scope, compileIn) => {
  const list = compileIn(over, scope).run
  return (values, outer) => {
    const items = list(values, outer)
    return items === undefined ? undefined : Array.isArray(items) ? items.length : 0
  }
}

export const QUANTIFIERS: ReadonlyMap<string, Quantify> = new Map([
  ['some', someOrNone(true)],
  ['none', someOrNone(false)],
  ['filter', filter],
  ['reduce', reduce],
  ['bind', bind],
])
