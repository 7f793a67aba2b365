// The limits that policies and configuration write for a counter, whoever has met them.
import assert from 'node:assert/strict'
import { NO_QUOTA, readQuota } from '../../../core/model/quota.ts'
import type { CounterIdentity, Host, KeyRow, VerbUse } from '../../../core/plugin/index.ts'
import { limitedUnits, WrittenLimits } from '../../../plugins/quota/written-limits.ts'

type Operands = VerbUse['operands']

const by = (...names: string[]): { attribute: { attribute: string }[] } => ({ attribute: names.map((attribute) => ({ attribute })) })
const use = (policy: string, operands: Operands): VerbUse => ({ policy, operands })
const perDay = (amount: Operands[string], ...names: string[]): Operands => ({ unit: 'tokens', amount, window: 'day', ...by(...names) })

const USES: readonly VerbUse[] = [
  use('x.session', perDay(100, 'session.id')),
  use('x.session', { unit: 'money', amount: 2.5, window: 'month', ...by('session.id') }),
  use('x.slots', { amount: 3, ...by('tenant.id') }),
  use('x.tenant', perDay({ attribute: 'tenant.quota.daily_tokens' }, 'tenant.id')),
  use('x.feature', perDay({ attribute: 'feature.quota.daily_tokens' }, 'tenant.id', 'feature.name')),
  use('x.user', perDay({ attribute: 'user.quota.daily_tokens' }, 'user.id')),
  use('x.key', perDay({ attribute: 'key.quota.daily_tokens' }, 'key.family')),
  use('x.plan', perDay({ attribute: 'tenant.size' }, 'tenant.id')),
  use('x.overlaid', perDay(10, 'tenant.id')),
  use('x.overlaid', perDay(20, 'tenant.id')),
  use('x.cost', { amount: 1 }),
]

const withDaily = (dailyTokens: number): { quota: ReturnType<typeof readQuota> } => ({ quota: readQuota({ dailyTokens }) })
const FACTS = {
  directory: {
    tenants: new Map([
      ['acme', withDaily(1000)],
      ['beta', { quota: NO_QUOTA }],
    ]),
    features: new Map([['chat', withDaily(500)]]),
    users: new Map([['jo', { id: 'jo', tenant: 'acme', roles: [], ...withDaily(50) }]]),
    keys: [{ id: 'key_yaml', quota: { dailyTokens: 7 } }],
  },
  state: {
    keys: {
      list: (): Partial<KeyRow>[] => [
        { id: 'key_1', rotatedTo: 'key_2', quota: { dailyTokens: 30 } },
        { id: 'key_2', quota: { dailyTokens: { soft: 1, hard: 40 } } },
        { id: 'key_3' },
      ],
    },
  },
  usesOf: (verb: string) => (verb === 'limit' ? USES : []),
} as unknown as Host

const counter = (policy: string, ...values: string[]): CounterIdentity => ({
  tenant: 'acme',
  policy,
  window: 'day',
  unit: 'tokens',
  values,
  period: '2026-11-21',
})

describe('a written limit', () => {
  let limits: WrittenLimits
  before(async () => {
    limits = await WrittenLimits.read(FACTS)
  })

  it('is the number in the policy, in the unit of the counter', () => {
    assert.equal(limits.of(counter('x.session', 's-1')), 100)
    assert.equal(limits.of({ ...counter('x.session', 's-1'), unit: 'money', window: 'month' }), 2_500_000_000)
    assert.equal(limits.of({ ...counter('x.slots', 'acme'), unit: 'concurrent', window: 'now' }), 3)
  })
  it('is the quota of whom the counter counts', () => {
    assert.equal(limits.of(counter('x.tenant', 'acme')), 1000)
    assert.equal(limits.of(counter('x.feature', 'acme', 'chat')), 500)
    assert.equal(limits.of(counter('x.user', 'jo')), 50)
    assert.equal(limits.of({ ...counter('x.user', 'jo'), tenant: 'beta' }), null)
  })
  it('of a key is that of its family’s latest', () => {
    assert.equal(limits.of(counter('x.key', 'key_1')), 40)
    assert.equal(limits.of(counter('x.key', 'key_yaml')), 7)
    for (const id of ['key_3', 'key_gone']) assert.equal(limits.of(counter('x.key', id)), null)
  })
  it('is none where policy, window or quota are gone', () => {
    assert.equal(limits.of(counter('x.gone', 's-1')), null)
    assert.equal(limits.of({ ...counter('x.session', 's-1'), window: 'hour' }), null)
    assert.equal(limits.of(counter('x.tenant', 'beta')), null)
  })
  it('is left to exchanges where only they tell', () => {
    for (const policy of ['x.plan', 'x.overlaid']) assert.equal(limits.of(counter(policy, 'acme')), undefined)
  })
  it('can be raised in the units that a policy limits, and in no other', () => {
    assert.deepEqual(limitedUnits(USES, 'x.session'), ['tokens', 'money'])
    assert.deepEqual(limitedUnits(USES, 'x.slots'), ['concurrent'])
    for (const policy of ['x.cost', 'x.gone']) assert.deepEqual(limitedUnits(USES, policy), [])
  })
})
