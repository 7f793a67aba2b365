// Tokens end to end: the upstream sees placeholders only, the client its own values, and nobody else's.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { baseConfig, startGateway, type GatewaySetup, type RunningGateway } from '../support/gateway.ts'
import { filesBelow } from '../support/files.ts'
import { answerText, postChat, readStream, user } from '../support/chat.ts'
import { answer, chunks, startUpstream, text, type Arrived, type Behaviour, type UpstreamServer } from '../support/upstream/index.ts'

const EMAIL = 'jo.smith@example.com'
const PLACEHOLDER = /⟦EMAIL_[A-Z2-7]{8}⟧/
const POLICY = `module privacy
import standard.detectors as std

policy privacy.contacts "Addresses leave as tokens" {
  on       request
  tokenize std.email in prompt to tools "send_mail"
}
`

interface Message {
  readonly content: string
}

const said = ({ json }: Arrived): string => (json['messages'] as readonly Message[]).at(-1)!.content
const placeholderIn = (value: string): string => PLACEHOLDER.exec(value)![0]
/** Says what it was told; `how` may change it on the way. */
const echo =
  (how: (content: string) => string = (content) => content): Behaviour =>
  (request) =>
    text([...how(said(request))])(request)

describe('tokens', function () {
  this.timeout(120_000)
  let upstream: UpstreamServer
  let gateway: RunningGateway
  let key: string
  let others: string

  const setup = (): GatewaySetup => ({
    config: {
      ...baseConfig(upstream.url),
      plugins: { cache: { enabled: true }, failover: { attempts: 1 } },
      features: [{ name: 'plain', pii: 'allow' }],
      tenants: [
        { id: 'acme', defaultFeature: 'plain' },
        { id: 'other', defaultFeature: 'plain' },
      ],
    },
    policies: { 'privacy.policy': POLICY },
  })

  before(async () => {
    upstream = await startUpstream()
    gateway = await startGateway(setup())
    key = await gateway.key()
    others = await gateway.key(['--tenant', 'other', '--scopes', 'chat'])
  })
  beforeEach(() => {
    upstream.reset()
    upstream.always(echo())
  })
  after(async () => {
    await gateway.remove()
    await upstream.close()
  })

  const sentTo = (index: number): string => said(upstream.calls[index]!)
  const inSession = (session: string) => ({ headers: { 'x-sallyport-session': session } })

  it('stand for a value on the way to the upstream, and for nobody else', async () => {
    const response = await postChat(gateway, key, user(`write to ${EMAIL}, again ${EMAIL}`))
    assert.equal(await answerText(response), `write to ${EMAIL}, again ${EMAIL}`)
    assert.match(sentTo(0), /^write to (⟦EMAIL_[A-Z2-7]{8}⟧), again \1$/)
    assert.ok(!upstream.calls[0]!.body.includes('jo.smith'))
  })

  it('come back out of a stream of single characters', async () => {
    const seen = await readStream(await postChat(gateway, key, { ...user(`write to ${EMAIL}!`), stream: true }))
    assert.deepEqual(seen, { text: `write to ${EMAIL}!`, arguments: '', error: null, done: true })
  })

  it('come back when the model changes case and puts spaces and escapes into them', async () => {
    for (const how of [
      (content: string) => content.toLowerCase(),
      (content: string) => content.replace('EMAIL_', ' EMAIL\\_\u200b'),
      (content: string) => content.replace(/⟦(.*)⟧/, '⟦ `$1` ⟧'),
      (content: string) => content.replace('⟦', '〚').replace('⟧', '〛'),
    ]) {
      upstream.always(echo(how))
      assert.equal(await answerText(await postChat(gateway, key, user(EMAIL))), EMAIL)
      assert.equal((await readStream(await postChat(gateway, key, { ...user(EMAIL), stream: true }))).text, EMAIL)
    }
  })

  it('come back in every choice, each by itself', async () => {
    const unary = (await (await postChat(gateway, key, { ...user(EMAIL), n: 2 })).json()) as { choices: { message: Message }[] }
    assert.deepEqual(
      unary.choices.map(({ message }) => message.content),
      [EMAIL, EMAIL],
    )
    upstream.always((request) => {
      const pieces = [...said(request)].flatMap((content) => [0, 1].map((index) => ({ choices: [{ index, delta: { content } }] })))
      const ends = [0, 1].map((index) => ({ choices: [{ index, delta: {}, finish_reason: 'stop' }] }))
      return chunks([...pieces, ...ends])(request)
    })
    const raw = await (await postChat(gateway, key, { ...user(EMAIL), n: 2, stream: true })).text()
    const texts = ['', '']
    for (const [, event] of raw.matchAll(/^data: (\{.*)$/gm)) {
      const { choices } = JSON.parse(event!) as { choices: { index: number; delta: { content?: string } }[] }
      for (const { index, delta } of choices) texts[index] += delta.content ?? ''
    }
    assert.deepEqual(texts, [EMAIL, EMAIL])
  })

  it('come back in the arguments of the named tools alone', async () => {
    upstream.always((request) =>
      answer({
        pieces: [],
        toolCalls: ['send_mail', 'search'].map((name) => ({ name, arguments: JSON.stringify({ to: said(request) }) })),
      })(request),
    )
    const unary = (await (await postChat(gateway, key, user(EMAIL))).json()) as {
      choices: { message: { tool_calls: { function: { arguments: string } }[] } }[]
    }
    const [mail, search] = unary.choices[0]!.message.tool_calls.map((call) => JSON.parse(call.function.arguments) as { to: string })
    assert.equal(mail!.to, EMAIL)
    assert.match(search!.to, PLACEHOLDER)

    const raw = await (await postChat(gateway, key, { ...user(EMAIL), stream: true })).text()
    const sources = ['', '']
    for (const [, event] of raw.matchAll(/^data: (\{.*)$/gm)) {
      const { choices } = JSON.parse(event!) as {
        choices: { delta: { tool_calls?: { index: number; function: { arguments?: string } }[] } }[]
      }
      for (const call of choices[0]?.delta.tool_calls ?? []) sources[call.index] += call.function.arguments ?? ''
    }
    assert.deepEqual(JSON.parse(sources[0]!), { to: EMAIL })
    assert.match(JSON.parse(sources[1]!).to, PLACEHOLDER)
  })

  it('are the same on the next turn, so that the cache of the provider sees the same', async () => {
    await postChat(gateway, key, user(`my address is ${EMAIL}`), inSession('s1'))
    await postChat(gateway, key, user(`again ${EMAIL}`), inSession('s1'))
    assert.equal(placeholderIn(sentTo(0)), placeholderIn(sentTo(1)))
  })

  it('are others in another session, and for another tenant', async () => {
    await postChat(gateway, key, user(EMAIL), inSession('s1'))
    await postChat(gateway, key, user(EMAIL), inSession('s2'))
    await postChat(gateway, others, user(EMAIL), inSession('s1'))
    assert.equal(new Set([0, 1, 2].map(sentTo)).size, 3)
  })

  it('that the client sends back are known in their session, and in no other', async () => {
    await postChat(gateway, key, user(EMAIL), inSession('s3'))
    const placeholder = placeholderIn(sentTo(0))
    const asked = async (by: string, session: string, stream: boolean): Promise<string> => {
      const response = await postChat(gateway, by, { ...user(`who is ${placeholder}?`), stream }, inSession(session))
      return stream ? (await readStream(response)).text : answerText(response)
    }
    for (const stream of [false, true]) {
      assert.equal(await asked(key, 's3', stream), `who is ${EMAIL}?`)
      assert.equal(await asked(key, 's4', stream), `who is ${placeholder}?`)
      assert.equal(await asked(others, 's3', stream), `who is ${placeholder}?`)
      assert.equal(await asked(await gateway.key(), 's3', stream), `who is ${placeholder}?`)
    }
    assert.equal(await answerText(await postChat(gateway, key, user(`who is ${placeholder}?`))), `who is ${placeholder}?`)
  })

  it('are never answered from the cache', async () => {
    await postChat(gateway, key, user(`the same ${EMAIL}`))
    await postChat(gateway, key, user(`the same ${EMAIL}`))
    assert.equal(upstream.calls.length, 2)
  })

  it('stand in the place of their values in the vault, the spool and the log', async () => {
    await postChat(gateway, key, user(`keep ${EMAIL}`), inSession('s5'))
    upstream.always((request) => ({
      ...text('')(request),
      status: 500,
      steps: [{ bytes: `{"error":{"message":"bad ${said(request)}"}}` }],
    }))
    const failed = await (await postChat(gateway, key, user(`fail on ${EMAIL}`))).text()
    const files = filesBelow(join(gateway.folder, 'data'))
    assert.ok(files.size > 3)
    for (const [path, bytes] of files) assert.ok(!bytes.includes(EMAIL), path)
    assert.ok(!gateway.output().includes(EMAIL) && !failed.includes(EMAIL))
  })

  it('are known after a restart', async () => {
    await postChat(gateway, key, user(EMAIL), inSession('s6'))
    const placeholder = placeholderIn(sentTo(0))
    await gateway.stop('SIGKILL')
    gateway = await startGateway({ ...setup(), folder: gateway.folder })
    assert.equal(await answerText(await postChat(gateway, key, user(placeholder), inSession('s6'))), EMAIL)
    await postChat(gateway, key, user(EMAIL), inSession('s6'))
    assert.equal(sentTo(2), placeholder)
  })
})
