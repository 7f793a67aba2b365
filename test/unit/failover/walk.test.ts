// The plugin, the breakers, the loop and the sockets together, against an upstream that breaks as told.
import assert from 'node:assert/strict'
import { makeUpstream, plan, realClock, target, type TestPlan } from '../upstream/support.ts'
import { MemoryBreakers } from '../../../core/state/breakers.ts'
import { setupFailover } from '../../../plugins/failover/index.ts'
import { hang, startUpstream, status, text, type UpstreamServer } from '../../support/upstream/index.ts'
import type { Dispatched, Upstream } from '../../../core/upstream/port.ts'
import type { Hooks, Host } from '../../../core/plugin/index.ts'

describe('failover over sockets', () => {
  let primary: UpstreamServer
  let secondary: UpstreamServer
  let upstream: Upstream
  let hooks: Hooks
  let offset: number
  const clock = { ...realClock, now: () => realClock.now() + offset }

  beforeEach(async () => {
    offset = 0
    primary = await startUpstream()
    secondary = await startUpstream()
    upstream = makeUpstream()
    const log = { debug() {}, info() {}, warn() {}, error() {} }
    const config = {
      attempts: 3,
      breaker: { errorRate: 0.5, minRequests: 2, windowSeconds: 60, openSeconds: 30 },
      backoff: { baseMs: 2, maxMs: 10 },
    }
    hooks = setupFailover(config, { clock, log, state: { breakers: new MemoryBreakers(clock) } } as unknown as Host, () => 0)
  })
  afterEach(async () => {
    await upstream.close()
    await primary.close()
    await secondary.close()
  })

  const both = (options: Parameters<typeof plan>[1] = {}): TestPlan =>
    plan([target(`${primary.url}/v1`, { firstTokenMs: 500 }, 'primary'), target(`${secondary.url}/v1`, {}, 'secondary')], {
      around: [hooks.aroundAttempt!],
      ...options,
    })
  const onlyPrimary = (): TestPlan => plan([target(`${primary.url}/v1`, {}, 'primary')], { around: [hooks.aroundAttempt!] })
  const nameOf = (result: Dispatched): string => ('target' in result ? result.target.provider.name : result.kind)

  it('tries a server error once more, then answers from the secondary, once', async () => {
    primary.always(status(500))
    const plans = both()
    assert.equal(nameOf(await upstream.dispatch(plans)), 'secondary')
    assert.deepEqual(
      plans.rows.map(({ kind, target: { provider } }) => `${kind} ${provider.name}`),
      ['first primary', 'retry primary', 'failover secondary'],
    )
    assert.equal(secondary.calls.length, 1)
  })

  it('leaves a provider that is too slow at once', async () => {
    primary.always(hang())
    const plans = both()
    assert.equal(nameOf(await upstream.dispatch(plans)), 'secondary')
    assert.deepEqual([primary.calls.length, secondary.calls.length], [1, 1])
    assert.equal(await primary.calls[0]!.closed, 'client_left')
  })

  it('stops calling an ill provider, probes it with one call, and comes back', async () => {
    primary.always(status(500))
    await upstream.dispatch(both())
    const before = primary.calls.length
    assert.equal(nameOf(await upstream.dispatch(both())), 'secondary')
    assert.equal(primary.calls.length, before, 'the breaker was open')

    offset += 31_000
    let letGo = (): void => {}
    primary.always(text('well again', { hold: new Promise<void>((resolve) => (letGo = resolve)) }))
    const patient = (): TestPlan =>
      plan([target(`${primary.url}/v1`, {}, 'primary'), target(`${secondary.url}/v1`, {}, 'secondary')], { around: [hooks.aroundAttempt!] })
    const probe = upstream.dispatch(patient())
    await primary.call(before)
    const others = await Promise.all(Array.from({ length: 5 }, () => upstream.dispatch(patient())))
    assert.deepEqual(new Set(others.map(nameOf)), new Set(['secondary']))
    assert.equal(primary.calls.length, before + 1, 'more than one probe')
    letGo()
    assert.equal(nameOf(await probe), 'primary')
    assert.equal(nameOf(await upstream.dispatch(both())), 'primary')
  })

  it('says that all are open, without another call', async () => {
    primary.always(status(500))
    await upstream.dispatch(onlyPrimary())
    const before = primary.calls.length
    const result = await upstream.dispatch(onlyPrimary())
    assert.deepEqual(result.kind === 'failed' && [result.allOpen, result.dispatched, result.failure.class], [true, false, 'breaker_open'])
    assert.equal(primary.calls.length, before)
  })

  it('does not ask the secondary about a request that is at fault itself', async () => {
    primary.always(status(400))
    const result = await upstream.dispatch(both())
    assert.equal(result.kind === 'failed' && result.failure.class, 'bad_request')
    assert.equal(secondary.calls.length, 0)
  })
})
