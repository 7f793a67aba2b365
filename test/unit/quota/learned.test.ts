// How much a stream reserves at first: the learned percentile against the exact one.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { LearnedOutput } from '../../../plugins/quota/learned.ts'

describe('the learned output of a feature', () => {
  it('is the start value until enough answers were seen', () => {
    const learned = new LearnedOutput()
    for (let i = 0; i < 19; i++) learned.learn('f', 5000)
    assert.equal(learned.p95('f', 512), 512)
    learned.learn('f', 5000)
    assert.notEqual(learned.p95('f', 512), 512)
    assert.equal(learned.p95('another', 512), 512)
  })
  it('covers 95 of 100 answers and is at most a fifth too high', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 160, maxLength: 160 }), (answers) => {
        const learned = new LearnedOutput()
        for (const tokens of answers) learned.learn('f', tokens)
        const exact = [...answers].sort((a, b) => a - b)[Math.ceil(0.95 * answers.length) - 1]!
        const estimate = learned.p95('f', 512)
        assert.ok(estimate >= exact && estimate <= Math.ceil(exact * 1.19), `${exact} ${estimate}`)
      }),
      { numRuns: process.env.SALLYPORT_TEST_LONG ? 1000 : 100, seed: 7 },
    )
  })
  it('follows when answers become shorter', () => {
    const learned = new LearnedOutput()
    for (let i = 0; i < 5000; i++) learned.learn('f', 8000)
    for (let i = 0; i < 12_000; i++) learned.learn('f', 100)
    assert.ok(learned.p95('f', 512) < 130)
  })
  it('forgets the oldest of a thousand features', () => {
    const learned = new LearnedOutput()
    for (let i = 0; i < 20; i++) learned.learn('first', 10)
    for (let i = 0; i < 1000; i++) learned.learn(`f${i}`, 10)
    assert.equal(learned.p95('first', 512), 512)
  })
})
