// What Redis has not been told yet: settlements and bookings made while it was away. Bounded; the oldest give way, for the record has them too.
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
  #writes: PendingWrite[] = []

  constructor(log: Log) {
    this.#log = log
  }

  get size(): number {
    return this.#writes.length
  }

  add(write: PendingWrite): void {
    if (this.#writes.length >= MAX_PENDING) {
      this.#writes = this.#writes.slice(CHUNK)
      this.#log.error({ lost: CHUNK }, 'more settlements wait for Redis than fit; run `sallyport doctor --rebuild-quotas` when it is back')
    }
    this.#writes.push(write)
  }

  /** Sends what is there and what comes meanwhile. Rejects when Redis is away again; what was not confirmed stays. Every write may come twice. */
  async drain(send: (write: PendingWrite) => Promise<unknown>): Promise<void> {
    while (this.#writes.length > 0) {
      const chunk = this.#writes.slice(0, CHUNK)
      const answers = await Promise.allSettled(chunk.map(send))
      const failed = answers.find((answer) => answer.status === 'rejected')
      if (failed) throw failed.reason
      this.#writes = this.#writes.slice(chunk.length)
    }
  }
}
