// When a process that joins others may take its share of limits while Redis is away.
import assert from 'node:assert/strict'
import { Redis } from 'ioredis'
import { defineScripts, runScript } from '../../../core/state/redis/scripts.ts'
import { Names } from '../../../core/state/redis/names.ts'
import { Newcomer, readBeat } from '../../../core/state/redis/newcomer.ts'
import { TestRedis } from '../../support/redis.ts'

describe('a process that joins others', () => {
  it('is known when all others have heard an answer since, and no sooner', () => {
    const newcomer = new Newcomer()
    newcomer.take({ count: 3, isNew: true, now: 1000, oldest: 100 })
    newcomer.take({ count: 3, isNew: false, now: 3000, oldest: 1000 })
    assert.equal(newcomer.isKnown, false)
    newcomer.take({ count: 3, isNew: false, now: 5000, oldest: 1001 })
    assert.equal(newcomer.isKnown, true)
  })
  it('is known at once where it is alone', () => {
    const newcomer = new Newcomer()
    newcomer.take({ count: 1, isNew: true, now: 1000, oldest: null })
    assert.equal(newcomer.isKnown, true)
  })
  it('stays known when another joins that has heard nothing yet', () => {
    const newcomer = new Newcomer()
    newcomer.take({ count: 1, isNew: true, now: 1000, oldest: null })
    newcomer.take({ count: 2, isNew: false, now: 3000, oldest: 0 })
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

describe('processes that beat in one Redis', () => {
  let redis: TestRedis
  let client: Redis
  let names: Names
  let prefix = 0

  before(async () => {
    redis = await TestRedis.start()
    client = new Redis(redis.url)
    defineScripts(client)
  })
  beforeEach(() => (names = new Names(`p${prefix++}`)))
  after(async () => {
    client.disconnect()
    await redis.stop()
  })

  const one = (id: string) => ({ id, knows: new Newcomer() })
  /** The answer may be lost on its way. */
  async function beat({ id, knows }: ReturnType<typeof one>, isLost = false, processMs = 30_000): Promise<void> {
    const answer = readBeat((await runScript(client, 'beat', names.processes(), [id, processMs, knows.heard])) as (number | string)[])
    if (!isLost) knows.take(answer)
    // Moments are whole milliseconds.
    const { now } = answer
    while (Number((await client.time())[0]) * 1000 + Math.floor(Number((await client.time())[1]) / 1000) <= now);
  }

  it('do not count as having heard of a newcomer when their answers are lost, however often they beat', async () => {
    const [old, newcomer] = [one('old'), one('new')]
    await beat(old)
    await beat(old)
    await beat(newcomer)
    for (let i = 0; i < 4; i++) {
      await beat(old, true)
      await beat(newcomer)
    }
    assert.equal(newcomer.knows.isKnown, false)
    await beat(old)
    await beat(newcomer)
    assert.equal(newcomer.knows.isKnown, false, 'it has heard, and nobody can tell yet')
    await beat(old)
    await beat(newcomer)
    assert.equal(newcomer.knows.isKnown, true)
  })
  it('all have to have heard, and those that were not heard of lately leave nothing behind', async () => {
    const [first, second, newcomer] = [one('first'), one('second'), one('new')]
    for (const other of [first, second, newcomer, first, first, newcomer]) await beat(other)
    assert.equal(newcomer.knows.isKnown, false, 'the second has not')
    await beat(newcomer, false, 0)
    assert.deepEqual(await client.hkeys(names.processes()[1]!), [])
  })
})
