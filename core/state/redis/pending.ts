// What Redis has not been told yet: settlements and bookings made while it was away. Bounded; the oldest give way, for the record has them too.
import { isRefusal } from './refusal.ts'
import type { Log } from '../../plugin/contract.ts'
import type { Argument } from './scripts.ts'

const MAX_PENDING = 100_000
/** Sent together on return. */
const CHUNK = 500

export interface PendingWrite {
  readonly script: 'settle' | 'book'
  readonly keys: readonly string[]
  readonly args: readonly Argument[]
}

export class PendingWrites {
  readonly #log: Log
  /** Oldest first. */
  readonly #writes = new Set<PendingWrite>()

  constructor(log: Log) {
    this.#log = log
  }

  get size(): number {
    return this.#writes.size
  }

  add(write: PendingWrite): void {
    if (this.#writes.size >= MAX_PENDING) {
      for (const oldest of this.#first(CHUNK)) this.#writes.delete(oldest)
      this.#log.error({ lost: CHUNK }, 'more settlements wait for Redis than fit; run `sallyport doctor --rebuild-quotas` when it is back')
    }
    this.#writes.add(write)
  }

  /**
   * Sends what is there and what comes meanwhile. Rejects when Redis is away again; what was not confirmed stays. Every write may come twice.
   * One that Redis itself refuses (a key of its holds something else) is given up: it would stand before all others for ever.
   */
  async drain(send: (write: PendingWrite) => Promise<unknown>): Promise<void> {
    while (this.#writes.size > 0) {
      const chunk = this.#first(CHUNK)
      const answers = await Promise.allSettled(chunk.map(send))
      let failed: PromiseRejectedResult | null = null
      answers.forEach((answer, i) => {
        if (answer.status === 'rejected' && !isRefusal(answer.reason)) failed = answer
        else this.#writes.delete(chunk[i]!)
        if (answer.status === 'rejected' && isRefusal(answer.reason))
          this.#log.error({ error: answer.reason }, 'a settlement was refused by Redis; `sallyport doctor --rebuild-quotas` recounts')
      })
      if (failed) throw (failed as PromiseRejectedResult).reason
    }
  }

  #first(count: number): PendingWrite[] {
    return [...this.#writes.values().take(count)]
  }
}
