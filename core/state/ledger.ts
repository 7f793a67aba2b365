// The embedded ledger: reserve, settle and read limits in memory. Everything is synchronous, so no two exchanges can pass a limit together.
import { GatewayError } from '../errors/gateway-error.ts'
import { tenantOfCounter, type Booking } from '../model/counters.ts'
import { Shares } from './shares.ts'
import type { Claim, Ledger, Level, Reserved } from '../model/state.ts'
import type { Clock } from '../plugin/contract.ts'
import { checkClaim } from './claims.ts'
import { RateCounter, SlotCounter, WindowCounter, type Counter, type Taking } from './counters.ts'

/** A reservation that nobody settled in this time is given back; far above the longest exchange. */
const FORGET_AFTER_MS = 6 * 3_600_000
/** Slots are freed by others at any time; asking again sooner than this is a busy loop. */
const SLOT_RETRY_MS = 1000

interface Reservation {
  readonly since: number
  readonly takings: Taking[]
}

type CounterReading = Awaited<ReturnType<Ledger['list']>>[number]

export interface LedgerOptions {
  readonly clock: Clock
  /** Bound of memory: claims of further counters fail with `state_unavailable`. */
  readonly maxCounters: number
}

/**
 * A window that is over is kept this much longer, by the clock on the wall and by the monotonic one: a clock that was set forward by mistake is
 * set back, and must find what was counted.
 */
const OVER_MS = 3_600_000

/** What the checkpoint keeps of a counter, in Unix ms. Slots and reservations end with the process and are not kept. */
export type KeptCounter =
  | { readonly kind: 'window'; readonly name: string; readonly used: number; readonly endsAt: number }
  | { readonly kind: 'rate'; readonly name: string; readonly fullAt: number; readonly periodMs: number; readonly limit: number }

export class MemoryLedger implements Ledger {
  readonly #clock: Clock
  readonly #maxCounters: number
  readonly #counters = new Map<string, Counter>()
  readonly #shares: Shares
  readonly #reservations = new Map<string, Reservation>()
  #changed: Counter[] = []
  #gone: string[] = []

  constructor({ clock, maxCounters }: LedgerOptions) {
    this.#clock = clock
    this.#maxCounters = maxCounters
    this.#shares = new Shares(maxCounters)
  }

  /** Throws RangeError on amounts that are no integers of 0 to 2⁵³ − 1. */
  reserve(reservationId: string, claims: readonly Claim[]): Reserved {
    const now = this.#clock.now()
    const mono = this.#clock.monotonic()
    const takings: Taking[] = []
    for (const claim of claims) {
      checkClaim(claim)
      const counter = this.#counterFor(claim, now)
      const taking = take(counter, claim, reservationId, mono)
      if (taking) {
        takings.push(taking)
        continue
      }
      for (let i = takings.length - 1; i >= 0; i--) undo(takings[i]!, reservationId, mono)
      return { ok: false, claim, level: levelOf(counter, mono), retryAfterMs: waitFor(counter, claim, now, mono) }
    }
    this.#remember(reservationId, takings, mono)
    return { ok: true, levels: takings.map(({ counter }) => levelOf(counter, mono)) }
  }

  settle(reservationId: string, used: ReadonlyMap<string, number>): void {
    const reservation = this.#reservations.get(reservationId)
    if (!reservation) return
    this.#reservations.delete(reservationId)
    const now = this.#clock.monotonic()
    // The second taking of one counter (an extension) only goes back: what was used is booked once.
    const booked = new Set<string>()
    for (const taking of reservation.takings) {
      const { counter } = taking
      if (counter.kind === 'slot') {
        counter.leases.delete(reservationId)
        continue
      }
      const amount = booked.has(counter.name) ? 0 : (used.get(counter.name) ?? 0)
      booked.add(counter.name)
      if (counter.kind === 'window') counter.settle(taking, amount)
      else counter.settle(taking, amount, now)
      this.#touch(counter)
    }
  }

