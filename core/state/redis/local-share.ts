// Limits while Redis is away: each process counts alone against its share, the limit divided by the processes last seen.
import { GatewayError } from '../../errors/gateway-error.ts'
import type { Claim, Reserved } from '../../model/state.ts'
import type { Clock } from '../../plugin/contract.ts'
import { MemoryLedger } from '../ledger.ts'

const MAX_COUNTERS = 100_000

/**
 * Windows are kept until they end, and not only until Redis is back: a server that comes and goes does not give the share again and again.
 * Shares are rounded down, so that together they never exceed the limit; a limit below the number of processes lets nothing through.
 */
export class LocalShare {
  readonly #ledger: MemoryLedger

  constructor(clock: Clock) {
    this.#ledger = new MemoryLedger({ clock, maxCounters: MAX_COUNTERS })
  }

  /** Throws `state_unavailable` when one of the claims may not be counted locally, or this process has no share (`processes` is null). */
  reserve(id: string, claims: readonly Claim[], processes: number | null): Reserved {
    const denied = claims.find(({ whileAway }) => whileAway !== 'local')
    if (denied || processes === null) throw new GatewayError('state_unavailable')
    const shares = claims.map((claim): Claim => ({ ...claim, limit: Math.floor(claim.limit / processes) }))
    const reserved = this.#ledger.reserve(id, shares)
    if (reserved.ok) return { ...reserved, local: true }
    return { ...reserved, claim: claims[shares.indexOf(reserved.claim)]! }
  }

  settle(id: string, used: ReadonlyMap<string, number>): void {
    this.#ledger.settle(id, used)
  }

  level(counter: string): number {
    return this.#ledger.level(counter)
  }
}
