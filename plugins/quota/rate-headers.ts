// The headers `x-ratelimit-*` as OpenAI has them: per unit the limit of which the least is left, a rate or a window alike.
import type { Level } from '../../core/plugin/index.ts'
import type { Limit, Unit } from './limits.ts'
import { MINUTE_MS } from './windows.ts'

/** `levels` in the order of the limits, as they are with this exchange's own reservation. */
export function rateHeaders(limits: readonly Limit[], levels: readonly Level[], now: number): { readonly [name: string]: string } | null {
  const requests = tightest('requests', limits, levels)
  const tokens = tightest('tokens', limits, levels)
  if (requests < 0 && tokens < 0) return null
  // Names as literals: computed ones would have every answer's object laid out anew.
  const headers: { [name: string]: string } = {}
  if (requests >= 0) {
    const { limit, left, reset } = textsOf(limits[requests]!, levels[requests]!.used, now)
    headers['x-ratelimit-limit-requests'] = limit
    headers['x-ratelimit-remaining-requests'] = left
    headers['x-ratelimit-reset-requests'] = reset
  }
  if (tokens >= 0) {
    const { limit, left, reset } = textsOf(limits[tokens]!, levels[tokens]!.used, now)
    headers['x-ratelimit-limit-tokens'] = limit
    headers['x-ratelimit-remaining-tokens'] = left
    headers['x-ratelimit-reset-tokens'] = reset
  }
  return headers
}

/** Index of the limit of which the least is left, the first of equals; -1: none of this unit. */
function tightest(unit: Unit, limits: readonly Limit[], levels: readonly Level[]): number {
  let found = -1
  let least = Infinity
  for (let i = 0; i < limits.length; i++) {
    const limit = limits[i]!
    if (limit.unit !== unit || !limit.finite) continue
    const left = Math.max(0, limit.limit - levels[i]!.used)
    if (left >= least) continue
    found = i
    least = left
  }
  return found
}

function textsOf(limit: Limit, used: number, now: number): { readonly limit: string; readonly left: string; readonly reset: string } {
  return { limit: String(limit.limit), left: String(Math.max(0, limit.limit - used)), reset: durationText(resetMs(limit, used, now)) }
}

/** Until all of it is there again. */
function resetMs({ window, limit, endsAt }: Limit, used: number, now: number): number {
  if (window !== 'minute') return Math.max(0, endsAt - now)
  return limit === 0 ? 0 : (used / limit) * MINUTE_MS
}

/** `120ms`, `1s`, `6m0s`, `13h5m0s`: rounded up, so that who waits that long does not come too early. */
export function durationText(ms: number): string {
  if (ms <= 999) return `${Math.ceil(ms)}ms`
  const seconds = Math.ceil(ms / 1000)
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)]
  return `${hours > 0 ? `${hours}h` : ''}${seconds >= 60 ? `${minutes}m` : ''}${seconds % 60}s`
}
