// `x-ratelimit-*` in OpenAI's form: numbers of the limit that is nearest, and spans that a client can wait for.
import assert from 'node:assert/strict'
import { GatewayError, type Change, type EffectCall } from '../../../core/plugin/index.ts'
import { enactLimits } from '../../../plugins/quota/enact.ts'
import { durationText } from '../../../plugins/quota/rate-headers.ts'
import { concurrent, limit, serviceOn, settlement, viewOf, type TestService } from './exchange.ts'

function enact(service: TestService, ...calls: EffectCall[]): Change | GatewayError {
  return enacted(service, calls, false)
}

function enacted(service: TestService, calls: readonly EffectCall[], stream: boolean): Change | GatewayError {
  const change = enactLimits(service, viewOf({ maxTokens: 90, stream }), calls)
  assert.ok(!(change instanceof Promise))
  return change
}

/** Of a stream: they leave before it is settled. */
function headers(service: TestService, ...calls: EffectCall[]): Change['responseHeaders'] {
  const change = enacted(service, calls, true)
  assert.ok(!(change instanceof GatewayError))
  return change.responseHeaders
}

describe('x-ratelimit headers', () => {
  it('tell both units, with what is left after this request and when all of it is back', () => {
    const service = serviceOn()
    const calls = [limit('requests', 60, 'minute'), limit('tokens', 1000, 'minute')]
    assert.deepEqual(headers(service, ...calls), {
      'x-ratelimit-limit-requests': '60',
      'x-ratelimit-remaining-requests': '59',
      'x-ratelimit-reset-requests': '1s',
      'x-ratelimit-limit-tokens': '1000',
      'x-ratelimit-remaining-tokens': '900',
      'x-ratelimit-reset-tokens': '6s',
    })
    headers(service, ...calls)
    service.clock.advance(3000)
    const third = headers(service, ...calls)!
    assert.deepEqual([third['x-ratelimit-remaining-tokens'], third['x-ratelimit-reset-tokens']], ['750', '15s'])
  })
  it('of a whole answer tell what is left once its real use is known', () => {
    const service = serviceOn()
    const change = enact(service, limit('requests', 60, 'minute'), limit('tokens', 1000, 'day'))
    assert.ok(!(change instanceof GatewayError))
    assert.equal(change.responseHeaders, undefined)
    const after = change.hold!.headers!(settlement(10, 25))
    assert.deepEqual([after['x-ratelimit-remaining-tokens'], after['x-ratelimit-remaining-requests']], ['965', '59'])
    const gone = change.hold!.headers!(settlement(0, 0, { dispatched: false, usageSource: 'none' }))
    assert.deepEqual([gone['x-ratelimit-remaining-tokens'], gone['x-ratelimit-remaining-requests']], ['1000', '60'])
  })
  it('take the limit of which the least is left, a day as well as a minute', () => {
    const told = headers(serviceOn(), limit('tokens', 100_000, 'minute'), limit('tokens', 500, 'day'), limit('tokens', 5000, 'hour'))!
    assert.deepEqual(told, {
      'x-ratelimit-limit-tokens': '500',
      'x-ratelimit-remaining-tokens': '400',
      'x-ratelimit-reset-tokens': '11h0m0s',
    })
  })
  it('say nothing of money, of slots, and of thresholds that only warn', () => {
    const soft = limit('tokens', { attribute: 'm', value: null }, 'day', 50)
    assert.equal(headers(serviceOn(), limit('money', 5, 'day'), concurrent(5), soft), undefined)
  })
  it('stand at a refusal too, for the limit that refused', () => {
    const service = serviceOn()
    const call = limit('requests', 1, 'minute')
    enact(service, call)
    const error = enact(service, call)
    assert.ok(error instanceof GatewayError)
    assert.deepEqual(error.headers, {
      'x-ratelimit-limit-requests': '1',
      'x-ratelimit-remaining-requests': '0',
      'x-ratelimit-reset-requests': '1m0s',
    })
    assert.deepEqual([error.retryAfterSeconds, error.shouldRetry], [60, true])
  })
  it('of a rate that was used beyond its limit tell how long that takes, and no SDK is told to wait for more than a minute', () => {
    const service = serviceOn()
    const call = limit('tokens', 100, 'minute')
    const change = enactLimits(service, viewOf({ maxTokens: 10 }), [call])
    assert.ok(!(change instanceof GatewayError) && !(change instanceof Promise))
    void change.hold!.settle(settlement(10, 95), Promise.resolve())
    const error = enactLimits(service, viewOf({ maxTokens: 90 }), [call])
    assert.ok(error instanceof GatewayError)
    assert.equal(error.headers!['x-ratelimit-reset-tokens'], '1m3s')
    assert.deepEqual([error.retryAfterSeconds, error.shouldRetry], [null, false])
    assert.match(error.resolution, /Wait 63 s/)
    service.clock.advance(63_000)
    assert.ok(!(enactLimits(service, viewOf({ maxTokens: 90 }), [call]) instanceof GatewayError))
  })
  it('are plain numbers for a limit of nothing', () => {
    const error = enact(serviceOn(), limit('requests', 0, 'minute'))
    assert.ok(error instanceof GatewayError)
    assert.equal(error.headers!['x-ratelimit-reset-requests'], '0ms')
    assert.equal(error.shouldRetry, false)
  })

  for (const [ms, text] of [
    [0, '0ms'],
    [0.2, '1ms'],
    [999, '999ms'],
    [999.5, '1s'],
    [1000, '1s'],
    [1001, '2s'],
    [59_999, '1m0s'],
    [360_000, '6m0s'],
    [3_600_000, '1h0m0s'],
    [47_105_000, '13h5m5s'],
  ] as const) {
    it(`write ${ms} ms as ${text}`, () => assert.equal(durationText(ms), text))
  }
})

describe('a window that is used up', () => {
  it('is worth a repeat only when it ends within a minute', () => {
    const service = serviceOn()
    const call = limit('requests', 1, 'hour')
    enact(service, call)
    const waits = (): readonly [boolean, number | null] => {
      const error = enact(service, call)
      assert.ok(error instanceof GatewayError)
      return [error.shouldRetry, error.retryAfterSeconds]
    }
    service.clock.advance(3_600_000 - 60_001)
    assert.deepEqual(waits(), [false, null])
    service.clock.advance(1)
    assert.deepEqual(waits(), [true, 60])
    service.clock.advance(59_999)
    assert.deepEqual(waits(), [true, 1])
    service.clock.advance(1)
    assert.ok(!(enact(service, call) instanceof GatewayError))
  })
})
