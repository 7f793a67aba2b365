// The amounts that limits had when they were last asked, without what was added for a while, for whoever looks at the counters. Bounded: the
// latest are kept.
import type { Limit } from './limits.ts'

const MAX_KNOWN = 10_000

export class KnownLimits {
  readonly #limits = new Map<string, number>()

  note({ counter, limit, added, finite }: Limit): void {
    if (!finite || this.#limits.get(counter) === limit - added) return
    if (this.#limits.size >= MAX_KNOWN) this.#limits.delete(this.#limits.keys().next().value!)
    this.#limits.set(counter, limit - added)
  }

  /** Null: there is none, or this process has not seen it yet. */
  get(counter: string): number | null {
    return this.#limits.get(counter) ?? null
  }
}
