// A thousand requests at once against a limit of thirty-seven: exactly thirty-seven pass, counted as requests and as tokens, by one process with its
// own state and by four that share theirs.
import assert from 'node:assert/strict'
import { baseConfig, startGateway, type RunningGateway } from '../support/gateway.ts'
import { sendChat } from '../support/cluster.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream/index.ts'
import { answer } from '../support/upstream/behaviours.ts'
import { TestRedis } from '../support/redis.ts'

const PASS = 37
const REQUESTS = 1000

const LIMITS = `module house version "1"
policy house.requests "Thirty-seven a day" {
  on    request
  when  tenant.id == "by-requests"
  limit requests to ${PASS} per day by tenant.id
}
policy house.tokens "Thirty-seven times the same" {
  on    request
  when  tenant.id == "by-tokens"
  limit tokens to TOKENS per day by tenant.id
}
`

for (const driver of ['embedded', 'redis'] as const)
  describe(`limits under a thousand requests at once, state: ${driver}`, function () {
    this.timeout(120_000)
    let redis: TestRedis | null = null
    let upstream: UpstreamServer
    let gateway: RunningGateway

    before(async () => {
      upstream = await startUpstream()
      // What is used is what was reserved: a prompt of as many tokens as is estimated, and as much output as was allowed.
      upstream.always(answer({ pieces: ['ok'], usage: { prompt: promptTokens(), completion: OUTPUT } }))
      if (driver === 'redis') redis = await TestRedis.start()
      const state = redis ? { driver: 'redis', url: redis.url, commandTimeoutMs: 5000 } : { driver: 'embedded', path: './data/state' }
      gateway = await startGateway({
        config: { ...baseConfig(upstream.url), state, tenants: [{ id: 'by-requests' }, { id: 'by-tokens' }] },
        policies: { 'house.policy': LIMITS.replace('TOKENS', String(PASS * (promptTokens() + OUTPUT))) },
        args: driver === 'redis' ? ['--workers', '4'] : [],
      })
    })
    after(async () => {
      await gateway?.remove()
      await Promise.all([redis?.stop(), upstream.close()])
    })

    for (const tenant of ['by-requests', 'by-tokens'])
      it(`lets exactly ${PASS} pass, ${tenant.replace('-', ' ')}`, async () => {
        const key = await gateway.key(['--tenant', tenant, '--scopes', 'chat'])
        const before = upstream.calls.length
        const codes = await sendAll(gateway.url, key)
        const counted = Map.groupBy(codes, (code) => code)
        assert.deepEqual(Object.fromEntries([...counted].map(([code, all]) => [code, all.length])), {
          200: PASS,
          quota_exceeded: REQUESTS - PASS,
        })
        assert.equal(upstream.calls.length - before, PASS, 'nobody else reached the provider')
      })
  })

const OUTPUT = 20
const CONTENT = 'hello'

/** As the gateway estimates before it has learned anything: four bytes a token (`core/pipeline/estimate.ts`). */
function promptTokens(): number {
  return Math.ceil(Buffer.byteLength(bodyOf()) / 4)
}

function bodyOf(): string {
  return JSON.stringify({ model: 'gpt-test', stream: false, messages: [{ role: 'user', content: CONTENT }], max_tokens: OUTPUT })
}

async function sendAll(url: string, key: string): Promise<readonly string[]> {
  const sent = Array.from({ length: REQUESTS }, () => sendChat(url, key, CONTENT, { max_tokens: OUTPUT }))
  return (await Promise.all(sent)).map(({ code }) => code)
}
