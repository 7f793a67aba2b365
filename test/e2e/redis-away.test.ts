// Redis away in every way there is, under load through two real gateways with limits that refuse and limits that count alone meanwhile: nobody
// crashes, no limit is overdrawn beyond the stated share, every answer is an honest one, and all is normal again without a restart.
import assert from 'node:assert/strict'
import { Redis } from 'ioredis'
import { baseConfig, eventually, startGateway, type RunningGateway } from '../support/gateway.ts'
import { answer, closedPort, startUpstream, text, type UpstreamServer } from '../support/upstream/index.ts'
import { postChat } from '../support/chat.ts'
import { TcpProxy } from '../support/tcp-proxy.ts'
import { TestRedis } from '../support/redis.ts'

type Loose = ReturnType<typeof JSON.parse>

const LIMIT = 40
const SHARE = LIMIT / 2
const LANES = 3
/** Longer than a busy machine makes Redis wait. */
const DEADLINE_MS = 1000

const POLICIES = `module away
policy away.lenient "Counts alone while the state is away" {
  on     request
  when   session.id exists and feature.name == "lenient"
  limit  requests to ${LIMIT} per day by session.id
}
policy away.strict "Refuses while the state is away" {
  on     request
  when   session.id exists and feature.name == "strict"
  limit  requests to 100000 per day by session.id
}
`

interface Seen {
  passed: number
  local: number
  refused: number
  unavailable: number
  readonly odd: string[]
}

