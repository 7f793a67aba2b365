// Quantifiers that read the outside: `bind` brings values into the body, and any JSON Logic engine with that operator gives the same answer.
import assert from 'node:assert/strict'
import { assertPair, bundleOf, house, when } from '../check/helpers.ts'
import { compile, evaluateReference, type JsonLogic } from '../../../../dsl/index.ts'
import type { AttributeDeclaration } from '../../../../dsl/vocabulary/vocabulary.ts'

const groups: AttributeDeclaration = {
  name: 'my.groups',
  type: { kind: 'list', of: { kind: 'record', fields: { name: { kind: 'text' }, members: { kind: 'list', of: { kind: 'text' } } } } },
  optional: false,
  phase: 'request',
  source: 'proved',
  lifetime: 'exchange',
  doc: '',
  example: [],
  plugin: 'test',
}
const vocabulary = { ...house, attributes: [...house.attributes, groups] }

const logicOf = (condition: string): JsonLogic => {
  const { bundle, diagnostics } = compile([{ path: 'p.policy', text: when(condition) }], vocabulary)
  assert.ok(bundle, JSON.stringify(diagnostics))
  return bundle.policies[0]!.when
}
const holds = (condition: string, context: { readonly [path: string]: unknown }): unknown =>
  evaluateReference(logicOf(condition), new Map(Object.entries(context)))

const TOOLS = [
  { name: 'shell', source: 'a', writes: true },
  { name: 'search', source: 'b', writes: false },
]

