// The operators of the portable core as closures. Strict ones are open if an operand is; `and`, `or` and `if` look only as far as needed.
import { FAILED } from './program.ts'
import { cidr, glob, includes, lower, substr } from './operators.ts'
import type { Closure, Operand } from './closure.ts'

type Operator = (operands: readonly Operand[]) => Closure

const NULL: Operand = { run: () => null, slot: -1, constant: null }

function unary(apply: (value: unknown) => unknown): Operator {
  return ([{ run } = NULL]) =>
    (values, item) => {
      const value = run(values, item)
      return value === undefined ? undefined : apply(value)
    }
}

function binary(apply: (a: unknown, b: unknown) => unknown): Operator {
  return ([left = NULL, right = NULL]) => {
    if (left.slot >= 0 && right.constant !== undefined) return slotWith(left.slot, right.constant, apply)
    const [readLeft, readRight] = [left.run, right.run]
    return (values, item) => {
      const a = readLeft(values, item)
      if (a === undefined) return undefined
      const b = readRight(values, item)
      return b === undefined ? undefined : apply(a, b)
    }
  }
}

function slotWith(slot: number, constant: unknown, apply: (a: unknown, b: unknown) => unknown): Closure {
  return (values) => {
    const value = values[slot]
    return value === undefined || value === FAILED ? undefined : apply(value, constant)
  }
}

/** Strict in any number of operands. */
function variadic(apply: (values: readonly unknown[]) => unknown): Operator {
  return (operands) => {
    const parts = operands.map(({ run }) => run)
    return (values, item) => {
      const read: unknown[] = []
      for (const part of parts) {
        const value = part(values, item)
        if (value === undefined) return undefined
        read.push(value)
      }
      return apply(read)
    }
  }
}

// ── equality and membership: most of what conditions are made of ─────────────────────────────────────────────────────

const generalEqual = binary((a, b) => a === b)
const generalUnequal = binary((a, b) => a !== b)
const generalIn = binary((needle, list) => Array.isArray(list) && list.includes(needle))

const equal: Operator = (operands) => {
  const [left = NULL, right = NULL] = operands
  if (left.slot < 0 || right.constant === undefined) return generalEqual(operands)
  const { slot } = left
  const { constant } = right
  return (values) => {
    const value = values[slot]
    return value === undefined || value === FAILED ? undefined : value === constant
  }
}

const unequal: Operator = (operands) => {
  const [left = NULL, right = NULL] = operands
  if (left.slot < 0 || right.constant === undefined) return generalUnequal(operands)
  const { slot } = left
  const { constant } = right
  return (values) => {
    const value = values[slot]
    return value === undefined || value === FAILED ? undefined : value !== constant
  }
}

/** Lists in policies may come from files with a million lines; longer ones are looked up by hash. */
const LONG_LIST = 8

const sets = new WeakMap<readonly unknown[], ReadonlySet<unknown>>()

/** Policies that share a list share its set. Lists of a bundle never change. */
function setOf(list: readonly unknown[]): ReadonlySet<unknown> {
  let set = sets.get(list)
  if (set === undefined) sets.set(list, (set = new Set(list)))
  return set
}

const isIn: Operator = (operands) => {
  const [needle = NULL, list = NULL] = operands
  if (Array.isArray(list.constant)) {
    const known: readonly unknown[] = list.constant
    if (known.length < LONG_LIST) return generalIn(operands)
    const set = setOf(known)
    return unary((value) => set.has(value))([needle])
  }
  if (list.slot < 0 || needle.constant === undefined) return generalIn(operands)
  const { slot } = list
  const { constant } = needle
  return (values) => {
    const value = values[slot]
    return value === undefined || value === FAILED ? undefined : Array.isArray(value) && value.includes(constant)
  }
}

// ── connectives ──────────────────────────────────────────────────────────────────────────────────────────────────────

function connective(stopsAt: boolean): Operator {
  return (operands) => {
    const parts = operands.map(({ run }) => run)
    if (parts.length === 2) return connectTwo(parts[0]!, parts[1]!, stopsAt)
    return (values, item) => {
      let open = false
      for (let i = 0; i < parts.length; i++) {
        const value = parts[i]!(values, item)
        if (value === stopsAt) return stopsAt
        if (value === undefined) open = true
      }
      return open ? undefined : !stopsAt
    }
  }
}

function connectTwo(left: Closure, right: Closure, stopsAt: boolean): Closure {
  return (values, item) => {
    const a = left(values, item)
    if (a === stopsAt) return stopsAt
    const b = right(values, item)
    if (b === stopsAt) return stopsAt
    return a === undefined || b === undefined ? undefined : !stopsAt
  }
}

const choose: Operator = ([test = NULL, yes = NULL, no = NULL]) => {
  const [readTest, readYes, readNo] = [test.run, yes.run, no.run]
  return (values, item) => {
    const chosen = readTest(values, item)
    return chosen === undefined ? undefined : (chosen === true ? readYes : readNo)(values, item)
  }
}

const ordered = (test: (a: number, b: number) => boolean): Operator =>
  binary((a, b) => typeof a === 'number' && typeof b === 'number' && test(a, b))
const numeric = (apply: (a: number, b: number) => number): Operator => variadic((values) => (values as number[]).reduce(apply))

export const OPERATORS: ReadonlyMap<string, Operator> = new Map([
  ['===', equal],
  ['!==', unequal],
  ['<', ordered((a, b) => a < b)],
  ['<=', ordered((a, b) => a <= b)],
  ['>', ordered((a, b) => a > b)],
  ['>=', ordered((a, b) => a >= b)],
  ['and', connective(false)],
  ['or', connective(true)],
  ['!', unary((value) => value !== true)],
  ['in', isIn],
  ['if', choose],
  ['+', numeric((a, b) => a + b)],
  ['-', numeric((a, b) => a - b)],
  ['*', numeric((a, b) => a * b)],
  ['merge', variadic((lists) => lists.flat())],
  ['substr', variadic(([text, start, length]) => substr(text, start, length))],
  ['cidr', binary(cidr)],
  ['glob', binary(glob)],
  ['includes', binary(includes)],
  ['lower', unary(lower)],
])
