// What a call of `limit` becomes: which counter, which amount, and that no odd number or text gets around either.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { counterName, readCounterName, type EffectCall, type Operand, type Raise } from '../../../core/plugin/index.ts'
import { claimOn, readLimits, type Limits } from '../../../plugins/quota/limits.ts'
import { concurrent, limit, viewOf } from './exchange.ts'

const NOW = Date.parse('2026-01-15T12:00:00Z')
const circumstances = { now: NOW, raises: [] as readonly Raise[], whileAway: () => 'deny' as const }
const read = (...calls: EffectCall[]): Limits => readLimits(viewOf(), calls, circumstances)

function by(...keys: (readonly [string, unknown])[]): EffectCall {
  const attribute: Operand[] = keys.map(([name, value]) => ({ attribute: name, value }))
  return { verb: 'limit', phrase: '', policy: 'p', severity: 'low', operands: { unit: 'requests', amount: 5, window: 'day', attribute } }
}
const counterBy = (...keys: (readonly [string, unknown])[]): string => read(by(...keys)).amounts[0]!.counter

describe('a limit', () => {
  it('counts under a name of its tenant and its window, and rates without a window', () => {
    const { amounts } = read(
      limit('tokens', 5, 'day'),
      limit('money', 5, 'month'),
      limit('requests', 5, 'hour'),
      limit('tokens', 5, 'minute'),
    )
    assert.deepEqual(
      amounts.map(({ counter }) => counter),
      [
        '4:acme|test.tokens_day|day|tokens|4:acme|2026-01-15',
        '4:acme|test.money_month|month|money|4:acme|2026-01',
        '4:acme|test.requests_hour|hour|requests|4:acme|2026-01-15T12:00:00Z',
        '4:acme|test.tokens_minute|minute|tokens|4:acme',
      ],
    )
    assert.equal(read(concurrent(3)).slots[0]!.counter, '4:acme|test.concurrent|now|concurrent|4:acme')
  })
  it('belongs to the tenant when it counts by what only a tenant has, and to all tenants otherwise', () => {
    for (const name of ['tenant.plan', 'key.id', 'user.id', 'session.id', 'instance.id'])
      assert.match(counterBy(['request.model', 'm'], [name, 'x']), /^4:acme\|/)
    for (const name of ['feature.name', 'request.model', 'client.ip']) assert.match(counterBy([name, 'x']), /^0:\|/)
  })
  it('keeps the sessions of two tenants apart, though both call them the same', () => {
    const other = { ...viewOf(), tenant: { id: 'other', timeZone: 'UTC' } } as ReturnType<typeof viewOf>
    const [a, b] = [viewOf(), other].map((view) => readLimits(view, [by(['session.id', 's'])], circumstances).amounts[0]!.counter)
    assert.notEqual(a, b)
  })
  it('counts long values by their hash, and odd text as it will be written everywhere', () => {
    assert.ok(counterBy(['session.id', 'x'.repeat(1_000_000)]).length < 200)
    assert.notEqual(counterBy(['session.id', 'x'.repeat(200)]), counterBy(['session.id', 'x'.repeat(201)]))
    const name = counterBy(['session.id', 'a\ud800b|1:c\n{x}\u0000é🙂'])
    assert.equal(Buffer.from(name).toString(), name)
  })
  it('has one counter where a policy says it twice, with the stricter amount and the earlier warning', () => {
    const { amounts, slots } = read(limit('tokens', 10, 'day', 2), limit('tokens', 8, 'day', 5), concurrent(4), concurrent(3))
    assert.deepEqual([amounts.length, amounts[0]!.limit, amounts[0]!.soft, slots.length, slots[0]!.limit], [1, 8, 2, 1, 3])
  })
  it('is another one in another policy', () => {
    const two = [limit('tokens', 10, 'day'), { ...limit('tokens', 10, 'day'), policy: 'other' }]
    assert.equal(new Set(read(...two).amounts.map(({ counter }) => counter)).size, 2)
  })

  for (const [amount, expected] of [
    [0, 0],
    [-5, 0],
    [-Infinity, 0],
    [Infinity, Number.MAX_SAFE_INTEGER],
    [1e300, Number.MAX_SAFE_INTEGER],
    [2.9, 2],
    [Number.MIN_VALUE, 0],
  ] as const) {
    it(`of ${amount} is ${expected}, in every unit that a claim can carry`, () => {
      for (const unit of ['tokens', 'requests', 'money'] as const) {
        const [read1] = read(limit(unit, amount, 'day')).amounts
        if (unit !== 'money' || amount !== 2.9) assert.equal(read1!.limit, expected)
        assert.ok(Number.isSafeInteger(claimOn(read1!, 1).limit))
      }
      assert.equal(read(concurrent(amount)).slots[0]!.limit, expected)
    })
  }
  it('that is no number is refused rather than guessed', () => {
    for (const amount of [NaN, 'many', true]) assert.throws(() => read(limit('tokens', amount as Operand, 'day')), TypeError)
  })

  describe('is raised', () => {
    const raise = (more: Partial<Raise>): Raise => ({
      id: 'r',
      tenant: 'acme',
      policy: 'test.tokens_day',
      unit: 'tokens',
      add: 50,
      until: NOW + 1,
      by: 'a',
      reason: 'b',
      ...more,
    })
    const raisedTo = (raises: readonly Raise[], call = limit('tokens', 100, 'day')): number =>
      readLimits(viewOf(), [call], { ...circumstances, raises }).amounts[0]!.limit

    it('by everything that holds for its tenant, its policy and its unit', () => {
      assert.equal(raisedTo([raise({}), raise({ id: 's', add: 7 })]), 157)
      const { unit: _unit, ...ofAnyUnit } = raise({})
      assert.equal(raisedTo([ofAnyUnit]), 150)
    })
    for (const [title, more] of [
      ['of another tenant', { tenant: 'other' }],
      ['of another policy', { policy: 'test.tokens_hour' }],
      ['of another unit', { unit: 'money' }],
      ['that has ended', { until: NOW }],
      ['below zero', { add: -50 }],
    ] as const) {
      it(`not by a raise ${title}`, () => assert.equal(raisedTo([raise(more)]), 100))
    }
    it('to the largest amount at most', () => assert.equal(raisedTo([raise({ add: Number.MAX_SAFE_INTEGER })]), Number.MAX_SAFE_INTEGER))
    it('together with its soft threshold, where that is a share', () => {
      const raised = readLimits(viewOf(), [limit('tokens', 100, 'day', { percent: 80 })], {
        ...circumstances,
        raises: [raise({ add: 100 })],
      })
      assert.equal(raised.amounts[0]!.soft, 160)
    })
    it('in its slots', () => {
      const raises = [raise({ policy: 'test.concurrent', unit: 'concurrent', add: 2 })]
      assert.equal(readLimits(viewOf(), [concurrent(3)], { ...circumstances, raises }).slots[0]!.limit, 5)
    })
  })

  it('can be read back from the name of its counter', () => {
    const text = fc.string({ unit: 'binary', maxLength: 12 })
    const word = fc.stringMatching(/^[a-z_.]{1,12}$/)
    const period = fc.constantFrom('', '2026-11-21', '2026-11', '2026-11-21T10:00:00Z')
    const values = fc.array(text, { maxLength: 4 })
    const identity = fc.record({ tenant: text, policy: word, window: word, unit: word, values, period }, { noNullPrototype: true })
    fc.assert(
      fc.property(identity, (given) => assert.deepEqual(readCounterName(counterName(given)), given)),
      { numRuns: process.env['SALLYPORT_TEST_LONG'] ? 20_000 : 2000, seed: 5 },
    )
  })
})
