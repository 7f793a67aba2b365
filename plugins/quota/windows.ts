// When the running hour, day and month end in a time zone. `Intl` is asked once per window and zone; until then the end is a map look-up.

export type Window = 'minute' | 'hour' | 'day' | 'month'
export type FixedWindow = Exclude<Window, 'minute'>

export const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

interface Known {
  readonly from: number
  readonly endsAt: number
}

const formats = new Map<string, Intl.DateTimeFormat>()
const known: { readonly [window in FixedWindow]: Map<string, Known> } = { hour: new Map(), day: new Map(), month: new Map() }

/** The first moment (Unix ms) after `now` that belongs to the next hour, day or month there. Throws RangeError on an unknown zone. */
export function windowEnd(window: FixedWindow, timeZone: string, now: number): number {
  const latest = known[window].get(timeZone)
  if (latest && now >= latest.from && now < latest.endsAt) return latest.endsAt
  const endsAt = findEnd(window, timeZone, now)
  known[window].set(timeZone, { from: now, endsAt })
  return endsAt
}

function findEnd(window: FixedWindow, timeZone: string, now: number): number {
  const local = localTime(timeZone, now)
  if (window === 'hour') return now + HOUR_MS - (local % HOUR_MS)
  const date = new Date(local)
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()]
  return window === 'day'
    ? firstMomentAt(timeZone, Date.UTC(year, month, day + 1), now, now + 2 * DAY_MS)
    : firstMomentAt(timeZone, Date.UTC(year, month + 1, 1), now, now + 33 * DAY_MS)
}

/**
 * The first moment at which the clock on the wall shows `wall` or later. Searched instead of calculated, because midnight may not exist
 * (clocks go forward over it) or exist twice; zones shift on whole seconds.
 */
function firstMomentAt(timeZone: string, wall: number, after: number, before: number): number {
  let low = Math.floor(after / 1000)
  let high = Math.ceil(before / 1000)
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (localTime(timeZone, middle * 1000) >= wall) high = middle
    else low = middle
  }
  return high * 1000
}

/** What the clock on the wall shows, as if it were UTC, in Unix ms. */
function localTime(timeZone: string, unixMs: number): number {
  const part: { [type: string]: number } = {}
  for (const { type, value } of formatFor(timeZone).formatToParts(unixMs)) part[type] = Number(value)
  const milliseconds = ((unixMs % 1000) + 1000) % 1000
  return Date.UTC(part.year!, part.month! - 1, part.day!, part.hour!, part.minute!, part.second!) + milliseconds
}

function formatFor(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone)
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      calendar: 'gregory',
      numberingSystem: 'latn',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
    formats.set(timeZone, format)
  }
  return format
}
