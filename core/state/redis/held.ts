// One reservation of this process, from its first claim until Redis has been told how it ended.
import { tenantOfCounter, type Booking } from '../../model/counters.ts'
import type { Claim } from '../../model/state.ts'
import { fieldOf } from './names.ts'
import type { Part } from './parts.ts'

interface Counted {
  readonly tenant: string
  readonly field: string
  /** Of a window. */
  readonly endsAt: number | null
}

export class Held {
  /** Where Redis holds, or may hold, a part of it. */
  readonly tenants = new Set<string>()
  /** A part of it was reserved in this process alone. */
  isLocal = false
  settled: Promise<void> | null = null
  /** Its windows and rates. */
  readonly #counted = new Map<string, Counted>()

  addRemote(parts: readonly Part[]): void {
    for (const { tenant, claims } of parts) {
      this.tenants.add(tenant)
      for (const claim of claims) this.#note(claim, tenant)
    }
  }

  addLocal(claims: readonly Claim[]): void {
    this.isLocal = true
    for (const claim of claims) this.#note(claim, tenantOfCounter(claim.counter))
  }

  /** What was used of its windows. */
  bookings(used: ReadonlyMap<string, number>): readonly Booking[] {
    return [...this.#counted].flatMap(([counter, { endsAt }]) => {
      const amount = used.get(counter) ?? 0
      return amount === 0 || endsAt === null ? [] : [{ counter, endsAt, amount }]
    })
  }

  /** The end of the key of a counter that it holds at a tenant, else null. */
  fieldAt(tenant: string, counter: string): string | null {
    const counted = this.#counted.get(counter)
    return counted?.tenant === tenant ? counted.field : null
  }

  #note(claim: Claim, tenant: string): void {
    if (claim.kind === 'slot' || this.#counted.has(claim.counter)) return
    this.#counted.set(claim.counter, { tenant, field: fieldOf(claim), endsAt: claim.kind === 'window' ? claim.endsAt : null })
  }
}
