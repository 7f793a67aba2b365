// `docs/policy-reference.md` is what the loaded plugins declare, and its examples mean what they say.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { blocksOf } from '../support/docs.ts'
import { compile } from '../../dsl/index.ts'
import { gatherWords } from '../../core/policy/words.ts'
import { OPERATORS, PHRASE_EXAMPLES } from '../../scripts/reference-examples.ts'
import { PLUGINS } from '../../core/plugins.ts'
import { readVocabularies } from '../../core/plugin/registry.ts'
import { referencePage } from '../../scripts/policy-reference.ts'
import { ROOT } from '../support/copy.ts'
import { STANDARD_POLICIES } from '../../core/policy/load.ts'

const PAGE = join(ROOT, 'docs/policy-reference.md')
const { vocabulary } = gatherWords(readVocabularies(PLUGINS, {}))
const STANDARD = { path: 'std.policy', text: readFileSync(join(STANDARD_POLICIES, 'detectors.policy'), 'utf8') }
const HEAD = 'module acme.reference\nimport standard.detectors as std\n'

/** Compiles; throws with every error. */
function compiled(text: string) {
  const result = compile([STANDARD, { path: 'a.policy', text: HEAD + text }], vocabulary)
  const errors = result.diagnostics.filter(({ severity }) => severity === 'error')
  assert.deepEqual(
    errors.map(({ code, message }) => `${code}: ${message}`),
    [],
    text,
  )
  return result
}

const RULE = 'policy acme.rule "A rule" {\n  on request\n  mode shadow\n  deny "acme.refused"\n}\n'
const CLAUSES = ['until 2099-03-31', 'ticket "SEC-1482"', 'owner "a@acme.example"']

/** Where a clause of this use stands. */
const PLACES = {
  effect: (clause: string, phase: string) => `policy acme.rule "A rule" {\n  on ${phase}\n  ${clause}\n}\n`,
  fact: (clause: string) => `policy acme.rule "A rule" {\n  ${clause}\n  on request\n  deny "acme.refused"\n}\n`,
  exception: (clause: string) => {
    const others = CLAUSES.filter((other) => other.split(' ')[0] !== clause.split(' ')[0])
    return `${RULE}exception "e" to acme.rule {\n  when user.roles has "lead"\n  ${[clause, ...others].join('\n  ')}\n}\n`
  },
  overlay: (clause: string) => `${RULE}overlay bank for tenant "bank" {\n  ${clause}\n}\n`,
  expect: (clause: string) => `${RULE}test "t" {\n  expect ${clause}\n}\n`,
} as const

describe('docs/policy-reference.md', () => {
  it('is what the plugins declare (node scripts/policy-reference.ts writes it)', () => {
    assert.ok(
      readFileSync(PAGE, 'utf8') === referencePage(),
      'the page has parted from the vocabulary; run node scripts/policy-reference.ts',
    )
  })

  for (const { phrase, use, phases } of vocabulary.verbs) {
    it(`shows ${use} ${phrase} as it is written`, () => {
      const example = PHRASE_EXAMPLES[phrase]
      assert.ok(example, 'scripts/reference-examples.ts has none')
      const { bundle } = compiled(PLACES[use](example, phases[0]!))
      if (use === 'effect') assert.equal(bundle!.policies[0]!.effects[0]!.phrase, phrase)
    })
  }

  it('has examples of no other phrases, and shows each', () => {
    const phrases = new Set(vocabulary.verbs.map(({ phrase }) => phrase))
    assert.deepEqual(
      Object.keys(PHRASE_EXAMPLES).filter((phrase) => !phrases.has(phrase)),
      [],
    )
    const shown = blocksOf(PAGE).map(({ text }) => text.trimEnd())
    for (const example of Object.values(PHRASE_EXAMPLES)) assert.ok(shown.includes(example), example)
  })

  for (const [level, rows] of OPERATORS) {
    it(`shows operators that check: ${level}`, () => {
      for (const { example } of rows) compiled(`policy acme.rule "A rule" {\n  on request\n  when ${example}\n  warn "acme.seen"\n}\n`)
    })
  }

  it('says how operators bind', () => {
    const whenOf = (condition: string) =>
      compiled(`policy acme.rule "A rule" {\n  on request\n  when ${condition}\n  warn "acme.seen"\n}\n`).bundle!.policies[0]!.when
    assert.deepEqual(whenOf('request.tokens + 2 * 3 > 5'), whenOf('(request.tokens + (2 * 3)) > 5'))
    assert.deepEqual(whenOf('request.tokens * 2 + 3 > 5'), whenOf('((request.tokens * 2) + 3) > 5'))
    assert.deepEqual(whenOf('request.max_tokens ?? 1 + 2 > 5'), whenOf('(request.max_tokens ?? (1 + 2)) > 5'))
    assert.deepEqual(whenOf('not request.stream and request.has_references'), whenOf('(not request.stream) and request.has_references'))
  })

  it('names files that exist', () => {
    for (const [, link] of readFileSync(PAGE, 'utf8').matchAll(/\]\(((?!https?:|#)[^)]+)\)/g))
      assert.ok(existsSync(join(ROOT, 'docs', link!)), link)
  })
})
