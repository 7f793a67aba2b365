// Every form of `expect`: what meets it, what is said when it is not met, and where the caret stands.
import assert from 'node:assert/strict'
import { BASE, complaints, run, runText } from './helpers.ts'
import { renderDiagnostics } from '../../../../core/policy/toolbox.ts'

const POLICIES = `policy a.card "Card" {
  severity high
  on       request
  when     prompt contains card
  deny     "a.card" "No cards." with status 422
}
policy a.free "Free" {
  on       request
  when     tenant.plan == "free"
  limit    tokens to 200k per day by tenant.id at 80%
  limit    requests to 10 per minute by tenant.id
  cap      request.max_tokens at 1024
  route    to pool "small", "cheap"
  warn     "a.free" "Free tier."
  label    "free"
  log      minimal
}
policy a.mail "Mail" { on response, stream when completion contains email redact email in completion with "[gone]" }
`

const CARD = 'message user "4111111111111111"'
const FREE = 'given tenant.plan = "free"\nmessage user "hi"'

describe('expect', () => {
  const met: readonly (readonly [title: string, body: string])[] = [
    ['deny alone', `${CARD}\nexpect deny`],
    ['deny with its code', `${CARD}\nexpect deny "a.card"`],
    ['deny with its message', `${CARD}\nexpect deny "a.card" "No cards."`],
    ['deny with its status', `${CARD}\nexpect deny "a.card" with status 422`],
    ['allow', `message user "hi"\nexpect allow`],
    ['a policy that fires', `${CARD}\nexpect policy a.card fires`],
    ['a policy that is silent', `message user "hi"\nexpect policy a.card silent`],
    ['the text of a message', `message user "hi"\nexpect text "hi"`],
    ['the text of an answer', `answer "mail jo@acme.example"\nexpect text "mail [gone]"`],
    ['the text of chunks', `chunks "mail jo@", "acme.example"\nexpect text "mail [gone]"`],
    ['an empty text', `answer ""\nexpect text ""`],
    ['an effect whole', `${FREE}\nexpect limit tokens to 200k per day by tenant.id at 80%`],
    ['an effect in part', `${FREE}\nexpect limit tokens`],
    ['one of several calls of a verb', `${FREE}\nexpect limit requests to 10 per minute`],
    ['a verb alone', `${FREE}\nexpect cap`],
    ['a verb with a number', `${FREE}\nexpect cap request.max_tokens at 1024`],
    ['one of a list', `${FREE}\nexpect route to pool "cheap"`],
    ['a list in another order', `${FREE}\nexpect route to pool "cheap", "small"`],
    ['a warning', `${FREE}\nexpect warn "a.free"`],
    ['a label and a log level', `${FREE}\nexpect label "free"\nexpect log minimal`],
    ['a span effect', `answer "jo@acme.example"\nexpect redact email in completion with "[gone]"`],
    ['several at once', `${CARD}\nexpect deny\nexpect policy a.card fires\nexpect policy a.free silent`],
  ]
  for (const [title, body] of met) it(`is met by ${title}`, async () => assert.deepEqual(await run(POLICIES, body), []))

  const unmet: readonly (readonly [title: string, body: string, message: string])[] = [
    ['deny, and nothing fired', `message user "hi"\nexpect deny`, 'expected `deny`, but it was not denied; no policy fired'],
    [
      'deny, and others fired',
      `${FREE}\nexpect deny "a.card"`,
      'expected `deny` with code "a.card", but it was not denied; fired: `a.free`',
    ],
    [
      'another code',
      `${CARD}\nexpect deny "a.other"`,
      'expected `deny` with code "a.other", but it was denied with code "a.card" by `a.card`',
    ],
    [
      'another status',
      `${CARD}\nexpect deny "a.card" with status 400`,
      'expected `deny` with code "a.card", status 400, but it was denied with status 422 by `a.card`',
    ],
    [
      'another message',
      `${CARD}\nexpect deny "a.card" "Go."`,
      'expected `deny` with code "a.card", message "Go.", but it was denied with message "No cards." by `a.card`',
    ],
    ['allow', `${CARD}\nexpect allow`, 'expected `allow`, but the request was denied with `a.card`'],
    [
      'a policy that stays silent',
      `message user "hi"\nexpect policy a.card fires`,
      'expected `a.card` to fire, but it stayed silent; no policy fired',
    ],
    ['a policy that fires', `${CARD}\nexpect policy a.card silent`, 'expected `a.card` to stay silent, but it fired'],
    ['another text', `message user "hi"\nexpect text "ho"`, 'expected the text "ho", but it is "hi"'],
    [
      'an effect that nobody asked for',
      `message user "hi"\nexpect label "free"`,
      'expected `label` with text "free", but no policy asked for it; no policy fired',
    ],
    [
      'an effect with other operands',
      `${FREE}\nexpect cap request.max_tokens at 5`,
      'expected `cap` with attribute request.max_tokens, amount 5, but it was asked for with attribute request.max_tokens, amount 1024',
    ],
    [
      'a list with one more',
      `${FREE}\nexpect route to pool "small", "large"`,
      'expected `route` with kind "pool", name "small", "large", but it was asked for with kind "pool", name "small", "cheap"',
    ],
  ]
  for (const [title, body, message] of unmet) {
    it(`says what it wanted and what came: ${title}`, async () => assert.deepEqual(await run(POLICIES, body), [message]))
  }

  it('names the default where no policy allows the request', async () => {
    const results = await runText('module a\ntest "t" {\nmessage user "hi"\nexpect deny "a.b"\n}')
    assert.deepEqual(
      results[0]!.failures.map(({ message }) => message),
      ['expected `deny` with code "a.b", but it was denied with code "policy.no_match" because no policy allows it'],
    )
  })

  it('says what brings an `allow` where a test asks for one and no policy has it', async () => {
    const [result] = await runText('module a\ntest "t" {\nmessage user "hi"\nexpect allow\n}')
    assert.match(result!.failures[0]!.message, /with `policy\.no_match`: no policy allows it; `import standard\.access` brings the one/)
  })

  it('reports each one that is not met, and shows it with a caret', async () => {
    const text = `${BASE}${POLICIES}test "twice wrong" {
  message user "hi"
  expect  policy a.card silent
  expect  deny "a.card"
  expect  text "ho"
}
`
    const [result] = await runText(text)
    const shown = result!.failures.map(({ span, message }) => {
      const source = { path: span.file, text }
      return renderDiagnostics([{ code: 'T001', severity: 'error', span, message }], [source], { colour: false }).split('\n')
    })
    assert.equal(shown.length, 2)
    const line = text.split('\n').indexOf('  expect  deny "a.card"') + 1
    assert.match(shown[0]![1]!, new RegExp(`t\\.policy:${line}:11$`))
    assert.deepEqual(shown[0]!.slice(3, 5), [
      `${line} |   expect  deny "a.card"`,
      `${' '.repeat(String(line).length)} |           ^^^^^^^^^^^^^`,
    ])
    assert.match(shown[1]!.join('\n'), /expected the text "ho", but it is "hi"[\s\S]*expect {2}text "ho"\n.*\^{9}$/m)
  })
})

