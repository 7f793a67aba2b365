// What the body of a quantifier reads. In JSON Logic a body sees its element and nothing else, so whatever it needs of the outside comes in
// through `bind(list, key, value, …)`, which makes of each element a record of `it` and the keys.
import type { JsonLogic } from '../compile/bundle.ts'
import type { Type } from '../vocabulary/vocabulary.ts'

/** The element that the quantifier around speaks of. */
export interface Element {
  readonly name: string
  readonly type: Type
  readonly outer: Element | null
  /** How many lists are walked within each other here. Fields of an element do not count: all of them together are one list. */
  readonly depth: number
  /** What the body needs of the outside, by name. Filled while the body is lowered. */
  readonly brought: Map<string, { readonly key: string; readonly value: JsonLogic }>
}

/** The innermost element that a name speaks of, or null. */
export function elementOf(text: string, element: Element | null): Element | null {
  if (element === null || text === element.name || text.startsWith(`${element.name}.`)) return element
  return elementOf(text, element.outer)
}

/** Reads a path from within an element's body: an attribute, a finding, or an element further out. */
export function readFrom(path: string, element: Element | null): JsonLogic {
  if (element === null) return { var: path }
  if (elementOf(path, element) === element) return { var: `it${path.slice(element.name.length)}` }
  let brought = element.brought.get(path)
  if (!brought) {
    brought = { key: `k${element.brought.size + 1}`, value: readFrom(path, element.outer) }
    element.brought.set(path, brought)
  }
  return { var: brought.key }
}

/** The list and the body as the quantifier takes them, once the body is lowered. */
export function enclose(list: JsonLogic, { brought }: Element, body: JsonLogic): readonly [list: JsonLogic, body: JsonLogic] {
  if (brought.size === 0) return [list, unbound(body)]
  return [{ bind: [list, ...[...brought.values()].flatMap(({ key, value }) => [key, value])] }, body]
}

/** A list of values stays the array it is: many policies may use it. */
function unboundList(items: readonly JsonLogic[]): readonly JsonLogic[] {
  return items.some((item) => typeof item === 'object' && item !== null) ? items.map(unbound) : items
}

const QUANTIFIERS: ReadonlySet<string> = new Set(['some', 'none', 'filter', 'reduce'])

/** A body that needs nothing of the outside reads its element directly. Bodies within it have elements of their own. */
function unbound(logic: JsonLogic): JsonLogic {
  if (logic === null || typeof logic !== 'object') return logic
  if (Array.isArray(logic)) return unboundList(logic as readonly JsonLogic[])
  const [operator, operand] = Object.entries(logic)[0]!
  if (operator === 'var') return { var: String(operand).replace(/^it\.?/, '') }
  if (!QUANTIFIERS.has(operator)) return { [operator]: unbound(operand!) }
  const [list, ...rest] = operand as readonly JsonLogic[]
  return { [operator]: [unbound(list!), ...rest] }
}
