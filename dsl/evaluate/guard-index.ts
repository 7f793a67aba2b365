// Finds the policies that may fire for the value of a slot: those whose guard names it. Where the value is not known (or could not be
// found out) all of them may, and their conditions stay open.
import { FAILED, type SlotValue } from './program.ts'
import type { Guard, Scalar } from './guards.ts'

/** The policies that are guarded by one slot. */
export class GuardIndex {
  readonly slot: number
  readonly #all: number[] = []
  readonly #byValue = new Map<unknown, number[]>()
  readonly #byElement = new Map<unknown, number[]>()

  constructor(slot: number) {
    this.slot = slot
  }

  add(index: number, { of, values }: Guard): void {
    this.#all.push(index)
    const buckets = of === 'value' ? this.#byValue : this.#byElement
    for (const value of values) bucketOf(buckets, value).push(index)
  }

  /** Calls `look` for each policy that may fire for this value; for one with several guarded elements maybe more than once. */
  visit(value: SlotValue, look: (index: number) => void): void {
    if (value === undefined || value === FAILED) return this.#all.forEach(look)
    if (Array.isArray(value)) {
      if (this.#byElement.size > 0) for (const element of value as readonly unknown[]) this.#byElement.get(element)?.forEach(look)
    } else this.#byValue.get(value)?.forEach(look)
  }
}

function bucketOf(buckets: Map<unknown, number[]>, value: Scalar): number[] {
  let bucket = buckets.get(value)
  if (bucket === undefined) buckets.set(value, (bucket = []))
  return bucket
}
