// Finds the policies that may fire for the value of a slot: those whose guard names it. Where the value is not known (or could not be
// found out) all of them may, and their conditions stay open.
import { FAILED, type SlotValue } from './program.ts'
import { readPath } from './closure-quantifiers.ts'
import type { Guard } from './guards.ts'

const NONE: readonly number[] = Object.freeze([])

/** The policies whose guards are of one kind on one slot: on its value, its elements, or one member of them. */
export class GuardIndex {
  readonly slot: number
  /** More than one bucket may be asked for, and a policy may stand in several. */
  readonly isOfElements: boolean
  readonly #words: readonly string[]
  readonly #all: number[] = []
  readonly #buckets = new Map<unknown, number[]>()

  constructor(slot: number, { of, field }: Pick<Guard, 'of' | 'field'>) {
    this.slot = slot
    this.isOfElements = of === 'element'
    this.#words = field === '' ? [] : [field]
  }

  add(index: number, values: Guard['values']): void {
    this.#all.push(index)
    for (const value of values) {
      const bucket = this.#buckets.get(value)
      if (bucket === undefined) this.#buckets.set(value, [index])
      else bucket.push(index)
    }
  }

  /** How many lists of policies there are to look at for this value. */
  count(value: SlotValue): number {
    if (!this.isOfElements || value === undefined || value === FAILED) return 1
    return Array.isArray(value) ? value.length : 0
  }

  /** The list of that number: ascending indices. */
  at(value: SlotValue, number: number): readonly number[] {
    if (value === undefined || value === FAILED) return this.#all
    const asked = this.isOfElements ? readPath((value as readonly unknown[])[number], this.#words) : value
    return this.#buckets.get(asked) ?? NONE
  }
}
