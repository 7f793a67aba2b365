// A bundle that was compiled with other phrases than those of the loaded plugins is refused, with the names of both plugins.
import assert from 'node:assert/strict'
import { bindPolicies } from '../../../core/policy/bind.ts'
import { compile } from '../../../dsl/index.ts'
import { gatherWords, type Words } from '../../../core/policy/words.ts'
import { requireSameTemplates } from '../../../core/policy/templates.ts'
import type { Verb } from '../../../core/plugin/contract.ts'

const verb = (phrase: string): Verb => ({
  phrase,
  use: 'effect',
  phases: ['request'],
  join: { kind: 'union' },
  aliases: [],
  protects: false,
  doc: 'Stamps.',
  acts: 'outgoing',
  change: () => ({}),
})
const words = (plugin: string, ...phrases: readonly string[]): Words =>
  gatherWords([{ plugin, vocabulary: { verbs: phrases.map(verb) }, onFailure: {}, budgetMs: {} }])

const POLICY = 'module acme\npolicy acme.stamped "Stamped" {\n  on request\n  stamp "a"\n  warn "acme.seen"\n}\n'
const bundle = compile([{ path: 'a.policy', text: POLICY }], words('post', 'stamp <mark:text>').vocabulary).bundle!

describe('templates of a bundle', () => {
  it('are those of the verbs in use, with the plugins that brought them', () => {
    assert.deepEqual(bundle.templates, { stamp: ['stamp <mark:text>'], warn: ['warn <code> [<message:text>]'] })
    assert.deepEqual(bundle.plugins, { stamp: ['post'], warn: ['kernel'] })
  })

  it('are accepted where the loaded phrases are the same, whoever else brings verbs', () => {
    requireSameTemplates(bundle, words('post', 'stamp <mark:text>', 'seal <mark:text>'))
  })

  it('are refused where a phrase has changed', () => {
    assert.throws(
      () => requireSameTemplates(bundle, words('office', 'stamp <mark:text> [with <note:text>]')),
      /verb `stamp` of plugin post, `stamp <mark:text>`; plugin office brings `stamp <mark:text> \[with <note:text>\]`\nCompile/,
    )
  })

  it('are refused where a phrase was added, which could change what a use means', () => {
    assert.throws(
      () => requireSameTemplates(bundle, words('post', 'stamp <mark:text>', 'stamp to <mark:text>')),
      /plugin post brings `stamp <mark:text>`, `stamp to/,
    )
  })

  it('keep a bundle from being bound, so that a gateway does not start with it', () => {
    const bind = (loaded: Words) => bindPolicies(bundle, loaded, { scanDeadlineMs: 1000, scanWorkers: 1 })
    assert.equal(bind(words('post', 'stamp <mark:text>')).program.hash, bundle.hash)
    assert.throws(() => bind(words('office', 'stamp with <mark:text>')), /of plugin post, .*; plugin office brings/)
  })

  it('are refused where nobody brings the verb', () => {
    assert.throws(() => requireSameTemplates(bundle, words('post')), /of plugin post, `stamp <mark:text>`; no loaded plugin brings it/)
  })
})
