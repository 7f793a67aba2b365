// How much output is asked for upstream: with a price cap, a feature's cap, the model's own maximum, and none of them.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { GatewayError, type Change, type EffectCall, type Target } from '../../../core/plugin/index.ts'
import { enactLimits } from '../../../plugins/quota/enact.ts'
import { limit, serviceOn, targetAt, viewOf } from './exchange.ts'

const PRICED = targetAt(1_000_000_000n, 2_000_000_000n)
const known = (maxOutput: number | null): Target => ({ ...PRICED, maxOutput })
/** Buys about five million tokens. */
const MUCH = 10_000_000_000n

function sent(view: Parameters<typeof viewOf>[0], ...calls: EffectCall[]): Change['params'] {
  const change = enactLimits(serviceOn(), viewOf(view), calls)
  assert.ok(!(change instanceof GatewayError) && !(change instanceof Promise), change instanceof GatewayError ? change.message : '')
  const isCapped = change.warnings?.includes('output_capped') === true
  assert.equal(isCapped, change.params !== undefined, 'a bound is never silent')
  return change.params
}

describe('the bound of an answer', () => {
  for (const stream of [false, true]) {
    describe(stream ? 'that is streamed' : 'that is whole', () => {
      it('with a price cap alone is what a model surely takes, and not all that the money buys', () => {
        assert.deepEqual(sent({ stream, candidates: [PRICED], maxCostNano: MUCH }), { max_tokens: 4096 })
        assert.deepEqual(sent({ stream, candidates: [PRICED], maxCostNano: MUCH, choices: 3 }), { max_tokens: 4096 })
      })
      it('with a price cap is the model’s own maximum where that is known: the least of all candidates', () => {
        assert.deepEqual(sent({ stream, candidates: [known(16_384)], maxCostNano: MUCH }), { max_tokens: 16_384 })
        assert.deepEqual(sent({ stream, candidates: [known(16_384), known(8192), known(null)], maxCostNano: MUCH }), { max_tokens: 8192 })
      })
      it('with a price cap is the feature’s cap, or what the money buys if that is less', () => {
        assert.deepEqual(sent({ stream, candidates: [PRICED], maxOutput: 300, maxCostNano: MUCH }), { max_tokens: 300 })
        assert.deepEqual(sent({ stream, candidates: [PRICED], maxOutput: 300, maxCostNano: 210_000n }), { max_tokens: 100 })
      })
      it('is the client’s own where that is affordable', () => {
        assert.equal(sent({ stream, candidates: [PRICED], maxTokens: 9000, maxCostNano: MUCH }), undefined)
      })
      it('needs no cap where nothing costs', () => {
        assert.equal(sent({ stream, candidates: [targetAt(0n, 0n)], maxCostNano: MUCH }), undefined)
      })
      it('is never above what the model can give', () => {
        assert.deepEqual(sent({ stream, candidates: [known(1000)], maxOutput: 5000 }, limit('tokens', 1_000_000, 'day')), {
          max_tokens: 1000,
        })
      })
    })
  }
  it('that only a limit counts is the default, or the model’s maximum if that is less', () => {
    assert.deepEqual(sent({ candidates: [known(100_000)] }, limit('tokens', 1_000_000, 'day')), { max_tokens: 4096 })
    assert.deepEqual(sent({ candidates: [known(2048)] }, limit('tokens', 1_000_000, 'day')), { max_tokens: 2048 })
  })
  it('is asked for again where less is left of one limit, then of another', () => {
    const service = serviceOn()
    const use = (call: EffectCall, tokens: number): void => {
      assert.ok(!(enactLimits(service, viewOf({ maxTokens: tokens }), [call]) instanceof GatewayError))
    }
    const [day, hour, month] = [limit('tokens', 1000, 'day'), limit('tokens', 1000, 'hour'), limit('tokens', 1000, 'month')]
    use(day, 590)
    use(hour, 690)
    use(month, 790)
    const change = enactLimits(service, viewOf({}), [day, hour, month])
    assert.ok(!(change instanceof GatewayError) && !(change instanceof Promise))
    assert.deepEqual(change.params, { max_tokens: 190 })
    assert.equal(change.hold!.reservedTokens, 200)
  })
  it('of several choices is one token each at least: what buys less is refused by its name, and never overdrawn', () => {
    const codeOf = (view: Parameters<typeof viewOf>[0], ...calls: EffectCall[]): string | undefined => {
      const change = enactLimits(serviceOn(), viewOf(view), calls)
      return change instanceof GatewayError ? change.code : undefined
    }
    assert.equal(codeOf({ choices: 40 }, limit('tokens', 30, 'day')), 'quota_exceeded')
    assert.equal(codeOf({ choices: 40 }, limit('tokens', 30, 'minute')), 'rate_limited')
    assert.equal(codeOf({ choices: 5, candidates: [PRICED] }, limit('money', 0.000018, 'month')), 'budget_exceeded')
    assert.equal(codeOf({ choices: 5, candidates: [PRICED], maxCostNano: 18_000n }), 'max_cost_exceeded')
    assert.equal(codeOf({ choices: 4, candidates: [PRICED], maxCostNano: 18_000n }), undefined)
  })
  it('covers all that can come: what is sent for each choice, times the choices, is reserved', () => {
    const choices = fc.constantFrom(1, 2, 5, 40, 128)
    const maxTokens = fc.option(fc.integer({ min: 1, max: 300 }))
    const maxOutput = fc.option(fc.integer({ min: 1, max: 200 }))
    const used = fc.integer({ min: 0, max: 400 })
    fc.assert(
      fc.property(choices, maxTokens, maxOutput, used, (n, max, cap, before) => {
        const service = serviceOn()
        const day = limit('tokens', 400, 'day')
        if (before > 10) void enactLimits(service, viewOf({ maxTokens: before - 10 }), [day])
        const change = enactLimits(service, viewOf({ choices: n, maxTokens: max, maxOutput: cap }), [day])
        if (change instanceof GatewayError || change instanceof Promise) return
        const each = Number(change.params?.['max_tokens'] ?? max)
        assert.ok(10 + each * n <= change.hold!.reservedTokens, `${n} × ${each} of ${change.hold!.reservedTokens}`)
      }),
      { seed: 5, numRuns: 400 },
    )
  })
})
