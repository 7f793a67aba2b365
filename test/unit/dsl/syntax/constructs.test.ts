// Every construct of the grammar: a text, and what it becomes.
import assert from 'node:assert/strict'
import { bare, clauses, condition, declarations, phrases, showPhrase } from './helpers.ts'

const first = (text: string): unknown => bare(declarations(text)[0])

describe('declarations', () => {
  const cases: [string, unknown][] = [
    ['module acme.guard version "1"', { kind: 'module', name: 'acme.guard', version: '1' }],
    ['module acme', { kind: 'module', name: 'acme', version: null }],
    ['import standard.detectors as std', { kind: 'import', module: 'standard.detectors', alias: 'std' }],
    ['import acme.policy', { kind: 'import', module: 'acme.policy', alias: null }],
    [
      'list xs = ["a", 1, -2]',
      {
        kind: 'list',
        name: 'xs',
        values: [
          { kind: 'text', value: 'a' },
          { kind: 'number', value: 1 },
          { kind: 'number', value: -2 },
        ],
        from: null,
      },
    ],
    ['list xs = []', { kind: 'list', name: 'xs', values: [], from: null }],
    ['list xs from "x.txt"', { kind: 'list', name: 'xs', values: null, from: 'x.txt' }],
    ['const half = 50%', { kind: 'const', name: 'half', value: { kind: 'percent', value: 50 } }],
    [
      'param p : number = 200k min 1_000 max 1.5M',
      {
        kind: 'param',
        name: 'p',
        type: { text: 'number', optional: false },
        value: { kind: 'number', value: 200_000 },
        min: { kind: 'number', value: 1000 },
        max: { kind: 'number', value: 1_500_000 },
      },
    ],
    ['attribute metadata.case_id : text?', { kind: 'attribute', name: 'metadata.case_id', type: { text: 'text', optional: true } }],
    [
      'attribute metadata.tags : list of text',
      { kind: 'attribute', name: 'metadata.tags', type: { text: 'list of text', optional: false } },
    ],
    ['default request deny', { kind: 'default', phase: 'request', verdict: 'deny' }],
    ['default stream allow', { kind: 'default', phase: 'stream', verdict: 'allow' }],
    [
      'exception "why" to a.b { until 2027-03-31 }',
      {
        kind: 'exception',
        title: 'why',
        policy: 'a.b',
        clauses: [
          { kind: 'phrase', phrase: { verb: 'until', slots: [{ preposition: null, groups: [[{ kind: 'date', value: '2027-03-31' }]] }] } },
        ],
      },
    ],
    ['policy a { }', { kind: 'policy', name: 'a', title: null, clauses: [] }],
  ]
  for (const [text, expected] of cases) it(`reads \`${text}\``, () => assert.deepEqual(first(text), expected))

  it('reads every clause of a detector', () => {
    const text = `detector d {
      pattern /\\b[/a-z]{2,9}\\/x\\b/  any std.email, b  check luhn, card_brand  list terms  entropy 3.5  score 0.6
      near "a", "b" within 40 chars adds 0.3  examples "x"  never "y", "z"  normalize case, spaces  group 1
    }`
    assert.deepEqual(first(text), {
      kind: 'detector',
      name: 'd',
      clauses: [
        { kind: 'pattern', pattern: { kind: 'regex', value: '\\b[/a-z]{2,9}\\/x\\b' } },
        { kind: 'any', detectors: ['std.email', 'b'] },
        { kind: 'check', checks: ['luhn', 'card_brand'] },
        { kind: 'list', list: 'terms' },
        { kind: 'entropy', minimum: 3.5 },
        { kind: 'score', score: 0.6 },
        {
          kind: 'near',
          words: [
            { kind: 'text', value: 'a' },
            { kind: 'text', value: 'b' },
          ],
          withinChars: 40,
          adds: 0.3,
        },
        { kind: 'examples', texts: [{ kind: 'text', value: 'x' }] },
        {
          kind: 'never',
          texts: [
            { kind: 'text', value: 'y' },
            { kind: 'text', value: 'z' },
          ],
        },
        { kind: 'normalize', words: ['case', 'spaces'] },
        { kind: 'group', index: 1 },
      ],
    })
  })

  it('reads every clause of a test', () => {
    const text = `test "t" {
      given a.b = "x", mode = true  message user "hi"  answer """long"""  chunks "a", "b"
      expect policy p.q fires  expect policy p.q silent  expect allow  expect redact  expect deny "a.b" with status 422  expect text "x"
    }`
    const [test] = declarations(text)
    assert.ok(test?.kind === 'test')
    assert.deepEqual(bare(test.clauses.slice(0, 6)), [
      {
        kind: 'given',
        assignments: [
          { attribute: 'a.b', value: { kind: 'text', value: 'x' } },
          { attribute: 'mode', value: { kind: 'bool', value: true } },
        ],
      },
      { kind: 'message', role: 'user', text: 'hi' },
      { kind: 'answer', text: 'long' },
      { kind: 'chunks', texts: ['a', 'b'] },
      { kind: 'expect', expectation: { kind: 'policy', policy: 'p.q', outcome: 'fires' } },
      { kind: 'expect', expectation: { kind: 'policy', policy: 'p.q', outcome: 'silent' } },
    ])
    const effects = test.clauses.flatMap((clause) =>
      clause.kind === 'expect' && clause.expectation.kind === 'effect' ? [showPhrase(clause.expectation.phrase)] : [],
    )
    assert.deepEqual(effects, ['allow', 'redact', 'deny ["a.b"] with [status 422]', 'text ["x"]'])
  })

  it('lets an overlay hold parameters, phrases, policies and exceptions', () => {
    const [overlay] = declarations(
      'overlay o for tenant "a", "b" { param std.x = 5  policy p { allow }  exception "e" to p { ticket "T" }  mode shadow for p, q }',
    )
    assert.ok(overlay?.kind === 'overlay')
    assert.deepEqual(
      overlay.declarations.map(({ kind }) => kind),
      ['policy', 'exception'],
    )
    assert.deepEqual(bare(overlay.params), [{ name: 'std.x', value: { kind: 'number', value: 5 } }])
    assert.deepEqual(overlay.phrases.map(showPhrase), ['mode [shadow] for [p] [q]'])
    assert.equal(overlay.scope.values.length, 2)
  })

  it('joins the `##` comments directly above a declaration, and only those', () => {
    const docs = declarations('## far\n\n# plain\n## one\n##  two\npolicy a { }\npolicy b { } ## behind\npolicy c { }').map(
      ({ doc }) => doc,
    )
    assert.deepEqual(docs, ['one\n two', null, null])
  })
})

