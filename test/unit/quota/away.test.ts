// While a shared store cannot be reached: what each claim asks for, what the client hears, and that nothing passes by accident.
import assert from 'node:assert/strict'
import { GatewayError, type Claim, type Ledger, type Reserved } from '../../../core/plugin/index.ts'
import { enactLimits } from '../../../plugins/quota/enact.ts'
import { ManualClock } from '../state/manual-clock.ts'
import { MemoryLedger } from '../../../core/state/ledger.ts'
import { concurrent, limit, serviceWith, SETTINGS, viewOf } from './exchange.ts'

const CALLS = [limit('requests', 5, 'day'), limit('tokens', 5000, 'minute'), concurrent(3)]

/** A ledger that notes what it is asked, and answers as the test says. */
function ledgerThat(answer: (claims: readonly Claim[], inner: MemoryLedger, id: string) => Reserved | Promise<Reserved>) {
  const clock = new ManualClock()
  const inner = new MemoryLedger({ clock, maxCounters: 1000 })
  const asked: Claim[] = []
  const settled: string[] = []
  const ledger: Ledger = {
    reserve: (id, claims) => {
      asked.push(...claims)
      return answer(claims, inner, id)
    },
    settle: (id, used) => {
      settled.push(id)
      return inner.settle(id, used)
    },
    book: () => true,
    level: () => 0,
    list: () => inner.list(),
  }
  return { clock, inner, asked, settled, service: serviceWith(ledger, clock) }
}

describe('while the state is away', () => {
  it('each claim says what its policy was set to, and refuses where nothing was', async () => {
    const { asked, service } = ledgerThat((claims, inner, id) => inner.reserve(id, claims))
    await enactLimits(service, viewOf({ maxTokens: 5 }), CALLS)
    assert.deepEqual(
      asked.map(({ whileAway }) => whileAway),
      ['deny', 'deny', 'deny'],
    )
    asked.length = 0
    const settings = { ...SETTINGS, whileAway: 'local', whileAwayOf: { 'test.tokens_minute': 'deny' } } as const
    await enactLimits({ ...service, settings }, viewOf({ maxTokens: 5 }), CALLS)
    assert.deepEqual(
      asked.map(({ whileAway }) => whileAway),
      ['local', 'deny', 'local'],
    )
  })
  it('a policy named like a member of every object has no setting of its own', async () => {
    const { asked, service } = ledgerThat((claims, inner, id) => inner.reserve(id, claims))
    await enactLimits(service, viewOf(), [{ ...limit('requests', 5, 'day'), policy: 'constructor' }])
    assert.equal(asked[0]!.whileAway, 'deny')
  })
  it('an answer that was counted here alone says so', async () => {
    const { service } = ledgerThat((claims, inner, id) => ({ ...inner.reserve(id, claims), local: true }) as Reserved)
    const change = await enactLimits(service, viewOf({ maxTokens: 5 }), CALLS)
    assert.ok(!(change instanceof GatewayError))
    assert.deepEqual(change.warnings, ['limits_local'])
  })
  for (const [title, answer, code] of [
    [
      'throws',
      () => {
        throw new Error('away')
      },
      null,
    ],
    ['rejects', () => Promise.reject(new Error('away')), 'state_unavailable'],
    ['rejects in its own words', () => Promise.reject(new GatewayError('state_unavailable')), 'state_unavailable'],
  ] as const) {
    it(`a store that ${title} lets nothing through`, async () => {
      const { service } = ledgerThat(answer)
      const result = new Promise((resolve) => resolve(enactLimits(service, viewOf(), CALLS)))
      if (code === null) return assert.rejects(result)
      const error = await result
      assert.ok(error instanceof GatewayError)
      assert.deepEqual([error.code, error.status], [code, 503])
    })
  }
  it('a store whose commands take nearly all of their time one after the other is waited for', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const { clock, service } = ledgerThat((claims, ledger, id) => promise.then(() => ledger.reserve(id, claims)))
    const asked = enactLimits(service, viewOf({ id: 'slow', maxTokens: 5 }), CALLS)
    clock.advance(5 * 750)
    resolve()
    assert.ok(!((await asked) instanceof GatewayError))
  })
  it('a store that never answers is given up, and what it gives too late is given back', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const { clock, inner, service, settled } = ledgerThat((claims, ledger, id) => promise.then(() => ledger.reserve(id, claims)))
    const asked = enactLimits(service, viewOf({ id: 'late', maxTokens: 5 }), CALLS)
    clock.advance(8000)
    const error = await asked
    assert.ok(error instanceof GatewayError && error.code === 'state_unavailable')
    resolve()
    await new Promise((done) => setImmediate(done))
    assert.deepEqual(settled, ['late'])
    assert.deepEqual(
      inner.list().filter(({ used, reserved }) => used + reserved > 0),
      [],
    )
  })
})
