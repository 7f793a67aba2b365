import assert from 'node:assert/strict'
import { openLine } from '../../support/line.ts'
import { systemClock } from '../../../core/plugin/clock.ts'

describe('the clock', () => {
  it('says that time is up only when everything that had arrived was read', async () => {
    const line = await openLine()
    const late = new Promise((resolve) => systemClock.after(20, () => resolve('late')))
    line.answerWhileBusy(60)
    assert.equal(String(await Promise.race([late, line.answer])), 'answer')
    line.close()
  })

  it('calls nobody who cancelled, not even between the end of the time and the call', async () => {
    const called: string[] = []
    const first = new Promise((resolve) => systemClock.after(5, () => resolve(called.push('first'))))
    const cancel = systemClock.after(1, () => called.push('cancelled'))
    const until = performance.now() + 10
    while (performance.now() < until);
    setImmediate(cancel)
    await first
    assert.deepEqual(called, ['first'])
  })
})
