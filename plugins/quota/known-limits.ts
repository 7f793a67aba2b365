// The amounts that limits had when they were last asked, for whoever looks at the counters. Bounded: the latest are kept.
import type { Limit } from './limits.ts'

const MAX_KNOWN = 10_000

export class KnownLimits {
  readonly #limits = new Map<string, Limit>()

  note(limit: Limit): void {
    const { counter } = limit
    if (this.#limits.get(counter)?.limit === limit.limit) return
    if (this.#limits.size >= MAX_KNOWN) this.#limits.delete(this.#limits.keys().next().value!)
    this.#limits.set(counter, limit)
  }

  get(counter: string): Limit | undefined {
    return this.#limits.get(counter)
  }
}
