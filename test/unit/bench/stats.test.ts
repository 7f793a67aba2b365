// The arithmetic behind the benchmark's table, and the stamps that travel in its streams.
import assert from 'node:assert/strict'
import { agesOf, encodeStamp } from '../../../bench/stamp.ts'
import { benchPolicies } from '../../../bench/policies.ts'
import { median, percentile, ratioOf } from '../../../bench/stats.ts'
import { replaceTable, TABLE_END, TABLE_START } from '../../../bench/report.ts'

describe('benchmark arithmetic', () => {
  it('takes medians and percentiles between ranks', () => {
    assert.equal(median([3, 1, 2]), 2)
    assert.equal(median([4, 1, 3, 2]), 2.5)
    assert.equal(percentile([0, 100], 0.99), 99)
    assert.ok(Number.isNaN(median([])))
  })
  it('compares within rounds, so that a slow round does not count against either', () => {
    const { median: middle, low, high } = ratioOf([50, 5, 500], [100, 10, 1000])
    assert.deepEqual([middle, low, high], [0.5, 0.5, 0.5])
  })
  it('gives an interval that holds the median and is the same each time', () => {
    const one = ratioOf([8, 9, 10, 11, 12, 9, 10], [10, 10, 10, 10, 10, 10, 10])
    assert.ok(one.low < one.median && one.median < one.high)
    assert.deepEqual(ratioOf([8, 9, 10, 11, 12, 9, 10], [10, 10, 10, 10, 10, 10, 10]), one)
  })
  it('reads stamps back out of a stream', () => {
    const ages = agesOf(`data: {"content":" ${encodeStamp()}"}\n\ndata: {"content":" ${encodeStamp()}"}`)
    assert.equal(ages.length, 2)
    assert.ok(
      ages.every((age) => age >= 0 && age < 1_000_000),
      String(ages),
    )
  })
  it('writes fifty different policies', () => {
    const names = [...benchPolicies().matchAll(/^policy (\S+)/gm)].map(([, name]) => name)
    assert.equal(new Set(names).size, 50)
  })
  it('replaces the table and nothing else', () => {
    assert.equal(replaceTable(`a\n${TABLE_START}\nold\n${TABLE_END}\nb`, 'new'), `a\n${TABLE_START}\nnew\n${TABLE_END}\nb`)
    assert.throws(() => replaceTable('no markers', 'new'), /markers/)
  })
})
