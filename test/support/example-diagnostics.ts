// Everything that can be said about an example of a diagnostic: by the compiler, by whoever has counted the tests, by whoever proves patterns.
import { compile, findRunawayPatterns, missingTests, seenInExpectations, type Diagnostic } from '../../dsl/index.ts'
import { EXAMPLE_DAY } from '../../dsl/diagnostics/examples-proof.ts'
import { gatherWords } from '../../core/policy/words.ts'
import { PLUGINS } from '../../core/plugins.ts'
import { readVocabularies } from '../../core/plugin/registry.ts'

const { vocabulary } = gatherWords(readVocabularies(PLUGINS, {}))

/** Short: a pattern that runs away takes far longer. */
const MEASURE_MS = 200

/** `text` is a whole file; `lists` are the files that it names. Only what can raise `code` is asked. */
export async function diagnosticsOfExample(
  code: string,
  text: string,
  lists: { readonly [path: string]: string } = {},
): Promise<readonly Diagnostic[]> {
  const file = { path: 'example.policy', text }
  const { bundle, tests, diagnostics } = compile([file], vocabulary, { today: EXAMPLE_DAY, readList: (_, path) => lists[path] ?? null })
  const policies = bundle?.policies ?? []
  if (code.startsWith('P4')) return [...diagnostics, ...missingTests(policies, tests, seenInExpectations(policies, tests))]
  return code === 'P220' ? [...diagnostics, ...(await findRunawayPatterns([file], null, MEASURE_MS))] : diagnostics
}
