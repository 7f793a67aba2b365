// The preview of the admin API: who may ask, what is refused and why, and that nothing of what is sent stays anywhere.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { baseConfig, startGateway, type RunningGateway } from '../support/gateway.ts'
import { postChat } from '../support/chat.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream/index.ts'

const SECRET = 'AKIAQ3EGRIF7XN2TZ5KM'
type Loose = ReturnType<typeof JSON.parse>

describe('preview of policies', function () {
  this.timeout(120_000)
  let upstream: UpstreamServer
  let gateway: RunningGateway

  before(async () => {
    upstream = await startUpstream()
    const admins = [{ id: 'eva', role: 'viewer', hash: createHash('sha256').update('viewer-token').digest('hex') }]
    gateway = await startGateway({ config: { ...baseConfig(upstream.url), admins } })
  })
  after(async () => {
    await gateway.remove()
    await upstream.close()
  })

  const ask = async (
    body: unknown,
    headers: { readonly [name: string]: string } = {},
  ): Promise<{ status: number; headers: Headers; body: Loose }> => {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const response = await gateway.admin('/policies/preview', { method: 'POST', body: text, headers })
    return { status: response.status, headers: response.headers, body: await response.json() }
  }

  it('is for administrators who may write', async () => {
    for (const [token, status] of [
      ['wrong', 401],
      ['viewer-token', 403],
    ] as const)
      assert.equal((await ask({ text: 'x' }, { authorization: `Bearer ${token}` })).status, status)
  })

  const refused: readonly (readonly [string, unknown, string | null, RegExp])[] = [
    ['no JSON', `{"text":"${SECRET}`, null, /JSON object/],
    ['neither text nor request', {}, null, /either `text` or `request`/],
    ['both', { text: 'x', request: {} }, null, /either/],
    ['a text that is none', { text: 7 }, 'text', /string/],
    ['a request that is none', { request: { model: 'm', messages: [] } }, 'request.messages', /at least one message/],
    ['an answer that is none', { text: 'x', answer: ['y'] }, 'answer', /string/],
    ['an unknown member', { text: 'x', polices: '' }, 'polices', /there are text, request, answer, given, policies/],
    ['a value of the wrong type', { text: 'x', given: { 'key.scopes': 'chat' } }, 'given', /is a list of text, and `chat` is no list/],
    [
      'policies that do not check',
      { text: 'x', policies: 'module a\npolicy a.b "c" { on request alow }' },
      'policies',
      /preview\.policy:2/,
    ],
  ]
  for (const [title, body, param, message] of refused) {
    it(`refuses ${title}, and says what to do`, async () => {
      const answer = await ask(body)
      assert.equal(answer.status, 400)
      assert.deepEqual([answer.body.error.code, answer.body.error.param], ['invalid_request', param])
      assert.match(answer.body.error.message, message)
      assert.match(answer.body.error.request_id, /^req_\w{26}$/)
      assert.equal(answer.headers.get('x-request-id'), answer.body.error.request_id)
      assert.ok(!JSON.stringify(answer.body).includes(SECRET))
    })
  }

  it('is bounded', async () => assert.equal((await ask({ text: 'x'.repeat(5 * 1024 * 1024) })).status, 413))

  it('finds in every part of a request, and names what nobody can look at', async () => {
    const { body } = await ask({
      request: {
        model: 'auto',
        messages: [
          { role: 'system', content: `use ${SECRET}` },
          { role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }] },
        ],
      },
      given: { 'key.scopes': ['chat'] },
    })
    assert.deepEqual([body.findings[0].detector, body.findings[0].path], ['standard.detectors.api_key', ['messages', 0, 'content']])
    assert.deepEqual([body.unscanned, body.decision], [['image'], 'allow'])
    assert.ok(!JSON.stringify(body).includes(SECRET), 'values are masked')
  })

  it('refuses what the gateway refuses: what stands where it cannot be removed', async () => {
    const key = await gateway.key()
    const messages = [{ role: 'user', content: 'hello' }]
    for (const request of [
      { model: 'gpt-test', messages, odd: { deep: ['jo@example.com'] } },
      { model: 'gpt-test', messages, tools: [{ type: 'function', function: { name: 'f', description: 'ask jo@example.com' } }] },
    ]) {
      const live = (await (await postChat(gateway, key, request)).json()) as Loose
      const { body } = await ask({ request, given: { 'key.scopes': ['chat'], 'feature.pii': 'scrub' } })
      assert.deepEqual([body.decision, body.refused.code, body.refused.policy], ['deny', live.error.code, live.error.policy])
      assert.deepEqual([live.error.code, live.error.policy], ['pii_detected', 'standard.pii.scrub'])
      assert.deepEqual([body.phases[0].verdict, body.rewritten], ['deny', []])
    }
  })

  describe('with an answer', () => {
    const policies = `module a
import standard.detectors as std
policy a.open "All may chat" { on request allow }
policy a.whole "No keys in answers" { on response when completion contains std.secret deny "a.whole" }
policy a.flow "Addresses go" { on stream when completion contains std.email redact std.email in completion }
policy a.both "Not both" { on stream when prompt contains std.email and completion contains std.phone deny "a.both" }`
    const given = { 'key.scopes': ['chat'] }
    const verdicts = (phases: Loose): unknown => phases.map(({ phase, verdict }: Loose) => [phase, verdict])

    it('judges it whole and as a stream, and says what is found in it', async () => {
      const { body } = await ask({ text: 'hello', answer: `write to jo@example.com, key ${SECRET}`, given, policies })
      assert.deepEqual(
        body.findings.map(({ detector, location, path }: Loose) => [detector, location, path]),
        [
          ['standard.detectors.email', 'completion.text', ['answer']],
          ['standard.detectors.api_key', 'completion.text', ['answer']],
        ],
      )
      assert.deepEqual(verdicts(body.phases), [
        ['request', 'allow'],
        ['target', null],
        ['response', 'deny'],
        ['stream', 'allow'],
      ])
      assert.equal(body.phases[3].effects[0].verb, 'redact')
      assert.deepEqual([body.decision, body.refused.code], ['deny', 'a.whole'])
      assert.ok(!JSON.stringify(body).includes(SECRET), 'values are masked')
    })

    it('knows on `stream` what the prompt holds', async () => {
      const { body } = await ask({ text: 'I am jo@example.com', answer: 'call +49 30 901820', given, policies })
      assert.deepEqual([body.phases[2].verdict, body.phases[3].verdict, body.refused.code], ['allow', 'deny', 'a.both'])
    })

    it('does not judge the answer to a request that is refused', async () => {
      const shut = `module a\npolicy a.shut "Closed" { on request deny "a.shut" }`
      const { body } = await ask({ text: 'hello', answer: 'hello', given, policies: shut })
      assert.deepEqual(verdicts(body.phases), [
        ['request', 'deny'],
        ['target', null],
        ['response', null],
        ['stream', null],
      ])
      assert.equal(body.refused.code, 'a.shut')
    })
  })

  describe('of what policies rewrite', () => {
    const policies = `module a
import standard.detectors as std
policy a.open "All may chat" { on request allow }
policy a.mail "Addresses go" { on request redact std.email in prompt }
policy a.zone "Numbers go abroad as tokens" { on target when target.zone == "us" tokenize std.phone in prompt }
policy a.answer "Cards go" { on response, stream redact std.payment_card in completion }
policy a.shut "No keys" { on request when prompt contains std.api_key deny "a.shut" }`
    const request = {
      model: 'auto',
      messages: [
        { role: 'system', content: 'be kind' },
        { role: 'user', content: 'I am jo@example.com' },
        { role: 'user', content: [{ type: 'text', text: 'call +49 30 901820' }] },
      ],
    }

    it('shows each text as it would leave, by its path, and no text that stays as it is', async () => {
      const given = { 'key.scopes': ['chat'], 'target.zone': 'us' }
      const { body } = await ask({ request, given, policies, answer: 'card 4111 1111 1111 1111' })
      const [mail, phone, ...answers] = body.rewritten
      assert.deepEqual(mail, { phase: 'request', location: 'prompt.user', path: ['messages', 1, 'content'], text: 'I am [EMAIL]' })
      assert.deepEqual(phone.path, ['messages', 2, 'content', 0, 'text'])
      assert.match(phone.text, /^call \u27e6PHONE_\w{8}\u27e7$/)
      assert.deepEqual(
        answers.map(({ phase, text }: Loose) => [phase, text]),
        [
          ['response', 'card [PAYMENT_CARD]'],
          ['stream', 'card [PAYMENT_CARD]'],
        ],
      )
    })

    it('shows nothing of a request that is refused', async () => {
      const { body } = await ask({ text: `jo@example.com, ${SECRET}`, given: { 'key.scopes': ['chat'] }, policies })
      assert.deepEqual([body.decision, body.rewritten], ['deny', []])
    })
  })

  it('sends nothing, and leaves nothing of what it was sent', async () => {
    await ask({ text: SECRET })
    await ask({
      text: SECRET,
      policies: `module a\nimport standard.detectors as std\npolicy a.b "c" { on request when prompt contains std.secret deny "a.b" }`,
    })
    assert.equal(upstream.calls.length, 0)
    assert.ok(!gateway.output().includes(SECRET))
    const files = readdirSync(gateway.folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    for (const { parentPath, name } of files) assert.ok(!readFileSync(join(parentPath, name)).includes(SECRET), name)
  })
})
