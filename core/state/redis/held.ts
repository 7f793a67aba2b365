// One reservation of this process, from its first claim until Redis has been told how it ended.
import type { Booking } from '../../model/counters.ts'
import type { Claim } from '../../model/state.ts'

/** The claims of one call that belong to one tenant, and where they stood in the call. */
export interface Part {
  readonly tenant: string
  readonly claims: readonly Claim[]
  readonly places: readonly number[]
}

export class Held {
  /** Where Redis holds, or may hold, a part of it. */
  readonly tenants = new Set<string>()
  /** A part of it was reserved in this process alone. */
  isLocal = false
  settled: Promise<void> | null = null
  /** Ends of its windows. */
  readonly #ends = new Map<string, number>()

  addRemote(parts: readonly Part[]): void {
    for (const { tenant, claims } of parts) {
      this.tenants.add(tenant)
      this.#note(claims)
    }
  }

  addLocal(claims: readonly Claim[]): void {
    this.isLocal = true
    this.#note(claims)
  }

  /** What was used of its windows. */
  bookings(used: ReadonlyMap<string, number>): readonly Booking[] {
    return [...this.#ends].flatMap(([counter, endsAt]) => {
      const amount = used.get(counter) ?? 0
      return amount === 0 ? [] : [{ counter, endsAt, amount }]
    })
  }

  #note(claims: readonly Claim[]): void {
    for (const claim of claims) if (claim.kind === 'window' && !this.#ends.has(claim.counter)) this.#ends.set(claim.counter, claim.endsAt)
  }
}
