// Redis killed, paused and cut off under load: two states stand for two processes. Nothing crashes, no limit is overdrawn beyond the stated
// share, and everything is normal again without a restart.
import assert from 'node:assert/strict'
import { Redis } from 'ioredis'
import { systemClock } from '../../../core/plugin/clock.ts'
import { counterName } from '../../../core/model/counters.ts'
import { GatewayError } from '../../../core/errors/gateway-error.ts'
import { openRedisState } from '../../../core/state/redis/index.ts'
import type { BreakerSettings, Claim, State } from '../../../core/model/state.ts'
import { TcpProxy } from '../../support/tcp-proxy.ts'
import { TestRedis } from '../../support/redis.ts'
import { until } from '../../support/until.ts'
import { silentLog } from './manual-clock.ts'

const W = counterName({ tenant: 'acme', policy: 'p', window: 'day', unit: 'requests', values: [], period: '2026-11-21' })
const DENY = counterName({ tenant: 'acme', policy: 'q', window: 'day', unit: 'requests', values: [], period: '2026-11-21' })
const ENDS_AT = Date.now() + 86_400_000
const LIMIT = 60
const SHARE = LIMIT / 2

describe('the Redis state driver, while Redis is away', () => {
  let redis: TestRedis
  let proxy: TcpProxy
  let states: State[]

  beforeEach(async () => {
    redis = await TestRedis.start({ persistent: true })
    proxy = await TcpProxy.start(redis.port)
    states = [await join(), await join()]
    await until('each knows of the other', () => states.every(({ health }) => health.processes === 2 && health.isKnown))
  })
  afterEach(async () => {
    await Promise.all(states.map((state) => state.close()))
    await proxy.close()
    await redis.stop()
  })

  const join = (port = proxy.port): Promise<State> =>
    openRedisState({
      url: `redis://127.0.0.1:${port}`,
      clock: systemClock,
      log: silentLog(),
      commandTimeoutMs: 300,
      keyPrefix: 'sp',
      settlingMs: 0,
      tickMs: 50,
    })
  const local = (amount = 1, limit = LIMIT): Claim => ({ kind: 'window', counter: W, limit, amount, endsAt: ENDS_AT, whileAway: 'local' })
  const deny = (amount = 1): Claim => ({ kind: 'window', counter: DENY, limit: 1000, amount, endsAt: ENDS_AT })
  const unavailable = (error: unknown): boolean => error instanceof GatewayError && error.code === 'state_unavailable'
  const isAway = (): boolean => states.every(({ health }) => !health.available)
  const isBack = (): boolean => states.every(({ health }) => health.available)

  /** Requests one after the other until told to stop; each reserves two and uses one. */
  function load(state: State, name: string) {
    const seen = { passed: 0, local: 0, refused: 0, unavailable: 0, odd: [] as unknown[] }
    let isOver = false
    async function run(lane: number): Promise<void> {
      for (let i = 0; !isOver; i++) {
        const id = `${name}-${lane}-${i}`
        try {
          const reserved = await state.ledger.reserve(id, [local(2)])
          if (reserved.ok) {
            seen.passed++
            if (reserved.local === true) seen.local++
            void state.ledger.settle(id, new Map([[W, 1]]), Promise.resolve())
          } else seen.refused++
        } catch (error) {
          if (unavailable(error)) seen.unavailable++
          else seen.odd.push(error)
        }
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
    }
    const lanes = Promise.all(Array.from({ length: 4 }, (_, lane) => run(lane)))
    return {
      seen,
      stop: async () => {
        isOver = true
        await lanes
        return seen
      },
    }
  }

  it('how much it has not been told is known', async () => {
    const [state] = states as [State]
    for (const id of ['a', 'b']) assert.equal((await state.ledger.reserve(id, [deny()])).ok, true)
    assert.equal(state.health.pending, 0)
    proxy.cut()
    await until('it is away', isAway)
    for (const id of ['a', 'b']) void state.ledger.settle(id, new Map([[DENY, 1]]), Promise.resolve())
    await until('two settlements wait', () => state.health.pending === 2)
    proxy.heal()
    await until('none waits', () => state.health.pending === 0)
    assert.equal(await state.ledger.level(DENY), 2)
  })

  const ways: readonly { readonly name: string; readonly leave: () => void | Promise<void>; readonly back: () => void | Promise<void> }[] =
    [
      { name: 'killed and started again', leave: () => redis.kill(), back: () => redis.start() },
      { name: 'paused', leave: () => redis.pause(), back: () => redis.resume() },
      { name: 'cut off by the network', leave: () => proxy.cut(), back: () => proxy.heal() },
    ]
  for (const { name, leave, back } of ways)
    it(`${name} under load: no crash, no overdraft beyond the share, every use counted, normal again`, async () => {
      const loads = states.map((state, i) => load(state, `p${i}`))
      await until('requests pass', () => loads.every(({ seen }) => seen.passed > 2))
      await leave()
      await until('both notice', isAway)
      await until('both count alone', () => loads.every(({ seen }) => seen.local > 2))
      await back()
      await until('both are back', isBack)
      await until('the limit is used up', () => loads.every(({ seen }) => seen.refused > 20))
      const seen = await Promise.all(loads.map(({ stop }) => stop()))
      assert.deepEqual(
        seen.flatMap(({ odd }) => odd),
        [],
      )
      const passed = seen.reduce((sum, one) => sum + one.passed, 0)
      for (const one of seen) assert.ok(one.local <= SHARE, `${one.local} passed in one process alone`)
      assert.ok(passed <= LIMIT + 2 * SHARE, `${passed} passed`)
      assert.ok(passed >= LIMIT - 2, `only ${passed} passed`)
      await until('Redis knows of every use', async () => (await states[0]!.ledger.level(W)) === passed)
      const { reserved } = (await states[1]!.ledger.list()).find(({ counter }) => counter === W)!
      assert.equal(reserved, 0)
    })

  it('refuses what is set to deny, keys too, and says when to come again', async () => {
    await redis.kill()
    await until('both notice', isAway)
    const [state] = states as [State, State]
    await assert.rejects(async () => state.ledger.reserve('x', [local(), deny()]), unavailable)
    await assert.rejects(async () => state.ledger.reserve('x', [deny()]), { code: 'state_unavailable', status: 503 })
    await assert.rejects(async () => state.keys.findByPrefix('abc'), unavailable)
    await assert.rejects(async () => state.vault.getMany({ tenant: 'acme', id: 's' }, ['A']), unavailable)
    await assert.rejects(async () => state.approvals.list(), unavailable)
  })
  it('divides a limit by the processes last seen, rounded down', async () => {
    await redis.kill()
    await until('both notice', isAway)
    const answers = await Promise.all(
      states.flatMap((state, p) => [1, 2, 3, 4].map((i) => state.ledger.reserve(`${p}-${i}`, [local(1, 5)]))),
    )
    assert.equal(answers.filter(({ ok }) => ok).length, 4)
    assert.ok(answers.every((answer) => !answer.ok || answer.local === true))
    const refused = await states[0]!.ledger.reserve('one', [local(1, 1)])
    assert.deepEqual(refused.ok ? null : refused.claim, local(1, 1))
  })
  it('gives no share to a process of which the others do not know yet', async () => {
    const newcomer = await join()
    states.push(newcomer)
    await redis.kill()
    await until('all notice', isAway)
    let passed = 0
    for (const [p, state] of states.entries())
      for (let i = 0; i < LIMIT; i++) {
        const asking = async (): Promise<unknown> => state.ledger.reserve(`${p}-${i}`, [local()])
        if (state === newcomer && !newcomer.health.isKnown) await assert.rejects(asking, unavailable)
        else if (((await asking()) as { ok: boolean }).ok) passed++
      }
    assert.ok(passed <= LIMIT, `${passed} passed`)
  })
  it('gives a newcomer its share as soon as they do', async () => {
    states.push(await join())
    await until('all know of each other', () => states.every(({ health }) => health.processes === 3 && health.isKnown))
    await redis.kill()
    await until('all notice', isAway)
    const answers = await Promise.all(
      states.flatMap((state, p) => Array.from({ length: LIMIT }, (_, i) => state.ledger.reserve(`${p}-${i}`, [local(1, 6)]))),
    )
    assert.equal(answers.filter(({ ok }) => ok).length, 6)
  })
  it('gives the share once, however often Redis comes and goes', async () => {
    const [state] = states as [State, State]
    let passed = 0
    for (let round = 0; round < 3; round++) {
      redis.pause()
      await until('it notices', async () => {
        await state.ledger.reserve(`probe-${round}`, [local(0)])
        return !state.health.available
      })
      for (let i = 0; i < SHARE; i++) if ((await state.ledger.reserve(`${round}-${i}`, [local()])).ok) passed++
      redis.resume()
      await until('it is back', isBack)
    }
    assert.equal(passed, SHARE)
  })
  it('gives back what was reserved by a command whose answer came too late', async () => {
    const [state] = states as [State, State]
    redis.pause()
    await assert.rejects(async () => state.ledger.reserve('late', [deny(7)]), unavailable)
    redis.resume()
    await until('both are back', isBack)
    await until('it is given back', async () => (await state.ledger.level(DENY)) === 0)
  })
  it('gives back what a command reserved that arrived when all was settled', async () => {
    const [state] = states as [State, State]
    proxy.slow(1500)
    await assert.rejects(async () => state.ledger.reserve('late', [deny(7)]), unavailable)
    await until('it notices', () => !state.health.available)
    proxy.slow(0)
    await until('both are back', isBack)
    const client = new Redis(redis.url)
    await until('the command arrives', async () => (await client.keys('sp:*}:w:*')).length === 1)
    client.disconnect()
    await until('it is given back', async () => (await state.ledger.level(DENY)) === 0)
  })
  it('settles afterwards what began before', async () => {
    const [state, other] = states as [State, State]
    await state.ledger.reserve('x', [local(9), deny(9)])
    await redis.kill()
    await until('both notice', isAway)
    await state.ledger.settle(
      'x',
      new Map([
        [W, 5],
        [DENY, 6],
      ]),
    )
    await redis.start()
    await until('both are back', isBack)
    assert.deepEqual([await other.ledger.level(W), await other.ledger.level(DENY)], [5, 6])
  })
  it('books a stream that began before and grew meanwhile once', async () => {
    const [state, other] = states as [State, State]
    await state.ledger.reserve('x', [local(9)])
    await redis.kill()
    await until('both notice', isAway)
    const more = await state.ledger.reserve('x', [local(4)])
    assert.ok(more.ok && more.local)
    await redis.start()
    await until('both are back', isBack)
    await state.ledger.settle('x', new Map([[W, 11]]))
    assert.equal(await other.ledger.level(W), 11)
  })
  it('keeps breakers going: what was open stays open, what fails now opens here', async () => {
    const [state] = states as [State, State]
    const settings: BreakerSettings = { errorRate: 0.5, minRequests: 4, windowMs: 30_000, openMs: 60_000 }
    const fail = async (key: string): Promise<void> => {
      for (let i = 0; i < 4; i++) await state.breakers.report(key, false, settings)
    }
    await fail('before')
    await redis.kill()
    await until('both notice', isAway)
    await fail('meanwhile')
    assert.deepEqual(
      ['before', 'meanwhile', 'other'].map((key) => state.breakers.admit(key, settings)),
      ['open', 'open', 'closed'],
    )
  })
  it('is not seen where this process itself stood still', async () => {
    const [state] = states as [State, State]
    redis.pause()
    const answer = state.ledger.reserve('x', [deny()])
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    redis.resume()
    const end = performance.now() + 500
    while (performance.now() < end);
    assert.equal((await answer).ok, true)
    assert.equal(state.health.available, true)
  })
  it('closes without waiting for a server that does not answer', async () => {
    const [state] = states as [State, State]
    await state.ledger.reserve('x', [local()])
    redis.pause()
    await state.close()
    redis.resume()
  })
})
