// Exceptions, overlays, declared attributes, lists from files and quantifiers on the machinery that judges exchanges: in-file tests of each.
import assert from 'node:assert/strict'
import { compile } from '../../../../dsl/index.ts'
import { gatherWords } from '../../../../core/policy/words.ts'
import { PLUGINS } from '../../../../core/plugins.ts'
import { readVocabularies } from '../../../../core/plugin/registry.ts'
import { runPolicyTests } from '../../../../core/policy/run-tests.ts'

const words = gatherWords(readVocabularies(PLUGINS, {}))

const TEXT = `default request allow
attribute metadata.case_id : text?
list names from "names.txt"
param most : number = 100 max 200

policy a.long "Long requests" {
  on request
  when request.tokens > most
  deny "a.long"
}
exception "cases may be long" to a.long {
  when   metadata.case_id exists and user.roles has "analyst"
  until  2027-03-31
  ticket "T-1"
  owner  "me"
}
overlay small for tenant "small", "tiny" {
  param most = 50
}
policy a.model "Models of the list" {
  on request
  when request.model in names
  deny "a.model"
}
policy a.tool "A tool named like the tenant" {
  on request
  when tenant.tags has any of user.roles
  deny "a.tool"
}

test "a long request"               { given request.tokens = 150 expect deny "a.long" }
test "not long for most"            { given request.tokens = 75 expect policy a.long silent }
test "long for a small tenant"      { given request.tokens = 75, tenant.id = "small" expect deny "a.long" }
test "short for a small tenant"     { given request.tokens = 45, tenant.id = "tiny" expect policy a.long silent }
test "an exception holds"           { given request.tokens = 150, metadata.case_id = "7", user.roles = ["analyst"] expect policy a.long silent }
test "for small tenants too"        { given request.tokens = 75, tenant.id = "small", metadata.case_id = "7", user.roles = ["analyst"] expect policy a.long silent }
test "not for everybody"            { given request.tokens = 150, metadata.case_id = "7" expect deny "a.long" }
test "not for ever"                 { given request.tokens = 150, metadata.case_id = "7", user.roles = ["analyst"], time.unix = 1806451200 expect deny "a.long" }
test "until the second before"      { given request.tokens = 150, metadata.case_id = "7", user.roles = ["analyst"], time.unix = 1806451199 expect policy a.long silent }
test "a name of the list"           { given request.model = "blue" expect deny "a.model" }
test "no comment of the list"       { given request.model = "# names" expect policy a.model silent }
test "a role among the tags"        { given tenant.tags = ["x", "y"], user.roles = ["z", "y"] expect deny "a.tool" }
test "no role among the tags"       { given tenant.tags = ["x"], user.roles = ["z"] expect policy a.tool silent }
`

describe('what is compiled away acts as it was written', () => {
  it('in tests of the language', async () => {
    const { bundle, tests, diagnostics } = compile([{ path: 'p.policy', text: TEXT }], words.vocabulary, {
      readList: () => '# names\nblue\n',
    })
    assert.ok(bundle, JSON.stringify(diagnostics))
    const results = await runPolicyTests(bundle, tests, words)
    assert.equal(results.length, 13)
    assert.deepEqual(
      results.flatMap(({ test, failures }) => failures.map(({ message }) => `${test.title}: ${message}`)),
      [],
    )
  })

  it('with metadata that is a text, and as absent with any other', () => {
    const { attribute } = words.attribute('metadata.case_id')!
    const read = (metadata: object, word: string): unknown =>
      attribute.resolve({ claims: { metadata } } as never, word, AbortSignal.abort())
    assert.equal(read({ case_id: '7' }, 'case_id'), '7')
    for (const [metadata, word] of [
      [{ case_id: 7 }, 'case_id'],
      [{}, 'case_id'],
      [{}, 'constructor'],
      [{ case_id: null }, 'case_id'],
    ] as const)
      assert.equal(read(metadata, word), null)
  })
})
