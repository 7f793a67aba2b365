// `docs/diagnostics.md`: a section for every code, and in it a text that raises the code and one that does not.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CODES } from '../../dsl/diagnostics/codes.ts'
import { compile, findRunawayPatterns, missingTests, seenInExpectations, type Diagnostic } from '../../dsl/index.ts'
import { diagnosticsPage } from '../../scripts/diagnostics.ts'
import { EXAMPLE_DAY, EXAMPLES, fileOf } from '../../dsl/diagnostics/examples.ts'
import { gatherWords } from '../../core/policy/words.ts'
import { PLUGINS } from '../../core/plugins.ts'
import { readVocabularies } from '../../core/plugin/registry.ts'

/** Short, so that the suite is: what runs away takes far longer. */
const MEASURE_MS = 300
const { vocabulary } = gatherWords(readVocabularies(PLUGINS, {}))

describe('docs/diagnostics.md', () => {
  it('has a section for every code, and none for others (npm run diagnostics writes it)', () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/diagnostics.md'), 'utf8')
    assert.ok(page === diagnosticsPage(), 'the page has parted from the catalogue or its examples; run npm run diagnostics')
  })

  it('has examples for every code, and for no others (dsl/diagnostics/examples.ts)', () => {
    assert.deepEqual(
      CODES.map(({ code }) => code).filter((code) => !EXAMPLES.some((example) => example.code === code)),
      [],
      'codes without an example',
    )
    assert.deepEqual(
      EXAMPLES.map(({ code }) => code).filter((code) => !CODES.some((entry) => entry.code === code)),
      [],
      'examples without a code',
    )
  })

  /** What `sallyport policy check` says: of the text, of what its tests leave out, of patterns that run away. */
  async function diagnosticsOf(text: string, lists: { readonly [path: string]: string }): Promise<readonly Diagnostic[]> {
    const file = { path: 'example.policy', text: fileOf(text) }
    const { bundle, diagnostics, tests } = compile([file], vocabulary, { readList: (_, path) => lists[path] ?? null, today: EXAMPLE_DAY })
    const policies = bundle?.policies ?? []
    const patterns = bundle === null ? [] : await findRunawayPatterns([file], null, MEASURE_MS)
    return [...diagnostics, ...missingTests(policies, tests, seenInExpectations(policies, tests)), ...patterns]
  }

  for (const { code, bad, good, files = {} } of EXAMPLES) {
    it(`${code} is raised by its example, and not by the better one`, async () => {
      const raised = (await diagnosticsOf(bad, files)).map((diagnostic) => diagnostic.code)
      assert.ok(raised.includes(code), `expected ${code}, got ${raised.join(', ') || 'nothing'}`)
      const left = (await diagnosticsOf(good, files)).filter((diagnostic) => diagnostic.code === code || diagnostic.severity === 'error')
      assert.deepEqual(
        left.map(({ code: other, message }) => `${other}: ${message}`),
        [],
      )
    })
  }
})
