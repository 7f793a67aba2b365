// The examples of the proofs in `docs/diagnostics.md`: each raises its code, and its better neighbour does not. Some are raised by whoever has run
// the tests, some by whoever has the time to prove patterns.
import assert from 'node:assert/strict'
import { compile, missingTests, seenInExpectations } from '../../../../dsl/index.ts'
import { CODES } from '../../../../dsl/diagnostics/codes.ts'
import { diagnosticsOfExample } from '../../../support/example-diagnostics.ts'
import { PROOF_EXAMPLES } from '../../../../dsl/diagnostics/examples-proof.ts'
import { gatherWords } from '../../../../core/policy/words.ts'
import { PLUGINS } from '../../../../core/plugins.ts'
import { PROOF_CODES } from '../../../../dsl/diagnostics/codes-proof.ts'
import { readVocabularies } from '../../../../core/plugin/registry.ts'

const { vocabulary } = gatherWords(readVocabularies(PLUGINS, {}))

const allOf = (code: string, text: string) => diagnosticsOfExample(code, `module acme.example\n${text}`)

describe('the examples of the proofs', () => {
  it('are there for each code, once', () => {
    assert.deepEqual(
      PROOF_EXAMPLES.map(({ code }) => code),
      PROOF_CODES.map(({ code }) => code),
    )
    assert.equal(new Set(CODES.map(({ code }) => code)).size, CODES.length, 'a code stands twice in the catalogue')
  })

  for (const { code, bad, good } of PROOF_EXAMPLES)
    it(`${code}: raise it, and their neighbours do not`, async () => {
      const raised = await allOf(code, bad)
      assert.ok(
        raised.some((one) => one.code === code),
        `expected ${code}, got ${raised.map((one) => `${one.code} ${one.message}`).join(', ') || 'nothing'}`,
      )
      assert.deepEqual(
        (await allOf(code, good)).filter((one) => one.code === code || one.severity === 'error'),
        [],
      )
    })
})

describe('missing tests', () => {
  const check = (text: string): readonly string[] => {
    const { bundle, tests } = compile([{ path: 'p.policy', text: `module acme.example\n${text}` }], vocabulary)
    return missingTests(bundle!.policies, tests, seenInExpectations(bundle!.policies, tests)).map(
      ({ code, message }) => `${code} ${message}`,
    )
  }
  const policy = (id: string, effect: string): string => `policy ${id} "x" {\n  on request\n  when request.stream\n  ${effect}\n}\n`

  it('take an expected code for the policy that alone gives it', () => {
    const test = 'test "x" {\n  message user "hello"\n  expect deny "a.b"\n  expect policy a.one silent\n}\n'
    assert.deepEqual(check(policy('a.one', 'deny "a.b"') + test), [])
    assert.deepEqual(check(policy('a.one', 'deny "a.b"') + policy('a.two', 'deny "a.b"') + test), [
      'P400 no test makes `a.one` fire',
      'P400 no test makes `a.two` fire',
      'P401 no test keeps `a.two` silent',
    ])
  })

  it('are not asked for where a test cannot give what the policy looks for', () => {
    const tools = (where: string): string =>
      `policy a.tools "x" {\n  on request\n  when some t in request.tools where (${where})\n  deny "a.b"\n}\n`
    const test = 'test "x" {\n  message user "hello"\n  expect policy a.tools silent\n}\n'
    for (const where of ['t.writes', 't.writes and t.source == request.model', 'some u in request.tools where (u.name == t.name)'])
      assert.deepEqual(check(tools(where) + test), [], where)
  })

  it('are one line for a module without any, and nothing for a policy that is off', () => {
    assert.deepEqual(check(policy('a.one', 'deny "a.b"') + policy('a.two', 'warn "a.c"')), [
      'P402 the module `acme.example` has 2 policies and no test',
    ])
    assert.deepEqual(check(policy('a.one', 'mode off\n  deny "a.b"')), [])
  })
})
