// A refused claim in the client's words: which limit, how far it is used, when it is free again, and whether waiting helps.
import { GatewayError, type ErrorCode, type Reserved } from '../../core/plugin/index.ts'
import type { Limit, SlotLimit } from './limits.ts'
import { showMoneyIn } from './price.ts'
import { rateHeaders } from './rate-headers.ts'

type Refused = Extract<Reserved, { ok: false }>

/** SDKs wait this long of themselves; told of more, they come back too early, or sleep for hours. */
const LONGEST_WAIT_MS = 60_000

/** Who asked, and when. */
export interface Asking {
  /** Unix ms. */
  readonly now: number
  /** The least that would have done, in the unit of the limit: the claim is the most, and is lowered to what is left before it is refused. */
  readonly least: number
  /** Code of the base currency. */
  readonly currency: string
}

/** What the client hears of a refused claim on an amount. */
export function refusalOf(refused: Refused, limit: Limit, asking: Asking): GatewayError {
  return limit.window === 'minute' ? rateExceeded(refused, limit, asking) : windowUsedUp(refused, limit, asking)
}

/** The same for a stream that was cut off while it flowed: what was given, and that the limit ended it. */
export function streamEndOf(refused: Refused, limit: Limit, givenTokens: number, asking: Asking): GatewayError {
  const { message, resolution } = refusalOf(refused, limit, asking)
  return new GatewayError(codeOf(limit), {
    policy: limit.policy,
    shouldRetry: false,
    message: `The answer ends here, after ${count(givenTokens)} output tokens, because no more could be reserved. ${message}`,
    resolution: limit.window === 'minute' ? `Ask for a shorter answer with \`max_tokens\`, or later. ${resolution}` : resolution,
  })
}

/** The same of a refused slot. */
export function slotsTaken({ retryAfterMs }: Refused, { policy, limit }: SlotLimit): GatewayError {
  return new GatewayError('too_many_concurrent', {
    policy,
    message: `The limit of ${pieces(limit, 'requests')} at a time is reached.`,
    ...waiting(retryAfterMs, 'Wait until one of them has ended.'),
  })
}

function rateExceeded(refused: Refused, limit: Limit, asking: Asking): GatewayError {
  return new GatewayError(codeOf(limit), {
    policy: limit.policy,
    message: `The limit of ${amount(limit, limit.limit, asking)} per minute is reached: ${need(refused, limit, asking)}.`,
    ...waiting(refused.retryAfterMs, 'Wait as long as `retry-after` says.'),
    ...headers(refused, limit, asking),
  })
}

/** Only a window that ends within a minute is worth a repeat: one that ends tonight is no reason for an SDK to ask three times. */
function windowUsedUp(refused: Refused, limit: Limit, asking: Asking): GatewayError {
  const resets = new Date(limit.endsAt).toISOString()
  const { now } = asking
  const fits = refused.retryAfterMs !== null
  const endsSoon = fits && limit.endsAt - now <= LONGEST_WAIT_MS
  return new GatewayError(codeOf(limit), {
    policy: limit.policy,
    shouldRetry: endsSoon,
    ...(endsSoon ? { retryAfterSeconds: Math.max(1, Math.ceil((limit.endsAt - now) / 1000)) } : {}),
    message: `The limit of ${amount(limit, limit.limit, asking)} per ${limit.window} does not allow this request: ${need(refused, limit, asking)}. It resets at ${resets} (${limit.timeZone}).`,
    resolution: fits
      ? `Wait until ${resets}, ask for less, or ask for a larger limit.`
      : 'Send a shorter request, or ask for a larger limit.',
    ...headers(refused, limit, asking),
  })
}

function headers({ level }: Refused, limit: Limit, { now }: Asking): { readonly headers?: { readonly [name: string]: string } } {
  const told = rateHeaders([limit], [level], now)
  return told === null ? {} : { headers: told }
}

function codeOf({ unit, window }: Limit): ErrorCode {
  if (unit === 'money') return 'budget_exceeded'
  return window === 'minute' ? 'rate_limited' : 'quota_exceeded'
}

function waiting(
  retryAfterMs: number | null,
  resolution: string,
): { shouldRetry: boolean; resolution: string; retryAfterSeconds?: number } {
  if (retryAfterMs === null)
    return { shouldRetry: false, resolution: 'Send a shorter request, or ask for a larger limit: this one never passes.' }
  if (retryAfterMs > LONGEST_WAIT_MS)
    return { shouldRetry: false, resolution: `Wait ${Math.ceil(retryAfterMs / 1000)} s, ask for less, or ask for a larger limit.` }
  return { shouldRetry: true, resolution, retryAfterSeconds: Math.max(1, Math.ceil(retryAfterMs / 1000)) }
}

/** Where the least would have fitted (a rate gives all or nothing, and others may have taken it meanwhile) it is the whole claim that did not. */
function need({ claim, level }: Refused, limit: Limit, asking: Asking): string {
  if (claim.kind === 'slot' || limit.unit === 'requests') return 'none is left'
  const left = Math.max(0, Math.floor(limit.limit - level.used))
  const needs = asking.least > left ? `at least ${amount(limit, asking.least, asking)}` : `up to ${amount(limit, claim.amount, asking)}`
  return `it needs ${needs}, and ${amount(limit, left, asking)} ${left === 1 ? 'is' : 'are'} left`
}

function amount({ unit }: Limit, value: number, { currency }: Asking): string {
  return unit === 'money' ? showMoneyIn(currency, value) : pieces(value, unit)
}

function pieces(value: number, unit: 'tokens' | 'requests'): string {
  return `${count(value)} ${value === 1 ? unit.slice(0, -1) : unit}`
}

function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',')
}
