// What an exchange asks of Redis, counted at the server: one script before the provider is called, one when it is settled.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { Redis } from 'ioredis'
import { SCRIPTS, type ScriptName } from '../../core/state/redis/scripts.ts'
import { answer, startUpstream, type UpstreamServer } from '../support/upstream/index.ts'
import { baseConfig, startGateway, type RunningGateway } from '../support/gateway.ts'
import { postChat } from '../support/chat.ts'
import { TestRedis } from '../support/redis.ts'
import { until } from '../support/until.ts'

/** Come with time and not with requests. */
const BY_TIME: readonly ScriptName[] = ['beat', 'breakersRead', 'breakerTotals', 'breakerReport', 'renew', 'keyUses', 'vaultSweep']
const NAMES = new Map(Object.entries(SCRIPTS).map(([name, lua]) => [createHash('sha1').update(lua).digest('hex'), name as ScriptName]))

describe('round trips to Redis', function () {
  this.timeout(120_000)
  let redis: TestRedis
  let upstream: UpstreamServer
  let gateway: RunningGateway
  let monitor: Redis
  let probe: Redis
  let key: string
  let seen: Map<string, number>

  before(async () => {
    redis = await TestRedis.start()
    upstream = await startUpstream()
    gateway = await startGateway({
      config: {
        ...baseConfig(upstream.url),
        state: { driver: 'redis', url: redis.url, commandTimeoutMs: 5000 },
        tenants: [{ id: 'acme', quota: { dailyTokens: 10_000_000, monthly: 1000 } }],
      },
    })
    key = await gateway.key(['--tenant', 'acme', '--scopes', 'chat'])
    probe = new Redis(redis.url)
    const source = new Redis(redis.url)
    monitor = await source.monitor()
    source.disconnect()
    monitor.on('monitor', (_: string, [command, sha]: string[], from: string) => {
      if (!/^evalsha$/i.test(command!) || from === 'lua') return
      const name = NAMES.get(sha!) ?? 'unknown'
      seen.set(name, (seen.get(name) ?? 0) + 1)
    })
    // Scripts get to know the server, keys and breakers the gateway.
    seen = new Map()
    upstream.always(answer({ pieces: ['fine'], usage: { prompt: 10, completion: 1 } }))
    await ask(1, {})
    await until('it was settled', async () => (await reserved()) === 0)
  })
  after(async () => {
    monitor?.disconnect()
    probe?.disconnect()
    await gateway?.remove()
    await Promise.all([redis?.stop(), upstream?.close()])
  })

  async function ask(count: number, body: object): Promise<void> {
    const answers = await Promise.all(
      Array.from({ length: count }, async () => {
        const response = await postChat(gateway, key, body)
        await response.text()
        return response.status
      }),
    )
    assert.deepEqual([...new Set(answers)], [200])
  }

  const reserved = async (): Promise<number> => {
    const holders = await probe.keys('sp:{acme}:held:*')
    return (await Promise.all(holders.map((name) => probe.hlen(name)))).reduce((sum, count) => sum + count, 0)
  }

  /** What so many requests at once made the gateway run, without what comes with time. */
  async function scriptsOf(count: number, body: object): Promise<{ readonly [name: string]: number }> {
    seen = new Map()
    await ask(count, body)
    await until('all is settled', async () => seen.get('settle') === count && (await reserved()) === 0)
    return Object.fromEntries([...seen].filter(([name]) => !(BY_TIME as readonly string[]).includes(name)))
  }

  it('are two for an answer that the client bounds, with two windows', async () => {
    assert.deepEqual(await scriptsOf(50, { max_tokens: 100 }), { reserve: 50, settle: 50 })
  })
  it('are two for an answer that nobody but the limits bounds', async () => {
    assert.deepEqual(await scriptsOf(50, {}), { reserve: 50, settle: 50 })
  })
  it('are two for a stream of usual length, however long that is', async () => {
    upstream.always(answer({ pieces: Array.from({ length: 900 }, () => 'word'), usage: { prompt: 10, completion: 900 } }))
    // Settled before anything is counted, and learned from.
    await scriptsOf(25, {})
    assert.deepEqual(await scriptsOf(20, { stream: true }), { reserve: 20, settle: 20 })
  })
})
