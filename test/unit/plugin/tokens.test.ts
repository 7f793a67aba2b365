import assert from 'node:assert/strict'
import { setupPlugins } from '../../../core/plugin/registry.ts'
import type { Hooks, Host, Plugin, Verb } from '../../../core/plugin/index.ts'

const swap: Verb = {
  phrase: 'swap <detector...> in <location...>',
  use: 'effect',
  phases: ['request'],
  aliases: [],
  protects: true,
  doc: 'Swaps.',
  acts: 'spans',
  join: { kind: 'span', strength: 2 },
  reversible: true,
  rewrite: () => '<>',
}

const plugin = (name: string, hooks: Hooks, verbs: readonly Verb[] = []): Plugin => ({
  name,
  apiVersion: 1,
  summary: name,
  config: { type: 'object', additionalProperties: false, properties: {} },
  onFailure: hooks.openTokens ? { openTokens: 'deny' } : {},
  budgetMs: {},
  vocabulary: () => ({ verbs }),
  setup: () => hooks,
})
const openTokens = (): never => {
  throw new Error('not in this test')
}
const setup = (...plugins: readonly Plugin[]) => setupPlugins(plugins, {}, () => ({}) as Host)

describe('plugins with tokens', () => {
  it('bring a reversible verb and the hook behind it', async () => {
    const set = await setup(plugin('swapper', { openTokens }, [swap]))
    assert.equal(set.openTokens.length, 1)
  })
  it('do not start with the verb alone: nobody could take back what it puts there', () =>
    assert.rejects(
      setup(plugin('swapper', {}, [swap])),
      /plugin swapper: the verb `swap .*` is reversible, and the plugin brings no hook openTokens/,
    ))
  it('do not start when two bring the hook', () =>
    assert.rejects(
      setup(plugin('one', { openTokens }), plugin('two', { openTokens })),
      /plugins one and two both bring the hook openTokens/,
    ))
  it('say so of verbs on spans alone, and say nothing but true', async () => {
    const broken = { ...swap, acts: 'exchange', enact: () => ({}) } as unknown as Verb
    await assert.rejects(setup(plugin('swapper', { openTokens }, [broken])), /only a verb that acts on spans can be reversible/)
    const vague = { ...swap, reversible: 'yes' } as unknown as Verb
    await assert.rejects(setup(plugin('swapper', { openTokens }, [vague])), /reversible must be true, or absent/)
  })
  it('say what happens when it fails', () =>
    assert.rejects(setup({ ...plugin('swapper', { openTokens }, [swap]), onFailure: {} }), /onFailure.openTokens is missing/))
})
