// Where a request goes: names, `auto`, chains, pools, weights; and what the verbs change on the way.
import assert from 'node:assert/strict'
import {
  GatewayError,
  type Change,
  type EffectCall,
  type ExchangeView,
  type Hooks,
  type Host,
  type Model,
  type Operand,
  type Target,
  type Verb,
} from '../../../core/plugin/index.ts'
import { orderTargets } from '../../../plugins/routing/order.ts'
import { routing } from '../../../plugins/routing/index.ts'

function target(id: string, weight = 1): Target {
  const [model, provider] = id.split('@')
  return { id, model, weight, provider: { name: provider, zone: 'eu', region: null }, upstreamModel: model, secure: false } as Target
}

function model(name: string, options: Partial<Model> = {}): Model {
  return { name, active: true, secure: false, targets: [target(`${name}@a`), target(`${name}@b`)], ...options }
}

const MODELS = [
  model('locked', { secure: true }),
  model('asleep', { active: false }),
  model('small'),
  model('big'),
  model('other', { targets: [target('other@a')] }),
]

interface Wish {
  readonly model?: string
  readonly feature?: { readonly model: string | null; readonly fallback: readonly string[]; readonly models?: readonly string[] } | null
  readonly body?: object
  readonly models?: readonly Model[]
  /** What the key may use; null: everything. */
  readonly allowed?: readonly string[] | null
}

function view({ model: name = 'small', feature = null, body = {}, models = MODELS, allowed = null }: Wish = {}): ExchangeView {
  const temperature = (body as { temperature?: number }).temperature ?? null
  return {
    id: 'x1',
    request: { model: name, body, temperature },
    principal: { models: allowed },
    feature: feature && { name: 'f', ...feature },
    directory: {
      models: new Map(models.map((one) => [one.name, one])),
      pools: new Map([['two', { name: 'two', models: ['big', 'locked', 'asleep'] }]]),
    },
  } as unknown as ExchangeView
}

const hooks = routing.setup({ strategy: 'priority' }, {} as Host) as Hooks

function planned(wish: Wish, candidates: readonly Target[] | null = null): string[] | string {
  const result = hooks.plan!(candidates, view(wish))
  return result instanceof GatewayError ? result.code : result.map(({ id }) => id)
}

describe('routing', () => {
  it('takes the active model of a name, in the order of the file', () => {
    assert.deepEqual(planned({ model: 'big' }), ['big@a', 'big@b'])
  })
  it('does not know a name that is unknown, asleep, or a property of objects', () => {
    for (const name of ['nobody', 'asleep', '__proto__', 'toString']) assert.equal(planned({ model: name }), 'model_not_found')
  })
  describe('told a name that is nearly one of a model', () => {
    const told = (wish: Wish): string => {
      const error = hooks.plan!(null, view(wish))
      assert.ok(error instanceof GatewayError)
      return error.message
    }
    it('says which', () => {
      assert.equal(told({ model: 'smal' }), 'No active model has the name `smal`. Did you mean `small`?')
    })
    it('says nothing where none is near, or only one that sleeps', () => {
      for (const model of ['entirely-different', 'aslep', 'x'.repeat(1_000_000)]) assert.doesNotMatch(told({ model }), /Did you mean/)
    })
    it('never tells of a model that the key or the feature may not use', () => {
      const feature = { model: 'big', fallback: [], models: ['big'] }
      for (const wish of [{ allowed: ['big'] }, { feature }]) assert.doesNotMatch(told({ model: 'smal', ...wish }), /small|Did you mean/)
      assert.match(told({ model: 'bog', allowed: ['big'], feature }), /Did you mean `big`\?/)
    })
  })
  it('takes the first active regular model for auto', () => {
    assert.deepEqual(planned({ model: 'auto' }), ['small@a', 'small@b'])
    assert.equal(planned({ model: 'auto', models: [MODELS[0]!, MODELS[1]!] }), 'model_not_found')
  })
  it("takes the feature's model and its fallback chain for auto", () => {
    assert.deepEqual(planned({ model: 'auto', feature: { model: 'big', fallback: ['asleep', 'other', 'big'] } }), [
      'big@a',
      'big@b',
      'other@a',
    ])
  })
  it('goes on to the chain when the first of it is asleep', () => {
    assert.deepEqual(planned({ model: 'auto', feature: { model: 'asleep', fallback: ['other'] } }), ['other@a'])
    assert.equal(planned({ model: 'auto', feature: { model: 'asleep', fallback: [] } }), 'model_not_found')
  })
  it("follows the chain when the request names the feature's model, and only then", () => {
    const feature = { model: 'big', fallback: ['other'] }
    assert.deepEqual(planned({ model: 'big', feature }), ['big@a', 'big@b', 'other@a'])
    assert.deepEqual(planned({ model: 'small', feature }), ['small@a', 'small@b'])
  })
  it('stays within the destinations that policies named, the wish first', () => {
    const named = [target('other@a'), target('big@a'), target('big@b')]
    assert.deepEqual(planned({ model: 'big' }, named), ['big@a', 'big@b', 'other@a'])
    assert.deepEqual(planned({ model: 'small' }, named), ['other@a', 'big@a', 'big@b'])
  })
  it('lets policies route a name that does not exist', () => {
    assert.deepEqual(planned({ model: 'nobody' }, [target('other@a')]), ['other@a'])
  })
  it('says which strategies there are', () => {
    assert.throws(() => routing.setup({ strategy: 'least-latency' }, {} as Host), /least-latency.*use `priority` or `weighted`/)
  })
})

