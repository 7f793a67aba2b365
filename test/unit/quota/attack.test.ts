// Limits under attack: amounts at the edges, limits that change while requests are under way, counters without end.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { GatewayError, type Change, type EffectCall } from '../../../core/plugin/index.ts'
import { enactLimits } from '../../../plugins/quota/enact.ts'
import { MemoryLedger } from '../../../core/state/ledger.ts'
import { ManualClock } from '../state/manual-clock.ts'
import { concurrent, limit, serviceOn, serviceWith, settlement, targetAt, viewOf, type TestService } from './exchange.ts'

const RECORDED = Promise.resolve()
const RUNS = process.env['SALLYPORT_TEST_LONG'] ? 5000 : 500

function enact(
  service: Omit<TestService, 'ledger'> & { readonly ledger: MemoryLedger },
  call: EffectCall | readonly EffectCall[],
  view: Parameters<typeof viewOf>[0] = {},
): Change | GatewayError {
  const change = enactLimits(service, viewOf(view), [call].flat())
  assert.ok(!(change instanceof Promise))
  return change
}

describe('limits under attack', () => {
  it('hold for any numbers: what is reserved and booked never passes a limit', () => {
    const amount = fc.oneof(fc.nat(1000), fc.double({ noNaN: true }), fc.constantFrom(0, -0, 1e300, Number.MAX_SAFE_INTEGER, 2 ** 53, -1))
    const unit = fc.constantFrom('tokens', 'requests', 'money')
    const window = fc.constantFrom('minute', 'hour', 'day', 'month')
    const size = fc.oneof(fc.nat(500), fc.constantFrom(0, 1, 2 ** 31, Number.MAX_SAFE_INTEGER))
    const request = fc.record({ promptTokens: size, maxTokens: fc.option(size), choices: fc.constantFrom(1, 3, 128), stream: fc.boolean() })
    fc.assert(
      fc.property(
        fc.array(fc.tuple(unit, amount, window), { minLength: 1, maxLength: 4 }),
        fc.array(request, { maxLength: 6 }),
        (limits, requests) => {
          const service = serviceOn()
          const calls = limits.map(([of, most, per]) => limit(of as 'tokens', most, per as 'day'))
          for (const given of requests) {
            const change = enact(service, calls, { ...given, candidates: [targetAt(3n, 10n ** 15n)] })
            if (change instanceof GatewayError) assert.equal(change.status, 429, change.message)
            else assert.ok(Number.isFinite(change.hold!.reservedTokens) && change.hold!.reservedTokens >= 0)
          }
          for (const { counter, used, reserved } of service.ledger.list()) {
            const known = service.known.get(counter)
            // A rate forgives the rounding of moments: what drains of it in a thousandth of a millisecond.
            const rounding = counter.includes('|minute|') ? Math.ceil((known ?? 0) / 60_000_000) : 0
            if (known !== null) assert.ok(used + reserved <= known + rounding, `${counter}: ${used} + ${reserved} of ${known}`)
          }
        },
      ),
      { numRuns: RUNS, seed: 11 },
    )
  })
  it('hold from the next request on when a reload makes them smaller, and let more in when it makes them larger', () => {
    const service = serviceOn()
    const first = enact(service, limit('tokens', 1000, 'day'), { maxTokens: 500 }) as Change
    assert.equal((enact(service, limit('tokens', 400, 'day'), { maxTokens: 5 }) as GatewayError).code, 'quota_exceeded')
    void first.hold!.settle(settlement(10, 490), RECORDED)
    assert.equal((enact(service, limit('tokens', 400, 'day'), { maxTokens: 5 }) as GatewayError).code, 'quota_exceeded')
    assert.ok(!(enact(service, limit('tokens', 2000, 'day'), { maxTokens: 5 }) instanceof GatewayError))
  })
  it('end a stream whose limit was lowered, by what it was allowed when it began', () => {
    const service = serviceOn()
    const { hold } = enact(service, limit('tokens', 100_000, 'day'), { stream: true }) as Change
    enact(service, limit('tokens', 10, 'day'), { promptTokens: 11 })
    assert.equal(hold!.progress!(5000), null)
  })
  it('free slots by the number that holds now', () => {
    const service = serviceOn()
    const held = [1, 2, 3].map(() => enact(service, concurrent(3)) as Change)
    assert.ok(enact(service, concurrent(2)) instanceof GatewayError)
    for (const { hold } of held.slice(0, 2)) void hold!.settle(settlement(0, 0), RECORDED)
    assert.ok(!(enact(service, concurrent(2)) instanceof GatewayError))
  })
  it('fail closed when there are more counters than memory is meant for', () => {
    const clock = new ManualClock()
    const service = serviceWith(new MemoryLedger({ clock, maxCounters: 1000 }), clock)
    const of = (session: string): EffectCall => ({
      ...limit('requests', 5, 'day'),
      operands: { unit: 'requests', amount: 5, window: 'day', attribute: [{ attribute: 'session.id', value: session }] },
    })
    // The rest is for other tenants.
    for (let i = 0; i < 800; i++) assert.ok(!(enact(service, of(`s${i}`)) instanceof GatewayError))
    assert.throws(
      () => enact(service, of('one more')),
      (error) => error instanceof GatewayError && error.code === 'state_unavailable',
    )
    assert.ok(!(enact(service, of('s5')) instanceof GatewayError), 'those that are known go on')
    clock.advance(24 * 3_600_000)
    assert.ok(!(enact(service, of('tomorrow')) instanceof GatewayError))
  })
})
