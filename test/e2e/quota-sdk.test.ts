// What a refused limit costs an application that uses the official SDK as it comes, with its two retries: one request, unless a repeat cures it.
import assert from 'node:assert/strict'
import OpenAI from 'openai'
import { answer, startUpstream, type UpstreamServer } from '../support/upstream/index.ts'
import { baseConfig, startGateway, type RunningGateway } from '../support/gateway.ts'

const LIMITS: { readonly [feature: string]: string } = {
  day: 'requests to 1 per day by session.id',
  tokens: 'tokens to 100 per month by session.id',
  money: 'money to 0.0001 per day by session.id',
  never: 'tokens to 5 per minute by session.id',
  closed: 'concurrent to 0 by session.id',
  dear: 'cost to 0.000001',
  rate: 'requests to 40 per minute by session.id',
  slow: 'requests to 60 per minute by session.id',
}
const POLICIES = Object.entries(LIMITS).map(
  ([feature, limit]) => `policy sdk.${feature} "${limit}" {
  on     request
  when   feature.name == "${feature}" and session.id exists
  limit  ${limit}
}`,
)

describe('the official SDK at a limit', function () {
  this.timeout(120_000)
  let upstream: UpstreamServer
  let gateway: RunningGateway
  let key: string

  before(async () => {
    upstream = await startUpstream()
    gateway = await startGateway({
      config: { ...baseConfig(upstream.url), features: Object.keys(LIMITS).map((name) => ({ name })) },
      policies: { 'sdk.policy': ['module sdk', ...POLICIES, ''].join('\n') },
    })
    key = await gateway.key()
  })
  beforeEach(() => {
    upstream.reset()
    upstream.always(answer({ pieces: ['fine'], usage: { prompt: 60, completion: 60 } }))
  })
  after(async () => {
    await gateway.remove()
    await upstream.close()
  })

  /** With the retries and the pauses that it has of itself; counts what it sends. */
  function sdk(feature: string, session: string): { readonly client: OpenAI; readonly seen: Response[] } {
    const seen: Response[] = []
    const client = new OpenAI({
      apiKey: key,
      baseURL: `${gateway.url}/v1`,
      defaultHeaders: { 'x-sallyport-feature': feature, 'x-sallyport-session': session },
      fetch: async (url, init) => {
        const response = await fetch(url, init)
        seen.push(response)
        return response
      },
    })
    return { client, seen }
  }
  const chat = { model: 'gpt-test', messages: [{ role: 'user' as const, content: 'hi' }], max_tokens: 30 }

  for (const [feature, code, uses] of [
    ['day', 'quota_exceeded', true],
    ['tokens', 'quota_exceeded', true],
    ['money', 'budget_exceeded', true],
    ['never', 'rate_limited', false],
    ['closed', 'too_many_concurrent', false],
    ['dear', 'max_cost_exceeded', false],
  ] as const) {
    for (const stream of [false, true]) {
      it(`asks once and no more: ${LIMITS[feature]}${stream ? ', as a stream' : ''}`, async () => {
        const { client, seen } = sdk(feature, `${feature}-${stream}`)
        if (uses) await client.chat.completions.create(chat)
        const before = [seen.length, upstream.calls.length]
        await assert.rejects(client.chat.completions.create({ ...chat, stream }), (error: InstanceType<typeof OpenAI.APIError>) => {
          assert.deepEqual([error.status, error.code], [429, code])
          assert.equal(error.headers!.get('x-should-retry'), 'false')
          assert.equal(error.headers!.get('retry-after'), null)
          return true
        })
        assert.deepEqual([seen.length - before[0]!, upstream.calls.length - before[1]!], [1, 0])
      })
    }
  }

  it('comes back when it is told to, and passes with one repeat', async () => {
    const { client, seen } = sdk('rate', 'waits')
    await Promise.all(Array.from({ length: 38 }, () => client.chat.completions.create(chat)))
    // A slow machine gives the rate time to refill a little.
    while (!seen.some(({ status }) => status === 429)) await client.chat.completions.create(chat)
    const [refused, repeated] = seen.slice(-2)
    assert.deepEqual([refused!.status, refused!.headers.get('x-should-retry'), repeated!.status], [429, 'true', 200])
    assert.match(refused!.headers.get('retry-after')!, /^[12]$/)
  })

  it('finds OpenAI’s headers on answers, streams and refusals', async () => {
    const { client, seen } = sdk('slow', 'headers')
    const { response } = await client.chat.completions.create(chat).withResponse()
    assert.equal(response.headers.get('x-ratelimit-limit-requests'), '60')
    assert.equal(response.headers.get('x-ratelimit-remaining-requests'), '59')
    assert.match(response.headers.get('x-ratelimit-reset-requests')!, /^(1s|\d+ms)$/)
    assert.equal(response.headers.get('x-ratelimit-limit-tokens'), null)
    const stream = await client.chat.completions.create({ ...chat, stream: true }).withResponse()
    assert.match(stream.response.headers.get('x-ratelimit-remaining-requests')!, /^5[89]$/)
    for await (const chunk of stream.data) assert.ok(chunk.choices)
    const tokens = sdk('tokens', 'headers')
    await tokens.client.chat.completions.create(chat)
    await assert.rejects(tokens.client.chat.completions.create(chat))
    const refused = tokens.seen.at(-1)!.headers
    assert.equal(refused.get('x-ratelimit-limit-tokens'), '100')
    assert.equal(refused.get('x-ratelimit-remaining-tokens'), '0')
    assert.match(refused.get('x-ratelimit-reset-tokens')!, /^\d+h\d+m\d+s$|^\d+m\d+s$/)
    assert.equal(seen.length, 2)
  })
})
