// The copy of raises that limits read: never older than a second, and empty when the store fails.
import assert from 'node:assert/strict'
import type { Raise, Raises } from '../../../core/plugin/index.ts'
import { RaisesCopy } from '../../../plugins/quota/raises.ts'
import { showCounters } from '../../../plugins/quota/show-counters.ts'
import { enactLimits } from '../../../plugins/quota/enact.ts'
import { GatewayError, type Hold } from '../../../core/plugin/index.ts'
import { ManualClock, silentLog } from '../state/manual-clock.ts'
import { limit, serviceOn, settlement, viewOf } from './exchange.ts'

const RAISE: Raise = {
  id: 'raise_1',
  tenant: 'acme',
  policy: 'test.requests_day',
  unit: 'requests',
  add: 2,
  until: Infinity,
  by: 'jo',
  reason: 'launch',
}

/** A store whose answers the test gives. */
class LaterStore implements Raises {
  readonly asked: { resolve(raises: readonly Raise[]): void; reject(error: Error): void }[] = []
  list = (): Promise<readonly Raise[]> => new Promise((resolve, reject) => this.asked.push({ resolve, reject }))
  put = (): void => {}
  remove = (): boolean => false
}

describe('raises', () => {
  it('count at once for what comes next, and end by themselves', () => {
    const service = serviceOn()
    const ask = (): boolean => !(enactLimits(service, viewOf(), [limit('requests', 1, 'day')]) instanceof GatewayError)
    assert.deepEqual([ask(), ask()], [true, false])
    service.raised.push({ ...RAISE, until: service.clock.now() + 60_000 })
    service.raises.forget()
    assert.deepEqual([ask(), ask(), ask()], [true, true, false])
    service.clock.advance(60_000)
    assert.equal(ask(), false)
  })
  it('show in the list of counters as long as they count, whether or not a request came meanwhile', async () => {
    const service = serviceOn()
    void enactLimits(service, viewOf(), [limit('requests', 1, 'day')])
    const shown = async (): Promise<unknown> =>
      ((await showCounters(service, { of: () => undefined }, {})) as { data: { limit: unknown }[] }).data[0]!.limit
    assert.equal(await shown(), 1)
    service.raised.push({ ...RAISE, until: service.clock.now() + 60_000 })
    service.raises.forget()
    assert.equal(await shown(), 3)
    void enactLimits(service, viewOf(), [limit('requests', 1, 'day')])
    service.clock.advance(60_000)
    assert.equal(await shown(), 1)
  })
  it('hold for a stream as long as they last, and help one that flows already', () => {
    const [policy, unit] = ['test.tokens_day', 'tokens'] as const
    const service = serviceOn()
    const begun = (): Required<Hold> => {
      const change = enactLimits(service, viewOf({ stream: true }), [limit('tokens', 60, 'day')])
      assert.ok(!(change instanceof GatewayError) && !(change instanceof Promise))
      return change.hold as Required<Hold>
    }
    const endOf = (hold: Required<Hold>): string | undefined => {
      for (let tokens = 1; tokens < 1000; tokens++) {
        const error = hold.progress(tokens)
        if (error instanceof GatewayError) return error.message
      }
      return undefined
    }
    service.raised.push({ ...RAISE, policy, unit, add: 1000, until: service.clock.now() + 60_000 })
    service.raises.forget()
    const long = begun()
    assert.equal(long.progress(40), null)
    service.clock.advance(60_000)
    assert.match(endOf(long)!, /The limit of 60 tokens per day/)
    void long.settle(settlement(10, 0), Promise.resolve())
    const short = begun()
    assert.equal(short.progress(40), null)
    service.raised.push({ ...RAISE, policy, unit, add: 5000, until: Infinity })
    service.clock.advance(600)
    assert.equal(endOf(short), undefined)
  })
  it('that end leave the window as it stands: what was used above the limit stays used', () => {
    const service = serviceOn()
    service.raised.push({ ...RAISE, policy: 'test.tokens_day', unit: 'tokens', add: 1000 })
    const first = enactLimits(service, viewOf({ maxTokens: 600 }), [limit('tokens', 100, 'day')])
    assert.ok(!(first instanceof GatewayError) && !(first instanceof Promise))
    void first.hold!.settle(settlement(10, 600), Promise.resolve())
    service.raised.length = 0
    service.raises.forget()
    const second = enactLimits(service, viewOf({ maxTokens: 1 }), [limit('tokens', 100, 'day')])
    assert.ok(second instanceof GatewayError && second.code === 'quota_exceeded')
  })

  it('are read beside the requests after half a second, and waited for after a whole one', async () => {
    const [clock, store] = [new ManualClock(), new LaterStore()]
    const copy = new RaisesCopy(store, clock, silentLog())
    const first = copy.current()
    assert.ok(first instanceof Promise)
    store.asked[0]!.resolve([RAISE])
    assert.deepEqual(await first, [RAISE])
    clock.advance(499)
    assert.deepEqual([copy.current(), store.asked.length], [[RAISE], 1])
    clock.advance(1)
    assert.deepEqual([copy.current(), copy.current(), store.asked.length], [[RAISE], [RAISE], 2])
    clock.advance(500)
    const waits = copy.current()
    assert.ok(waits instanceof Promise)
    store.asked[1]!.resolve([])
    assert.deepEqual(await waits, [])
    assert.equal(store.asked.length, 2)
  })
  it('are none while the store fails, and it is not asked at every request', async () => {
    const [clock, store] = [new ManualClock(), new LaterStore()]
    const copy = new RaisesCopy(store, clock, silentLog())
    const first = copy.current()
    store.asked[0]!.reject(new Error('away'))
    assert.deepEqual(await first, [])
    assert.deepEqual([copy.current(), store.asked.length], [[], 1])
  })
})
