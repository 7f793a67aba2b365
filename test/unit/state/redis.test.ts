// What several processes see of each other in Redis: leases, bookings once, probes, the registry. Two states stand for two processes.
import assert from 'node:assert/strict'
import { Redis } from 'ioredis'
import { counterName } from '../../../core/model/counters.ts'
import { Link } from '../../../core/state/redis/link.ts'
import { Names } from '../../../core/state/redis/names.ts'
import { openRedisState } from '../../../core/state/redis/index.ts'
import { RedisLedger } from '../../../core/state/redis/ledger.ts'
import type { BreakerSettings, Claim, State } from '../../../core/model/state.ts'
import { TestRedis } from '../../support/redis.ts'
import { until } from '../../support/until.ts'
import { ManualClock, silentLog } from './manual-clock.ts'

const W = counterName({ tenant: 'acme', policy: 'p', window: 'day', unit: 'tokens', values: ['a'], period: '2026-01-15' })
const R = counterName({ tenant: 'acme', policy: 'p', window: 'minute', unit: 'tokens', values: [], period: '' })
const S = counterName({ tenant: 'acme', policy: 'p', window: 'now', unit: 'slots', values: [], period: '' })
const HOUR = 3_600_000

describe('the Redis state driver', () => {
  let redis: TestRedis
  let clock: ManualClock
  let open: State[]
  let prefixes = 0

  before(async () => void (redis = await TestRedis.start()))
  after(() => redis.stop())
  beforeEach(() => {
    clock = new ManualClock()
    open = []
    prefixes++
  })
  afterEach(async () => void (await Promise.all(open.map((state) => state.close()))))

  async function join(more: { readonly settlingMs?: number } = {}): Promise<State> {
    const log = silentLog()
    const scriptTime = (): number => clock.now()
    const state = await openRedisState({
      url: redis.url,
      clock,
      log,
      commandTimeoutMs: 5000,
      keyPrefix: `t${prefixes}`,
      scriptTime,
      settlingMs: 0,
      tickMs: 100,
      ...more,
    })
    open.push(state)
    return state
  }
  const window = (amount: number, limit = 10, counter = W): Claim => ({
    kind: 'window',
    counter,
    limit,
    amount,
    endsAt: clock.now() + 10 * HOUR,
  })
  const rate = (amount: number): Claim => ({ kind: 'rate', counter: R, limit: 60, amount, periodMs: 60_000 })
  const slot: Claim = { kind: 'slot', counter: S, limit: 1, leaseMs: HOUR }
  const endsAt = (): number => clock.now() + 10 * HOUR

  describe('leases', () => {
    it('that ended give back what a process held, when another has no room', async () => {
      const [a, b] = [await join(), await join()]
      assert.ok((await a.ledger.reserve('x', [window(8), slot, rate(60)])).ok)
      assert.ok(!(await b.ledger.reserve('y', [slot])).ok)
      clock.advance(60_001)
      assert.ok((await b.ledger.reserve('y', [window(8), slot, rate(30)])).ok)
      assert.equal(await b.ledger.level(W), 8)
    })
    it('that ended still let a holder that comes back settle what it used', async () => {
      const [a, b] = [await join(), await join()]
      await a.ledger.reserve('x', [window(8)])
      clock.advance(60_001)
      await b.ledger.reserve('y', [window(8)])
      await a.ledger.settle('x', new Map([[W, 6]]))
      await a.ledger.settle('x', new Map([[W, 6]]))
      assert.equal(await b.ledger.level(W), 14)
    })
    it('that ended still let others book what the dead used, once', async () => {
      const [a, b] = [await join(), await join()]
      await a.ledger.reserve('x', [window(8)])
      clock.advance(60_001)
      await b.ledger.reserve('y', [window(8)])
      const bookings = [{ counter: W, endsAt: endsAt(), amount: 5 }]
      assert.equal(await b.ledger.book('x', bookings, 'reserved'), true)
      assert.equal(await b.ledger.book('x', bookings, 'reserved'), false)
      assert.equal(await b.ledger.book('x', bookings, 'anyway'), false)
      assert.equal(await b.ledger.level(W), 13)
    })
    it('can be extended by a holder that comes back', async () => {
      const [a, b] = [await join(), await join()]
      await a.ledger.reserve('x', [window(4)])
      clock.advance(60_001)
      await b.ledger.reserve('y', [window(7)])
      assert.ok((await a.ledger.reserve('x', [window(3)])).ok)
      assert.ok(!(await b.ledger.reserve('z', [window(1)])).ok)
      await a.ledger.settle('x', new Map([[W, 2]]))
      assert.equal(await b.ledger.level(W), 9)
    })
    it('are left alone while others may not be back yet', async () => {
      const [a, b] = [await join(), await join({ settlingMs: HOUR })]
      await a.ledger.reserve('x', [window(8)])
      clock.advance(60_001)
      assert.ok(!(await b.ledger.reserve('y', [window(8)])).ok)
    })
    it('hold as long as their holder renews them', async () => {
      const names = new Names(`t${prefixes}`)
      const link = new Link({ url: redis.url, names, commandTimeoutMs: 5000, log: silentLog(), settlingMs: 0 })
      await link.open()
      const ledger = new RedisLedger({ link, clock, log: silentLog(), now: () => String(clock.now()) })
      const other = await join()
      await ledger.reserve('x', [window(8)])
      for (let minute = 0; minute < 5; minute++) {
        clock.advance(59_000)
        await ledger.renew()
        assert.ok(!(await other.ledger.reserve('y', [window(8)])).ok)
      }
      await ledger.close()
      await link.close()
    })
    it('end with their process', async () => {
      const [a, b] = [await join(), await join()]
      await a.ledger.reserve('x', [window(8), slot])
      await a.close()
      assert.equal(await b.ledger.level(W), 0)
      assert.ok((await b.ledger.reserve('y', [window(8), slot])).ok)
    })
  })

  describe('a counter that holds something else', () => {
    const other = counterName({ tenant: 'acme', policy: 'q', window: 'day', unit: 'tokens', values: [], period: '2026-01-15' })
    async function spoil(command: string, value: string): Promise<void> {
      const client = new Redis(redis.url)
      const [key] = await client.keys(`t${prefixes}:*w:${W.replaceAll(/[[\]*?\\]/g, '?')}`)
      await client.del(key!)
      await client.call(command, key!, value)
      client.disconnect()
    }
    for (const [kind, command] of [
      ['another type', 'RPUSH'],
      ['a text', 'SET'],
    ] as const) {
      it(`leaves what else an exchange holds to be settled: ${kind}`, async () => {
        const a = await join()
        await a.ledger.reserve('x', [window(8), window(5, 10, other), slot])
        await spoil(command, 'abc')
        await a.ledger.settle('x', new Map([[W, 3], [other, 2]])) // prettier-ignore
        assert.equal(await a.ledger.level(other), 2)
        assert.ok((await a.ledger.reserve('y', [slot, window(8, 10, other)])).ok)
      })
      it(`does not stop what a dead process held from being given back: ${kind}`, async () => {
        const [a, b] = [await join(), await join()]
        await a.ledger.reserve('x', [window(8), window(5, 10, other), slot])
        await spoil(command, 'abc')
        clock.advance(60_001)
        for (const id of ['y', 'z']) {
          assert.ok((await b.ledger.reserve(id, [window(10, 10, other), slot])).ok)
          await b.ledger.settle(id, new Map())
        }
      })
    }
  })

  describe('settlement', () => {
    it('waits for the record, and the limit holds meanwhile', async () => {
      const [a, b] = [await join(), await join()]
      await a.ledger.reserve('x', [window(8)])
      const record = Promise.withResolvers<void>()
      const settled = a.ledger.settle('x', new Map([[W, 3]]), record.promise)
      assert.equal(await b.ledger.level(W), 8)
      record.resolve()
      await settled
      assert.equal(await b.ledger.level(W), 3)
    })
    it('is waited for by close', async () => {
      const [a, b] = [await join(), await join()]
      await a.ledger.reserve('x', [window(8)])
      const record = Promise.withResolvers<void>()
      void a.ledger.settle('x', new Map([[W, 3]]), record.promise)
      const closed = a.close()
      record.resolve()
      await closed
      assert.equal(await b.ledger.level(W), 3)
    })
    it('counts what was used also when Redis lost the reservation', async () => {
      const a = await join()
      await a.ledger.reserve('x', [window(8)])
      const client = new Redis(redis.url)
      await client.flushall()
      client.disconnect()
      await a.ledger.settle('x', new Map([[W, 3]]))
      assert.equal(await a.ledger.level(W), 3)
    })
    it('is exact to the last of 2^53 units', async () => {
      const a = await join()
      const all = Number.MAX_SAFE_INTEGER
      assert.ok((await a.ledger.reserve('x', [window(all - 1, all)])).ok)
      await a.ledger.settle('x', new Map([[W, all - 2]]))
      assert.equal(await a.ledger.level(W), all - 2)
      assert.ok((await a.ledger.reserve('y', [window(2, all)])).ok)
      assert.ok(!(await a.ledger.reserve('z', [window(1, all)])).ok)
    })
  })

  it('leaves nothing behind that does not end by itself', async () => {
    const [a, b] = [await join(), await join()]
    const ends = endsAt()
    const window = (amount: number): Claim => ({ kind: 'window', counter: W, limit: 100, amount, endsAt: ends })
    await a.ledger.reserve('x', [window(8), rate(30), slot])
    await a.ledger.reserve('x', [window(1), rate(1)])
    await b.ledger.reserve('given back', [window(1)])
    clock.advance(60_001)
    await a.ledger.reserve('x', [window(0), slot])
    await a.ledger.settle(
      'x',
      new Map([
        [W, 9],
        [R, 40],
      ]),
    )
    await a.ledger.book('y', [{ counter: W, endsAt: ends, amount: 5 }], 'anyway')
    await Promise.all([a.close(), b.close()])
    const client = new Redis(redis.url)
    const keys = await client.keys(`t${prefixes}:{acme}:*`)
    const lives = await Promise.all(keys.map((key) => client.pttl(key)))
    client.disconnect()
    assert.ok(keys.length >= 3, keys.join(' '))
    assert.deepEqual(
      keys.filter((_, i) => lives[i]! <= 0),
      [],
    )
  })

  it('books an id once, whoever says so how often', async () => {
    const [a, b] = [await join(), await join()]
    const bookings = [{ counter: W, endsAt: endsAt(), amount: 5 }]
    const answers = await Promise.all([a, b, a, b].map((state) => state.ledger.book('x', bookings, 'anyway')))
    assert.equal(answers.filter(Boolean).length, 1)
    assert.equal(await b.ledger.level(W), 5)
  })

  describe('breakers', () => {
    const settings: BreakerSettings = { errorRate: 0.5, minRequests: 4, windowMs: 30_000, openMs: 10_000 }
    const fail = async (state: State, times: number): Promise<void> => {
      for (let i = 0; i < times; i++) await state.breakers.report('k', false, settings)
    }

    it('add up what all processes saw, and open for all', async () => {
      const [a, b] = [await join(), await join()]
      await fail(a, 2)
      assert.equal(await b.breakers.admit('k', settings), 'closed')
      await fail(b, 2)
      await until('the other process sees it', async () => (await a.breakers.admit('k', settings)) === 'open')
    })
    it('let one probe through in the whole cluster', async () => {
      const [a, b] = [await join(), await join()]
      await fail(a, 4)
      await until('the other process sees it', async () => (await b.breakers.admit('k', settings)) === 'open')
      clock.advance(settings.openMs)
      const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? a : b).breakers.admit('k', settings)))
      assert.equal(answers.filter((answer) => answer === 'probe').length, 1)
      assert.equal(answers.filter((answer) => answer === 'open').length, 39)
    })
    it('close for all when the probe succeeds', async () => {
      const [a, b] = [await join(), await join()]
      await fail(a, 4)
      clock.advance(settings.openMs)
      assert.equal(await a.breakers.admit('k', settings), 'probe')
      await a.breakers.report('k', true, settings)
      await until('the other process sees it', async () => (await b.breakers.list()).every(({ state }) => state === 'closed'))
    })
    it('share the time a provider asked for', async () => {
      const [a, b] = [await join(), await join()]
      await a.breakers.coolDown('k', clock.now() + 2000)
      await until('the other process sees it', async () => (await b.breakers.admit('k', settings)) === 'open')
      clock.advance(2000)
      assert.equal(await b.breakers.admit('k', settings), 'closed')
    })
    it('count successes too, though they are sent later', async () => {
      const a = await join()
      for (let i = 0; i < 6; i++) await a.breakers.report('k', true, settings)
      await fail(a, 4)
      const [shown] = await a.breakers.list()
      assert.deepEqual({ ...shown }, { key: 'k', state: 'closed', requests: 10, failures: 4, openUntil: null })
    })
  })

  it('counts the processes that share it', async () => {
    const [a, b] = [await join(), await join()]
    assert.equal(b.health.processes, 2)
    await until('the first sees the second', () => a.health.processes === 2)
    await b.close()
    await until('the first sees that it left', () => a.health.processes === 1)
  })
  it('says what to do when it cannot be reached', async () => {
    const options = { clock, log: silentLog(), commandTimeoutMs: 200, keyPrefix: 'sp' }
    await assert.rejects(
      openRedisState({ url: 'redis://user:secret@127.0.0.1:1/0', ...options }),
      /state\.url: Redis at 127\.0\.0\.1:1 cannot be used \(.*ECONNREFUSED.*start it, or correct state\.url/,
    )
  })
})
