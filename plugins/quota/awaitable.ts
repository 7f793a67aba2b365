// Values that may come later, without a promise where they are there.
import type { Clock } from '../../core/plugin/index.ts'

/**
 * In this time a store has answered or has given up: it takes a few commands one after the other, each with a deadline of its own
 * (`state.commandTimeoutMs`), and on a busy machine each may take most of that. Within the budget of the hook.
 */
export const STORE_MS = 8000

export type Awaitable<T> = T | Promise<T>

export function after<T, U>(value: Awaitable<T>, next: (value: T) => Awaitable<U>): Awaitable<U> {
  return value instanceof Promise ? value.then(next) : next(value)
}

/** What `late` gives, or throws, when nothing has come in time. */
export function withDeadline<T>(pending: Promise<T>, ms: number, clock: Pick<Clock, 'after'>, late: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => {
      try {
        resolve(late())
      } catch (error) {
        reject(error as Error)
      }
    })
    void pending.then(resolve, reject).finally(cancel)
  })
}
