// One cheap test for each policy that must hold for it to fire, kept side by side: most policies are passed over without touching their
// closures, which lie scattered in memory. What is not known passes.
import { FAILED, type SlotValue } from './program.ts'
import { isList, operationOf } from './closure.ts'
import type { JsonLogic } from '../compile/bundle.ts'

const OPERATORS = ['===', '>', '>=', '<', '<='] as const
type Operator = (typeof OPERATORS)[number]

interface Test {
  readonly path: string
  readonly operator: Operator
  readonly constant: JsonLogic
}

/** Room for the operator below the slot. */
const WIDTH = 8
const NO_TEST = -1

export class Sieve {
  /** Two places for each policy: slot and operator as one number (or NO_TEST), and the constant. */
  readonly #tests: unknown[] = []

  /** `guarded` names the path by which a policy is found, or is null: that test held already. */
  constructor(policies: readonly { readonly condition: JsonLogic; readonly guarded: string | null }[], slotOf: (path: string) => number) {
    const texts = new Map<unknown, unknown>()
    for (const { condition, guarded } of policies) {
      const test = chooseTest(testsOf(condition), guarded)
      if (test === undefined) {
        this.#tests.push(NO_TEST, null)
        continue
      }
      // Equal texts become one object, so that few are in use.
      if (!texts.has(test.constant)) texts.set(test.constant, test.constant)
      this.#tests.push(slotOf(test.path) * WIDTH + OPERATORS.indexOf(test.operator), texts.get(test.constant))
    }
  }

  /** False only where the condition of the policy is false. */
  passes(index: number, values: readonly SlotValue[]): boolean {
    const packed = this.#tests[2 * index] as number
    if (packed === NO_TEST) return true
    const value = values[packed >> 3]
    if (value === undefined || value === FAILED) return true
    const constant = this.#tests[2 * index + 1]
    const operator = packed & 7
    if (operator === 0) return value === constant
    if (typeof value !== 'number') return false
    const bound = constant as number
    if (operator === 1) return value > bound
    if (operator === 2) return value >= bound
    return operator === 3 ? value < bound : value <= bound
  }
}

/** An equality tells most. */
function chooseTest(tests: readonly Test[], guarded: string | null): Test | undefined {
  const others = tests.filter(({ path, operator }) => operator !== '===' || path !== guarded)
  return others.find(({ operator }) => operator === '===') ?? others[0]
}

function testsOf(logic: JsonLogic): readonly Test[] {
  if (logic === null || typeof logic !== 'object' || isList(logic)) return []
  const [operator, args] = operationOf(logic)
  if (operator === 'and') return args.flatMap(testsOf)
  const [left = null, right = null] = args
  if (!isOperator(operator) || (right !== null && typeof right === 'object')) return []
  if (operator !== '===' && typeof right !== 'number') return []
  if (left === null || typeof left !== 'object' || isList(left)) return []
  const [inner, [path = null]] = operationOf(left)
  return inner === 'var' ? [{ path: String(path), operator, constant: right }] : []
}

const isOperator = (operator: string): operator is Operator => (OPERATORS as readonly string[]).includes(operator)
