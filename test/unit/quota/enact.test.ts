// The verb `limit` on a real ledger: what is reserved, what is sent upstream, what is refused with which code, and what is booked.
import assert from 'node:assert/strict'
import { GatewayError, type Change, type EffectCall, type EnactView, type Ledger } from '../../../core/plugin/index.ts'
import { enactLimits, type QuotaService } from '../../../plugins/quota/enact.ts'
import type { MemoryLedger } from '../../../core/state/ledger.ts'
import { ManualClock } from '../state/manual-clock.ts'
import { concurrent, limit, serviceOn, serviceWith, settlement, targetAt, viewOf } from './exchange.ts'

const RECORDED = Promise.resolve()
const DAY = '4:acme|test.tokens_day|day|tokens|4:acme|2026-01-15'

function enact(service: QuotaService, view: EnactView, ...calls: EffectCall[]): Change | GatewayError {
  const result = enactLimits(service, view, calls)
  assert.ok(!(result instanceof Promise), 'synchronous on a synchronous ledger')
  return result
}

function passed(service: QuotaService, view: EnactView, ...calls: EffectCall[]): Change {
  const result = enact(service, view, ...calls)
  assert.ok(!(result instanceof GatewayError), result instanceof GatewayError ? result.message : '')
  return result
}

function refused(service: QuotaService, view: EnactView, ...calls: EffectCall[]): GatewayError {
  const result = enact(service, view, ...calls)
  assert.ok(result instanceof GatewayError)
  return result
}

/** A ledger of a driver that answers later. */
function later(ledger: MemoryLedger): Ledger {
  return {
    reserve: async (id, claims) => ledger.reserve(id, claims),
    settle: async (id, used) => ledger.settle(id, used),
    book: async (id, bookings, when) => ledger.book(id, bookings, when),
    level: async (counter) => ledger.level(counter),
    list: async () => ledger.list(),
  }
}

describe('limit on whole answers', () => {
  it('reserves prompt and the client’s maximum for all choices, and books real use', () => {
    const service = serviceOn()
    const { hold, params } = passed(service, viewOf({ maxTokens: 100, choices: 3 }), limit('tokens', 1000, 'day'))
    assert.equal(params, undefined)
    assert.equal(hold!.reservedTokens, 310)
    assert.equal(service.ledger.level(DAY), 310)
    void hold!.settle(settlement(12, 40), RECORDED)
    assert.equal(service.ledger.level(DAY), 52)
  })
  it('sends the bound upstream with a warning when the client set none', () => {
    const { params, warnings } = passed(serviceOn(), viewOf(), limit('tokens', 1000, 'day'))
    assert.deepEqual(params, { max_tokens: 990 })
    assert.deepEqual(warnings, ['output_capped'])
  })
  it('does not reserve a whole budget for one request that names no maximum', () => {
    const { hold, params } = passed(serviceOn(), viewOf(), limit('tokens', 1_000_000, 'day'))
    assert.deepEqual(params, { max_tokens: 4096 })
    assert.equal(hold!.reservedTokens, 4106)
  })
  it('takes the feature’s cap where it is lower, shared by the choices', () => {
    const { params } = passed(
      serviceOn(),
      viewOf({ maxTokens: 500, choices: 2, maxOutput: 300, body: { max_completion_tokens: 500 } }),
      limit('tokens', 10_000, 'day'),
    )
    assert.deepEqual(params, { max_completion_tokens: 150 })
  })
  it('names the bound as OpenAI’s own models need it', () => {
    const view = viewOf({ candidates: [targetAt(0n, 0n, null), targetAt(0n, 0n, 'https://example.openai.azure.com/openai')] })
    assert.deepEqual(passed(serviceOn(), view, limit('tokens', 1000, 'day')).params, { max_completion_tokens: 990 })
  })
  it('leaves the request alone where only requests are limited', () => {
    const { params, warnings, hold } = passed(serviceOn(), viewOf(), limit('requests', 10, 'day'))
    assert.deepEqual([params, warnings, hold!.reservedTokens], [undefined, undefined, 0])
  })
  it('lowers the client’s maximum to what the quota still buys', () => {
    const service = serviceOn()
    passed(service, viewOf({ maxTokens: 80 }), limit('tokens', 200, 'day'))
    assert.deepEqual(passed(service, viewOf({ maxTokens: 500 }), limit('tokens', 200, 'day')).params, { max_tokens: 100 })
  })
  it('does nothing where the amount is absent', () => {
    assert.deepEqual(passed(serviceOn(), viewOf(), limit('tokens', { attribute: 'tenant.quota.daily_tokens', value: null }, 'day')), {})
  })
  it('lets exactly 10 of 200 through against 10 requests a day, and against 10 slots', () => {
    for (const call of [limit('requests', 10, 'day'), concurrent(10)]) {
      const service = serviceOn()
      const results = Array.from({ length: 200 }, () => enact(service, viewOf(), call))
      assert.equal(results.filter((result) => !(result instanceof GatewayError)).length, 10)
    }
  })
  it('gives everything back when nothing left the house', async () => {
    const service = serviceOn()
    const { hold } = passed(service, viewOf(), limit('tokens', 1000, 'day'), limit('requests', 10, 'day'), concurrent(1))
    void hold!.settle(settlement(0, 0, { dispatched: false, usageSource: 'none' }), RECORDED)
    assert.deepEqual(
      (await service.ledger.list()).filter(({ used, reserved }) => used + reserved > 0),
      [],
    )
  })
  it('settles once, however often it is told', () => {
    const service = serviceOn()
    const { hold } = passed(service, viewOf(), limit('tokens', 1000, 'day'))
    void hold!.settle(settlement(10, 20), RECORDED)
    void hold!.settle(settlement(10, 20), RECORDED)
    assert.equal(service.ledger.level(DAY), 30)
  })
  it('counts different values of `by` apart, even when they are built to read the same', () => {
    const service = serviceOn()
    const by = (...values: string[]): EffectCall => ({
      verb: 'limit',
      phrase: '',
      policy: 'p',
      severity: 'low',
      operands: { unit: 'requests', amount: 1, window: 'day', attribute: values.map((value) => ({ attribute: 'a', value })) },
    })
    passed(service, viewOf(), by('a|1:b', 'c'))
    passed(service, viewOf(), by('a', 'b|1:c'))
    refused(service, viewOf(), by('a', 'b|1:c'))
  })
})