describe('conditions', () => {
  const cases: [string, string][] = [
    ['a.b == "x"', '(== a.b "x")'],
    ['a != 1', '(!= a 1)'],
    ['a < 1', '(< a 1)'],
    ['a <= 1', '(<= a 1)'],
    ['a > 1', '(> a 1)'],
    ['a >= -1', '(>= a -1)'],
    ['a and b and c', '(and a b c)'],
    ['a or b', '(or a b)'],
    ['a and (b or c)', '(and a (or b c))'],
    ['not a', '(not a)'],
    ['not not a == 1', '(not (not (== a 1)))'],
    ['not (a has "x")', '(not (has one a "x"))'],
    ['a in xs', '(in a xs)'],
    ['a not in ["x", "y"]', '(not in a ["x", "y"])'],
    ['a has "x"', '(has one a "x")'],
    ['a has any of ["x"]', '(has any a ["x"])'],
    ['a has all of xs', '(has all a xs)'],
    ['prompt contains std.email', '(contains prompt std.email)'],
    ['prompt contains card scoring 0.6', '(contains prompt card 0.6)'],
    ['a contains "x"', '(contains a "x")'],
    ['a exists', '(exists a)'],
    ['a is missing', '(missing a)'],
    ['a starts with "x"', '(starts with a "x")'],
    ['a ends with "x"', '(ends with a "x")'],
    ['a like "x*"', '(like a "x*")'],
    ['some t in request.tools where (t.writes)', '(some t request.tools t.writes)'],
    ['every t in xs where (t.a == 1 and t.b)', '(every t xs (and (== t.a 1) t.b))'],
    ['no t in xs where (t.a)', '(no t xs t.a)'],
    ['count(x in xs where x.a) > 2', '(> (count x xs x.a) 2)'],
    ['count(x in xs) > 2', '(> (count x xs) 2)'],
    ['lower(a.b) == "x"', '(== (lower a.b) "x")'],
    ['a ?? "d" == "x"', '(== (?? a "d") "x")'],
    ['a ?? b ?? 1 > 0', '(> (?? (?? a b) 1) 0)'],
    ['a + b * 2 - 1 > 0', '(> (- (+ a (* b 2)) 1) 0)'],
    ['a - b - c > 0', '(> (- (- a b) c) 0)'],
    ['a * b + c > 0', '(> (+ (* a b) c) 0)'],
    ['(a + b) * 2 > 0', '(> (* (+ a b) 2) 0)'],
    ['a ?? 1 + 2 > 0', '(> (?? a (+ 1 2)) 0)'],
    ['jsonlogic """{"var":"a"}"""', '(jsonlogic {"var":"a"})'],
    ['true', 'true'],
    ['a > 30d and b < 2027-03-31 and c >= 25%', '(and (> a 2592000000ms) (< b "2027-03-31") (>= c 25%))'],
  ]
  for (const [text, expected] of cases) it(`reads \`${text}\``, () => assert.equal(condition(text), expected))

  it('reads the soft words as names where they mean nothing', () => {
    assert.equal(
      condition('count > 1 and lower == error and jsonlogic exists and any in all'),
      '(and (> count 1) (== lower error) (exists jsonlogic) (in any all))',
    )
  })
})

