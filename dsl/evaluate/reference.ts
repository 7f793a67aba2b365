// The reference: json-logic-js with the documented data-only operators. It explains, verifies and tests; it never runs on the hot path.
import jsonLogic, { type RulesLogic } from 'json-logic-js'
import { bind, cidr, glob, includes, lower, substr } from './operators.ts'
import type { JsonLogic } from '../compile/bundle.ts'

for (const [name, operator] of Object.entries({ bind, cidr, glob, includes, lower, substr }))
  jsonLogic.add_operation(name, operator as (...args: unknown[]) => unknown)

/** Evaluates an expression over a closed context: every path the expression reads has a value, null when absent. */
export function evaluateReference(logic: JsonLogic, context: ReadonlyMap<string, unknown>): unknown {
  return referenceOver(context)(logic)
}

/** The same for many expressions over one context. */
export function referenceOver(context: ReadonlyMap<string, unknown>): (logic: JsonLogic) => unknown {
  const data = nest(context)
  return (logic) => jsonLogic.apply(logic as RulesLogic, data)
}

/** A null-prototype tree of the dotted paths, so that `var` cannot walk into prototypes. */
function nest(context: ReadonlyMap<string, unknown>): object {
  const root = Object.create(null) as { [name: string]: unknown }
  for (const [path, value] of context) {
    const words = path.split('.')
    let at = root
    for (const word of words.slice(0, -1)) at = (at[word] ??= Object.create(null) as object) as typeof root
    at[words.at(-1)!] = value
  }
  return root
}
