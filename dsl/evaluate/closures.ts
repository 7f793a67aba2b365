// Compiles portable JSON Logic into closures over slots, with Kleene's three values: true, false, and open (`undefined`).
// The same artefact that json-logic-js evaluates as reference; a property test holds the two together.
import { FAILED, type SlotValue } from './program.ts'
import { cidr, glob, includes, lower, substr } from './operators.ts'
import type { JsonLogic } from '../compile/bundle.ts'

/** `undefined` means open: something it needs is not known. `item` is the element of the innermost quantifier. */
export type Closure = (values: readonly SlotValue[], item: unknown) => unknown

type Operator = (args: readonly JsonLogic[], compile: (logic: JsonLogic) => Closure) => Closure

/** `slotOf` gives the slot of a path, or undefined for a path that no slot stands for. Throws on operators outside the portable core. */
export function compileLogic(logic: JsonLogic, slotOf: (path: string) => number | undefined): Closure {
  return compileIn(logic, slotOf, false)
}

function compileIn(logic: JsonLogic, slotOf: (path: string) => number | undefined, inItem: boolean): Closure {
  if (logic === null || typeof logic !== 'object') return () => logic
  const recurse = (inner: JsonLogic): Closure => compileIn(inner, slotOf, inItem)
  if (isList(logic)) return compileList(logic.map(recurse), logic)
  const [operator, operand] = Object.entries(logic)[0]!
  const args = isList(operand) ? operand : [operand!]
  if (operator === 'var') return inItem ? readItem(String(args[0])) : readSlot(String(args[0]), slotOf)
  if (operator === 'some' || operator === 'none') return quantifier(operator, recurse(args[0]!), compileIn(args[1]!, slotOf, true))
  if (operator === 'filter') return filter(recurse(args[0]!), compileIn(args[1]!, slotOf, true))
  const make = OPERATORS[operator]
  if (!make) throw new Error(`the operator ${operator} is not in the portable core`)
  return make(args, recurse)
}

function isList(logic: JsonLogic | undefined): logic is readonly JsonLogic[] {
  return Array.isArray(logic)
}

function compileList(items: readonly Closure[], logic: readonly JsonLogic[]): Closure {
  if (logic.every((item) => item === null || typeof item !== 'object')) return () => logic
  return (values, item) => {
    const out = items.map((read) => read(values, item))
    return out.includes(undefined) ? undefined : out
  }
}

function readSlot(path: string, slotOf: (path: string) => number | undefined): Closure {
  const slot = slotOf(path)
  if (slot === undefined) throw new Error(`no slot stands for ${path}`)
  return (values) => {
    const value = values[slot]
    return value === FAILED ? undefined : value
  }
}

function readItem(path: string): Closure {
  if (path === '') return (_values, item) => item
  const words = path.split('.')
  return (_values, item) => {
    let value = item
    for (const word of words) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, word)) return null
      value = (value as { [name: string]: unknown })[word]
    }
    return value ?? null
  }
}

function quantifier(kind: 'some' | 'none', list: Closure, test: Closure): Closure {
  const found = kind === 'some'
  return (values, outer) => {
    const items = list(values, outer)
    if (items === undefined) return undefined
    let open = false
    for (const item of Array.isArray(items) ? items : []) {
      const result = test(values, item)
      if (result === true) return found
      if (result === undefined) open = true
    }
    return open ? undefined : !found
  }
}

function filter(list: Closure, test: Closure): Closure {
  return (values, outer) => {
    const items = list(values, outer)
    if (items === undefined) return undefined
    const results = (Array.isArray(items) ? items : []).map((item) => [item, test(values, item)] as const)
    return results.some(([, kept]) => kept === undefined) ? undefined : results.filter(([, kept]) => kept === true).map(([item]) => item)
  }
}

/** Strict in all arguments: open if one is. */
function strict(apply: (args: readonly unknown[]) => unknown): Operator {
  return (args, compile) => {
    const parts = args.map(compile)
    if (parts.length === 2) {
      const [left, right] = parts as [Closure, Closure]
      return (values, item) => {
        const a = left(values, item)
        if (a === undefined) return undefined
        const b = right(values, item)
        return b === undefined ? undefined : apply([a, b])
      }
    }
    return (values, item) => {
      const read = parts.map((part) => part(values, item))
      return read.includes(undefined) ? undefined : apply(read)
    }
  }
}

/** The comparison of the hot path: a value with a constant, without an array of arguments. */
function comparing(apply: (a: unknown, b: unknown) => boolean): Operator {
  return (args, compile) => {
    const left = compile(args[0]!)
    const right = compile(args[1]!)
    return (values, item) => {
      const a = left(values, item)
      if (a === undefined) return undefined
      const b = right(values, item)
      return b === undefined ? undefined : apply(a, b)
    }
  }
}

const ordered = (test: (a: number, b: number) => boolean) =>
  comparing((a, b) => typeof a === 'number' && typeof b === 'number' && test(a, b))
const numeric = (apply: (a: number, b: number) => number) => strict((args) => (args as number[]).reduce(apply))

function connective(stopsAt: boolean): Operator {
  return (args, compile) => {
    const parts = args.map(compile)
    return (values, item) => {
      let open = false
      for (const part of parts) {
        const value = part(values, item)
        if (value === stopsAt) return stopsAt
        if (value === undefined) open = true
      }
      return open ? undefined : !stopsAt
    }
  }
}

const OPERATORS: { readonly [operator: string]: Operator } = {
  '===': comparing((a, b) => a === b),
  '!==': comparing((a, b) => a !== b),
  '<': ordered((a, b) => a < b),
  '<=': ordered((a, b) => a <= b),
  '>': ordered((a, b) => a > b),
  '>=': ordered((a, b) => a >= b),
  and: connective(false),
  or: connective(true),
  '!': strict(([value]) => value !== true),
  in: comparing((needle, list) => Array.isArray(list) && list.includes(needle)),
  if: (args, compile) => {
    const [test, yes, no] = args.map(compile) as [Closure, Closure, Closure]
    return (values, item) => {
      const chosen = test(values, item)
      return chosen === undefined ? undefined : (chosen === true ? yes : no)(values, item)
    }
  },
  '+': numeric((a, b) => a + b),
  '-': numeric((a, b) => a - b),
  '*': numeric((a, b) => a * b),
  merge: strict((lists) => lists.flat()),
  reduce: (args, compile) => {
    // The compiler emits one form only: counting.
    const list = compile(args[0]!)
    return (values, item) => {
      const items = list(values, item)
      return items === undefined ? undefined : Array.isArray(items) ? items.length : 0
    }
  },
  substr: strict((args) => substr(args[0], args[1], args[2])),
  cidr: strict(([ip, network]) => cidr(ip, network)),
  glob: strict(([text, pattern]) => glob(text, pattern)),
  includes: strict(([text, part]) => includes(text, part)),
  lower: strict(([text]) => lower(text)),
}
