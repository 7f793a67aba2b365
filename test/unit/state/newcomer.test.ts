// When a process that joins others may take its share of limits while Redis is away.
import assert from 'node:assert/strict'
import { Newcomer } from '../../../core/state/redis/newcomer.ts'

describe('a process that joins others', () => {
  it('is known when all others have beaten twice since, and no sooner', () => {
    const newcomer = new Newcomer()
    newcomer.take({ count: 3, isNew: true, now: 1000, oldest: 100 })
    newcomer.take({ count: 3, isNew: false, now: 2000, oldest: 1000 })
    newcomer.take({ count: 3, isNew: false, now: 2100, oldest: 1001 })
    assert.equal(newcomer.isKnown, false, 'one round')
    newcomer.take({ count: 3, isNew: false, now: 3000, oldest: 2100 })
    assert.equal(newcomer.isKnown, false, 'one of the others has not beaten again')
    newcomer.take({ count: 3, isNew: false, now: 3100, oldest: 2101 })
    assert.equal(newcomer.isKnown, true)
  })
  it('is known at once where it is alone', () => {
    const newcomer = new Newcomer()
    newcomer.take({ count: 1, isNew: true, now: 1000, oldest: null })
    assert.equal(newcomer.isKnown, true)
  })
  it('becomes known although the answer to its first beat was lost', () => {
    const [alone, among] = [new Newcomer(), new Newcomer()]
    alone.take({ count: 1, isNew: false, now: 1000, oldest: null })
    assert.equal(alone.isKnown, true)
    for (let now = 1000; now <= 3000; now += 1000) among.take({ count: 2, isNew: false, now, oldest: now - 500 })
    assert.equal(among.isKnown, true)
  })
  it('is a newcomer again when Redis has forgotten it', () => {
    const newcomer = new Newcomer()
    newcomer.take({ count: 1, isNew: true, now: 1000, oldest: null })
    newcomer.take({ count: 2, isNew: true, now: 9000, oldest: 8000 })
    assert.equal(newcomer.isKnown, false)
  })
})
