// What an exchange holds of its limits until it is settled: a fixed reservation for whole answers, a growing one for streams.
import {
  bookedKey,
  GatewayError,
  type Booked,
  type Claim,
  type Clock,
  type Hold,
  type Ledger,
  type Level,
  type Reserved,
  type Settlement,
} from '../../core/plugin/index.ts'
import { STORE_MS, withDeadline, type Awaitable } from './awaitable.ts'
import { claimOn, type Limit } from './limits.ts'
import { costOf, type Price } from './price.ts'
import { rateHeaders } from './rate-headers.ts'
import { streamEndOf } from './refusals.ts'

export interface Reservation {
  readonly id: string
  readonly ledger: Ledger
  readonly clock: Clock
  readonly currency: string
  readonly limits: readonly Limit[]
  readonly price: Price
  readonly promptTokens: number
  readonly outputTokens: number
  /** Of the limits, in their order, with this reservation. */
  readonly levels: readonly Level[]
  /** A limit as it is by now. */
  now(limit: Limit): Limit
  /** Told what a dispatched exchange used. */
  onUsed(settlement: Settlement): void
}

/** What `limit` has to give for a prompt and an answer of these sizes: an integer below 2⁵³, whatever a client asked for. */
export function amountFor({ unit }: Limit, price: Price, promptTokens: number, completionTokens: number): number {
  if (unit === 'requests') return 1
  if (unit === 'money') return costOf(price, promptTokens, completionTokens)
  return Math.min(Number.MAX_SAFE_INTEGER, Math.ceil(promptTokens + completionTokens))
}

/** For whole answers: the bound was sent upstream, so it cannot be passed. */
export function fixedHold(reservation: Reservation): Hold {
  return {
    reservedTokens: reservedTokensOf(reservation),
    bookings: (settlement) => bookings(reservation, settlement),
    headers: (settlement) => settledHeaders(reservation, settlement),
    settle: (settlement, recorded) => settle(reservation, settlement, recorded),
  }
}

/** Books real use on every counter; an exchange that never left gives everything back, its request too. */
function settle({ id, ledger, limits, onUsed }: Reservation, settlement: Settlement, recorded: Promise<void>): Awaitable<void> {
  const used = new Map<string, number>()
  if (settlement.dispatched) {
    for (const limit of limits) used.set(limit.counter, usedOf(limit, settlement))
    onUsed(settlement)
  }
  return ledger.settle(id, used, recorded)
}

/** What was reserved and not used is free again when the client reads how much is left. */
function settledHeaders(reservation: Reservation, settlement: Settlement): { readonly [name: string]: string } {
  const { limits, levels, price, promptTokens, outputTokens, clock } = reservation
  const settled = limits.map((limit, i): Level => {
    const level = levels[i]!
    const used = settlement.dispatched ? usedOf(limit, settlement) : 0
    return { ...level, used: Math.max(0, level.used - amountFor(limit, price, promptTokens, outputTokens) + used) }
  })
  return rateHeaders(limits, settled, clock.now()) ?? {}
}

/** Rates refill by themselves, and nobody recounts them. */
function bookings({ limits }: Reservation, settlement: Settlement): Booked {
  const booked: { [key: string]: number } = {}
  if (!settlement.dispatched) return booked
  for (const limit of limits) if (limit.window !== 'minute') booked[bookedKey(limit)] = usedOf(limit, settlement)
  return booked
}

/** What an exchange used of a limit, in its unit. */
export function usedOf({ unit }: Limit, { usage, costNano }: Settlement): number {
  if (unit === 'requests') return 1
  return unit === 'money' ? Number(costNano ?? 0n) : usage.prompt + usage.completion
}

function reservedTokensOf({ limits, promptTokens, outputTokens }: Reservation): number {
  return limits.some(({ unit }) => unit !== 'requests') ? Math.min(Number.MAX_SAFE_INTEGER, promptTokens + outputTokens) : 0
}

/** Share of the reservation at which more is asked for. */
export const EXTEND_AT = 0.8
/** Where the whole step is refused this much is tried, so that a stream is cut near its limit and not a step before. */
const SMALL_STEP = 32

/**
 * For streams: reserves more in steps while text flows, ahead of need. What the reservation does not cover waits until it does; a refused step
 * ends the stream only when what it holds is used up, since until then others may settle and make room.
 */