describe('limit refuses', () => {
  const USED_UP: readonly [EffectCall, string, boolean][] = [
    [limit('tokens', 15, 'day'), 'quota_exceeded', false],
    [limit('requests', 1, 'hour'), 'quota_exceeded', false],
    [limit('money', 0.00003, 'month'), 'budget_exceeded', false],
    [limit('requests', 1, 'minute'), 'rate_limited', true],
    [limit('tokens', 15, 'minute'), 'rate_limited', true],
    [concurrent(1), 'too_many_concurrent', true],
  ]
  for (const [call, code, waits] of USED_UP) {
    it(`${call.policy} with ${code}${waits ? ' and says how long to wait' : ' and tells SDKs not to retry'}`, () => {
      const service = serviceOn()
      const candidates = [targetAt(1_000_000_000n, 4_000_000_000n)]
      passed(service, viewOf({ candidates, maxTokens: 5 }), call)
      const error = refused(service, viewOf({ candidates, maxTokens: 5 }), call)
      assert.equal(error.code, code)
      assert.equal(error.policy, call.policy)
      assert.equal(error.shouldRetry, waits)
      assert.equal(error.retryAfterSeconds !== null, waits)
    })
  }
  it('with the limit, its level and its end in the message', () => {
    const service = serviceOn()
    passed(service, viewOf({ maxTokens: 990 }), limit('tokens', 1000, 'day'))
    const { message, resolution } = refused(service, viewOf({ maxTokens: 5 }), limit('tokens', 1000, 'day'))
    assert.equal(
      message,
      'The limit of 1,000 tokens per day does not allow this request: it needs at least 11 tokens, and 0 tokens are left. It resets at 2026-01-15T23:00:00.000Z (Europe/Berlin).',
    )
    assert.match(resolution, /2026-01-15T23:00:00\.000Z/)
  })
  it('with the least it needs and what is left, since the most was lowered to that before', () => {
    const service = serviceOn()
    passed(service, viewOf({ promptTokens: 50, maxTokens: 16 }), limit('tokens', 100, 'day'))
    const { message } = refused(service, viewOf({ promptTokens: 50, choices: 2 }), limit('tokens', 100, 'day'))
    assert.match(message, /100 tokens per day does not allow this request: it needs at least 52 tokens, and 34 tokens are left\./)
  })
  it('with the whole that it needs where the least would fit: a rate gives all or nothing', () => {
    const service = serviceOn()
    passed(service, viewOf({ maxTokens: 50 }), limit('tokens', 100, 'minute'))
    const { message } = refused(service, viewOf({ maxTokens: 70 }), limit('tokens', 100, 'minute'))
    assert.equal(message, 'The limit of 100 tokens per minute is reached: it needs up to 80 tokens, and 40 tokens are left.')
  })
  it('with money in the base currency, without zeros that say nothing', () => {
    const service = serviceOn()
    const candidates = [targetAt(1_000_000_000n, 4_000_000_000n)]
    const view = () => viewOf({ candidates, promptTokens: 4, maxTokens: 1 })
    passed(service, view(), limit('money', 0.000015, 'day'))
    assert.match(
      refused(service, view(), limit('money', 0.000015, 'day')).message,
      /^The limit of 0\.000015 USD per day does not allow this request: it needs at least 0\.000008 USD, and 0\.000007 USD are left\./,
    )
    const dear = refused(service, viewOf({ candidates, promptTokens: 4, maxTokens: 1, maxCostNano: 7000n }))
    assert.equal(dear.message, 'The request could cost 0.000008 USD and may cost at most 0.000007 USD.')
  })
  it('with one request as one request', () => {
    const service = serviceOn()
    passed(service, viewOf(), limit('requests', 1, 'hour'))
    assert.match(refused(service, viewOf(), limit('requests', 1, 'hour')).message, /limit of 1 request per hour .*: none is left\./)
  })
  it('what can never pass without advising to wait', () => {
    const error = refused(serviceOn(), viewOf({ promptTokens: 5000 }), limit('tokens', 1000, 'minute'))
    assert.deepEqual([error.code, error.shouldRetry, error.retryAfterSeconds], ['rate_limited', false, null])
  })
  it('nothing half: the other limits are as before', () => {
    const service = serviceOn()
    refused(service, viewOf(), limit('tokens', 1000, 'day'), limit('requests', 0, 'day'))
    assert.equal(service.ledger.level(DAY), 0)
  })
})

