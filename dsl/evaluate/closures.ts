// Compiles portable JSON Logic into closures over slots, with Kleene's three values: true, false, and open (`undefined`).
// The same artefact that json-logic-js evaluates as reference; a property test holds the two together.
import { FAILED } from './program.ts'
import { isList, operationOf, type Closure, type CompileIn, type Operand, type Scope } from './closure.ts'
import { OPERATORS } from './closure-operators.ts'
import { QUANTIFIERS, readPath } from './closure-quantifiers.ts'
import type { JsonLogic } from '../compile/bundle.ts'

export type { Closure } from './closure.ts'

type SlotOf = (path: string) => number | undefined

/** `slotOf` gives the slot of a path, or undefined for a path that no slot stands for. Throws on operators outside the portable core. */
export function compileLogic(logic: JsonLogic, slotOf: SlotOf): Closure {
  const compileIn: CompileIn = (inner, scope) => compile(inner, scope, slotOf, compileIn)
  return compileIn(logic, 'context').run
}

function compile(logic: JsonLogic, scope: Scope, slotOf: SlotOf, compileIn: CompileIn): Operand {
  if (logic === null || typeof logic !== 'object') return constant(logic)
  if (isList(logic)) return compileList(logic, scope, compileIn)
  const [operator, args] = operationOf(logic)
  if (operator === 'var') return compileVar(String(args[0]), scope, slotOf)
  const quantify = QUANTIFIERS.get(operator)
  if (quantify) return computed(quantify(args, scope, compileIn))
  const make = OPERATORS.get(operator)
  if (!make) throw new Error(`the operator ${operator} is not in the portable core`)
  return computed(make(args.map((arg) => compileIn(arg, scope))))
}

const constant = (value: JsonLogic): Operand => ({ run: () => value, slot: -1, constant: value })
const computed = (run: Closure): Operand => ({ run, slot: -1, constant: undefined })

function compileList(logic: readonly JsonLogic[], scope: Scope, compileIn: CompileIn): Operand {
  if (logic.every((item) => item === null || typeof item !== 'object')) return constant(logic)
  const items = logic.map((item) => compileIn(item, scope).run)
  return computed((values, item) => {
    const out = items.map((read) => read(values, item))
    return out.includes(undefined) ? undefined : out
  })
}

function compileVar(path: string, scope: Scope, slotOf: SlotOf): Operand {
  if (scope === 'context') return readSlot(path, slotOf)
  const words = path === '' ? [] : path.split('.')
  if (scope === 'element') return computed((_values, item) => readPath(item, words))
  if (path === '') throw new Error('the body of a quantifier over `bind` names what it reads: `it`, or a bound name')
  const place = scope.indexOf(words[0]!)
  const rest = words.slice(1)
  if (place < 0) return constant(null)
  return computed((_values, item) => {
    const value = (item as readonly unknown[])[place]
    return value === undefined ? undefined : readPath(value, rest)
  })
}

function readSlot(path: string, slotOf: SlotOf): Operand {
  const slot = slotOf(path)
  if (slot === undefined) throw new Error(`no slot stands for ${path}`)
  const run: Closure = (values) => {
    const value = values[slot]
    return value === FAILED ? undefined : value
  }
  return { run, slot, constant: undefined }
}