export class StreamHold implements Hold {
  readonly reservedTokens: number
  readonly #reservation: Reservation
  /** Beyond this nothing more can come: the bound that was sent upstream. */
  readonly #bound: number
  readonly #growing: readonly Limit[]
  #held: number
  #askAt: number
  #refusal: GatewayError | null = null
  /** Resolves when the store has answered, or was given up. */
  #pending: Promise<void> | null = null
  #isSettled = false

  constructor(reservation: Reservation, bound: number) {
    this.reservedTokens = reservedTokensOf(reservation)
    this.#reservation = reservation
    this.#bound = bound
    this.#growing = reservation.limits.filter(({ unit }) => unit !== 'requests')
    this.#held = reservation.outputTokens
    this.#askAt = this.#nextAsk()
  }

  progress(completionTokens: number): Awaitable<GatewayError | null> {
    if (completionTokens < this.#askAt) return null
    if (this.#pending === null) this.#extend(completionTokens)
    if (completionTokens <= this.#held) return null
    // Each round either covers more, or ends in a refusal.
    const pending = this.#pending as Promise<void> | null
    return pending === null ? this.#refusal : pending.then(() => this.#refusal ?? this.progress(completionTokens))
  }

  bookings(settlement: Settlement): Booked {
    return bookings(this.#reservation, settlement)
  }

  settle(settlement: Settlement, recorded: Promise<void>): Awaitable<void> {
    if (this.#pending) return this.#pending.then(() => this.settle(settlement, recorded))
    this.#isSettled = true
    return settle(this.#reservation, settlement, recorded)
  }

  #extend(completionTokens: number): void {
    this.#refusal = null
    const wanted = Math.max(this.#reservation.outputTokens, Math.ceil(completionTokens / EXTEND_AT) - this.#held)
    const step = Math.min(wanted, this.#bound - this.#held)
    const small = Math.max(SMALL_STEP, completionTokens - this.#held)
    this.#take(step > small ? [step, small] : [step], completionTokens)
  }

  #take(steps: readonly number[], completionTokens: number): void {
    const step = steps[0]!
    const next = (reserved: Reserved): void => {
      if (reserved.ok) this.#grow(step)
      else if (steps.length > 1) this.#take(steps.slice(1), completionTokens)
      else this.#refuse(reserved)
    }
    try {
      const answer = this.#reservation.ledger.reserve(this.#reservation.id, this.#claims(step))
      if (!(answer instanceof Promise)) return next(answer)
      this.#pending = this.#answered(answer).then(next, (error: unknown) => this.#failed(error))
    } catch (error) {
      this.#failed(error)
    }
  }

  async #answered(answer: Promise<Reserved>): Promise<Reserved> {
    const { clock, id, ledger } = this.#reservation
    try {
      return await withDeadline(answer, STORE_MS, clock, () => {
        // What comes after the settlement belongs to nobody.
        answer.then(({ ok }) => ok && this.#isSettled && ledger.settle(id, new Map())).catch(() => undefined)
        throw new Error(`no answer within ${STORE_MS} ms`)
      })
    } finally {
      this.#pending = null
    }
  }

  #grow(step: number): void {
    this.#held += step
    this.#askAt = this.#nextAsk()
  }

  #refuse(reserved: Extract<Reserved, { ok: false }>): void {
    const limit = this.#growing.find(({ counter }) => counter === reserved.claim.counter)!
    const { clock, currency, price } = this.#reservation
    const asking = { now: clock.now(), least: amountFor(limit, price, 0, 1), currency }
    this.#refusal = streamEndOf(reserved, { ...limit, limit: reserved.claim.limit }, this.#held, asking)
    this.#askAt = this.#held
  }

  /** Fail closed, at the end of what is held. */
  #failed(cause: unknown): void {
    this.#refusal = new GatewayError('state_unavailable', {
      message: `The answer ends here, after ${this.#held} output tokens: its limits cannot be reached, and no more could be reserved.`,
      cause,
    })
    this.#askAt = this.#held
  }

  #claims(step: number): readonly Claim[] {
    const { price } = this.#reservation
    return this.#growing.map((limit) => claimOn(this.#reservation.now(limit), amountFor(limit, price, 0, step)))
  }

  #nextAsk(): number {
    return this.#growing.length === 0 || this.#held >= this.#bound ? Infinity : Math.floor(this.#held * EXTEND_AT)
  }
}