  /** What this process reserved is in its memory: after a restart there are only bookings. */
  book(reservationId: string, bookings: readonly Booking[], when: 'reserved' | 'anyway'): boolean {
    if (when === 'reserved' && !this.#reservations.has(reservationId)) return false
    this.settle(reservationId, new Map())
    const now = this.#clock.now()
    for (const { counter: name, endsAt, amount } of bookings) {
      if (endsAt <= now - OVER_MS) continue
      const known = this.#counters.get(name)
      const counter = known?.kind === 'window' ? known : new WindowCounter(name, endsAt)
      this.#keep(counter)
      counter.used += amount
      this.#touch(counter)
    }
    return true
  }

  level(name: string): number {
    const counter = this.#counters.get(name)
    if (!counter || hasEnded(counter, this.#clock.now())) return 0
    const mono = this.#clock.monotonic()
    return counter.kind === 'slot' ? counter.held(mono) : levelOf(counter, mono).used
  }

  list(): readonly CounterReading[] {
    const now = this.#clock.now()
    const mono = this.#clock.monotonic()
    return [...this.#counters.values()].filter((counter) => !hasEnded(counter, now)).map((counter) => readingOf(counter, mono))
  }

  /** Forgets windows that have been over for long, idle rates, empty slots, and reservations that nobody came back for. */
  sweep(): void {
    const mono = this.#clock.monotonic()
    for (const [id, { since }] of this.#reservations) {
      if (mono - since < FORGET_AFTER_MS) break
      this.settle(id, new Map())
    }
    this.#forget((counter) => this.#isIdle(counter, mono))
  }

  /** Names of counters that left since the last call, of those that are kept. */
  drainGone(): readonly string[] {
    const gone = this.#gone
    this.#gone = []
    return gone
  }

  /** Counters that changed since the last call, as they should be kept. */
  drainChanged(): readonly KeptCounter[] {
    const ahead = this.#clock.now() - this.#clock.monotonic()
    const changed = this.#changed
    this.#changed = []
    return changed.flatMap((counter) => {
      counter.dirty = false
      return this.#counters.get(counter.name) === counter ? keptForm(counter, ahead) : []
    })
  }

  /** A rate comes back no fuller than full, whatever the clock was. */
  restore(kept: KeptCounter): void {
    this.#keep(kept.kind === 'window' ? new WindowCounter(kept.name, kept.endsAt, kept.used) : this.#restoredRate(kept))
  }

  #restoredRate({ name, fullAt, periodMs, limit }: Extract<KeptCounter, { kind: 'rate' }>): RateCounter {
    const left = Math.min(fullAt - this.#clock.now(), periodMs)
    return new RateCounter(name, this.#clock.monotonic() + left, periodMs, limit)
  }

  #isIdle(counter: Counter, mono: number): boolean {
    if (counter.kind === 'slot') return counter.held(mono) === 0
    if (counter.kind === 'rate') return counter.holders === 0 && counter.fullAt <= mono
    const overFor = this.#clock.now() - counter.endsAt
    counter.overSince = overFor < 0 ? Infinity : Math.min(counter.overSince, mono)
    return overFor >= OVER_MS && mono - counter.overSince >= OVER_MS
  }

  #forget(isOver: (counter: Counter) => boolean): void {
    for (const [name, counter] of this.#counters) {
      if (!isOver(counter)) continue
      this.#counters.delete(name)
      this.#shares.remove(tenantOf(name))
      if (counter.kind !== 'slot') this.#gone.push(name)
    }
  }

  #counterFor(claim: Claim, now: number): Counter {
    const known = this.#counters.get(claim.counter)
    if (known && known.kind === claim.kind && !isAnother(known, claim, now)) {
      // The end of a window moves only when its time zone was changed.
      if (known.kind === 'window' && claim.kind === 'window') known.endsAt = claim.endsAt
      return known
    }
    const tenant = tenantOf(claim.counter)
    if (!known && !this.#shares.hasRoom(tenant)) this.#makeRoom(tenant)
    const counter = newCounter(claim)
    this.#keep(counter)
    return counter
  }

  #keep(counter: Counter): void {
    if (!this.#counters.has(counter.name)) this.#shares.add(tenantOf(counter.name))
    this.#counters.set(counter.name, counter)
  }

  #makeRoom(tenant: string): void {
    this.sweep()
    if (this.#shares.hasRoom(tenant)) return
    // Better to trust the clock than to refuse.
    const now = this.#clock.now()
    this.#forget((counter) => hasEnded(counter, now))
    if (this.#shares.hasRoom(tenant)) return
    throw new GatewayError('state_unavailable', {
      message: `There are ${this.#shares.of(tenant)} limit counters of this tenant, of ${this.#maxCounters} in all; a limit counts by too many different values.`,
    })
  }

  #remember(id: string, takings: Taking[], now: number): void {
    const reservation = this.#reservations.get(id)
    if (reservation) reservation.takings.push(...takings)
    else this.#reservations.set(id, { since: now, takings })
    for (const { counter } of takings) this.#touch(counter)
  }

  #touch(counter: Counter): void {
    if (counter.dirty || counter.kind === 'slot') return
    counter.dirty = true
    this.#changed.push(counter)
  }
}

/** Names that `counterName` did not make belong to nobody. */
function tenantOf(name: string): string {
  try {
    return tenantOfCounter(name)
  } catch {
    return ''
  }
}

function newCounter(claim: Claim): Counter {
  if (claim.kind === 'window') return new WindowCounter(claim.counter, claim.endsAt)
  if (claim.kind === 'rate') return new RateCounter(claim.counter, 0, claim.periodMs, claim.limit)
  return new SlotCounter(claim.counter)
}

function take(counter: Counter, claim: Claim, holder: string, now: number): Taking | null {
  if (counter.kind === 'window' && claim.kind === 'window') return counter.take(claim.amount, claim.limit)
  if (counter.kind === 'rate' && claim.kind === 'rate') return counter.take(claim.amount, claim.limit, claim.periodMs, now)
  if (counter.kind === 'slot' && claim.kind === 'slot') return counter.take(holder, claim.limit, claim.leaseMs, now)
  throw new RangeError(`limit ${claim.counter}: a ${claim.kind} claim met a ${counter.kind} counter`)
}

function undo(taking: Taking, holder: string, now: number): void {
  const { counter } = taking
  if (counter.kind === 'window') counter.settle(taking, 0)
  else if (counter.kind === 'rate') counter.settle(taking, 0, now)
  else counter.giveBack(holder, taking.detail)
}

/** Milliseconds until waiting may help; null when the claim alone is larger than the limit. */
function waitFor(counter: Counter, claim: Claim, now: number, mono: number): number | null {
  if (counter.kind === 'rate' && claim.kind === 'rate') return counter.waitFor(claim.amount, mono)
  if (claim.kind === 'window') return claim.amount > claim.limit ? null : claim.endsAt - now
  return claim.limit === 0 ? null : SLOT_RETRY_MS
}

function levelOf(counter: Counter, now: number): Level {
  const { name, limit } = counter
  if (counter.kind === 'window') return new CounterLevel(name, counter.used + counter.reserved, counter.used, limit)
  if (counter.kind === 'slot') return new CounterLevel(name, counter.leases.size, 0, limit)
  const used = counter.level(now)
  return new CounterLevel(name, used, used, limit)
}

/** A class, because literals of small and of large numbers would be different shapes to the engine, over and over. */
class CounterLevel implements Level {
  readonly counter: string
  readonly used: number
  readonly settled: number
  readonly limit: number

  constructor(counter: string, used: number, settled: number, limit: number) {
    this.counter = counter
    this.used = used
    this.settled = settled
    this.limit = limit
  }
}

function readingOf(counter: Counter, now: number): CounterReading {
  const { name } = counter
  if (counter.kind === 'window') return { counter: name, used: counter.used, reserved: counter.reserved, endsAt: counter.endsAt }
  if (counter.kind === 'rate') return { counter: name, used: counter.level(now), reserved: 0, endsAt: null }
  return { counter: name, used: 0, reserved: counter.held(now), endsAt: null }
}

function hasEnded(counter: Counter, now: number): boolean {
  return counter.kind === 'window' && counter.endsAt <= now
}

/** A window of the same name that ends later than one that is over: names without a period say nothing else of a new window. */
function isAnother(known: Counter, claim: Claim, now: number): boolean {
  return known.kind === 'window' && claim.kind === 'window' && known.endsAt <= now && claim.endsAt > known.endsAt
}

/** `ahead`: of the clock on the wall before the monotonic one. */
function keptForm(counter: Counter, ahead: number): KeptCounter[] {
  if (counter.kind === 'window') return [{ kind: 'window', name: counter.name, used: counter.used, endsAt: counter.endsAt }]
  if (counter.kind === 'rate')
    return [{ kind: 'rate', name: counter.name, fullAt: counter.fullAt + ahead, periodMs: counter.periodMs, limit: counter.limit }]
  return []
}
