// Which hour, day and month it is, and when it ends: in winter, in summer, on the days between, and where midnight is missing or comes twice.
import assert from 'node:assert/strict'
import { windowAt, type FixedWindow } from '../../../plugins/quota/windows.ts'

const HOUR = 3_600_000

const CASES: readonly [title: string, window: FixedWindow, zone: string, now: string, label: string, end: string][] = [
  ['a day in UTC', 'day', 'UTC', '2026-11-21T01:35:43.250Z', '2026-11-21', '2026-11-22T00:00:00Z'],
  ['a day in winter', 'day', 'Europe/Berlin', '2026-01-15T12:00:00Z', '2026-01-15', '2026-01-15T23:00:00Z'],
  ['a day in summer', 'day', 'Europe/Berlin', '2026-07-15T22:30:00Z', '2026-07-16', '2026-07-16T22:00:00Z'],
  ['the day of 23 hours', 'day', 'Europe/Berlin', '2026-03-28T23:00:00Z', '2026-03-29', '2026-03-29T22:00:00Z'],
  ['the day of 25 hours', 'day', 'Europe/Berlin', '2026-10-24T22:00:00Z', '2026-10-25', '2026-10-25T23:00:00Z'],
  ['the last minute of 25 hours', 'day', 'Europe/Berlin', '2026-10-25T22:59:30Z', '2026-10-25', '2026-10-25T23:00:00Z'],
  ['a day in New York', 'day', 'America/New_York', '2026-03-08T12:00:00Z', '2026-03-08', '2026-03-09T04:00:00Z'],
  ['a day whose next midnight does not exist', 'day', 'Africa/Cairo', '2024-04-25T12:00:00Z', '2024-04-25', '2024-04-25T22:00:00Z'],
  ['the day whose midnight did not exist', 'day', 'Africa/Cairo', '2024-04-25T22:00:00Z', '2024-04-26', '2024-04-26T21:00:00Z'],
  ['a day whose next midnight comes twice', 'day', 'America/Havana', '2025-11-01T12:00:00Z', '2025-11-01', '2025-11-02T04:00:00Z'],
  ['a first midnight', 'day', 'America/Havana', '2025-11-02T04:00:00Z', '2025-11-02', '2025-11-03T05:00:00Z'],
  ['a second midnight', 'day', 'America/Havana', '2025-11-02T05:00:00Z', '2025-11-02', '2025-11-03T05:00:00Z'],
  ['a day far east', 'day', 'Pacific/Kiritimati', '2026-01-01T11:00:00Z', '2026-01-02', '2026-01-02T10:00:00Z'],
  ['a month', 'month', 'Europe/Berlin', '2026-01-15T12:00:00Z', '2026-01', '2026-01-31T23:00:00Z'],
  ['the month in which summer begins', 'month', 'Europe/Berlin', '2026-03-10T12:00:00Z', '2026-03', '2026-03-31T22:00:00Z'],
  ['February of a leap year', 'month', 'UTC', '2028-02-28T23:59:59.999Z', '2028-02', '2028-03-01T00:00:00Z'],
  ['December', 'month', 'Asia/Tokyo', '2026-12-31T14:59:59Z', '2026-12', '2026-12-31T15:00:00Z'],
  ['the last day of a month at home, the first abroad', 'month', 'Asia/Tokyo', '2026-03-31T15:00:00Z', '2026-04', '2026-04-30T15:00:00Z'],
  ['an hour', 'hour', 'UTC', '2026-01-15T12:34:56.789Z', '2026-01-15T12:00:00Z', '2026-01-15T13:00:00Z'],
  ['an hour where they begin at half', 'hour', 'Asia/Kolkata', '2026-01-15T12:10:00Z', '2026-01-15T11:30:00Z', '2026-01-15T12:30:00Z'],
  ['the first of two equal hours', 'hour', 'Europe/Berlin', '2026-10-25T00:30:00Z', '2026-10-25T00:00:00Z', '2026-10-25T01:00:00Z'],
  ['the second of two equal hours', 'hour', 'Europe/Berlin', '2026-10-25T01:30:00Z', '2026-10-25T01:00:00Z', '2026-10-25T02:00:00Z'],
  [
    'an hour before clocks go half an hour back',
    'hour',
    'Australia/Lord_Howe',
    '2026-04-04T14:50:00Z',
    '2026-04-04T14:00:00Z',
    '2026-04-04T15:00:00Z',
  ],
  ['the half hour that comes again', 'hour', 'Australia/Lord_Howe', '2026-04-04T15:20:00Z', '2026-04-04T15:00:00Z', '2026-04-04T15:30:00Z'],
  [
    'the half hour that is left of one',
    'hour',
    'Australia/Lord_Howe',
    '2026-10-03T15:40:00Z',
    '2026-10-03T15:30:00Z',
    '2026-10-03T16:00:00Z',
  ],
]

describe('a window', () => {
  for (const [title, window, zone, now, label, end] of CASES) {
    it(`has its name and its end: ${title}`, () => {
      const found = windowAt(window, zone, Date.parse(now))
      assert.equal(found.label, label)
      assert.equal(new Date(found.endsAt).toISOString(), new Date(end).toISOString())
    })
  }
  for (const [zone, window, step] of [
    ['Australia/Lord_Howe', 'day', HOUR],
    ['America/Havana', 'day', HOUR],
    ['Australia/Lord_Howe', 'hour', HOUR / 4],
    ['Asia/Kathmandu', 'month', 24 * HOUR],
  ] as const) {
    it(`follows the last one without gap or overlap, under a new name, through a year of ${window}s in ${zone}`, () => {
      const end = Date.parse('2027-01-01T00:00:00Z')
      let last = windowAt(window, zone, Date.parse('2026-01-01T00:00:00Z'))
      for (let now = Date.parse('2026-01-01T00:00:00Z'); now < end; now += step) {
        const running = windowAt(window, zone, now)
        if (now < last.endsAt) assert.deepEqual(labelAndEnd(running), labelAndEnd(last))
        else {
          assert.notEqual(running.label, last.label)
          assert.ok(running.endsAt > last.endsAt)
          assert.equal(windowAt(window, zone, last.endsAt).label, running.label)
          last = running
        }
      }
    })
  }
  it('keeps its name when the clock is set back and forth within it', () => {
    const noon = Date.parse('2026-05-05T12:00:00Z')
    const labels = [0, 5, -11, 3, 6].map((hours) => windowAt('day', 'Europe/Paris', noon + hours * HOUR).label)
    assert.deepEqual([...new Set(labels)], ['2026-05-05'])
  })
  it('refuses a zone that does not exist', () => {
    assert.throws(() => windowAt('day', 'Mars/Olympus', 0), RangeError)
  })
})

function labelAndEnd({ label, endsAt }: ReturnType<typeof windowAt>): object {
  return { label, endsAt }
}
