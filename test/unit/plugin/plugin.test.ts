import assert from 'node:assert/strict'
import { orderPlugins } from '../../../core/plugin/order.ts'
import { checkPluginConfigs, findSchemaFault } from '../../../core/plugin/validate.ts'
import { CONFIG_SCHEMA } from '../../../core/config/schema.ts'
import { PLUGINS } from '../../../core/plugins.ts'
import { runHook } from '../../../core/plugin/run.ts'
import { setupPlugins } from '../../../core/plugin/registry.ts'
import { GatewayError } from '../../../core/errors/gateway-error.ts'
import { openLine } from '../../support/line.ts'
import type { Hooks, Host, Plugin } from '../../../core/plugin/contract.ts'

const plugin = (name: string, rest: Partial<Plugin> = {}): Plugin => ({
  name,
  apiVersion: 1,
  summary: name,
  config: { type: 'object', properties: {} },
  setup: () => ({}),
  onFailure: {},
  budgetMs: {},
  ...rest,
})

const ledger = () => {
  const skipped: string[] = []
  return { skipped: (name: string) => void skipped.push(name), addTime() {}, names: skipped }
}

const owner = { plugin: 'p', onFailure: 'deny', budgetMs: 20 } as const

describe('plugins: order', () => {
  it('keeps the order of the list where nothing asks for another', () => {
    assert.deepEqual(
      orderPlugins([plugin('a'), plugin('b')]).map(({ name }) => name),
      ['a', 'b'],
    )
  })
  it('puts a plugin behind those it names, and ignores those that are not there', () => {
    const ordered = orderPlugins([plugin('a', { after: ['c', 'gone'] }), plugin('b'), plugin('c')])
    assert.deepEqual(
      ordered.map(({ name }) => name),
      ['c', 'a', 'b'],
    )
  })
  it('names the members of a circle', () => {
    assert.throws(() => orderPlugins([plugin('a', { after: ['b'] }), plugin('b', { after: ['a'] })]), /a -> b -> a/)
  })
})

describe('plugins: configuration', () => {
  it('reports every finding with its path', () => {
    const quota = plugin('quota', { config: { type: 'object', properties: { windows: { type: 'number' } } } })
    const { findings } = checkPluginConfigs([quota], { quota: { windows: 'x', colour: 1 }, ghost: {} })
    assert.deepEqual(findings.map(({ path }) => path).sort(), ['plugins.ghost', 'plugins.quota.colour', 'plugins.quota.windows'])
  })
  it('has a JSON Schema for the file, and for every plugin that comes with the gateway', () => {
    assert.equal(findSchemaFault(CONFIG_SCHEMA), null)
    for (const { name, config } of PLUGINS) assert.equal(findSchemaFault(config), null, name)
    assert.match(findSchemaFault({ type: 'objekt' }) ?? '', /^config\/type must be/)
  })
  it('fills defaults', () => {
    const quota = plugin('quota', { config: { type: 'object', properties: { windows: { type: 'number', default: 3 } } } })
    assert.deepEqual(checkPluginConfigs([quota], {}).checked[0]!.config, { windows: 3 })
  })
})

describe('plugins: set-up', () => {
  const hostFor = (): Host => ({}) as Host
  it('demands a failure mode for every judging hook', async () => {
    const careless = plugin('careless', { setup: (): Hooks => ({ identify: () => new GatewayError('invalid_api_key') }) })
    await assert.rejects(setupPlugins([careless], {}, hostFor), /careless: onFailure.identify is missing/)
  })
  it('closes what was set up when a later plugin fails, and names the one that failed', async () => {
    const closed: string[] = []
    const good = plugin('good', { setup: () => ({ close: () => void closed.push('good') }) })
    const bad = plugin('bad', {
      setup: () => {
        throw new Error('no')
      },
    })
    await assert.rejects(setupPlugins([good, bad], {}, hostFor), /plugin bad: no/)
    assert.deepEqual(closed, ['good'])
  })
  it('refuses two adapters of one provider type, naming both plugins', async () => {
    const adapter = {
      type: 'x',
      defaultEndpoint: null,
      needsCredential: false,
      prepare: () => {
        throw new Error()
      },
    }
    const brings = (name: string) => plugin(name, { setup: () => ({ providers: [adapter] }) })
    await assert.rejects(setupPlugins([brings('one'), brings('two')], {}, hostFor), /one and two both bring the provider type x/)
  })
})

describe('plugins: running a hook', () => {
  it('keeps a synchronous result synchronous', () => {
    assert.equal(
      runHook(owner, ledger(), 0, () => 7),
      7,
    )
  })
  it('denies when a hook that guards throws', () => {
    const result = runHook(owner, ledger(), 0, () => {
      throw new Error('boom')
    })
    assert.ok(result instanceof GatewayError)
    assert.equal(result.code, 'policy_denied')
    assert.ok(!result.message.includes('boom'), 'the cause is for the log, not for the client')
  })
  it('skips and notes it when the plugin says so', () => {
    const notes = ledger()
    assert.equal(
      runHook({ ...owner, onFailure: 'skip' }, notes, 5, () => {
        throw new Error('boom')
      }),
      5,
    )
    assert.deepEqual(notes.names, ['p'])
  })
  it('denies when async work exceeds its budget', async () => {
    const result = await runHook({ ...owner, budgetMs: 1 }, ledger(), 0, () => new Promise<number>(() => {}))
    assert.ok(result instanceof GatewayError)
  })
  it('does not blame a hook for an answer that had arrived while this process was busy', async () => {
    const line = await openLine()
    const result = runHook<string>(owner, ledger(), '', async () => String(await line.answer))
    line.answerWhileBusy(3 * owner.budgetMs)
    assert.equal(await result, 'answer')
    line.close()
  })
  it('hands a refusal through as it is', () => {
    const refusal = new GatewayError('quota_exceeded')
    assert.equal(
      runHook(owner, ledger(), 0 as number | GatewayError, () => {
        throw refusal
      }),
      refusal,
    )
  })
})
