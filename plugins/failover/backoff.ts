// How long to wait before the same target is asked again.
import type { Clock, UpstreamFailure } from '../../core/plugin/index.ts'

export interface Backoff {
  /** Milliseconds before the first retry, doubled for each further one. */
  readonly baseMs: number
  /** The longest wait; a provider that asks for more is not waited for. */
  readonly maxMs: number
}

/**
 * Milliseconds to wait before retry number `retry` (1 for the first), or null when the provider asks for longer than `maxMs`.
 * Half of the exponential wait is fixed and half is random (0 ≤ `random` < 1), so that clients that failed together part ways.
 */
export function backoffMs(failure: UpstreamFailure, retry: number, backoff: Backoff, random: number): number | null {
  const exponential = Math.min(backoff.maxMs, backoff.baseMs * 2 ** (retry - 1))
  const jittered = exponential / 2 + (exponential / 2) * random
  const asked = failure.retryAfterMs
  if (asked === null) return jittered
  return asked > backoff.maxMs ? null : Math.max(asked + 1, jittered)
}

/** Waits; true when the time has passed, false when `signal` fired before. */
export function pause(ms: number, clock: Clock, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false)
  return new Promise((resolve) => {
    const onAbort = (): void => {
      cancel()
      resolve(false)
    }
    const cancel = clock.after(ms, () => {
      signal.removeEventListener('abort', onAbort)
      resolve(true)
    })
    signal.addEventListener('abort', onAbort, { once: true })
  })
}