describe('Redis away, seen from outside', function () {
  this.timeout(120_000)
  let upstream: UpstreamServer
  let redis: TestRedis
  let proxy: TcpProxy
  let gateways: readonly RunningGateway[] = []
  let key: string

  before(async () => {
    redis = await TestRedis.start({ persistent: true })
    proxy = await TcpProxy.start(redis.port)
    upstream = await startUpstream()
    upstream.always(answer({ pieces: ['fine'], usage: { prompt: 10, completion: 1 } }))
    const base = {
      ...baseConfig(upstream.url),
      log: { level: 'info' },
      state: { driver: 'redis', url: `redis://127.0.0.1:${proxy.port}`, commandTimeoutMs: DEADLINE_MS },
      features: [{ name: 'strict' }, { name: 'lenient' }],
      plugins: { quota: { whileAwayOf: { 'away.lenient': 'local' } } },
    }
    // Keys of the configuration are known while Redis is away; both gateways have the pepper of the first.
    const first = await startGateway({ config: base, policies: { 'away.policy': POLICIES } })
    const printed = await first.cli('keys', 'create', '--tenant', 'acme', '--print-config')
    const field = (name: string): string => new RegExp(`${name}: "?([0-9A-Za-z]+)`).exec(printed)![1]!
    key = /sp_live_\S+/.exec(printed)![0]
    await first.stop()
    const config = { ...base, keys: [{ id: 'key_1', tenant: 'acme', prefix: field('prefix'), hash: field('hash') }] }
    gateways = [await startGateway({ folder: first.folder, config, recorder: true }), await startGateway({ folder: first.folder })]
    for (const gateway of gateways) await eventually(async () => /^sallyport_state_processes 2$/m.test(await metricsOf(gateway)))
  })
  after(async () => {
    for (const gateway of gateways) await gateway.remove()
    await proxy.close()
    await Promise.all([upstream.close(), redis.stop()])
  })

  const metricsOf = async ({ url }: RunningGateway): Promise<string> => (await fetch(`${url}/metrics`)).text()
  const ask = (gateway: RunningGateway, session: string, feature = 'strict'): Promise<Response> =>
    postChat(gateway, key, {}, { headers: { 'x-sallyport-session': session, 'x-sallyport-feature': feature } })

  /** Requests one after the other in each lane until told to stop. */
  function load(gateway: RunningGateway, session: string) {
    const seen: Seen = { passed: 0, local: 0, refused: 0, unavailable: 0, odd: [] }
    let isOver = false
    async function once(feature: string): Promise<void> {
      const response = await ask(gateway, session, feature)
      const body = await response.text()
      const isLocal = response.headers.get('x-sallyport-warnings')?.includes('limits_local') === true
      if (response.status === 200) {
        if (feature === 'strict') return
        seen.passed++
        if (isLocal) seen.local++
      } else if (response.status === 429 && feature === 'lenient') seen.refused++
      else if (response.status === 503 && body.includes('"state_unavailable"') && response.headers.has('retry-after')) seen.unavailable++
      else seen.odd.push(`${feature} ${response.status} ${body}`)
    }
    async function run(): Promise<void> {
      while (!isOver)
        for (const feature of ['lenient', 'strict']) await once(feature).catch((error: unknown) => seen.odd.push(String(error)))
    }
    const lanes = Promise.all(Array.from({ length: LANES }, run))
    return { seen, stop: async () => ((isOver = true), await lanes, seen) }
  }

  /** Commands beside the gateways, on a connection of their own. */
  async function command(...words: readonly [string, ...string[]]): Promise<unknown> {
    const client = new Redis(redis.port, '127.0.0.1', { lazyConnect: true })
    client.on('error', () => undefined)
    try {
      return await client.call(...words)
    } finally {
      client.disconnect()
    }
  }
  const config = (name: string, value: string): Promise<unknown> => command('CONFIG', 'SET', name, value)

  interface Way {
    readonly name: string
    leave(): unknown
    back(): unknown
    /** What Redis knew is lost. */
    readonly forgets?: boolean
  }
  const ways: readonly Way[] = [
    { name: 'killed and started again', leave: () => redis.kill(), back: () => redis.start() },
    {
      name: 'killed and started empty',
      leave: async () => {
        await command('FLUSHALL')
        await redis.kill()
      },
      back: () => redis.start(),
      forgets: true,
    },
    { name: 'paused', leave: () => redis.pause(), back: () => redis.resume() },
    { name: 'cut off by the network', leave: () => proxy.cut(), back: () => proxy.heal() },
    { name: 'slower than its time limit', leave: () => proxy.slow(1.2 * DEADLINE_MS), back: () => proxy.slow(0) },
    { name: 'out of memory', leave: () => config('maxmemory', '1'), back: () => config('maxmemory', '0') },
    {
      name: 'a replica that takes no writes',
      leave: async () => command('REPLICAOF', '127.0.0.1', new URL(await closedPort()).port),
      back: () => command('REPLICAOF', 'NO', 'ONE'),
    },
    {
      name: 'of another password',
      leave: async () => {
        await config('requirepass', 'other')
        const client = new Redis(redis.port, '127.0.0.1', { password: 'other' })
        await client.call('CLIENT', 'KILL', 'TYPE', 'normal')
        client.disconnect()
      },
      back: async () => {
        const client = new Redis(redis.port, '127.0.0.1', { password: 'other' })
        await client.call('CONFIG', 'SET', 'requirepass', '')
        client.disconnect()
      },
    },
  ]
  ways.forEach(({ name, leave, back, forgets = false }, number) =>
    it(`${name}: honest answers, no overdraft beyond the share, normal again`, async () => {
      const session = `way-${number}`
      const loads = gateways.map((gateway) => load(gateway, session))
      const all = (): Promise<readonly Seen[]> => Promise.all(loads.map(({ stop }) => stop()))
      try {
        await eventually(async () => loads.every(({ seen }) => seen.passed > 0))
        await leave()
        await eventually(async () => loads.every(({ seen }) => seen.unavailable > 3))
        await back()
        for (const gateway of gateways) await eventually(async () => (await ask(gateway, session)).status === 200)
        await eventually(async () => loads.every(({ seen }) => seen.refused > 3))
      } finally {
        await all()
      }
      const seen = await all()
      assert.deepEqual(
        seen.flatMap(({ odd }) => odd),
        [],
      )
      const passed = seen.reduce((sum, one) => sum + one.passed, 0)
      for (const one of seen) assert.ok(one.local <= SHARE, `${one.local} passed in one process alone`)
      assert.ok(passed <= (forgets ? 2 : 1) * LIMIT + 2 * SHARE, `${passed} passed`)
      assert.ok(passed >= LIMIT, `only ${passed} passed`)
      for (const gateway of gateways) assert.equal(gateway.process.exitCode, null)
      // What was used alone has been told: all is settled, and nothing but what Redis itself lost is missing.
      const counter = await eventually(async () => {
        const { data } = (await (await gateways[1]!.admin('/quotas?policy=away.lenient')).json()) as Loose
        const found = data.find(({ by }: Loose) => by[0] === session)
        return found?.reserved === 0 && (forgets || found.used === passed) && found
      })
      assert.ok(counter.used <= passed)
    }),
  )

  it('holding values of another kind under our names: what needs them is refused, all else goes on, and Redis may come and go', async () => {
    const [gateway] = gateways as [RunningGateway, RunningGateway]
    const heldBack = Promise.withResolvers<void>()
    upstream.next(text('held', { hold: heldBack.promise, holdAt: 0 }))
    const underWay = ask(gateway, 'garbage')
    await eventually(async () => upstream.calls.at(-1)?.closedAt === null)
    const names = (await command('KEYS', 'sp:{acme}:w:*garbage*')) as string[]
    assert.equal(names.length, 1)
    await command('DEL', names[0]!)
    await command('RPUSH', names[0]!, 'not', 'ours')
    heldBack.resolve()
    assert.equal((await underWay).status, 200)
    const refused = await ask(gateway, 'garbage')
    assert.deepEqual([refused.status, refused.headers.has('retry-after')], [503, true])
    assert.equal((await ask(gateway, 'other')).status, 200)
    assert.equal((await gateway.admin('/quotas')).status, 200)
    redis.pause()
    redis.pause()
    await eventually(async () => (await ask(gateway, 'other')).status === 503)
    redis.resume()
    await eventually(async () => (await ask(gateway, 'other')).status === 200)
    await command('DEL', names[0]!)
    await eventually(async () => (await ask(gateway, 'garbage')).status === 200)
  })
  it('the record says which requests were counted alone', async () => {
    const sql = "SELECT count() AS n FROM requests WHERE has(warnings, 'limits_local')"
    await eventually(async () => Number((await gateways[0]!.sql(sql))[0]!.n) > 0)
  })
})