describe('limit on money', () => {
  const cheap = targetAt(1_000_000_000n, 2_000_000_000n)
  const dear = targetAt(2_000_000_000n, 8_000_000_000n)
  const MONTH = '4:acme|test.money_month|month|money|4:acme|2026-01'

  it('reserves the worst case over all candidates and books the real cost', () => {
    const service = serviceOn()
    const { hold } = passed(service, viewOf({ candidates: [cheap, dear], maxTokens: 100 }), limit('money', 1, 'month'))
    assert.equal(service.ledger.level(MONTH), 10 * 2000 + 100 * 8000)
    void hold!.settle(settlement(10, 50, { costNano: 123_456n }), RECORDED)
    assert.equal(service.ledger.level(MONTH), 123_456)
  })
  it('bounds the output to what the budget buys', () => {
    const { params } = passed(serviceOn(), viewOf({ candidates: [dear] }), limit('money', 0.00082, 'month'))
    assert.deepEqual(params, { max_tokens: 100 })
  })
  it('counts targets without rates as 0', () => {
    const service = serviceOn()
    passed(service, viewOf({ candidates: [{ ...cheap, rates: null }] }), limit('money', 1, 'month'))
    assert.equal(service.ledger.level(MONTH), 0)
  })
  it('refuses a request that could cost more than its client allows', () => {
    const error = refused(serviceOn(), viewOf({ candidates: [dear], maxTokens: 100, maxCostNano: 819_999n }), limit('requests', 10, 'day'))
    assert.equal(error.code, 'max_cost_exceeded')
    assert.equal(error.shouldRetry, false)
  })
  it('bounds the output to the allowed cost where the client set no maximum, in streams too', () => {
    for (const stream of [false, true]) {
      const call: EffectCall = {
        verb: 'limit',
        phrase: '',
        policy: 'p',
        severity: 'low',
        operands: { amount: { attribute: 'request.max_cost', value: 0.00082 } },
      }
      assert.deepEqual(passed(serviceOn(), viewOf({ candidates: [dear], stream }), call), {
        params: { max_tokens: 100 },
        warnings: ['output_capped'],
      })
    }
  })
})

