// Protection that several policies ask for in different phases: no layer undoes or skips another.
import assert from 'node:assert/strict'
import { baseConfig, startGateway, type RunningGateway } from '../support/gateway.ts'
import { errorCode, postChat, readStream, user } from '../support/chat.ts'
import { chunks, raw, startUpstream, text, type UpstreamServer } from '../support/upstream/index.ts'

const CARD = '4111 1111 1111 1111'
const EMAIL = 'jo.smith@example.com'

const POLICIES = `
module layers
import standard.detectors as std

policy layers.mail_out "Addresses go before planning" {
  on request
  redact std.email in prompt
}
policy layers.card_out "Card numbers go when the target is outside" {
  on target
  when target.zone != "internal"
  redact std.payment_card in prompt
}
policy layers.mail_back "No addresses in streams" {
  on stream
  redact std.email in completion
}
policy layers.iban_back "No account numbers in answers, judged whole" {
  on response
  when request.user == "held" and completion contains std.iban
  deny "layers.iban"
}
policy layers.long_open "Account numbers are looked for where an answer can be read" {
  owner "privacy@example.com"
  on response
  when request.user == "long_open" and completion contains std.iban
  deny "layers.iban"
  on error warn "layers.unread" "Too long to be looked at."
}
policy layers.long_closed "Account numbers in answers, as this house says it" {
  on response
  when request.user == "long_closed" and completion contains std.iban
  deny "layers.iban"
  on error deny "layers.too_long" "Ask for less." with status 422
}
policy layers.long_spans "What must be taken out has to be found first" {
  on response
  when request.user == "long_spans"
  redact std.iban in completion
}
policy layers.unread "Sounds and pictures stay out" {
  on response
  when request.user == "unread" and response.has_unscanned
  deny "layers.unread"
}
policy layers.both "A card in the prompt and an address in the answer do not go together" {
  on stream
  when request.user == "both" and prompt contains std.payment_card and completion contains std.phone
  deny "layers.both"
}
`

describe('protection in several layers', function () {
  this.timeout(120_000)
  let upstream: UpstreamServer
  let gateway: RunningGateway
  let key: string

  before(async () => {
    upstream = await startUpstream()
    const config = { ...baseConfig(upstream.url), features: [{ name: 'open', pii: 'allow' }] }
    gateway = await startGateway({ config, policies: { 'layers.policy': POLICIES } })
    key = await gateway.key()
  })
  beforeEach(() => upstream.reset())
  after(async () => {
    await gateway.remove()
    await upstream.close()
  })

  const reasonOf = async (response: Response): Promise<string> => ((await response.json()) as { error: { reason: string } }).error.reason
  const as = (who: string) => ({ headers: { 'x-sallyport-user': who, 'x-sallyport-feature': 'open' } })
  const stream = async (who: string, prompt: string): Promise<Awaited<ReturnType<typeof readStream>>> =>
    readStream(await postChat(gateway, key, { ...user(prompt), stream: true }, as(who)))

  it('keeps what was removed on `request` removed when `target` removes more', async () => {
    await postChat(gateway, key, user(`mail ${EMAIL} card ${CARD}`), as('anyone'))
    assert.equal(JSON.parse(upstream.calls[0]!.body.toString()).messages[0].content, 'mail [EMAIL] card [PAYMENT_CARD]')
  })

  it('applies policies on `stream` to a stream that another policy holds', async () => {
    upstream.next(text(`write to ${EMAIL} soon`))
    assert.equal((await stream('held', 'hello')).text, 'write to [EMAIL] soon')
  })

  it('refuses a held stream for what the other policy forbids', async () => {
    upstream.next(text('pay to DE89 3704 0044 0532 0130 00 soon'))
    const response = await postChat(gateway, key, { ...user('hello'), stream: true }, as('held'))
    assert.equal(response.status, 403)
    assert.equal(await errorCode(response), 'policy_denied')
  })

  describe('with an answer that nobody can read', () => {
    const answers: readonly (readonly [string, object])[] = [
      ['audio', { content: 'hm', audio: { id: 'a', data: 'AAAA' } }],
      ['an image', { content: 'see', images: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }] }],
      ['sealed reasoning', { content: 'so', reasoning_details: [{ type: 'reasoning.encrypted', data: 'AAAA' }] }],
    ]
    const unary = (message: object): object => ({
      id: 'c',
      object: 'chat.completion',
      choices: [{ index: 0, message, finish_reason: 'stop' }],
    })
    const pieces = (delta: object): object[] => [
      { choices: [{ index: 0, delta }] },
      { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
    ]
    for (const [title, said] of answers)
      it(`can refuse ${title}, whole and streamed, and nothing else`, async () => {
        for (const [message, status] of [
          [said, 403],
          [{ content: 'words', audio: { transcript: 'words' } }, 200],
        ] as const)
          for (const streamed of [false, true]) {
            upstream.next(streamed ? chunks(pieces(message)) : raw([JSON.stringify(unary(message))]))
            const response = await postChat(gateway, key, { ...user('hello'), stream: streamed }, as('unread'))
            assert.equal(response.status, status, await response.text())
          }
      })
  })

  describe('with an answer that is too long to be held', () => {
    // A little more than 4 Mi characters, in 400 chunks.
    const long = [...Array.from({ length: 400 }, (_, i) => `${'ordinary words '.repeat(700)}${i} `), `write to ${EMAIL} soon`]

    it('refuses it, where the policy says nothing else', async () => {
      upstream.next(text(long))
      const response = await postChat(gateway, key, { ...user('hello'), stream: true }, as('held'))
      assert.equal(response.status, 403)
      assert.equal(await reasonOf(response), 'policy.scan_failed')
    })

    it('refuses as `on error` of the policy says', async () => {
      upstream.next(text(long))
      const response = await postChat(gateway, key, { ...user('hello'), stream: true }, as('long_closed'))
      assert.equal(response.status, 422)
      assert.equal(await reasonOf(response), 'layers.too_long')
    })

    it('refuses it where something had to be taken out', async () => {
      upstream.next(text(long))
      const response = await postChat(gateway, key, { ...user('hello'), stream: true }, as('long_spans'))
      assert.equal(response.status, 403)
      assert.equal(await reasonOf(response), 'policy.scan_failed')
    })

    it('lets it flow where `on error` does, still past the policies on `stream`', async () => {
      upstream.next(text(long))
      const seen = await stream('long_open', 'hello')
      assert.equal(seen.text, long.join('').replace(EMAIL, '[EMAIL]'))
    })
  })

  it('knows on `stream` what the prompt holds', async () => {
    upstream.next(text('call +49 30 901820 soon'))
    assert.equal((await stream('both', 'no card')).text, 'call +49 30 901820 soon')
    upstream.next(text('call +49 30 901820 soon'))
    const seen = await stream('both', `card ${CARD}`)
    assert.ok(!seen.text.includes('901820'), seen.text)
    assert.match(JSON.stringify(seen), /layers\.both/)
  })
})
