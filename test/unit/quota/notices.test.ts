// Events about limits: once for each window and counter, whoever asks and however often.
import assert from 'node:assert/strict'
import { GatewayError, type Change, type EffectCall, type Host, type Ledger } from '../../../core/plugin/index.ts'
import { enactLimits } from '../../../plugins/quota/enact.ts'
import { Notices } from '../../../plugins/quota/notices.ts'
import { KnownLimits } from '../../../plugins/quota/known-limits.ts'
import { showCounters } from '../../../plugins/quota/show-counters.ts'
import { silentLog } from '../state/manual-clock.ts'
import { limit, serviceOn, settlement, viewOf, type TestService } from './exchange.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

async function use(service: TestService, call: EffectCall, tokens: number): Promise<Change | GatewayError> {
  const change = enactLimits(service, viewOf({ maxTokens: tokens, promptTokens: 1 }), [call])
  assert.ok(!(change instanceof Promise))
  if (!(change instanceof GatewayError)) void change.hold!.settle(settlement(0, tokens), Promise.resolve())
  await turn()
  return change
}

describe('events of limits', () => {
  it('tell of the soft threshold and of the end, once each, and again in the next window', async () => {
    const service = serviceOn()
    const call = limit('tokens', 100, 'day', 50)
    for (let i = 0; i < 5; i++) await use(service, call, 20)
    for (let i = 0; i < 5; i++) await use(service, call, 20)
    assert.deepEqual(
      service.events.map(({ action, tenant, actor, target }) => [action, tenant, actor, target]),
      [
        ['quota soft threshold', 'acme', 'system', 'test.tokens_day'],
        ['quota reached', 'acme', 'system', 'test.tokens_day'],
      ],
    )
    assert.deepEqual(JSON.parse(service.events[0]!.after!), {
      counter: '4:acme|test.tokens_day|day|tokens|4:acme|2026-01-15',
      window: 'day',
      unit: 'tokens',
      used: 60,
      soft: 50,
      limit: 100,
      endsAt: Date.parse('2026-01-15T23:00:00Z'),
    })
    service.clock.advance(24 * 3_600_000)
    for (let i = 0; i < 5; i++) await use(service, call, 20)
    assert.equal(service.events.length, 3)
  })
  it('tell of the soft threshold when it is passed, though nobody asks again', async () => {
    const service = serviceOn()
    await use(service, limit('tokens', 100, 'day', 50), 60)
    const open = Array.from({ length: 3 }, () => enactLimits(service, viewOf(), [limit('requests', 5, 'hour', 3)]))
    for (const change of open) {
      assert.ok(!(change instanceof Promise) && !(change instanceof GatewayError))
      void change.hold!.settle(settlement(0, 1), Promise.resolve())
    }
    await turn()
    assert.deepEqual(
      service.events.map(({ action, target, after }) => [action, target, (JSON.parse(after!) as { used: number }).used]),
      [
        ['quota soft threshold', 'test.tokens_day', 60],
        ['quota soft threshold', 'test.requests_hour', 3],
      ],
    )
  })
  it('tell of the soft threshold too when many at once use all of it', async () => {
    const service = serviceOn()
    for (let i = 0; i < 5; i++) void enactLimits(service, viewOf(), [limit('requests', 4, 'day', 2)])
    await turn()
    assert.deepEqual(service.events.map(({ action }) => action).sort(), ['quota reached', 'quota soft threshold'])
  })
  it('come once from all processes that share a ledger, and after a restart', async () => {
    const service = serviceOn()
    const other = {
      ...service,
      notices: new Notices(service.ledger, { ...service, log: silentLog(), adminEvent: async (event) => void service.events.push(event) }),
    }
    const call = limit('requests', 1, 'month')
    for (const process of [service, service, other, other, service]) await use(process, call, 1)
    assert.deepEqual(
      service.events.map(({ action }) => action),
      ['quota reached'],
    )
  })
  it('do not come from rates, nor from a request that alone is too large for nothing to be left', async () => {
    const service = serviceOn()
    for (let i = 0; i < 3; i++) await use(service, limit('requests', 1, 'minute', 0), 1)
    assert.deepEqual(service.events, [])
  })
  it('never stand in the way: a record that fails is logged', async () => {
    const log = silentLog()
    const service = serviceOn()
    const adminEvent = (): Promise<void> => Promise.reject(new Error('full'))
    const failing = { ...service, notices: new Notices(service.ledger, { ...service, log, adminEvent }) }
    assert.ok(!((await use(failing, limit('requests', 5, 'day', 0), 1)) instanceof GatewayError))
    assert.deepEqual(log.lines, ['an event about a limit could not be written'])
  })
  it('come later where the record or the state store could not take them, without a try at every request', async () => {
    const service = serviceOn()
    const log = silentLog()
    let isRecordFull = true
    let isStoreAway = false
    const adminEvent: Host['adminEvent'] = async (event) => {
      if (isRecordFull) throw new Error('full')
      service.events.push(event)
    }
    const reserve: Ledger['reserve'] = (...args) =>
      isStoreAway && args[0].startsWith('soft ') ? Promise.reject(new Error('away')) : service.ledger.reserve(...args)
    const ledger: Ledger = Object.assign(Object.create(service.ledger) as Ledger, {
      reserve,
      settle: (id: string, used: ReadonlyMap<string, number>) => service.ledger.settle(id, used),
    })
    const failing = { ...service, notices: new Notices(ledger, { ...service, log, adminEvent }) }
    const call = limit('tokens', 1000, 'day', 10)
    const askOften = async (): Promise<void> => {
      for (let i = 0; i < 5; i++) await use(failing, call, 20)
    }
    await askOften()
    ;[isRecordFull, isStoreAway] = [false, true]
    service.clock.advance(60_000)
    await askOften()
    assert.deepEqual([service.events.length, log.lines.length], [0, 2])
    isStoreAway = false
    service.clock.advance(60_000)
    await askOften()
    await askOften()
    assert.deepEqual(
      service.events.map(({ action }) => action),
      ['quota soft threshold'],
    )
  })
})