describe('the clause `on`', () => {
  it('names phases, or what happens on an error', () => {
    assert.deepEqual(bare(clauses('on request, stream on error allow')), [
      { kind: 'on', phases: [{ phase: 'request' }, { phase: 'stream' }] },
      { kind: 'on error', phrase: { verb: 'allow', slots: [] } },
    ])
  })
})

describe('phrases', () => {
  const cases: [string, string[]][] = [
    ['deny "a.b" "text" with status 422', ['deny ["a.b" "text"] with [status 422]']],
    ['redact std.email, card in prompt, completion with "x"', ['redact [std.email] [card] in [prompt] [completion] with ["x"]']],
    ['mask card in prompt except last 4', ['mask [card] in [prompt] except [last 4]']],
    ['tokenize a in prompt for 30d to tools "x", "y"', ['tokenize [a] in [prompt] for [2592000000ms] to [tools "x"] ["y"]']],
    [
      'limit tokens to daily per day by tenant.id, key.id at soft 80%',
      ['limit [tokens] to [daily] per [day] by [tenant.id] [key.id] at [soft 80%]'],
    ],
    ['route to pool "a", "b"', ['route to [pool "a"] ["b"]']],
    ['cap request.max_tokens at 1024', ['cap [request.max_tokens] at [1024]']],
    ['require approval from "x" within 15m', ['require [approval] from ["x"] within [900000ms]']],
    ['set header "a" to "b"', ['set [header "a"] to ["b"]']],
    ['mode enforce for 25% by tenant.id', ['mode [enforce] for [25%] by [tenant.id]']],
    ['add prompt "x" at version "2"', ['add [prompt "x"] at [version "2"]']],
    ['log minimal label "x" allow', ['log [minimal]', 'label ["x"]', 'allow']],
  ]
  for (const [text, expected] of cases) it(`reads \`${text}\``, () => assert.deepEqual(phrases(text), expected))
})

describe('the word rule', () => {
  it('ends a clause at a word that stands behind an operand, wherever lines break', () => {
    for (const gap of [' ', '\n', '\n\n  # note\n']) {
      const body = ['when a == "x"', 'redact card in prompt', 'log minimal', 'warn "c" "t"', 'allow'].join(gap)
      assert.deepEqual(phrases(body), ['redact [card] in [prompt]', 'log [minimal]', 'warn ["c" "t"]', 'allow'])
    }
  })
  it('breaks lines anywhere within a clause', () =>
    assert.deepEqual(phrases('limit\ntokens\nto\n5\nper\nday\nby\na\n.\nb'), ['limit [tokens] to [5] per [day] by [a.b]']))
  it('takes a word behind a verb, a preposition or a comma as an operand, also a verb', () => {
    assert.deepEqual(phrases('redact log,\ndeny in\nwarn label "x"'), ['redact [log] [deny] in [warn]', 'label ["x"]'])
  })
  it('lets literals follow anything', () =>
    assert.deepEqual(phrases('v a 1 "b" 2d 3% true, c ["x"]'), ['v [a 1 "b" 172800000ms 3% true] [c ["x"]]']))
  it('lets any word follow a dot', () =>
    assert.deepEqual(phrases('redact a.in.policy.when.allow in prompt.list'), ['redact [a.in.policy.when.allow] in [prompt.list]']))
  it('ends a condition at a word that stands behind a value', () => assert.equal(condition('a in xs deny "x"'), '(in a xs)'))
})
