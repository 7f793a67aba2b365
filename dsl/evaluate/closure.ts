// What closures are, and what the operators know of their operands when they are compiled.
import type { JsonLogic } from '../compile/bundle.ts'
import type { SlotValue } from './program.ts'

/**
 * `undefined` means open: something it needs is not known. `item` is what the innermost quantifier speaks of: the element, or, over
 * `bind`, the array of the element and the bound values.
 */
export type Closure = (values: readonly SlotValue[], item: unknown) => unknown

/** Where `var` looks: among the slots, in the element, or among the names of a `bind` (`it` first, in the order of `item`). */
export type Scope = 'context' | 'element' | readonly string[]

/** An operand, compiled. Operators have a shorter way for the commonest: a slot beside a constant. */
export interface Operand {
  readonly run: Closure
  /** The slot it is, or -1. */
  readonly slot: number
  /** What it always is; `undefined` when it depends on anything. */
  readonly constant: unknown
}

export type CompileIn = (logic: JsonLogic, scope: Scope) => Operand

export function isList(logic: JsonLogic | undefined): logic is readonly JsonLogic[] {
  return Array.isArray(logic)
}

/** The one operator of an expression and its arguments. Throws where there is none, or more than one. */
export function operationOf(logic: { readonly [operator: string]: JsonLogic }): readonly [operator: string, args: readonly JsonLogic[]] {
  const [first, ...more] = Object.entries(logic)
  if (first === undefined || more.length > 0) throw new Error('an expression of JSON Logic has exactly one operator')
  return [first[0], isList(first[1]) ? first[1] : [first[1]]]
}
