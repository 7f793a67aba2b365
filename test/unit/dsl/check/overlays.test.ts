// Overlays: they tighten, agree with each other, and are gone after compilation: variants of the policies that they touch stay.
import assert from 'node:assert/strict'
import { assertPair, bundleOf, codesOf, onlyFault, policy, when } from './helpers.ts'

const PARAM = 'param most : number = 200 min 10 max 1000'
const LIMIT = policy('limit tokens to most per day by tenant.id')
const overlay = (items: string, tenants = '"b"', name = 'one'): string => `overlay ${name} for tenant ${tenants} {\n  ${items}\n}`
const withOverlays = (...overlays: readonly string[]): string => [PARAM, LIMIT, ...overlays].join('\n')

const variantsOf = (text: string): readonly (readonly unknown[])[] =>
  bundleOf(text).policies.map(({ overlay: name, when: condition, mode }) => [name, condition, mode])
const IS_B = { '===': [{ var: 'tenant.id' }, 'b'] }

describe('an overlay', () => {
  it('makes a variant of a policy whose operand it changes, with disjoint guards', () => {
    const { policies } = bundleOf(withOverlays(overlay('param most = 50')))
    assert.deepEqual(
      policies.map(({ id, overlay: name, when: condition, effects }) => [id, name, condition, effects[0]!.operands['amount']]),
      [
        ['a.b', null, { '!': [{ in: [{ var: 'tenant.id' }, ['b']] }] }, 200],
        ['a.b', 'one', IS_B, 50],
      ],
    )
  })
  it('puts its guard first in the condition, and changes params there', () => {
    const text = `${PARAM}\n${when('request.stream and request.tokens > most')}\n${overlay('param most = 50', '"b", "a"')}`
    assert.deepEqual(
      variantsOf(text).map(([, condition]) => condition),
      [
        {
          and: [
            { '!': [{ in: [{ var: 'tenant.id' }, ['a', 'b']] }] },
            { var: 'request.stream' },
            { '>': [{ var: 'request.tokens' }, 200] },
          ],
        },
        { and: [{ in: [{ var: 'tenant.id' }, ['a', 'b']] }, { var: 'request.stream' }, { '>': [{ var: 'request.tokens' }, 50] }] },
      ],
    )
  })
  it('raises a mode for its tenants alone', () => {
    const text = `${policy('mode off\n  when request.stream\n  deny "a.b"')}\n${overlay('mode shadow for a.b')}\n${overlay('mode enforce for a.b', '"b", "c"', 'two')}`
    assert.deepEqual(
      variantsOf(text).map(([name, , mode]) => [name, mode]),
      [
        [null, 'off'],
        ['one+two', 'enforce'],
        ['two', 'enforce'],
      ],
    )
    assert.equal(JSON.stringify(bundleOf(text).program.request).match(/"a\.b"/g)?.length, 2, 'the base is off')
  })
  it('leaves policies alone that it does not touch', () => {
    const { policies } = bundleOf(`${withOverlays(overlay('param most = 50'))}\n${policy('deny "a.c"', 'request', 'a.c')}`)
    assert.deepEqual(policies.find(({ id }) => id === 'a.c')?.when, true)
    assert.equal(policies.length, 3)
  })
  it('reaches the exceptions of a policy', () => {
    const text = `${PARAM}\n${policy('deny "a.b"')}\nexception "e" to a.b {\n  when tenant.tags has "x" and request.tokens < most\n  until 2027-01-01\n  ticket "T"\n  owner "me"\n}\n${overlay('param most = 50')}`
    assert.deepEqual(
      variantsOf(text).map(([name]) => name),
      [null, 'one'],
    )
  })
  it('has the same bytes in whatever order overlays stand', () => {
    const [one, two] = [overlay('param most = 50', '"b", "c"'), overlay('param most = 60', '"d"', 'two')]
    assert.equal(bundleOf(withOverlays(one, two)).hash, bundleOf(withOverlays(two, one)).hash)
  })
})

