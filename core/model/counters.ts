// Names of limit counters. A name holds everything that identifies a counter, its window included, so that one text is enough wherever it is
// counted: in memory, in Redis, in the record, and in a recount from the record.
import { createHash } from 'node:crypto'

/** Clients choose values; beyond this, their hash stands for them. */
const MAX_VALUE_CHARS = 256

export interface CounterIdentity {
  /** Tenant that the counter belongs to; '' for one that several tenants share. */
  readonly tenant: string
  readonly policy: string
  /** Kind of the window (`minute`, `day`), or `now` for slots. */
  readonly window: string
  readonly unit: string
  /** Values that it counts by. */
  readonly values: readonly string[]
  /** Which window of its kind: `2026-11-21`, `2026-11`, or an hour's first moment in UTC; '' for rates and slots. */
  readonly period: string
}

/** Texts carry their length, so that no two identities can read the same. */
export function counterName({ tenant, policy, window, unit, values, period }: CounterIdentity): string {
  let name = `${tenant.length}:${tenant}|${policy}|${window}|${unit}`
  for (const one of values) {
    const value = plain(one)
    name += `|${value.length}:${value}`
  }
  return period === '' ? name : `${name}|${period}`
}

/** The record bounds texts and makes them well-formed; a name has to read the same there. */
function plain(value: string): string {
  return value.length <= MAX_VALUE_CHARS && value.isWellFormed() ? value : createHash('sha256').update(value, 'utf16le').digest('hex')
}

/** The tenant that a counter's name begins with. Throws RangeError on a name that `counterName` did not make. */
export function tenantOfCounter(name: string): string {
  const colon = name.indexOf(':')
  const length = Number(name.slice(0, colon))
  if (colon < 1 || !Number.isInteger(length) || name[colon + 1 + length] !== '|') throw new RangeError(`not the name of a counter: ${name}`)
  return name.slice(colon + 1, colon + 1 + length)
}

/** The reverse of `counterName`. Throws RangeError on a name that it did not make. */
export function readCounterName(name: string): CounterIdentity {
  const tenant = tenantOfCounter(name)
  const words: string[] = []
  let at = name.indexOf(':') + 1 + tenant.length
  while (words.length < 3) {
    const end = nextBar(name, at + 1)
    words.push(name.slice(at + 1, end))
    at = end
  }
  const values: string[] = []
  while (at < name.length) {
    const length = /^\|(\d+):/.exec(name.slice(at, at + 20))
    // Periods are dates, and no date is digits and a colon.
    if (!length) break
    const from = at + length[0].length
    at = from + Number(length[1])
    values.push(name.slice(from, at))
  }
  const [policy, window, unit] = words as [string, string, string]
  return { tenant, policy, window, unit, values, period: name.slice(at + 1) }
}

function nextBar(name: string, from: number): number {
  const bar = name.indexOf('|', from)
  return bar < 0 ? name.length : bar
}

/** False for counters that only remember what was told; their unit has a dot (`tokens.soft`), and the record knows nothing of them. */
export const countsUse = ({ unit }: Pick<CounterIdentity, 'unit'>): boolean => !unit.includes('.')

/** What an exchange used of one window, in the unit of its counter. */
export interface Booking {
  readonly counter: string
  /** Unix ms at which the window ends. */
  readonly endsAt: number
  readonly amount: number
}

/** Bookings as the record keeps them: `counter@endsAt` and the amount. */
export interface Booked {
  readonly [key: string]: number
}

export function bookedKey({ counter, endsAt }: Pick<Booking, 'counter' | 'endsAt'>): string {
  return `${counter}@${endsAt}`
}

/** The reverse of `bookedKey`, for each member. */
export function readBooked(booked: Booked): readonly Booking[] {
  return Object.entries(booked).map(([key, amount]) => {
    const at = key.lastIndexOf('@')
    return { counter: key.slice(0, at), endsAt: Number(key.slice(at + 1)), amount }
  })
}
