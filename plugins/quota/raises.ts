// Temporary raises as limits read them: a copy of what the state store holds, never older than a second.
import type { Clock, Log, Raise, Raises } from '../../core/plugin/index.ts'
import type { Awaitable } from './awaitable.ts'

/** From this age on a new copy is fetched beside the requests, */
const REFRESH_MS = 500
/** and at this age requests wait for it. */
const MAX_AGE_MS = 1000
const NONE: readonly Raise[] = []

export class RaisesCopy {
  readonly #store: Raises
  readonly #clock: Clock
  readonly #log: Log
  #copy: readonly Raise[] = NONE
  #readAt = -Infinity
  #reading: Promise<void> | null = null

  constructor(store: Raises, clock: Clock, log: Log) {
    this.#store = store
    this.#clock = clock
    this.#log = log
  }

  /** Synchronous with a store that is, and with any other as long as requests come more often than twice a second. */
  current(): Awaitable<readonly Raise[]> {
    const age = this.#clock.monotonic() - this.#readAt
    if (age < REFRESH_MS) return this.#copy
    if (this.#reading === null) this.#read()
    const reading = this.#reading as Promise<void> | null
    return reading === null || age < MAX_AGE_MS ? this.#copy : reading.then(() => this.#copy)
  }

  /** What was read last, for those that cannot wait. A newer copy is fetched beside them. */
  latest(): readonly Raise[] {
    const current = this.current()
    return current instanceof Promise ? this.#copy : current
  }

  /** The next request sees what the store holds then. */
  forget(): void {
    this.#readAt = -Infinity
  }

  #read(): void {
    try {
      const raises = this.#store.list()
      if (!(raises instanceof Promise)) return this.#keep(raises)
      this.#reading = raises.then(
        (list) => this.#keep(list),
        (error: unknown) => this.#failed(error),
      )
    } catch (error) {
      this.#failed(error)
    }
  }

  /** Limits as they are written hold then: the strict side. */
  #failed(error: unknown): void {
    this.#log.warn({ err: error }, 'raises of limits cannot be read; limits hold without them')
    this.#keep(NONE)
  }

  #keep(raises: readonly Raise[]): void {
    this.#copy = raises
    this.#readAt = this.#clock.monotonic()
    this.#reading = null
  }
}
