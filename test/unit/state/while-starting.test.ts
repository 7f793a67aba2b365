// How a start waits for a shared store that stumbles, and when an answer of that store is late.
import assert from 'node:assert/strict'
import { Deadlines, Late } from '../../../core/state/redis/deadlines.ts'
import { GatewayError } from '../../../core/errors/gateway-error.ts'
import { openLine } from '../../support/line.ts'
import { whileStarting } from '../../../core/state/while-starting.ts'
import { silentLog } from './manual-clock.ts'

describe('a start, while the state store stumbles', () => {
  const failing = (times: number, error: Error) => {
    const calls: number[] = []
    const work = async (): Promise<string> => {
      if (calls.push(1) <= times) throw error
      return 'started'
    }
    return { calls, work }
  }

  it('does its work once more when the store was away', async () => {
    const log = silentLog()
    const { work } = failing(2, new GatewayError('state_unavailable'))
    assert.equal(await whileStarting(log, work), 'started')
    assert.equal(log.lines.length, 2)
  })
  it('says to the work whether it is repeated, so that it may expect the store to be there', async () => {
    const said: boolean[] = []
    const work = async (isRepeated: boolean): Promise<void> => {
      if (said.push(isRepeated) < 3) throw new GatewayError('state_unavailable')
    }
    await whileStarting(silentLog(), work)
    assert.deepEqual(said, [false, true, true])
  })
  it('gives up when that lasts', async () => {
    await assert.rejects(whileStarting(silentLog(), failing(Infinity, new GatewayError('state_unavailable')).work, 0), {
      code: 'state_unavailable',
    })
  })
  it('does not repeat what failed for another reason', async () => {
    const { calls, work } = failing(1, new Error('the demo key cannot be written'))
    await assert.rejects(whileStarting(silentLog(), work), /demo key/)
    assert.equal(calls.length, 1)
  })
})

describe('deadlines of commands to Redis', () => {
  it('reject what has no answer in time', async () => {
    const deadlines = new Deadlines(20)
    await assert.rejects(deadlines.within(new Promise(() => {})), Late)
    deadlines.close()
  })
  it('count an answer that had arrived while this process was busy', async () => {
    const deadlines = new Deadlines(20)
    const line = await openLine()
    const answer = deadlines.within(line.answer)
    line.answerWhileBusy(100)
    assert.equal(String(await answer), 'answer')
    line.close()
    deadlines.close()
  })
})