describe('a quantifier', () => {
  it('binds what its body reads of the outside, each once', () => {
    assert.deepEqual(logicOf('some t in request.tools where (t.name == tenant.id or t.source == tenant.id)'), {
      some: [
        { bind: [{ var: 'request.tools' }, 'k1', { var: 'tenant.id' }] },
        { or: [{ '===': [{ var: 'it.name' }, { var: 'k1' }] }, { '===': [{ var: 'it.source' }, { var: 'k1' }] }] },
      ],
    })
  })
  it('binds findings and elements of quantifiers around it', () => {
    assert.deepEqual(logicOf('some g in my.groups where (some m in g.members where (m == g.name and m == tenant.id))'), {
      some: [
        { bind: [{ var: 'my.groups' }, 'k1', { var: 'tenant.id' }] },
        {
          some: [
            { bind: [{ var: 'it.members' }, 'k1', { var: 'it.name' }, 'k2', { var: 'k1' }] },
            { and: [{ '===': [{ var: 'it' }, { var: 'k1' }] }, { '===': [{ var: 'it' }, { var: 'k2' }] }] },
          ],
        },
      ],
    })
    const finding = logicOf2('some t in request.tools where (t.writes and prompt contains n)')
    assert.deepEqual((finding as { some: readonly JsonLogic[] }).some[0], {
      bind: [{ var: 'request.tools' }, 'k1', { var: 'found.n.prompt.score' }],
    })
  })
  it('reads its elements directly where it needs nothing else, also around another one', () => {
    assert.deepEqual(logicOf('no g in my.groups where (some m in g.members where (m == "x"))'), {
      none: [{ var: 'my.groups' }, { some: [{ var: 'members' }, { '===': [{ var: '' }, 'x'] }] }],
    })
  })

  const context = {
    'request.tools': TOOLS,
    'request.model': 'search',
    'tenant.id': 'shell',
    'my.groups': [{ name: 'x', members: ['y', 'x'] }],
  }
  const CASES: readonly (readonly [condition: string, result: boolean])[] = [
    ['some t in request.tools where (t.name == request.model)', true],
    ['some t in request.tools where (t.name == request.model and t.writes)', false],
    ['no t in request.tools where (t.name == request.model)', false],
    ['every t in request.tools where (t.name == request.model or t.name == tenant.id)', true],
    ['count(t in request.tools where t.name != request.model) == 1', true],
    ['some g in my.groups where (some m in g.members where (m == g.name))', true],
    ['some g in my.groups where (every m in g.members where (m == g.name))', false],
    ['some t in request.tools where (some g in my.groups where (some m in g.members where (m == t.name)))', false],
    ['some t in request.tools where (count(s in request.tools where s.name != t.name) == 1)', true],
  ]
  for (const [condition, result] of CASES) it(`${result}: ${condition}`, () => assert.equal(holds(condition, context), result))

  it('P120: sees an absent value of the outside as its polarity says', () => {
    const body = 'where (t.name == request.user)'
    assertPair('P120', when(`no t in request.tools ${body}`), when(`some t in request.tools ${body}`))
    assertPair('P120', when(`not (some t in request.tools ${body})`), when(`every t in request.tools ${body}`))
    assertPair(
      'P120',
      when(`count(t in request.tools ${body.replace(/[()]/g, '')}) > 1`),
      when(`request.user exists and no t in request.tools ${body}`),
    )
    assertPair(
      'P120',
      when('count(t in request.tools where not (t.name == request.user)) > 1'),
      when('count(t in request.tools where t.writes) > 1'),
    )
  })
  it('P125: gives its element a name that means nothing else', () => {
    for (const name of ['tenant', 'prompt', 'found', 'names'])
      assertPair(
        'P125',
        `list names = ["a"]\n${when(`request.model in names and some ${name} in request.tools where (${name}.writes)`)}`,
        `list names = ["a"]\n${when('request.model in names and some t in request.tools where (t.writes)')}`,
      )
    const nested = (inner: string): string => when(`some t in request.tools where (some ${inner} in request.tools where (${inner}.writes))`)
    assertPair('P125', nested('t'), nested('s'))
  })
  it('P135: walks two lists within each other, and no third', () => {
    const nested = (inner: string): string => when(`some a in request.tools where (some b in request.tools where (${inner}))`)
    assertPair('P135', nested('some c in request.tools where (c.name == a.name)'), nested('b.name == a.name'))
    assertPair('P135', nested('count(c in request.tools where c.writes) > 1'), nested('b.writes'))
  })
  it('P130, P104: holds to phases and fields in its body', () => {
    assertPair(
      'P130',
      when('some t in request.tools where (t.name == target.zone)'),
      when('some t in request.tools where (t.name == tenant.id)'),
    )
    assertPair(
      'P104',
      when('some t in request.tools where (t.nmae == tenant.id)'),
      when('some t in request.tools where (t.name == tenant.id)'),
    )
  })
  it('P140: may not hide in a stream what it does with an answer', () => {
    const text = (condition: string): string =>
      `detector n {\n  pattern /\\d{4}/\n}\npolicy a.b "x" {\n  on stream\n  when ${condition}\n  deny "a.b"\n}`
    assertPair(
      'P140',
      text('some t in request.tools where (t.writes and not (completion contains n))'),
      text('completion contains n and some t in request.tools where (t.writes)'),
    )
  })
  it('may look for one of a list that is known later only', () => {
    assert.equal(holds('user.roles has any of tenant.tags', { 'user.roles': ['a', 'b'], 'tenant.tags': ['c', 'b'] }), true)
    assert.equal(holds('user.roles has any of tenant.tags', { 'user.roles': ['a', 'b'], 'tenant.tags': ['c'] }), false)
    assert.equal(holds('user.roles has all of tenant.tags', { 'user.roles': ['a', 'b'], 'tenant.tags': ['b'] }), true)
    assert.equal(holds('user.roles has all of tenant.tags', { 'user.roles': ['a', 'b'], 'tenant.tags': ['b', 'c'] }), false)
    assert.equal(holds('user.roles has all of key.models', { 'user.roles': ['a'], 'key.models': null }), false)
    assert.equal(holds('key.models has any of user.roles', { 'user.roles': ['a'], 'key.models': null }), false)
    assert.equal(holds('client.ip in tenant.tags', { 'client.ip': '10.1.2.3', 'tenant.tags': ['192.0.2.0/24', '10.0.0.0/8'] }), true)
    assert.equal(holds('client.ip not in tenant.tags', { 'client.ip': '10.1.2.3', 'tenant.tags': ['192.0.2.0/24'] }), true)
  })
})

function logicOf2(condition: string): JsonLogic {
  return bundleOf(`detector n {\n  pattern /\\d{4}/\n}\n${when(condition)}`).policies[0]!.when
}
