// The sample file of the language's description, whole: it checks, it compiles, and its own tests pass. The detector that it
// imports and nobody ships comes from the test.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { compile } from '../../../../dsl/index.ts'
import { gatherWords } from '../../../../core/policy/words.ts'
import { PLUGINS } from '../../../../core/plugins.ts'
import { readVocabularies } from '../../../../core/plugin/registry.ts'
import { runPolicyTests } from '../../../../core/policy/run-tests.ts'
import type { Bundle } from '../../../../dsl/compile/bundle.ts'

const read = (path: string): string => readFileSync(new URL(`../../../../${path}`, import.meta.url), 'utf8')

const words = gatherWords(readVocabularies(PLUGINS, {}))
const FILES = [
  { path: 'guard.policy', text: read('test/fixtures/syntax/sample.policy') },
  { path: 'detectors.policy', text: read('policies/standard/detectors.policy') },
  {
    path: 'injection.policy',
    text: 'module standard.detectors\ndetector injection {\n  pattern /ignore all previous instructions/\n  score 0.9\n}',
  },
]
const lists: string[] = []
const { bundle, tests, diagnostics } = compile(FILES, words.vocabulary, {
  readList: (policy, list) => {
    lists.push(`${policy} ${list}`)
    return '# ICD-10, a few\nasthma\nangina\n\nasthma\n'
  },
})

describe('the sample of the description', () => {
  it('checks without an error', () => {
    assert.deepEqual(
      diagnostics.filter(({ severity }) => severity === 'error'),
      [],
    )
  })

  it('passes its own tests', async () => {
    const results = await runPolicyTests(
      bundle!,
      tests.filter(({ span }) => span.file === 'guard.policy'),
      words,
    )
    assert.equal(results.length, 3)
    assert.deepEqual(
      results.flatMap(({ failures }) => failures),
      [],
    )
  })

  it('has read its list once, and names what it read', () => {
    assert.deepEqual(lists, ['guard.policy icd10.txt'])
    const [list] = bundle!.lists
    assert.deepEqual([list?.name, list?.from, list?.count, list?.sha256.length], ['acme.guard.icd10_terms', 'icd10.txt', 2, 64])
    assert.deepEqual(bundle!.detectors.find(({ name }) => name === 'acme.guard.health_term')?.terms, ['asthma', 'angina'])
  })

  it('keeps who answers for its exception', () => {
    const [{ span: _, ...exception }] = bundle!.exceptions as [Bundle['exceptions'][number]]
    assert.deepEqual(exception, {
      title: 'fraud desk may send cards to the vault model',
      policy: 'pci.cards_stay_inside',
      until: '2027-03-31',
      ticket: 'SEC-1482',
      owner: 'fraud-lead@acme.example',
      module: 'acme.guard',
    })
  })

  it('has variants for the tenant of its overlay', () => {
    const variants = bundle!.policies.filter(({ overlay }) => overlay !== null)
    assert.deepEqual(
      variants.map(({ id, overlay, mode }) => [id, overlay, mode]),
      [
        ['leak.answers', 'acme_bank', 'enforce'],
        ['spend.free_tier', 'acme_bank', 'enforce'],
      ],
    )
    assert.deepEqual(variants[1]!.effects.find(({ verb }) => verb === 'limit')?.operands.amount, 50_000)
  })
})
