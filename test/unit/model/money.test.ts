import assert from 'node:assert/strict'
import fc from 'fast-check'
import { costNano, divideHalfEven, formatNano, parseDecimal, timesDecimal } from '../../../core/model/money.ts'
import { NO_USAGE } from '../../../core/model/answer.ts'

const RATES = {
  input: 400_000_000n,
  cachedInput: 100_000_000n,
  cacheWrite: 500_000_000n,
  output: 1_600_000_000n,
  currency: 'USD',
  fxRate: '1',
  internal: false,
}

describe('money', () => {
  it('rounds half to even, in both directions', () => {
    const cases: [bigint, bigint, bigint][] = [
      [5n, 10n, 0n],
      [15n, 10n, 2n],
      [25n, 10n, 2n],
      [26n, 10n, 3n],
      [-5n, 10n, 0n],
      [-15n, 10n, -2n],
      [-16n, 10n, -2n],
    ]
    for (const [dividend, divisor, quotient] of cases) assert.equal(divideHalfEven(dividend, divisor), quotient, `${dividend}/${divisor}`)
  })

  it('charges cached and cache-write tokens at their own rate', () => {
    const usage = { ...NO_USAGE, prompt: 1000, cached: 300, cacheWrite: 200, completion: 50 }
    assert.equal(costNano(usage, RATES), 500n * 400n + 300n * 100n + 200n * 500n + 50n * 1600n)
  })

  it('reads what it writes', () => {
    fc.assert(fc.property(fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }), (nano) => assert.equal(parseDecimal(formatNano(nano)), nano)))
  })

  it('refuses what is no decimal', () => {
    for (const text of ['', '1,5', 'abc', '1e3', '.5', '0x10', ' 1']) assert.throws(() => parseDecimal(text), RangeError)
  })

  it('applies a markup', () => {
    assert.equal(timesDecimal(1_000_000_000n, '1.15'), 1_150_000_000n)
  })
})
