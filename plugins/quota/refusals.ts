// A refused claim in the client's words: which limit, how far it is used, when it is free again, and whether waiting helps.
import { GatewayError, formatNano, type ErrorCode, type Reserved } from '../../core/plugin/index.ts'
import type { Limit, SlotLimit } from './limits.ts'
import { rateHeaders } from './rate-headers.ts'

type Refused = Extract<Reserved, { ok: false }>

/** SDKs wait this long of themselves; told of more, they come back too early, or sleep for hours. */
const LONGEST_WAIT_MS = 60_000

/** What the client hears of a refused claim at `now` (Unix ms). */
export function refusalOf(refused: Refused, limit: Limit | SlotLimit, now: number): GatewayError {
  if (limit.kind === 'slots') return slotsTaken(refused, limit)
  return limit.window === 'minute' ? rateExceeded(refused, limit, now) : windowUsedUp(refused, limit, now)
}

/** The same for a stream that was cut off while it flowed: what was given, and that the limit ended it. */
export function streamEndOf(refused: Refused, limit: Limit, givenTokens: number, now: number): GatewayError {
  const { message, resolution } = refusalOf(refused, limit, now)
  return new GatewayError(codeOf(limit), {
    policy: limit.policy,
    shouldRetry: false,
    message: `The answer ends here, after ${count(givenTokens)} output tokens, because no more could be reserved. ${message}`,
    resolution: limit.window === 'minute' ? `Ask for a shorter answer with \`max_tokens\`, or later. ${resolution}` : resolution,
  })
}

function slotsTaken({ retryAfterMs }: Refused, { policy, limit }: SlotLimit): GatewayError {
  return new GatewayError('too_many_concurrent', {
    policy,
    message: `The limit of ${count(limit)} requests at a time is reached.`,
    ...waiting(retryAfterMs, 'Wait until one of them has ended.'),
  })
}

function rateExceeded(refused: Refused, limit: Limit, now: number): GatewayError {
  return new GatewayError(codeOf(limit), {
    policy: limit.policy,
    message: `The limit of ${amount(limit, limit.limit)} per minute is reached${need(refused, limit)}.`,
    ...waiting(refused.retryAfterMs, 'Wait as long as `retry-after` says.'),
    ...headers(refused, limit, now),
  })
}

/** Only a window that ends within a minute is worth a repeat: one that ends tonight is no reason for an SDK to ask three times. */
function windowUsedUp(refused: Refused, limit: Limit, now: number): GatewayError {
  const resets = new Date(limit.endsAt).toISOString()
  const left = `${amount(limit, refused.level.used)} are used or reserved`
  const fits = refused.retryAfterMs !== null
  const endsSoon = fits && limit.endsAt - now <= LONGEST_WAIT_MS
  return new GatewayError(codeOf(limit), {
    policy: limit.policy,
    shouldRetry: endsSoon,
    ...(endsSoon ? { retryAfterSeconds: Math.max(1, Math.ceil((limit.endsAt - now) / 1000)) } : {}),
    message: `The limit of ${amount(limit, limit.limit)} per ${limit.window} does not allow this request: ${left}${need(refused, limit)}. It resets at ${resets} (${limit.timeZone}).`,
    resolution: fits
      ? `Wait until ${resets}, ask for less, or ask for a larger limit.`
      : 'Send a shorter request, or ask for a larger limit.',
    ...headers(refused, limit, now),
  })
}

function headers({ level }: Refused, limit: Limit, now: number): { readonly headers?: { readonly [name: string]: string } } {
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

function need({ claim }: Refused, limit: Limit): string {
  return claim.kind === 'slot' || limit.unit === 'requests' ? '' : `, this request needs up to ${amount(limit, claim.amount)} more`
}

function amount({ unit }: Limit, value: number): string {
  return unit === 'money' ? `${formatNano(BigInt(value)).replace(/0{1,7}$/, '')} (base currency)` : `${count(value)} ${unit}`
}

function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',')
}
