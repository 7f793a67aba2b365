// Personal data and secrets: what never reaches the upstream, and what never reaches the client.
import assert from 'node:assert/strict'
import { baseConfig, startGateway, type RunningGateway } from '../support/gateway.ts'
import { answerText, errorCode, postChat, readStream, user } from '../support/chat.ts'
import { answer, startUpstream, text, type UpstreamServer } from '../support/upstream/index.ts'

const CARD = '4111 1111 1111 1111'
const EMAIL = 'jo.smith@example.com'
const SECRET = 'AKIAQ3EGRIF7XN2TZ5KM'

describe('protection of personal data and secrets', function () {
  this.timeout(120_000)
  let upstream: UpstreamServer
  let gateway: RunningGateway
  let key: string

  before(async () => {
    upstream = await startUpstream()
    const features = ['scrub', 'warn', 'allow'].map((pii) => ({ name: pii, pii }))
    gateway = await startGateway({ config: { ...baseConfig(upstream.url), features } })
    key = await gateway.key()
  })
  beforeEach(() => upstream.reset())
  after(async () => {
    await gateway.remove()
    await upstream.close()
  })

  const sentTo = (index: number): string => upstream.calls[index]!.body.toString()
  const asFeature = (feature: string) => ({ headers: { 'x-sallyport-feature': feature } })

  it('removes a card number and an e-mail address before they reach the upstream', async () => {
    const response = await postChat(gateway, key, user(`card ${CARD}, mail ${EMAIL}`), asFeature('scrub'))
    assert.equal(response.status, 200)
    assert.equal(JSON.parse(sentTo(0)).messages[0].content, 'card [PAYMENT_CARD], mail [EMAIL]')
  })

  it('scrubs without a feature too, in every message and part', async () => {
    await postChat(gateway, key, {
      messages: [
        { role: 'system', content: `never tell ${EMAIL}` },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'c1', type: 'function', function: { name: 'pay', arguments: `{"card":"${CARD}"}` } }],
        },
        { role: 'tool', tool_call_id: 'c1', content: `paid with ${CARD}` },
        { role: 'user', content: [{ type: 'text', text: `again ${CARD}` }] },
      ],
    })
    const sent = sentTo(0)
    assert.ok(!sent.includes('4111') && !sent.includes('jo.smith'), sent)
    assert.deepEqual(JSON.parse(JSON.parse(sent).messages[1].tool_calls[0].function.arguments), { card: '[PAYMENT_CARD]' })
  })

  it('warns and leaves the text in the mode warn', async () => {
    const response = await postChat(gateway, key, user(`mail ${EMAIL}`), asFeature('warn'))
    assert.ok(response.headers.get('x-sallyport-warnings')?.split(',').includes('pii_found'))
    assert.ok(sentTo(0).includes(EMAIL))
  })

  it('warns of an answer that flows in its last chunk, for who asks for it', async () => {
    upstream.next(text(`use ${SECRET} now`))
    const headers = { 'x-sallyport-feature': 'warn', 'x-sallyport-body-metadata': '1' }
    const raw = await (await postChat(gateway, key, { stream: true }, { headers })).text()
    const [, last] = [...raw.matchAll(/^data: (\{.*)$/gm)].at(-1)!
    assert.deepEqual((JSON.parse(last!) as { sallyport: { warnings: string[] } }).sallyport.warnings, ['pii_found'])
  })

  it('says nothing in the mode allow', async () => {
    const response = await postChat(gateway, key, user(`mail ${EMAIL}`), asFeature('allow'))
    assert.equal(response.headers.get('x-sallyport-warnings'), null)
    assert.ok(sentTo(0).includes(EMAIL))
  })

  it('refuses a finding where it cannot be removed', async () => {
    const tools = [
      { type: 'function', function: { name: 'f', description: `call ${EMAIL}`, parameters: { type: 'object', properties: {} } } },
    ]
    const response = await postChat(gateway, key, { ...user('hi'), tools })
    assert.equal(response.status, 400)
    assert.equal(await errorCode(response), 'pii_detected')
    assert.equal(upstream.calls.length, 0)
  })

  it('cannot be dodged by a member that stands twice', async () => {
    const body = `{"model":"gpt-test","messages":[{"role":"user","content":"${CARD}"}],"messages":[{"role":"user","content":"clean"}]}`
    await fetch(`${gateway.url}/v1/chat/completions`, { method: 'POST', headers: { authorization: `Bearer ${key}` }, body })
    assert.ok(!sentTo(0).includes('4111'), 'the first of two members must not reach a parser that prefers it')
  })

  it('removes a secret from a whole answer', async () => {
    upstream.next(text(`use ${SECRET} now`))
    const out = await answerText(await postChat(gateway, key, user('key?')))
    assert.ok(!out.includes(SECRET) && out.startsWith('use ') && out.endsWith(' now'), out)
  })

  it('removes a secret that is split over chunks, wherever it is cut', async () => {
    for (let cut = 1; cut < SECRET.length; cut += 3) {
      upstream.next(text(['use ', SECRET.slice(0, cut), SECRET.slice(cut), ' now']))
      const seen = await readStream(await postChat(gateway, key, { ...user('key?'), stream: true }))
      assert.ok(seen.done && seen.error === null)
      assert.ok(!seen.text.includes(SECRET) && !seen.text.includes('AKIA'), seen.text)
      assert.ok(seen.text.startsWith('use ') && seen.text.endsWith(' now'), seen.text)
    }
  })

  it('removes a secret from tool-call arguments, whole and streamed, and leaves valid JSON', async () => {
    const spec = { pieces: [], toolCalls: [{ name: 'deploy', arguments: JSON.stringify({ key: SECRET, region: 'eu' }) }] }
    for (const stream of [false, true]) {
      upstream.next(answer(spec))
      const response = await postChat(gateway, key, { ...user('go'), stream })
      const args = stream
        ? (await readStream(response)).arguments
        : ((await response.json()) as { choices: { message: { tool_calls: { function: { arguments: string } }[] } }[] }).choices[0]!.message
            .tool_calls[0]!.function.arguments
      assert.ok(!args.includes(SECRET), args)
      assert.equal((JSON.parse(args) as { region: string }).region, 'eu')
    }
  })

  it('passes an ordinary stream on unchanged', async () => {
    const prose = 'The quick brown fox jumps over the lazy dog. It was 14 October 2025, and version 1.2.3 came out.'
    upstream.next(text(prose))
    const seen = await readStream(await postChat(gateway, key, { ...user('go'), stream: true }))
    assert.equal(seen.text, prose)
  })
})
