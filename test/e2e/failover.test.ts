// Failure of providers: one answer or one honest error, whatever breaks and wherever.
import assert from 'node:assert/strict'
import { baseConfig, eventually, startGateway, type RunningGateway } from '../support/gateway.ts'
import { answerText, errorCode, postChat, readStream, user } from '../support/chat.ts'
import {
  die,
  dieAfter,
  dieBeforeContent,
  errorEvent,
  hang,
  hangAfterHeaders,
  malformed,
  startUpstream,
  status,
  text,
  type Behaviour,
  type UpstreamServer,
} from '../support/upstream/index.ts'

const OUTSIDE = `module acme.zones
policy acme.inside "Only inside" {
  on     target
  when   target.zone != "inside"
  deny   "acme.outside" "No provider outside."
}
`

describe('failover', function () {
  this.timeout(120_000)
  let first: UpstreamServer
  let second: UpstreamServer
  let gateway: RunningGateway
  let key: string

  function config(): { [key: string]: unknown } {
    const timeouts = { connectMs: 1000, firstTokenMs: 1000, idleMs: 1000, totalMs: 15_000 }
    const provider = (name: string, url: string, zone: string): object => ({
      name,
      type: 'openai',
      zone,
      endpoint: `${url}/v1`,
      credential: { env: 'TEST_UPSTREAM_KEY' },
      timeouts,
    })
    const breaker = { errorRate: 0.5, minRequests: 1000, windowSeconds: 30, openSeconds: 30 }
    return {
      ...baseConfig(first.url),
      providers: [provider('one', first.url, 'us'), provider('two', second.url, 'us')],
      models: [
        {
          name: 'gpt-test',
          targets: [
            { provider: 'one', model: 'gpt-upstream' },
            { provider: 'two', model: 'gpt-upstream' },
          ],
        },
      ],
      plugins: { failover: { attempts: 2, backoff: { baseMs: 1, maxMs: 2 }, breaker } },
    }
  }

  before(async () => {
    first = await startUpstream()
    second = await startUpstream({ always: text('from the second') })
    gateway = await startGateway({ config: config() })
    key = await gateway.key()
  })
  beforeEach(() => {
    first.reset()
    second.reset()
  })
  after(async () => {
    await gateway.remove()
    await first.close()
    await second.close()
  })

  const breaks: [string, Behaviour][] = [
    ['answers 500', status(500)],
    ['is overloaded', status(529)],
    ['falls silent', hang()],
    ['falls silent after the header', hangAfterHeaders()],
    ['cuts the connection', die()],
    ['dies before the first content', dieBeforeContent()],
    ['begins with an error event', errorEvent()],
    ['sends no JSON', malformed()],
  ]
  for (const stream of [false, true]) {
    for (const [title, behaviour] of breaks) {
      it(`answers once from the secondary when the primary ${title} (${stream ? 'stream' : 'unary'})`, async () => {
        first.always(behaviour)
        const response = await postChat(gateway, key, { ...user('hi'), stream })
        const out = stream ? (await readStream(response)).text : await answerText(response)
        assert.equal(out, 'from the second')
        assert.equal(response.headers.get('x-sallyport-provider'), 'two')
        assert.equal(second.calls.length, 1)
      })
    }
  }

  it('does not try another provider for a request that is wrong', async () => {
    first.always(status(400, { message: 'bad tools' }))
    const response = await postChat(gateway, key, user('hi'))
    assert.equal(response.status, 400)
    assert.equal(await errorCode(response), 'invalid_request')
    assert.equal(second.calls.length, 0)
  })

  it('ends a stream that dies after content with an error event and without a clean end', async () => {
    first.always(dieAfter(2))
    const seen = await readStream(await postChat(gateway, key, { ...user('hi'), stream: true }))
    assert.equal(seen.text, 'one two ')
    assert.equal(seen.error?.code, 'upstream_error')
    assert.equal(seen.done, false)
    assert.equal(second.calls.length, 0, 'no silent switch after content')
  })

  it('opens the breaker, lets one probe through, and closes again', async () => {
    const breaker = { errorRate: 0.5, minRequests: 2, windowSeconds: 30, openSeconds: 1 }
    const own = await startGateway({
      config: { ...config(), plugins: { failover: { attempts: 2, backoff: { baseMs: 1, maxMs: 2 }, breaker } } },
    })
    try {
      const ownKey = await own.key()
      first.always(status(500))
      second.always(status(500))
      for (let i = 0; i < 3; i++) await postChat(own, ownKey, user('hi'))
      const stateOf = async (): Promise<string[]> =>
        ((await (await own.admin('/breakers')).json()) as { data: { state: string }[] }).data.map(({ state }) => state)
      assert.deepEqual([...new Set(await stateOf())], ['open'])
      const refused = await postChat(own, ownKey, user('hi'))
      assert.equal(refused.status, 503)
      assert.equal(await errorCode(refused), 'no_providers_available')
      assert.ok(refused.headers.get('retry-after'))

      first.reset()
      second.reset()
      first.always(text('back again'))
      const back = await eventually(async () => {
        const response = await postChat(own, ownKey, user('hi'))
        return response.status === 200 ? answerText(response) : undefined
      })
      assert.equal(back, 'back again')
      assert.ok((await stateOf()).includes('closed'))
    } finally {
      await own.remove()
    }
  })

  it('never fails over to a provider that a policy forbids', async () => {
    const inside = {
      ...config(),
      providers: (config().providers as { name: string }[]).map((provider) => ({
        ...provider,
        zone: provider.name === 'one' ? 'inside' : 'us',
      })),
    }
    const own = await startGateway({ config: inside, policies: { 'zones.policy': OUTSIDE } })
    try {
      first.always(status(500))
      const response = await postChat(own, await own.key(), user('hi'))
      assert.equal(response.status, 502)
      assert.equal(second.calls.length, 0)
    } finally {
      await own.remove()
    }
  })
})
