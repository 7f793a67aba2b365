// Hour, weekday and day in a tenant's time zone. `Intl` is slow, so its answer is kept for the quarter of an hour it certainly holds.

export interface LocalClock {
  /** 0 to 23. */
  readonly hour: number
  /** 1 (Monday) to 7. */
  readonly weekday: number
  /** `2026-11-21` */
  readonly day: string
}

const QUARTER_MS = 15 * 60_000
const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']
const formats = new Map<string, Intl.DateTimeFormat>()
const latest = new Map<string, { readonly quarter: number; readonly clock: LocalClock }>()

/** What the clock on the wall says there. All zones of the tz database shift in whole quarters of an hour today. */
export function clockIn(timeZone: string, unixMs: number): LocalClock {
  const quarter = Math.floor(unixMs / QUARTER_MS)
  const known = latest.get(timeZone)
  if (known?.quarter === quarter) return known.clock
  const clock = read(timeZone, unixMs)
  latest.set(timeZone, { quarter, clock })
  return clock
}

function read(timeZone: string, unixMs: number): LocalClock {
  const parts = Object.fromEntries(
    formatFor(timeZone)
      .formatToParts(unixMs)
      .map(({ type, value }) => [type, value]),
  )
  return {
    hour: Number(parts.hour),
    weekday: WEEKDAYS.indexOf(parts.weekday ?? '') + 1,
    day: `${parts.year}-${parts.month}-${parts.day}`,
  }
}

function formatFor(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone)
  if (!format) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone,
      hourCycle: 'h23',
      hour: '2-digit',
      weekday: 'short',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
    })
    formats.set(timeZone, format)
  }
  return format
}
