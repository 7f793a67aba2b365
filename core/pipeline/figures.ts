// What an exchange used and what that books on its limits: once as an estimate before it leaves, should the process die, and once for good.
import { costNano } from '../model/money.ts'
import { NO_USAGE } from '../model/answer.ts'
import type { Booked } from '../model/counters.ts'
import type { Exchange } from './exchange.ts'
import type { Settlement } from '../plugin/contract.ts'

export interface Figures extends Settlement {
  readonly booked: Booked
}

const NOTHING: Booked = {}

/** What the exchange costs if nothing more is ever heard of it: its prompt, at the rate of the target that is tried first. */
export function figuresIfCutOff(exchange: Exchange): Figures {
  const usage = { ...NO_USAGE, prompt: exchange.view?.promptTokens ?? 0 }
  const rates = exchange.target?.rates ?? null
  const cost = rates === null ? null : costNano(usage, rates)
  return withBookings(exchange, { usage, usageSource: 'estimated_on_crash', costNano: cost, dispatched: true })
}

/** The figures of an exchange that has ended. */
export function figuresOf(exchange: Exchange): Figures {
  const { usage, usageSource, target, dispatched } = exchange
  return withBookings(exchange, { usage, usageSource, costNano: costOf(exchange, target?.rates ?? null), dispatched })
}

/** What we pay: nothing for an answer from the cache, and unknown (which is not zero) without a rate. */
function costOf({ dispatched, usage, usageSource }: Exchange, rates: Parameters<typeof costNano>[1] | null): bigint | null {
  if (usageSource === 'cache') return 0n
  return rates && dispatched ? costNano(usage, rates) : null
}

function withBookings({ holds, kernel, id }: Exchange, { usage, usageSource, costNano: cost, dispatched }: Settlement): Figures {
  const settlement = { usage, usageSource, costNano: cost, dispatched }
  let booked = NOTHING
  for (const hold of holds) {
    try {
      booked = sumOf(booked, hold.bookings(settlement))
    } catch (error) {
      kernel.log.error({ request_id: id, err: error }, 'what a reservation books is unknown; the record will not show it')
    }
  }
  return { usage, usageSource, costNano: cost, dispatched, booked }
}

/** Mostly there is one hold, and nothing to add. */
function sumOf(some: Booked, more: Booked): Booked {
  if (some === NOTHING) return more
  const sum: { [key: string]: number } = { ...some }
  for (const key in more) sum[key] = (sum[key] ?? 0) + more[key]!
  return sum
}
