// What in-file tests reach: policies in, what no test reaches out, with the reason and what a test would have to say.
import assert from 'node:assert/strict'
import { BASE, open } from './helpers.ts'
import { runSetTests, type PolicyCoverage } from '../../../../core/policy/toolbox.ts'
import { testPolicies } from '../../../../core/cli/policy-test.ts'

async function coverageOf(policies: string, tests: string): Promise<readonly PolicyCoverage[]> {
  const { coverage } = await runSetTests(open(`${BASE}${policies}\n${tests}`), true)
  assert.ok(coverage)
  return coverage
}

/** Of the one policy: `branch text: reason`. */
async function missed(body: string, tests: string): Promise<readonly string[]> {
  const [one, ...more] = await coverageOf(`policy p.p "t" {\n${body}\n}`, tests)
  assert.deepEqual(more, [])
  assert.equal(one!.total - one!.reached >= one!.uncovered.length, true)
  return one!.uncovered.map(({ branch, text, reason }) => `${branch} ${text}: ${reason}`)
}

let names = 0
const test = (body: string): string => `test "t${names++}" {\n${body}\nexpect allow\n}\n`
const hello = test('message user "hello"')
const mail = test('message user "jo@x.example"')

describe('coverage', () => {
  it('is complete where every branch decided once', async () => {
    const [one] = await coverageOf(
      'policy p.p "t" {\non request\nwhen prompt contains email and (tenant.region == "eu" or tenant.region == "uk")\nunless user.roles has "support"\nlabel "x"\n}',
      [
        test('given tenant.region = "eu"\nmessage user "hello"'),
        test('given tenant.region = "eu"\nmessage user "jo@x.example"'),
        test('given tenant.region = "uk"\nmessage user "jo@x.example"'),
        test('given tenant.region = "uk", user.roles = ["support"]\nmessage user "jo@x.example"'),
        test('given tenant.region = "us"\nmessage user "jo@x.example"'),
      ].join(''),
    )
    assert.deepEqual([one!.uncovered, one!.reached, one!.total], [[], 7, 7])
  })

  it('names a policy that no test makes fire, with what kept it from it and what a test would need', async () => {
    assert.deepEqual(await missed('on request\nwhen tenant.region == "eu"\nlabel "x"', hello), [
      'fires p.p: `tenant.region == "eu"` was false every time (`tenant.region` was absent); it needs `given tenant.region = "eu"`',
    ])
    assert.deepEqual(await missed('on request\nwhen prompt contains email\nlabel "x"', hello), [
      'fires p.p: `prompt contains email` was false every time; it needs a message with a finding of `email`',
    ])
  })

  it('names a policy that is never silent', async () => {
    assert.deepEqual(await missed('on request\nwhen request.tokens <= 100\nlabel "x"', hello), [
      'silent p.p: it fired every time; it needs `given request.tokens = 101`',
    ])
  })

  it('counts a policy without a condition as whole when it fired', async () => {
    assert.deepEqual(await missed('on request\nlabel "x"', hello), [])
  })

  it('says which phase no test gets to, once, instead of every branch', async () => {
    for (const [phase, why] of [
      ['target', 'no test with a `given target.…` gets as far as `target`'],
      ['response', 'no test with an `answer` gets as far as `response`'],
      ['stream', 'no test with `chunks` gets as far as `stream`'],
    ]) {
      const body = `on ${phase}\nwhen tenant.region == "eu" and (tenant.plan == "a" or tenant.plan == "b")\nwarn "a.b"`
      assert.deepEqual(await missed(body, hello), [`fires p.p: never judged: ${why}`])
    }
  })

  it('says that an arm was never looked at, because of the one before it', async () => {
    assert.deepEqual(await missed('on request\nwhen request.stream and request.tokens > 5\nlabel "x"', hello), [
      'fires p.p: `request.stream` was false every time (`request.stream` was false); it needs `given request.stream = true`',
      'and request.tokens > 5: never looked at: `request.stream` before it was always false; it needs `given request.stream = true`',
    ])
  })

  it('asks of an `or` that each arm was once what made it true', async () => {
    assert.deepEqual(await missed('on request\nwhen request.tokens > 5 or request.stream\nlabel "x"', hello), [
      'silent p.p: it fired every time; it needs `given request.tokens = 5`, and `given request.stream = false`',
      'or request.stream: never looked at: `request.tokens > 5` before it was always true; it needs `given request.tokens = 5`',
    ])
  })

  it('asks of an `unless` that it exempted, and looks through `not`', async () => {
    assert.deepEqual(
      await missed(
        'on request\nwhen prompt contains email\nunless not (user.roles has "a" or user.roles has "b")\nlabel "x"',
        hello + mail,
      ),
      [
        'fires p.p: `unless not (user.roles has "a" or user.roles has "b")` held every time',
        'or user.roles has "a": it was false every time (`user.roles` was []); it needs `given user.roles = ["a"]`',
        'or user.roles has "b": it was false every time (`user.roles` was []); it needs `given user.roles = ["b"]`',
      ],
    )
    assert.deepEqual(await missed('on request\nwhen prompt contains email\nunless user.roles has "a"\nlabel "x"', hello + mail), [
      'unless user.roles has "a": it was false every time (`user.roles` was []); it needs `given user.roles = ["a"]`',
    ])
  })

  it('lists `on error` as what no test can reach, and does not count it', async () => {
    const [one] = await coverageOf(
      'policy p.p "t" {\non request\nwhen prompt contains email\nlabel "x"\non error deny "a.b"\n}',
      hello + mail,
    )
    assert.deepEqual([one!.reached, one!.total, one!.uncovered], [2, 2, []])
    assert.deepEqual(
      one!.untestable.map(({ branch, text }) => [branch, text]),
      [['on error', 'deny "a.b"']],
    )
  })

  it('asks of an exception that it exempted', async () => {
    const policies = `attribute metadata.case : text?
policy p.p "t" {\non request\nwhen prompt contains email\nlabel "x"\n}
exception "the desk" to p.p {\nwhen user.roles has "desk"\nuntil 2027-03-31\nticket "T-1"\nowner "o@x.example"\n}`
    const [one] = await coverageOf(policies, hello + mail)
    assert.deepEqual(
      one!.uncovered.map(({ branch, text }) => [branch, text]),
      [['exception', 'the desk']],
    )
    const [two] = await coverageOf(policies, hello + mail + test('given user.roles = ["desk"]\nmessage user "jo@x.example"'))
    assert.deepEqual(two!.uncovered, [])
  })

  it('has a row for each variant that an overlay makes, with the values of its params', async () => {
    const policies = `param most : number = 10 max 100
policy p.p "t" {\non request\nwhen request.tokens > most\nlabel "x"\n}
overlay bank for tenant "bank" {\nparam most = 5\n}`
    const all = await coverageOf(policies, hello)
    assert.deepEqual(
      all.map(({ overlay, uncovered }) => [overlay, uncovered.map(({ reason }) => reason)]),
      [
        [null, ['it fired every time; it needs `given request.tokens = 10`']],
        ['bank', ['no test is of its tenants; it needs a `given tenant.id` that the overlay names']],
      ],
    )
  })

  it('is a table on a terminal, lines with places in a pipe, data as JSON', async () => {
    const set = open(`${BASE}policy p.p "t" {\non request\nwhen tenant.region == "eu"\nlabel "x"\n}\n${hello}`)
    const terminal = await testPolicies(set, { coverage: true, screen: { colour: false, columns: 60 } })
    assert.match(terminal.text, /\n  policy  reached   \n/)
    assert.match(terminal.text, /\n✗ p\.p     █████░░░░░ 1\/2\n    never fires .*t\.policy:5:1\n/)
    assert.ok(terminal.text.split('\n').every((line) => line.length <= 100))
    const pipe = await testPolicies(set, { coverage: true, screen: { colour: false, columns: null } })
    assert.match(
      pipe.text,
      /\n\S*t\.policy:5:1: p\.p: never fires: .*; it needs `given tenant\.region = "eu"`\n1 of 2 branches reached in 1 policy$/,
    )
    const { coverage } = pipe.json as { coverage: { policy: string; uncovered: { branch: string; start: { line: number } }[] }[] }
    assert.deepEqual(
      coverage.map(({ policy, uncovered }) => [policy, uncovered.map(({ branch, start }) => [branch, start.line])]),
      [['p.p', [['fires', 5]]]],
    )
    assert.equal('coverage' in (await testPolicies(set, { coverage: false, screen: { colour: false, columns: null } })).json, false)
  })

  it('does not fail for what is not reached, and warns where there is no test at all', async () => {
    const set = open(`${BASE}policy p.p "t" {\non request\nlabel "x"\n}\n`)
    const report = await testPolicies(set, { coverage: true, screen: { colour: false, columns: null } })
    assert.equal(report.failed, 0)
    assert.match(report.text, /^warning: there is no test in these files\n0 passed, 0 failed\n/)
    assert.match(report.text, /never fires: never judged: there is no test/)
  })
})