describe('limit warns', () => {
  it('when booked use reaches the soft threshold, not when a worst case is reserved', () => {
    const service = serviceOn()
    const call = limit('tokens', 1000, 'day', { percent: 80 })
    const first = passed(service, viewOf({ maxTokens: 900 }), call)
    assert.equal(first.warnings, undefined)
    void first.hold!.settle(settlement(10, 790), RECORDED)
    assert.deepEqual(passed(service, viewOf({ maxTokens: 10 }), call).warnings, ['quota_soft'])
  })
  it('without ever refusing where only the soft amount is set', () => {
    const service = serviceOn()
    const call = limit('money', { attribute: 'm', value: null }, 'month', 0.001)
    const view = (): EnactView => viewOf({ candidates: [targetAt(0n, 1_000_000_000n)] })
    const first = passed(service, view(), call)
    assert.deepEqual([first.params, first.warnings], [undefined, undefined])
    void first.hold!.settle(settlement(10, 10, { costNano: 5_000_000n }), RECORDED)
    assert.deepEqual(passed(service, view(), call).warnings, ['budget_soft'])
  })
})

describe('limit on streams', () => {
  const stream = (more: object = {}): EnactView => viewOf({ stream: true, ...more })

  it('reserves what is usual and extends in steps at 80 % use', () => {
    const service = serviceOn()
    const { hold, params } = passed(service, stream(), limit('tokens', 10_000, 'day'))
    assert.equal(params, undefined)
    assert.equal(service.ledger.level(DAY), 522)
    assert.equal(hold!.progress!(408), null)
    assert.equal(service.ledger.level(DAY), 522)
    assert.equal(hold!.progress!(409), null)
    assert.equal(service.ledger.level(DAY), 1034)
    void hold!.settle(settlement(10, 420), RECORDED)
    assert.equal(service.ledger.level(DAY), 430)
  })
  it('ends with the limit’s code when what it holds is used up and no more is given', () => {
    const service = serviceOn()
    const { hold } = passed(service, stream(), limit('tokens', 600, 'day'))
    assert.equal(hold!.progress!(450), null, 'still within what it holds')
    let ended: GatewayError | null = null
    let tokens = 450
    while (ended === null && tokens < 2000) ended = hold!.progress!(++tokens) as GatewayError | null
    assert.equal(ended?.code, 'quota_exceeded')
    assert.ok(tokens > 512 && tokens <= 590, String(tokens))
  })
  it('goes on when others made room meanwhile', () => {
    const service = serviceOn()
    const other = passed(service, viewOf({ maxTokens: 400 }), limit('tokens', 1000, 'day'))
    const { hold } = passed(service, stream(), limit('tokens', 1000, 'day'))
    assert.equal(hold!.progress!(500), null)
    void other.hold!.settle(settlement(10, 10), RECORDED)
    assert.equal(hold!.progress!(600), null)
  })
  it('never reserves beyond the client’s own maximum', () => {
    const service = serviceOn()
    const { hold } = passed(service, stream({ maxTokens: 600 }), limit('tokens', 10_000, 'day'))
    for (let tokens = 0; tokens < 700; tokens += 10) assert.equal(hold!.progress!(tokens), null)
    assert.equal(service.ledger.level(DAY), 610)
  })
  it('runs on while a driver that answers later is asked, and ends when it says no', async () => {
    const { ledger, clock } = serviceOn()
    const service = serviceWith(later(ledger), clock)
    const change = await enactLimits(service, stream(), [limit('tokens', 600, 'day')])
    assert.ok(!(change instanceof GatewayError))
    const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
    let ended: GatewayError | null = null
    for (let tokens = 400; ended === null && tokens < 700; tokens += 10) {
      ended = await change.hold!.progress!(tokens)
      await turn()
    }
    assert.equal(ended?.code, 'quota_exceeded')
    await change.hold!.settle(settlement(10, 580), RECORDED)
    assert.equal(ledger.level(DAY), 590)
  })
  it('learns how long answers are and reserves that', () => {
    const service = serviceOn(new ManualClock())
    for (let i = 0; i < 40; i++)
      void passed(service, stream(), limit('tokens', 1_000_000, 'day')).hold!.settle(settlement(10, 50), RECORDED)
    const { hold } = passed(service, stream(), limit('tokens', 1_000_000, 'day'))
    // 50 is rounded up to a bucket, and is 80 % of what is reserved beside the prompt.
    assert.ok(hold!.reservedTokens >= 10 + 50 / 0.8 && hold!.reservedTokens <= 10 + 60 / 0.8 + 2, String(hold!.reservedTokens))
  })
})