describe('an expectation that can never be met', () => {
  const LATER = `policy a.us "Us" { on target when target.zone == "us" deny "a.us" }
policy a.whole "Whole" { on response when completion contains card deny "a.whole" buffer completion }
policy a.stream "Stream" { on stream when completion contains card deny "a.stream" }
policy a.both "Both" { on response, stream redact card in completion }
policy a.early "Early" { on request when prompt contains email deny "a.early" }
`
  const cases: readonly (readonly [title: string, body: string, message: string])[] = [
    ['no target', 'message user "hi"\nexpect policy a.us fires', 'it is `on target`, and the test has no `target.…` given'],
    ['no answer', 'message user "hi"\nexpect policy a.whole fires', 'it is `on response`, and the test has no `answer`'],
    ['no chunks', 'answer "4111111111111111"\nexpect policy a.stream fires', 'it is `on stream`, and the test has no `chunks`'],
    [
      'neither',
      'message user "hi"\nexpect policy a.both fires',
      'it is `on response, stream`, and the test has no `answer` and no `chunks`',
    ],
    [
      'refused before',
      'message user "jo@acme.example"\nanswer "x"\nexpect policy a.whole fires',
      'it is `on response`, and the request was denied with `a.early` before that',
    ],
  ]
  for (const [title, body, message] of cases) {
    it(`says what the test lacks: ${title}`, async () => {
      const name = /policy (\S+) fires/.exec(body)![1]!
      assert.deepEqual(await run(LATER, body), [`expected \`${name}\` to fire, but ${message}`])
    })
  }

  it('says that there is no text to compare', async () => {
    assert.deepEqual(await run('', 'given tenant.plan = "free"\nexpect text ""'), [
      'expected the text "", but there is none: the test has no `message` and no answer',
    ])
  })

  it('fails one of two that contradict each other', async () => {
    assert.equal((await run(LATER, 'message user "hi"\nexpect policy a.early fires\nexpect policy a.early silent')).length, 1)
  })

  it('is an error of `check` where it names what is not there', () => {
    assert.deepEqual(complaints(LATER, 'message user "hi"\nexpect policy a.urly fires'), ['P103: there is no policy `a.urly`'])
    assert.deepEqual(complaints(LATER, 'message user "hi"\nexpect severity high'), ['P106: `severity` has no place here'])
    assert.deepEqual(complaints(LATER, 'message user "hi"'), ['P114: the test `t` expects nothing'])
  })
})

