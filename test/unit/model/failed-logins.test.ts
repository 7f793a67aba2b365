// How long guessing takes.
import assert from 'node:assert/strict'
import { FailedLogins } from '../../../core/model/failed-logins.ts'

describe('failed logins', () => {
  let now = 0
  let logins: FailedLogins
  beforeEach(() => {
    now = 0
    logins = new FailedLogins(() => now)
  })

  it('wait a second, then two, up to a minute', () => {
    const waits = Array.from({ length: 9 }, () => {
      logins.failed('1.2.3.4', 'abc')
      const wait = logins.waitMs('1.2.3.4', 'abc')
      now += wait
      return wait / 1000
    })
    assert.deepEqual(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60])
    assert.equal(logins.waitMs('1.2.3.4', 'abc'), 0)
  })
  it('concern neither other secrets nor other addresses', () => {
    logins.failed('1.2.3.4', 'abc')
    assert.deepEqual([logins.waitMs('1.2.3.4', 'xyz'), logins.waitMs('5.6.7.8', 'abc')], [0, 0])
  })
  it('with ever new secrets make the address wait', () => {
    for (let i = 0; i < 20; i++) logins.failed('1.2.3.4', `secret-${i}`)
    assert.equal(logins.addressWaitMs('1.2.3.4'), 0)
    logins.failed('1.2.3.4', 'secret-20')
    assert.equal(logins.addressWaitMs('1.2.3.4'), 1000)
    assert.equal(logins.waitMs('1.2.3.4', 'another'), 0, 'one that is right passes')
    assert.equal(logins.addressWaitMs('5.6.7.8'), 0)
  })
  it('are forgotten after a success, for that secret alone', () => {
    for (let i = 0; i < 21; i++) logins.failed('1.2.3.4', i === 20 ? 'mine' : `secret-${i}`)
    logins.succeeded('1.2.3.4', 'mine')
    now += 1000
    assert.equal(logins.failed('1.2.3.4', 'mine'), 1)
    assert.equal(logins.addressWaitMs('1.2.3.4'), 2000, 'the address goes on where it was')
  })
  it('are forgotten when they are long past', () => {
    logins.failed('1.2.3.4', 'abc')
    now += 120_000
    assert.equal(logins.failed('1.2.3.4', 'abc'), 1)
  })
  it('do not fill the memory', () => {
    for (let i = 0; i < 30_000; i++) logins.failed(`10.0.${i >> 8}.${i & 255}`, 'x')
    assert.equal(logins.failed('10.0.0.0', 'x'), 1, 'the oldest is forgotten')
  })
})
