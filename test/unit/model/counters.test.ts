// A counter's name reads the same in memory and in the record, whatever its values are.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { bookedKey, counterName, readBooked } from '../../../core/model/counters.ts'
import { exchangeLines } from '../../../core/record/lines.ts'
import { LINE_COLUMNS } from '../../../core/record/columns.ts'
import { exchange } from '../record/rows.ts'

const endsAt = 1_795_305_600_000
const nameOf = (...values: string[]): string =>
  counterName({ tenant: 'acme', policy: 'p', window: 'day', unit: 'tokens', values, period: 'd' })

function throughTheRecord(counter: string): string {
  const { requests } = exchangeLines(exchange('r', { booked: { [bookedKey({ counter, endsAt })]: 7 }, metadata: 'x'.repeat(5000) }), {
    nodeId: 'n',
    segment: 's',
    seq: 1,
  })
  const booked = (JSON.parse(requests) as never[])[LINE_COLUMNS.requests.indexOf('booked')]!
  const [booking] = readBooked(booked)
  assert.deepEqual({ ...booking, counter: '' }, { counter: '', endsAt, amount: 7 })
  return booking!.counter
}

describe('the name of a counter', () => {
  it('comes back from the record as it was', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 600 }), { maxLength: 5 }), (values) => {
        const name = nameOf(...values)
        assert.equal(throughTheRecord(name), name)
      }),
      { numRuns: 200, seed: 5 },
    )
    for (const value of ['\ud800', 'x'.repeat(5000), 'a@1', '']) assert.equal(throughTheRecord(nameOf(value)), nameOf(value))
  })

  it('keeps values apart that only their ends, or odd characters, tell apart', () => {
    assert.notEqual(nameOf('\ud800'), nameOf('\ud801'))
    assert.notEqual(nameOf('x'.repeat(5000) + 'a'), nameOf('x'.repeat(5000) + 'b'))
    assert.notEqual(nameOf('a', 'b'), nameOf('ab'))
  })
})