describe('given values of the wrong type', () => {
  const cases: readonly (readonly [given: string, complaint: RegExp])[] = [
    ['tenant.plan = 5', /^P110: `tenant\.plan` is a text, and this is a number$/],
    ['tenant.plan = true', /^P110: .* this is a bool$/],
    ['tenant.plan = ["free"]', /^P110: .* this is a list$/],
    ['key.scopes = "chat"', /^P110: `key\.scopes` is a list .*and this is a text$/],
    ['key.scopes = ["chat", 5]', /^P110: .*this is a number$/],
    ['request.stream = "yes"', /^P110: .*this is a text$/],
    ['request.tokens = "many"', /^P110: .*this is a text$/],
    ['request.tokens = 5m', /^P110: .*this is a duration$/],
    ['request.tokens = 5%', /^P110: .*this is a percent$/],
    ['feature.pii = "loud"', /^P112: .*loud/],
    ['tenant.paln = "free"', /^P104: there is no attribute `tenant\.paln`$/],
    ['tenant.plan = "a", tenant.plan = "b"', /^P114: `tenant\.plan` is given twice$/],
  ]
  for (const [given, complaint] of cases) {
    it(`are errors: given ${given}`, () => {
      const found = complaints('', `given ${given}\nmessage user "hi"\nexpect allow`)
      assert.equal(found.length, 1, found.join('\n'))
      assert.match(found[0]!, complaint)
    })
  }

  it('and of the right one are taken: text, number, bool, list, enum, ip', async () => {
    const body = `given tenant.plan = "free", request.tokens = 5k, request.stream = true, key.scopes = [], feature.pii = "warn", client.ip = "10.0.0.1"
expect policy a.all fires`
    const policy = `policy a.all "All" {
  on   request
  when tenant.plan == "free" and request.tokens == 5000 and request.stream == true and not (key.scopes has "chat")
   and feature.pii == "warn" and client.ip in ["10.0.0.0/8"]
  warn "a.all"
}`
    assert.deepEqual(await run(policy, body), [])
  })

  it('and roles that there are not', () => {
    assert.deepEqual(complaints('', 'message robot "hi"\nexpect allow'), ['P112: `robot` is not a role'])
    assert.deepEqual(complaints('', 'answer "a"\nchunks "b"\nexpect allow'), ['P114: `chunks` is a second answer'])
  })
})
