// Where days and months end: in winter, in summer, on the days between, and where midnight is missing or comes twice.
import assert from 'node:assert/strict'
import { windowEnd, type FixedWindow } from '../../../plugins/quota/windows.ts'

const HOUR = 3_600_000

const CASES: readonly [title: string, window: FixedWindow, zone: string, now: string, end: string][] = [
  ['a day in UTC', 'day', 'UTC', '2026-11-21T01:35:43.250Z', '2026-11-22T00:00:00Z'],
  ['a day in winter', 'day', 'Europe/Berlin', '2026-01-15T12:00:00Z', '2026-01-15T23:00:00Z'],
  ['a day in summer', 'day', 'Europe/Berlin', '2026-07-15T12:00:00Z', '2026-07-15T22:00:00Z'],
  ['the day of 23 hours', 'day', 'Europe/Berlin', '2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z'],
  ['the day of 25 hours', 'day', 'Europe/Berlin', '2026-10-24T22:00:00Z', '2026-10-25T23:00:00Z'],
  ['a day in New York', 'day', 'America/New_York', '2026-03-08T12:00:00Z', '2026-03-09T04:00:00Z'],
  ['a day whose next midnight does not exist', 'day', 'Africa/Cairo', '2024-04-25T12:00:00Z', '2024-04-25T22:00:00Z'],
  ['a day whose next midnight comes twice', 'day', 'America/Havana', '2025-11-01T12:00:00Z', '2025-11-02T04:00:00Z'],
  ['a day far east', 'day', 'Pacific/Kiritimati', '2026-01-01T11:00:00Z', '2026-01-02T10:00:00Z'],
  ['a month', 'month', 'Europe/Berlin', '2026-01-15T12:00:00Z', '2026-01-31T23:00:00Z'],
  ['the month in which summer begins', 'month', 'Europe/Berlin', '2026-03-10T12:00:00Z', '2026-03-31T22:00:00Z'],
  ['February of a leap year', 'month', 'UTC', '2028-02-28T23:59:59.999Z', '2028-03-01T00:00:00Z'],
  ['December', 'month', 'Asia/Tokyo', '2026-12-31T14:59:59Z', '2026-12-31T15:00:00Z'],
  ['the last day of a month at home, the first abroad', 'month', 'Asia/Tokyo', '2026-03-31T15:00:00Z', '2026-04-30T15:00:00Z'],
  ['an hour', 'hour', 'UTC', '2026-01-15T12:34:56.789Z', '2026-01-15T13:00:00Z'],
  ['an hour where they begin at half', 'hour', 'Asia/Kolkata', '2026-01-15T12:10:00Z', '2026-01-15T12:30:00Z'],
  ['the first of two equal hours', 'hour', 'Europe/Berlin', '2026-10-25T00:30:00Z', '2026-10-25T01:00:00Z'],
  ['the second of two equal hours', 'hour', 'Europe/Berlin', '2026-10-25T01:30:00Z', '2026-10-25T02:00:00Z'],
]

describe('the end of a window', () => {
  for (const [title, window, zone, now, end] of CASES) {
    it(`is right for ${title}`, () => {
      assert.equal(new Date(windowEnd(window, zone, Date.parse(now))).toISOString(), new Date(end).toISOString())
    })
  }
  it('is the start of the next one, without gap or overlap, through a whole year', () => {
    let now = Date.parse('2026-01-01T00:00:00Z')
    for (let days = 0; days < 365; days++) {
      const end = windowEnd('day', 'Australia/Lord_Howe', now)
      assert.equal(windowEnd('day', 'Australia/Lord_Howe', end - 1), end)
      assert.ok(days === 0 || (end - now >= 23 * HOUR && end - now <= 25 * HOUR))
      now = end
    }
  })
  it('refuses a zone that does not exist', () => {
    assert.throws(() => windowEnd('day', 'Mars/Olympus', 0), RangeError)
  })
})
