// Runs a plugin's hook under its budget and failure mode, and keeps its time. No plugin writes timeouts or metrics of its own.
import { GatewayError } from '../errors/gateway-error.ts'
import { isPromise } from '../model/maybe-promise.ts'
import { onceRead } from '../model/fair-timer.ts'
import type { Awaitable } from './contract.ts'

export interface HookOwner {
  readonly plugin: string
  readonly onFailure: 'deny' | 'skip'
  readonly budgetMs: number
}

/** Where the time and the skipped guards of one exchange are noted. */
export interface HookLedger {
  /** Microseconds per plugin. */
  addTime(plugin: string, us: number): void
  /** A hook failed and its plugin said `skip`. */
  skipped(plugin: string, error: unknown): void
}

/**
 * Calls a hook. Synchronous results stay synchronous. A throw or an exceeded budget becomes a refusal (`deny`) or `fallback` (`skip`).
 */
export function runHook<T>(owner: HookOwner, ledger: HookLedger, fallback: T, call: () => Awaitable<T>): Awaitable<T | GatewayError> {
  const start = performance.now()
  try {
    const result = call()
    if (isPromise(result)) return runAsync(owner, ledger, fallback, result, start)
    ledger.addTime(owner.plugin, (performance.now() - start) * 1000)
    return result
  } catch (error) {
    return failed(owner, ledger, fallback, error)
  }
}

async function runAsync<T>(
  owner: HookOwner,
  ledger: HookLedger,
  fallback: T,
  pending: Promise<T>,
  start: number,
): Promise<T | GatewayError> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const end = (): void => reject(new Error(`exceeded its budget of ${owner.budgetMs} ms`))
    timer = setTimeout(() => onceRead(end), owner.budgetMs)
  })
  try {
    return await Promise.race([pending, late])
  } catch (error) {
    return failed(owner, ledger, fallback, error)
  } finally {
    clearTimeout(timer)
    ledger.addTime(owner.plugin, (performance.now() - start) * 1000)
  }
}

function failed<T>(owner: HookOwner, ledger: HookLedger, fallback: T, error: unknown): T | GatewayError {
  if (error instanceof GatewayError) return error
  if (owner.onFailure === 'skip') {
    ledger.skipped(owner.plugin, error)
    return fallback
  }
  return new GatewayError('policy_denied', {
    reason: 'plugin.failed',
    message: `The plugin ${owner.plugin} failed, and it guards this request.`,
    resolution: 'Ask the operator to look at the log; the request was not sent.',
    cause: error,
  })
}
