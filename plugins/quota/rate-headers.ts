// The headers `x-ratelimit-*` as OpenAI has them: per unit the limit of which the least is left, a rate or a window alike.
import type { Level } from '../../core/plugin/index.ts'
import type { Limit } from './limits.ts'
import { MINUTE_MS } from './windows.ts'

interface Standing {
  readonly limit: Limit
  readonly remaining: number
  readonly used: number
}

/** `levels` in the order of the limits, as they are with this exchange's own reservation. */
export function rateHeaders(limits: readonly Limit[], levels: readonly Level[], now: number): { readonly [name: string]: string } | null {
  let requests: Standing | null = null
  let tokens: Standing | null = null
  limits.forEach((limit, i) => {
    if (!limit.finite || limit.unit === 'money') return
    const { used } = levels[i]!
    const standing = { limit, used, remaining: Math.max(0, limit.limit - used) }
    if (limit.unit === 'requests') requests = tighter(requests, standing)
    else tokens = tighter(tokens, standing)
  })
  if (requests === null && tokens === null) return null
  return { ...headersOf('requests', requests, now), ...headersOf('tokens', tokens, now) }
}

function tighter(a: Standing | null, b: Standing): Standing {
  return a === null || b.remaining < a.remaining ? b : a
}

function headersOf(unit: 'requests' | 'tokens', standing: Standing | null, now: number): { readonly [name: string]: string } {
  if (standing === null) return {}
  const { limit, remaining, used } = standing
  return {
    [`x-ratelimit-limit-${unit}`]: String(limit.limit),
    [`x-ratelimit-remaining-${unit}`]: String(remaining),
    [`x-ratelimit-reset-${unit}`]: durationText(resetMs(limit, used, now)),
  }
}

/** Until all of it is there again. */
function resetMs({ window, limit, endsAt }: Limit, used: number, now: number): number {
  if (window !== 'minute') return Math.max(0, endsAt - now)
  return limit === 0 ? 0 : Math.min(MINUTE_MS, (used / limit) * MINUTE_MS)
}

/** `120ms`, `1s`, `6m0s`, `13h5m0s`: rounded up, so that who waits that long does not come too early. */
export function durationText(ms: number): string {
  if (ms <= 999) return `${Math.ceil(ms)}ms`
  const seconds = Math.ceil(ms / 1000)
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)]
  return `${hours > 0 ? `${hours}h` : ''}${seconds >= 60 ? `${minutes}m` : ''}${seconds % 60}s`
}
