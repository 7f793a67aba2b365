// The recorder's loop: look at every node, ship, sleep a little. When ClickHouse is away it waits longer and longer, and loses nothing.
import { listNodes } from '../record/node.ts'
import { NodeFollower } from './follow.ts'
import type { Log } from './log.ts'
import { migrate } from './migrate.ts'
import type { Store } from './store.ts'

export interface LoopOptions {
  readonly spool: string
  readonly openStore: () => Promise<Store>
  readonly log: Log
  readonly now?: () => number
  /** Pause between two looks, in milliseconds (default 100). */
  readonly pollMs?: number
  /** Longest pause while ClickHouse is away, in milliseconds (default 10 000). */
  readonly maxBackoffMs?: number
}

export class ShippingLoop {
  readonly #options: LoopOptions
  readonly #followers = new Map<string, NodeFollower>()
  readonly #stop = new AbortController()
  #store: Promise<Store> | null = null
  #failures = 0
  #running: Promise<void> | null = null
  #wake: (() => void) | null = null
  shipped = 0
  /** Why nothing is shipped now, or null. */
  problem: string | null = null

  constructor(options: LoopOptions) {
    this.#options = options
  }

  /** The engine, opened and migrated on first use; asked again after a failure. */
  store(): Promise<Store> {
    this.#store ??= this.#open().catch((error: unknown) => {
      this.#store = null
      throw error
    })
    return this.#store
  }

  start(): void {
    this.#running ??= this.#run()
  }

  /** Ships everything that is whole now. Returns the number of shipments. */
  async pass(): Promise<number> {
    const store = await this.store()
    let count = 0
    for (const id of listNodes(this.#options.spool)) count += await this.#follower(id).pass(store, this.#stop.signal)
    this.shipped += count
    return count
  }

  /** Stops after the segment in flight, then drains what is left within `drainMs`, then closes the engine. */
  async stop(drainMs: number): Promise<void> {
    this.#stop.abort()
    this.#wake?.()
    await this.#running
    await this.#drain(drainMs)
    await (await this.#store?.catch(() => null))?.close()
    this.#store = null
  }

  async #drain(drainMs: number): Promise<void> {
    const deadline = (this.#options.now ?? Date.now)() + drainMs
    const drain = AbortSignal.timeout(Math.max(0, drainMs))
    try {
      const store = await this.store()
      for (const id of listNodes(this.#options.spool)) {
        if ((this.#options.now ?? Date.now)() < deadline) await this.#follower(id).pass(store, drain)
      }
    } catch (error) {
      this.#options.log.warn({ error: messageOf(error) }, 'the spool was not drained; the next recorder goes on')
    }
  }

  async #open(): Promise<Store> {
    const store = await this.#options.openStore()
    try {
      await migrate(store)
      return store
    } catch (error) {
      await store.close()
      throw error
    }
  }

  #follower(nodeId: string): NodeFollower {
    const known = this.#followers.get(nodeId)
    if (known !== undefined) return known
    const follower = new NodeFollower({ spool: this.#options.spool, nodeId, now: this.#options.now ?? Date.now })
    this.#followers.set(nodeId, follower)
    return follower
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        await this.pass()
        if (this.#failures > 0) this.#options.log.info({}, 'shipping goes on')
        this.#failures = 0
        this.problem = null
      } catch (error) {
        this.#failed(error)
      }
      await this.#pause()
    }
  }

  #failed(error: unknown): void {
    this.#failures++
    this.problem = messageOf(error)
    this.#options.log.error({ error: this.problem, failures: this.#failures }, 'cannot ship; trying again')
  }

  #pause(): Promise<void> {
    const { pollMs = 100, maxBackoffMs = 10_000 } = this.#options
    const ms = Math.min(maxBackoffMs, pollMs * 2 ** Math.min(this.#failures, 10))
    if (this.#stop.signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
