// The official OpenAI SDK with its default retries against a real gateway: what an application developer sees.
import assert from 'node:assert/strict'
import OpenAI from 'openai'
import { baseConfig, startGateway, type RunningGateway } from '../support/gateway.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream/index.ts'

type ApiError = InstanceType<typeof OpenAI.APIError> & { code?: string | null }

const SIM = { name: 'sim', type: 'sim', zone: 'internal' }
const simModel = (name: string): object => ({
  name,
  targets: [{ provider: 'sim', model: name }],
  rates: { currency: 'USD', input: 1, cachedInput: 1, output: 1 },
})

describe('the official OpenAI SDK', function () {
  this.timeout(120_000)
  let upstream: UpstreamServer
  let gateway: RunningGateway
  let client: OpenAI
  let calls = 0

  before(async () => {
    upstream = await startUpstream()
    const base = baseConfig(upstream.url)
    gateway = await startGateway({
      config: {
        ...base,
        providers: [...(base.providers as object[]), SIM],
        models: [
          ...(base.models as object[]),
          ...['sim-echo', 'sim-chat', 'sim-slow', 'sim-error-500', 'sim-error-429', 'sim-dies'].map(simModel),
        ],
        plugins: { failover: { attempts: 2, backoff: { baseMs: 1, maxMs: 5 } } },
        features: [
          { name: 'allowed', model: 'sim-echo' },
          { name: 'closed', model: 'sim-echo' },
        ],
        tenants: [
          { id: 'acme', features: ['allowed'] },
          { id: 'small', quota: { dailyTokens: { hard: 10 } } },
        ],
      },
    })
    client = clientFor(await gateway.key())
  })
  after(async () => {
    await gateway.remove()
    await upstream.close()
  })

  /** Default retries, but without the seconds of pause between them; counts what it sends. */
  function clientFor(apiKey: string): OpenAI {
    return new OpenAI({
      apiKey,
      baseURL: `${gateway.url}/v1`,
      fetch: (url, init) => {
        calls++
        return fetch(url, init)
      },
    })
  }

  async function failure(run: () => Promise<unknown>): Promise<{ error: ApiError; calls: number }> {
    const before = calls
    try {
      await run()
    } catch (error) {
      return { error: error as ApiError, calls: calls - before }
    }
    throw new Error('it should have failed')
  }

  const ask = (model: string, content = 'hello', extra: object = {}) =>
    client.chat.completions.create({ model, messages: [{ role: 'user', content }], ...extra })

  it('gets an answer', async () => {
    const answer = await ask('sim-echo', 'hello there')
    assert.match(answer.choices[0]!.message.content!, /hello there/)
    assert.ok(answer.usage!.total_tokens > 0)
  })

  it('gets a stream with the same text as the whole answer', async () => {
    const whole = await ask('sim-chat')
    let text = ''
    let usage
    for await (const chunk of await client.chat.completions.create({
      model: 'sim-chat',
      messages: [{ role: 'user', content: 'hello' }],
      stream: true,
      stream_options: { include_usage: true },
    })) {
      text += chunk.choices[0]?.delta.content ?? ''
      usage = chunk.usage ?? usage
    }
    assert.equal(text, whole.choices[0]!.message.content)
    assert.deepEqual(usage!.total_tokens, whole.usage!.total_tokens)
  })

  it('does not see the usage chunk it did not ask for', async () => {
    for await (const chunk of await client.chat.completions.create({
      model: 'sim-chat',
      messages: [{ role: 'user', content: 'hello' }],
      stream: true,
    })) {
      assert.equal(chunk.usage ?? null, null)
      assert.equal(chunk.choices.length, 1)
    }
  })

  it('gets tool calls, whole and streamed', async () => {
    const tools = [
      {
        type: 'function' as const,
        function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
      },
    ]
    const whole = await ask('sim-chat', 'call weather', { tools })
    const call = (whole as OpenAI.ChatCompletion).choices[0]!.message.tool_calls![0]!
    assert.equal(call.type === 'function' && call.function.name, 'weather')
    let name = ''
    let args = ''
    for await (const chunk of await client.chat.completions.create({
      model: 'sim-chat',
      messages: [{ role: 'user', content: 'call weather' }],
      tools,
      stream: true,
    })) {
      const delta = chunk.choices[0]?.delta.tool_calls?.[0]
      name += delta?.function?.name ?? ''
      args += delta?.function?.arguments ?? ''
    }
    assert.equal(name, 'weather')
    assert.doesNotThrow(() => JSON.parse(args))
  })

  it('lists the models of its key', async () => {
    const names = []
    for await (const model of client.models.list()) names.push(model.id)
    assert.ok(names.includes('sim-echo') && names.includes('gpt-test'))
    assert.equal((await client.models.retrieve('sim-echo')).id, 'sim-echo')
    const narrow = clientFor(await gateway.key(['--tenant', 'acme', '--scopes', 'chat', '--models', 'sim-echo']))
    assert.deepEqual(
      (await narrow.models.list()).data.map(({ id }) => id),
      ['sim-echo'],
    )
  })

  const refusals: [string, () => Promise<OpenAI> | OpenAI, () => object, number, string][] = [
    ['an unknown key', () => clientFor('sp_live_wrong'), () => ({}), 401, 'invalid_api_key'],
    ['an unknown model', () => client, () => ({ model: 'gpt-none' }), 404, 'model_not_found'],
    [
      'a key without the scope',
      async () => clientFor(await gateway.key(['--tenant', 'acme', '--scopes', 'embeddings'])),
      () => ({}),
      403,
      'scope_missing',
    ],
    [
      'a model outside the list of the key',
      async () => clientFor(await gateway.key(['--tenant', 'acme', '--scopes', 'chat', '--models', 'sim-chat'])),
      () => ({}),
      403,
      'model_not_allowed',
    ],
    [
      'an address outside the list of the key',
      async () => clientFor(await gateway.key(['--tenant', 'acme', '--scopes', 'chat', '--ips', '10.0.0.0/8'])),
      () => ({}),
      403,
      'ip_not_allowed',
    ],
    ['a wrong type', () => client, () => ({ messages: 'hello' }), 400, 'invalid_request'],
    [
      'a remote image',
      () => client,
      () => ({ messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://example.com/a.png' } }] }] }),
      400,
      'unscannable_content',
    ],
    [
      'a token quota',
      async () => clientFor(await gateway.key(['--tenant', 'small', '--scopes', 'chat'])),
      () => ({ max_tokens: 100 }),
      429,
      'quota_exceeded',
    ],
  ]
  for (const [title, who, body, status, code] of refusals) {
    it(`is refused once, and told ${status} ${code}, for ${title}`, async () => {
      const caller = await who()
      const request = {
        model: 'sim-echo',
        messages: [{ role: 'user', content: 'hi' }],
        ...body(),
      } as OpenAI.ChatCompletionCreateParamsNonStreaming
      const { error, calls: made } = await failure(() => caller.chat.completions.create(request))
      assert.equal(error.status, status, error.message)
      assert.equal(error.code, code)
      assert.equal(made, 1, 'a refusal that a repeat cannot cure is not repeated')
      assert.ok(error.headers!.get('x-request-id'))
      const details = error.error as { resolution?: string; request_id?: string }
      assert.ok(details.resolution && details.request_id)
    })
  }

  it('is refused for a feature that the tenant has not enabled', async () => {
    const { error, calls: made } = await failure(() =>
      client.chat.completions.create(
        { model: 'sim-echo', messages: [{ role: 'user', content: 'x' }] },
        { headers: { 'x-sallyport-feature': 'closed' } },
      ),
    )
    assert.equal(error.code, 'feature_not_enabled')
    assert.equal(made, 1)
  })

  it('sees an upstream error after the gateway tried all it may, and knows that a repeat may help', async () => {
    const { error } = await failure(() =>
      client.chat.completions.create({ model: 'sim-error-500', messages: [{ role: 'user', content: 'x' }] }, { maxRetries: 0 }),
    )
    assert.equal(error.status, 502)
    assert.equal(error.code, 'upstream_error')
    assert.equal(error.headers!.get('x-should-retry'), 'true')
  })

  it('is told the nearest model it may use, by the list as by the chat', async () => {
    const asked = [
      () => client.models.retrieve('sim-ehco'),
      () => client.chat.completions.create({ model: 'sim-ehco', messages: [{ role: 'user', content: 'x' }] }),
    ]
    for (const ask of asked) {
      const { error } = await failure(ask)
      assert.equal(error.code, 'model_not_found')
      assert.match(error.message, /Did you mean .sim-echo.\?/)
    }
  })

  it('never takes a broken stream for a whole answer', async () => {
    const stream = await client.chat.completions.create({ model: 'sim-dies', messages: [{ role: 'user', content: 'x' }], stream: true })
    let text = ''
    await assert.rejects(async () => {
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
    }, /connection to the provider was lost before the answer was complete/)
    assert.ok(text.length > 0, 'content came before the break')
  })
})
