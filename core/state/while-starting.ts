// Before a gateway serves anybody it can wait: a shared store that stumbles while everything starts is no reason to give up.
import { setTimeout as pause } from 'node:timers/promises'
import { GatewayError } from '../errors/gateway-error.ts'
import { NotOpenError } from './redis/not-open.ts'
import type { Log } from '../plugin/contract.ts'

const LOOK_MS = 250
const PATIENCE_MS = 30_000

/**
 * Does `work`, and once more whenever the store was away meanwhile, for half a minute (`patienceMs`, for tests). Then, and with whatever else it
 * rejects, rejects as `work` does, which has to bear repetition.
 */
export async function whileStarting<T>(log: Log, work: (isRepeated: boolean) => Promise<T>, patienceMs = PATIENCE_MS): Promise<T> {
  const until = performance.now() + patienceMs
  for (let isRepeated = false; ; isRepeated = true) {
    try {
      return await work(isRepeated)
    } catch (error) {
      if (!isAway(error) || performance.now() > until) throw error
      log.warn({ err: error }, 'the state store went away while the gateway starts; trying again')
      await pause(LOOK_MS)
    }
  }
}

function isAway(error: unknown): boolean {
  if (error instanceof NotOpenError) return error.passes
  return error instanceof GatewayError && error.code === 'state_unavailable'
}
