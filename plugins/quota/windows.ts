// Which hour, day and month runs in a time zone, and when it ends. `Intl` is asked once per window and zone; until then it is a map look-up.

export type Window = 'minute' | 'hour' | 'day' | 'month'
export type FixedWindow = Exclude<Window, 'minute'>

export const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** One instance of a window. Instances of a kind follow each other without gap or overlap. */
export interface WindowInstance {
  /** Names it: the local day (`2026-11-21`) or month (`2026-11`), or the first moment of the hour in UTC. */
  readonly label: string
  /** Unix ms of the first moment behind it. */
  readonly endsAt: number
}

interface Known extends WindowInstance {
  readonly from: number
}

const formats = new Map<string, Intl.DateTimeFormat>()
const known: { readonly [window in FixedWindow]: Map<string, Known> } = { hour: new Map(), day: new Map(), month: new Map() }

/** The hour, day or month that `now` (Unix ms) belongs to there. Throws RangeError on an unknown zone. */
export function windowAt(window: FixedWindow, timeZone: string, now: number): WindowInstance {
  const latest = known[window].get(timeZone)
  if (latest && now >= latest.from && now < latest.endsAt) return latest
  const found = { from: now, ...(window === 'hour' ? hourAt(timeZone, now) : dateAt(window, timeZone, now)) }
  known[window].set(timeZone, found)
  return found
}

/** Days are named by their date alone, so that one of 25 hours is one, and a clock that is set back finds its counter again. */
function dateAt(window: 'day' | 'month', timeZone: string, now: number): WindowInstance {
  const date = new Date(localTime(timeZone, now))
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()]
  return window === 'day'
    ? { label: date.toISOString().slice(0, 10), endsAt: firstMomentAt(timeZone, Date.UTC(year, month, day + 1), now, now + 2 * DAY_MS) }
    : { label: date.toISOString().slice(0, 7), endsAt: firstMomentAt(timeZone, Date.UTC(year, month + 1, 1), now, now + 33 * DAY_MS) }
}

/** Hours begin where the clock on the wall shows one. A shift by a part of an hour ends one and begins the next. */
function hourAt(timeZone: string, now: number): WindowInstance {
  const begin = now - (localTime(timeZone, now) % HOUR_MS)
  const end = begin + HOUR_MS
  const from = isFullHour(timeZone, begin) ? begin : shiftBetween(timeZone, begin, now)
  const endsAt = isFullHour(timeZone, end) ? end : shiftBetween(timeZone, now, end)
  return { label: new Date(from).toISOString().replace('.000', ''), endsAt }
}

function isFullHour(timeZone: string, moment: number): boolean {
  return localTime(timeZone, moment) % HOUR_MS === 0
}

/** The first second with the offset that holds at `before`; the one at `after` is another. */
function shiftBetween(timeZone: string, after: number, before: number): number {
  const offset = (second: number): number => localTime(timeZone, second * 1000) - second * 1000
  const [low, high] = [Math.floor(after / 1000), Math.floor(before / 1000)]
  const last = offset(high)
  return firstSecond(low, high, (second) => offset(second) === last)
}

/**
 * The first moment at which the clock on the wall shows `wall` or later. Searched instead of calculated, because midnight may not exist
 * (clocks go forward over it) or exist twice; zones shift on whole seconds.
 */
function firstMomentAt(timeZone: string, wall: number, after: number, before: number): number {
  return firstSecond(Math.floor(after / 1000), Math.ceil(before / 1000), (second) => localTime(timeZone, second * 1000) >= wall)
}

/** Unix ms of the first second behind `low` that passes; `high` does. */
function firstSecond(low: number, high: number, passes: (second: number) => boolean): number {
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (passes(middle)) high = middle
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
