// A refused claim in the client's words: which limit, how far it is used, when it is free again, and whether waiting helps.
import { GatewayError, formatNano, type ErrorCode, type Reserved } from '../../core/plugin/index.ts'
import type { Limit, SlotLimit } from './limits.ts'

type Refused = Extract<Reserved, { ok: false }>

/** `x-should-retry` only for rates and slots: a window that ends tonight is no reason for an SDK to ask three times. */
export function refusalOf(refused: Refused, limit: Limit | SlotLimit): GatewayError {
  return limit.kind === 'slots'
    ? slotsTaken(refused, limit)
    : limit.window === 'minute'
      ? rateExceeded(refused, limit)
      : windowUsedUp(refused, limit)
}

function slotsTaken({ retryAfterMs }: Refused, { policy, limit }: SlotLimit): GatewayError {
  return new GatewayError('too_many_concurrent', {
    policy,
    message: `The limit of ${count(limit)} requests at a time is reached.`,
    ...waiting(retryAfterMs, 'Wait until one of them has ended.'),
  })
}

function rateExceeded(refused: Refused, limit: Limit): GatewayError {
  return new GatewayError(codeOf(limit), {
    policy: limit.policy,
    message: `The limit of ${amount(limit, limit.limit)} per minute is reached${need(refused, limit)}.`,
    ...waiting(refused.retryAfterMs, 'Wait as long as `retry-after` says.'),
  })
}

function windowUsedUp(refused: Refused, limit: Limit): GatewayError {
  const resets = new Date(limit.endsAt).toISOString()
  const left = `${amount(limit, refused.level.used)} are used or reserved`
  const fits = refused.retryAfterMs !== null
  return new GatewayError(codeOf(limit), {
    policy: limit.policy,
    shouldRetry: false,
    message: `The limit of ${amount(limit, limit.limit)} per ${limit.window} does not allow this request: ${left}${need(refused, limit)}. It resets at ${resets} (${limit.timeZone}).`,
    resolution: fits
      ? `Wait until ${resets}, ask for less, or ask for a larger limit.`
      : 'Send a shorter request, or ask for a larger limit.',
  })
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