describe('weights', () => {
  const targets = [target('m@a', 3), target('m@b', 1)]
  it('share exchanges out', () => {
    let first = 0
    for (let i = 0; i < 4000; i++) if (orderTargets(targets, 'weighted', `exchange_${i}`)[0]!.id === 'm@a') first++
    assert.ok(Math.abs(first / 4000 - 0.75) < 0.03, `${first} of 4000`)
  })
  it('give the same exchange the same order, and lose no target', () => {
    const once = orderTargets(targets, 'weighted', 'x')
    assert.deepEqual(orderTargets(targets, 'weighted', 'x'), once)
    assert.deepEqual(new Set(once), new Set(targets))
  })
  it('put a target without weight last', () => {
    for (let i = 0; i < 100; i++) assert.equal(orderTargets([target('m@a', 0), target('m@b', 1)], 'weighted', `x${i}`)[0]!.id, 'm@b')
  })
})

describe('routing verbs', () => {
  const verbs = routing.vocabulary!({ strategy: 'priority' }).verbs!
  const verb = <Acts extends Verb['acts']>(start: string, acts: Acts): Extract<Verb, { acts: Acts }> => {
    const found = verbs.find((one) => one.phrase.startsWith(start) && one.acts === acts)
    assert.ok(found)
    return found as Extract<Verb, { acts: Acts }>
  }
  const call = (
    name: string,
    operands: { [operand: string]: Operand | readonly Operand[] },
    more: Partial<EffectCall> = {},
  ): EffectCall => ({ verb: name, phrase: '', policy: 'p.one', severity: 'low', operands, ...more })
  const narrow = (operands: EffectCall['operands'], wish: Wish = {}): string[] =>
    verb('route', 'destinations')
      .narrow(view(wish), call('route', operands))
      .map(({ id }) => id)
  const cap = (body: object, ...amounts: (number | null)[]): Change =>
    verb('cap', 'outgoing').change(
      view({ body }),
      amounts.map((amount) =>
        call('cap', {
          attribute: { attribute: 'request.max_tokens', value: null },
          amount: amount === null ? { attribute: 'feature.max_output', value: null } : amount,
        }),
      ),
    )

  it('route to the first active secure model', () => {
    assert.deepEqual(narrow({}), ['locked@a', 'locked@b'])
    assert.deepEqual(narrow({}, { models: MODELS.slice(1) }), [])
  })
  it('route to pools and models, as far as they are active', () => {
    assert.deepEqual(narrow({ kind: 'pool', name: ['two', 'nobody'] }), ['big@a', 'big@b', 'locked@a', 'locked@b'])
    assert.deepEqual(narrow({ kind: 'model', name: ['other', 'asleep'] }), ['other@a'])
  })
  it('cap the output under the name that the client used', () => {
    assert.deepEqual(cap({ max_tokens: 100 }, 50), { params: { max_tokens: 50 }, warnings: ['output_capped'] })
    assert.deepEqual(cap({ max_completion_tokens: 100 }, 50), { params: { max_completion_tokens: 50 }, warnings: ['output_capped'] })
    assert.deepEqual(cap({}, 50), { params: { max_tokens: 50 }, warnings: ['output_capped'] })
  })
  it('never raise the output, and take the smallest cap', () => {
    assert.deepEqual(cap({ max_tokens: 10 }, 50), { params: {} })
    assert.deepEqual(cap({}, 70, 50, 60).params, { max_tokens: 50 })
  })
  it('take an absent amount for no cap', () => {
    assert.deepEqual(cap({}, null), { params: {} })
  })
  it('cap the temperature, also the one that is not spoken', () => {
    const lower = (body: object, amount: number): unknown =>
      verb('cap', 'outgoing').change(view({ body }), [
        call('cap', { attribute: { attribute: 'request.temperature', value: null }, amount }),
      ]).params
    assert.deepEqual(lower({ temperature: 0.9 }, 0.5), { temperature: 0.5 })
    assert.deepEqual(lower({ temperature: 0.2 }, 0.5), {})
    assert.deepEqual(lower({}, 0.5), { temperature: 0.5 })
    assert.deepEqual(lower({}, 1.5), {})
  })
  it('refuse what they can not change, instead of letting it pass', () => {
    assert.throws(
      () => verb('cap', 'outgoing').change(view(), [call('cap', { attribute: { attribute: 'tenant.id', value: 'x' }, amount: 3 })]),
      /tenant\.id/,
    )
  })
  it('set headers, the most severe policy winning, then the smallest id', () => {
    const set = (value: string, severity: EffectCall['severity'], policy: string): EffectCall =>
      call('set', { name: 'X-Team', value }, { severity, policy })
    const change = (...calls: EffectCall[]): unknown => verb('set header', 'outgoing').change(view(), calls).headers
    assert.deepEqual(change(set('low', 'low', 'a'), set('high', 'high', 'z'), set('high-b', 'high', 'zz')), { 'x-team': 'high' })
    assert.deepEqual(change(set('high-b', 'high', 'zz'), set('high', 'high', 'z'), set('low', 'low', 'a')), { 'x-team': 'high' })
  })
  it('never write credentials, framing, or a second header', () => {
    for (const name of ['Authorization', 'x-api-key', 'Content-Length', 'transfer-encoding', 'host', 'a b', 'x:y']) {
      assert.throws(() => verb('set header', 'outgoing').change(view(), [call('set', { name, value: 'v' })]), GatewayError, name)
    }
    assert.throws(() => verb('set header', 'outgoing').change(view(), [call('set', { name: 'x-a', value: 'v\r\nx-b: w' })]), GatewayError)
  })
  it('set parameters', () => {
    const change = verb('set <attribute>', 'outgoing').change(view(), [
      call('set', { attribute: { attribute: 'request.temperature', value: null }, value: 0 }),
    ])
    assert.deepEqual(change.params, { temperature: 0 })
  })
  it('set the output bound under the name that the client used', () => {
    const set = (body: object): unknown =>
      verb('set <attribute>', 'outgoing').change(view({ body }), [
        call('set', { attribute: { attribute: 'request.max_tokens', value: null }, value: 7 }),
      ]).params
    assert.deepEqual(set({ max_completion_tokens: 100 }), { max_completion_tokens: 7 })
    assert.deepEqual(set({}), { max_tokens: 7 })
  })
})