describe('an overlay never loosens', () => {
  it('P128: a param stays within its bounds', () => {
    assertPair('P128', withOverlays(overlay('param most = 1001')), withOverlays(overlay('param most = 1000')))
    assertPair('P128', withOverlays(overlay('param most = 9')), withOverlays(overlay('param most = 10')))
  })
  it('P128: a param without the bound that matters is not set', () => {
    const text = (bounds: string, body: string, effect = 'deny "a.b"'): string =>
      `param most : number = 200 ${bounds}\n${when(body, effect)}\n${overlay('param most = 150')}`
    assertPair('P128', text('', 'request.tokens > most'), text('max 300', 'request.tokens > most'))
    assertPair('P128', text('min 1', 'request.tokens > most'), text('max 300', 'request.tokens > most'))
    assertPair('P128', text('max 300', 'request.tokens < most'), text('min 1', 'request.tokens < most'))
    assertPair('P128', text('max 300', 'not (request.tokens > most)'), text('min 1', 'not (request.tokens > most)'))
    assertPair(
      'P128',
      text('max 300', 'tenant.id == "a" and request.tokens > most', 'severity low\n  allow'),
      text('min 1', 'tenant.id == "a" and request.tokens > most', 'severity low\n  allow'),
    )
    assertPair('P128', text('max 300', 'request.tokens == most'), text('min 1 max 300', 'request.tokens == most'))
    assertPair(
      'P128',
      text('min 1', 'request.stream', 'limit tokens to most per day by tenant.id'),
      text('max 300', 'request.stream', 'limit tokens to most per day by tenant.id'),
    )
  })
  it('P128: a mode is only raised', () => {
    const text = (mode: string): string => `${policy(`mode ${mode}\n  deny "a.b"`)}\n${overlay('mode shadow for a.b')}`
    assertPair('P128', text('enforce'), text('off'))
  })
  it('P128: a policy that allows does not begin to', () => {
    const text = (mode: string): string => `${policy('mode off\n  when tenant.id == "a"\n  allow')}\n${overlay(`mode ${mode} for a.b`)}`
    assertPair('P128', text('enforce'), text('shadow'))
  })
  it('P128, P110: sets params that there are, with values of their type', () => {
    assertPair('P128', withOverlays(overlay('param mots = 50')), withOverlays(overlay('param most = 50')))
    assertPair('P110', withOverlays(overlay('param most = "50"')), withOverlays(overlay('param most = 50')))
  })
  it('P129: two overlays give a tenant one value', () => {
    const two = (value: string, tenants: string): string =>
      withOverlays(overlay('param most = 50', '"a", "b"'), overlay(`param most = ${value}`, tenants, 'two'))
    assertPair('P129', two('60', '"b", "c"'), two('60', '"c"'))
    assertPair('P129', two('60', '"b", "c"'), two('50', '"b", "c"'))
  })
  it('P101, P112, P114: has a name of its own, is for tenants, and says each thing once', () => {
    assertPair('P101', withOverlays(overlay(''), overlay('')), withOverlays(overlay(''), overlay('', '"b"', 'two')))
    assertPair('P112', withOverlays(overlay('').replace('tenant', 'user')), withOverlays(overlay('')))
    assertPair('P114', withOverlays(overlay('param most = 50\n  param most = 60')), withOverlays(overlay('param most = 50')))
  })
  it('P190: has no policies of its own yet, and says where they go', () => {
    assert.match(onlyFault(overlay(policy('deny "a.b"'))), /P190 `policy` in an overlay .* condition on `tenant.id`/)
  })
  it('reports once what is wrong whatever the value', () => {
    assert.deepEqual(codesOf(`${PARAM}\n${when('request.tokens > most and tenant.x == "a"')}\n${overlay('param most = 50')}`), ['P104'])
  })
})

describe('many overlays', () => {
  const tenants = (count: number): string => Array.from({ length: count }, (_, i) => `"t${i}"`).join(', ')

  it('take time in proportion to their tenants', function () {
    this.timeout(60_000)
    const overlays = [overlay('param most = 50', tenants(50_000)), overlay('param most = 50', tenants(60_000), 'two')]
    const { policies } = bundleOf(withOverlays(...overlays))
    assert.deepEqual(
      policies.map(({ overlay: name }) => name),
      [null, 'one+two', 'two'],
    )
  })
  it('P136: make no more than twenty thousand variants, and the error says what to do instead', () => {
    const policies = Array.from({ length: 150 }, (_, i) => policy('when request.tokens > most\n  deny "a.b"', 'request', `a.p${i}`))
    const overlays = (count: number) => Array.from({ length: count }, (_, i) => overlay(`param most = ${50 + i}`, `"t${i}"`, `o${i}`))
    const fault = onlyFault([PARAM, ...policies, ...overlays(150)].join('\n'))
    assert.match(fault, /^P136 the overlays make more than 20000 variants of policies \| .*for tenant "a", "b"/)
    assert.equal(bundleOf([PARAM, ...policies, ...overlays(20)].join('\n')).policies.length, 150 * 21)
  })
})
