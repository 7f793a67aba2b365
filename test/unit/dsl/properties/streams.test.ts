// A stream is judged as the whole answer would be: generated policies of the fragment that may stand on `stream`, any text, any chunks,
// on the machinery that judges real exchanges.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  answerPieces,
  chunkings,
  DETECTORS,
  HEAD,
  judged,
  streamPolicies,
  textOf,
  type Judged,
  type PolicyParts,
} from '../../../support/policy-text-sets.ts'
import { compile } from '../../../../dsl/index.ts'
import { FEW } from '../syntax/helpers.ts'
import { runPolicyTests } from '../../../../core/policy/run-tests.ts'
import { vocabulary, words } from '../../../support/policy-text.ts'

const seed = 20_261_121
const NEVER = '\u0001'

interface Answered {
  readonly text: string
  readonly chunkings: readonly (readonly string[])[]
}

/** What came of a test: the text (or why there is none), whether it was denied, which policies fired. */
interface Outcome {
  readonly text: string
  readonly denied: boolean
  readonly fired: readonly string[]
}

const answered: fc.Arbitrary<Answered> = answerPieces
  .map((pieces) => pieces.join(''))
  .chain((text) => fc.record({ text: fc.constant(text), chunkings: fc.array(chunkings(text), { minLength: 3, maxLength: 3 }) }))

const literal = (value: unknown): string => (Array.isArray(value) ? `[${value.map(literal).join(', ')}]` : JSON.stringify(value))

function testText(title: string, { values }: Judged, answer: string): string {
  const given = Object.entries(values).filter(([name, value]) => value !== null && name !== 'request.tools')
  const clauses = given.map(([name, value]) => `given ${name} = ${literal(value)}`)
  return `test "${title}" {\n${[...clauses, answer, `expect text ${JSON.stringify(NEVER)}`, 'expect deny'].join('\n')}\n}\n`
}

/** Runs all tests of a set: the first outcome is that of the whole answer, then those of its streams. */
async function outcomesOf(
  policies: readonly PolicyParts[],
  context: Judged,
  { text, chunkings: cuts }: Answered,
): Promise<readonly Outcome[]> {
  const answers = [
    `answer ${JSON.stringify(text)}`,
    ...cuts.map((chunks) => `chunks ${chunks.map((one) => JSON.stringify(one)).join(', ')}`),
  ]
  const tests = answers.map((answer, index) => testText(String(index), context, answer))
  const files = [
    { path: 'detectors.policy', text: DETECTORS },
    { path: 'p.policy', text: `${HEAD}default request allow\n${policies.map(textOf).join('')}${tests.join('')}` },
  ]
  const compiled = compile(files, vocabulary)
  assert.ok(compiled.bundle, JSON.stringify(compiled.diagnostics))
  const results = await runPolicyTests(compiled.bundle, compiled.tests, words)
  return results.map(({ failures, fired }) => ({
    text: failures.find(({ message }) => message.startsWith('expected the text'))!.message,
    denied: !failures.some(({ message }) => message.startsWith('expected `deny`')),
    fired: fired.toSorted(),
  }))
}

describe('streams under generated policies', () => {
  it('give the text, and fire the policies, of the whole answer, however the chunks fall', async () => {
    await fc.assert(
      fc.asyncProperty(streamPolicies(), judged, answered, async (policies, context, answer) => {
        const [whole, ...streamed] = await outcomesOf(policies, context, answer)
        for (const outcome of streamed) assert.deepEqual(outcome, whole)
      }),
      { seed, numRuns: FEW(2_000) },
    )
  }).timeout(600_000)

  it('are denied exactly where the whole answer is', async () => {
    await fc.assert(
      fc.asyncProperty(streamPolicies('deny "gen.no"', 'deny "gen.stop" "Stop."'), judged, answered, async (policies, context, answer) => {
        const [whole, ...streamed] = await outcomesOf(policies, context, answer)
        for (const { denied } of streamed) assert.equal(denied, whole!.denied)
      }),
      { seed, numRuns: FEW(2_000) },
    )
  }).timeout(600_000)
})
