// Attributes that a module declares: members of a family that a plugin opened.
import assert from 'node:assert/strict'
import { assertPair, bundleOf, onlyFault, policy, when } from './helpers.ts'

const DECLARED = 'attribute metadata.case_id : text?'
const USE = when('metadata.case_id == "7"')

describe('a declared attribute', () => {
  it('can be read like any other, and is named by the artefact', () => {
    const { attributes, policies } = bundleOf(`${DECLARED}\n${USE}`)
    assert.deepEqual(attributes, ['metadata.case_id'])
    assert.deepEqual(policies[0]!.when, { '===': [{ var: 'metadata.case_id' }, '7'] })
  })
  it('P104: is declared before it is used, in tests too', () => {
    assert.match(onlyFault(USE), /P104 there is no attribute `metadata.case_id` \| Declare it: `attribute metadata.case_id : text\?`/)
    const test = 'test "t" {\n  given metadata.case_id = "7"\n  expect allow\n}'
    assertPair('P104', test, `${DECLARED}\n${USE}\n${test}`)
  })
  it('P134: belongs to a family and has its type', () => {
    assertPair('P134', `attribute metadat.case_id : text?\n${USE.replace('metadata', 'metadat')}`, `${DECLARED}\n${USE}`)
    assert.match(onlyFault('attribute weather.wind : text?'), /P134 .* \| Families are `metadata\.\*`/)
    assert.match(onlyFault('attribute metadata.x : number?'), /P134 .* \| Write `attribute metadata.x : text\?`/)
    assert.match(onlyFault('attribute metadata.x : text'), /P134 .* \| Write `attribute metadata.x : text\?`/)
    assert.match(onlyFault('attribute tenant.id : text'), /P134 .* \| Leave the declaration out/)
  })
  it('P101: is declared once in a module', () => assertPair('P101', `${DECLARED}\n${DECLARED}\n${USE}`, `${DECLARED}\n${USE}`))
  it('P120, P122, P123: may be absent, and is the word of the caller', () => {
    const using = (text: string): string => `${DECLARED}\n${text}`
    assertPair('P120', using(when('metadata.case_id != "7"')), using(USE))
    assertPair('P123', using(policy('when metadata.case_id == "7"\n  allow')), using(USE))
    assertPair('P122', using(policy('limit requests to 5 per day by metadata.case_id')), using(USE))
  })
})