/** Where only exchanges tell of limits. */
const UNKNOWN = { of: () => undefined }

describe('the list of counters', () => {
  it('shows what is used, reserved and allowed, the fullest first, in the words of the policies', async () => {
    const service = serviceOn()
    await use(service, limit('tokens', 100, 'day', 10), 60)
    await use(service, limit('money', 2, 'month'), 5)
    await use(service, limit('requests', 1, 'hour'), 5)
    void enactLimits(service, viewOf({ maxTokens: 8, promptTokens: 1 }), [limit('tokens', 100, 'day', 10)])
    await turn()
    const shown = (await showCounters(service, UNKNOWN, {})) as { data: { [name: string]: unknown }[]; has_more: boolean }
    assert.equal(shown.has_more, false)
    assert.deepEqual(
      shown.data.map(({ policy, used, reserved, limit: hard }) => [policy, used, reserved, hard]),
      [
        ['test.requests_hour', 1, 0, 1],
        ['test.tokens_day', 60, 9, 100],
        ['test.money_month', '0.000000000', '0.000000000', '2.000000000'],
      ],
    )
    assert.deepEqual(shown.data[1], {
      object: 'sallyport.quota',
      tenant: 'acme',
      policy: 'test.tokens_day',
      by: ['acme'],
      unit: 'tokens',
      window: 'day',
      period: '2026-01-15',
      used: 60,
      reserved: 9,
      limit: 100,
      resets_at: '2026-01-15T23:00:00.000Z',
    })
    const narrowed = (await showCounters(service, UNKNOWN, { policy: 'test.tokens_day', limit: '1' })) as typeof shown
    assert.equal(narrowed.data.length, 1)
    assert.deepEqual(((await showCounters(service, UNKNOWN, { tenant: 'other' })) as typeof shown).data, [])
    await assert.rejects(showCounters(service, UNKNOWN, { limit: '0' }), /from 1 to 1000/)
  })
  it('knows the latest ten thousand limits, and no more', () => {
    const known = new KnownLimits()
    for (let i = 0; i < 20_000; i++)
      known.note({ counter: `c${i}`, limit: i + 5, added: 5, finite: true } as Parameters<KnownLimits['note']>[0])
    assert.equal(known.get('c9999'), null)
    assert.equal(known.get('c10000'), 10_000)
  })
})
