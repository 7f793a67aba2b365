// Two ways to an answer without an upstream call: `/v1/decide`, which only decides, and the exact cache.
import assert from 'node:assert/strict'
import { baseConfig, startGateway, type RunningGateway } from '../support/gateway.ts'
import { answerText, errorCode, postChat, readStream, user } from '../support/chat.ts'
import { dieAfter, startUpstream, status, text, type UpstreamServer } from '../support/upstream/index.ts'

describe('answers without an upstream call', function () {
  this.timeout(120_000)
  let upstream: UpstreamServer
  let gateway: RunningGateway
  let key: string

  before(async () => {
    upstream = await startUpstream()
    gateway = await startGateway({
      config: {
        ...baseConfig(upstream.url),
        plugins: { cache: { enabled: true }, failover: { attempts: 1 } },
        tenants: [{ id: 'acme' }, { id: 'other' }],
      },
    })
    key = await gateway.key(['--tenant', 'acme', '--scopes', 'chat,decide'])
  })
  beforeEach(() => upstream.reset())
  after(async () => {
    await gateway.remove()
    await upstream.close()
  })

  it('tells the decision, the route and the cost of a request, and sends nothing', async () => {
    const response = await fetch(`${gateway.url}/v1/decide`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body: JSON.stringify({ model: 'gpt-test', max_tokens: 100, ...user('card 4111 1111 1111 1111') }),
    })
    const body = (await response.json()) as {
      verdict: string
      effects: { verb: string }[]
      route: { provider: string }[]
      estimate: { cost: string }
    }
    assert.equal(body.verdict, 'allow')
    assert.ok(body.effects.some(({ verb }) => verb === 'redact'))
    assert.deepEqual(
      body.route.map(({ provider }) => provider),
      ['primary'],
    )
    assert.ok(Number(body.estimate.cost) > 0)
    assert.equal(upstream.calls.length, 0)
  })

  it('needs the scope for it', async () => {
    const chatOnly = await gateway.key()
    const response = await fetch(`${gateway.url}/v1/decide`, {
      method: 'POST',
      headers: { authorization: `Bearer ${chatOnly}` },
      body: '{}',
    })
    assert.equal(await errorCode(response), 'scope_missing')
  })

  it('answers the same question from the cache, for the same tenant only', async () => {
    upstream.always(text('once'))
    assert.equal(await answerText(await postChat(gateway, key, user('same'))), 'once')
    const again = await postChat(gateway, key, user('same'))
    assert.equal(again.headers.get('x-sallyport-cache'), 'hit')
    assert.equal(await answerText(again), 'once')
    assert.equal(upstream.calls.length, 1)
    await postChat(gateway, await gateway.key(['--tenant', 'other', '--scopes', 'chat']), user('same'))
    assert.equal(upstream.calls.length, 2)
  })

  it('answers a stream from the cache with the same text', async () => {
    upstream.always(text('streamed once'))
    const first = await readStream(await postChat(gateway, key, { ...user('stream'), stream: true }))
    const second = await readStream(await postChat(gateway, key, { ...user('stream'), stream: true }))
    assert.deepEqual(second, first)
    assert.equal(upstream.calls.length, 1)
  })

  it('keeps neither errors nor broken streams', async () => {
    upstream.always(status(500))
    await postChat(gateway, key, user('failing'))
    upstream.always(text('fine'))
    assert.equal(await answerText(await postChat(gateway, key, user('failing'))), 'fine')
    upstream.always(dieAfter(2))
    await readStream(await postChat(gateway, key, { ...user('breaking'), stream: true }))
    upstream.always(text('whole'))
    assert.equal((await readStream(await postChat(gateway, key, { ...user('breaking'), stream: true }))).text, 'whole')
  })
})
