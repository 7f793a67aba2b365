// Evaluates the parts of a condition one by one, from left to right, and stops where the answer is known: what a reader would do.
import { compileLogic, type Closure } from '../evaluate/closures.ts'
import { FAILED, type Program, type SlotValue } from '../evaluate/program.ts'
import { readPaths } from '../evaluate/paths.ts'
import type { Branch } from './branches.ts'
import type { JsonLogic } from '../compile/bundle.ts'

/** `undefined`: something that it reads is not known, or failed. */
export type Truth = boolean | undefined

export class Truths {
  readonly #slots: ReadonlyMap<string, number>
  readonly #closures = new Map<JsonLogic, Closure>()

  constructor(program: Program) {
    this.#slots = new Map(
      program.slots.map((source, slot) => [
        source.kind === 'attribute' ? source.name : `found.${source.detector}.${source.location}.${source.field}`,
        slot,
      ]),
    )
  }

  of(logic: JsonLogic, values: readonly SlotValue[]): Truth {
    let closure = this.#closures.get(logic)
    if (!closure) this.#closures.set(logic, (closure = compileLogic(logic, (path) => this.#slots.get(path))))
    return closure(values, null) as Truth
  }

  /** Tells `see` of every part that had to be looked at, inner ones first. */
  visit(branch: Branch, values: readonly SlotValue[], see: (branch: Branch, truth: boolean) => void): Truth {
    const truth = this.#visit(branch, values, see)
    if (truth !== undefined) see(branch, truth)
    return truth
  }

  #visit(branch: Branch, values: readonly SlotValue[], see: (branch: Branch, truth: boolean) => void): Truth {
    if (branch.kind === 'test') return this.of(branch.logic, values)
    if (branch.kind === 'not') {
      const inner = this.visit(branch.parts[0]!, values, see)
      return inner === undefined ? undefined : !inner
    }
    const stopsAt = branch.kind === 'or'
    let isOpen = false
    for (const part of branch.parts) {
      const truth = this.visit(part, values, see)
      if (truth === stopsAt) return stopsAt
      if (truth === undefined) isOpen = true
    }
    return isOpen ? undefined : !stopsAt
  }

  /** What an expression reads, with the values; `undefined` is not known, and what failed says so. */
  reads(logic: JsonLogic, values: readonly SlotValue[]): readonly (readonly [name: string, value: unknown])[] {
    return readPaths(logic).map((path) => {
      const value = values[this.#slots.get(path) ?? -1]
      return [path, value === FAILED ? 'failed' : value]
    })
  }
}
