// The three kinds of counter behind a limit: a sum in a window, a steady rate, and slots. Plain arithmetic; the ledger decides what is taken together.
// Rates and slots count in monotonic time, so that a clock that is set neither frees nor locks them; windows follow the clock on the wall.

/** What a counter gave up for one claim, and how to give it back. */
export interface Taking {
  readonly counter: Counter
  /** In the unit of the claim; 1 for a slot. */
  readonly amount: number
  /** Rate: milliseconds that one unit costs. Slot: end of the lease before it was renewed, 0 if there was none. */
  readonly detail: number
}

/** A sum in a fixed window. A new window is a new object, so that late settlements find the window they belong to. */
export class WindowCounter {
  readonly kind = 'window'
  readonly name: string
  endsAt: number
  limit = 0
  used = 0
  reserved = 0
  dirty = false
  /** Monotonic ms at which it was first seen over; Infinity while it is not. */
  overSince = Infinity

  constructor(name: string, endsAt: number, used = 0) {
    this.name = name
    this.endsAt = endsAt
    this.used = used
  }

  take(amount: number, limit: number): Taking | null {
    this.limit = limit
    if (this.used + this.reserved + amount > limit) return null
    this.reserved += amount
    return { counter: this, amount, detail: 0 }
  }

  settle(taking: Taking, used: number): void {
    this.reserved -= taking.amount
    this.used += used
  }
}

/**
 * A steady rate with a burst of the whole limit: the generic cell rate algorithm (ITU-T I.371). `fullAt` is the moment at which all that was
 * taken will have drained ("theoretical arrival time").
 */
export class RateCounter {
  readonly kind = 'rate'
  readonly name: string
  fullAt: number
  periodMs: number
  limit: number
  holders = 0
  dirty = false

  constructor(name: string, fullAt: number, periodMs: number, limit: number) {
    this.name = name
    this.fullAt = fullAt
    this.periodMs = periodMs
    this.limit = limit
  }

  take(amount: number, limit: number, periodMs: number, now: number): Taking | null {
    this.limit = limit
    this.periodMs = periodMs
    if (amount > limit) return null
    const msPerUnit = limit === 0 ? 0 : periodMs / limit
    const fullAt = Math.max(this.fullAt, now) + amount * msPerUnit
    // A thousandth of a millisecond forgives the rounding of many additions.
    if (fullAt - now > periodMs + 0.001) return null
    this.fullAt = fullAt
    this.holders++
    return { counter: this, amount, detail: msPerUnit }
  }

  settle(taking: Taking, used: number, now: number): void {
    const change = (used - taking.amount) * taking.detail
    this.fullAt = change > 0 ? Math.max(this.fullAt, now) + change : this.fullAt + change
    this.holders--
  }

  level(now: number): number {
    return this.fullAt <= now ? 0 : Math.ceil(((this.fullAt - now) / this.periodMs) * this.limit - 1e-9)
  }

  /** Milliseconds until `amount` fits; null when it never will. */
  waitFor(amount: number, now: number): number | null {
    if (amount > this.limit || this.limit === 0) return null
    return Math.max(1, Math.ceil(Math.max(this.fullAt, now) + amount * (this.periodMs / this.limit) - now - this.periodMs))
  }
}

/** Slots with leases: a holder that never comes back loses its slot when the lease ends. */
export class SlotCounter {
  readonly kind = 'slot'
  readonly name: string
  readonly leases = new Map<string, number>()
  limit = 0
  dirty = false

  constructor(name: string) {
    this.name = name
  }

  take(holder: string, limit: number, leaseMs: number, now: number): Taking | null {
    this.limit = limit
    const before = this.leases.get(holder) ?? 0
    if (before === 0 && this.leases.size >= limit) {
      // Only a full house is searched for ended leases: the common case costs nothing.
      if (this.held(now) >= limit) return null
    }
    this.leases.set(holder, now + leaseMs)
    return { counter: this, amount: 1, detail: before }
  }

  giveBack(holder: string, before: number): void {
    if (before === 0) this.leases.delete(holder)
    else this.leases.set(holder, before)
  }

  /** Slots taken, ended leases dropped. */
  held(now: number): number {
    this.dropEnded(now)
    return this.leases.size
  }

  dropEnded(now: number): void {
    for (const [holder, endsAt] of this.leases) if (endsAt <= now) this.leases.delete(holder)
  }
}

export type Counter = WindowCounter | RateCounter | SlotCounter
