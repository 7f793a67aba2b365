// Limits that two gateways share through Redis: one window, one event, one raise; and while Redis is away, what each policy was set to.
import assert from 'node:assert/strict'
import { answer, startUpstream, type UpstreamServer } from '../support/upstream/index.ts'
import { baseConfig, eventually, startGateway, type RunningGateway } from '../support/gateway.ts'
import { errorCode, postChat } from '../support/chat.ts'
import { TestRedis } from '../support/redis.ts'

type Loose = ReturnType<typeof JSON.parse>

const POLICIES = `module shared
policy shared.day "Twenty a day" {
  on     request
  when   session.id exists and session.id != "away"
  limit  requests to 20 per day by session.id
}
policy shared.strict "Refuses while the state is away" {
  on     request
  when   session.id == "away" and feature.name == "strict"
  limit  requests to 10 per day by session.id
}
policy shared.lenient "Counts alone while the state is away" {
  on     request
  when   session.id == "away" and feature.name == "lenient"
  limit  requests to 10 per day by session.id
}
`

describe('limits of two gateways', function () {
  this.timeout(120_000)
  let upstream: UpstreamServer
  let redis: TestRedis
  let gateways: readonly [RunningGateway, RunningGateway]
  let key: string

  before(async () => {
    redis = await TestRedis.start({ persistent: true })
    upstream = await startUpstream()
    upstream.always(answer({ pieces: ['fine'], usage: { prompt: 10, completion: 1 } }))
    const base = {
      ...baseConfig(upstream.url),
      state: { driver: 'redis', url: redis.url, commandTimeoutMs: 5000 },
      features: [{ name: 'strict' }, { name: 'lenient' }],
      plugins: { quota: { whileAwayOf: { 'shared.lenient': 'local' } } },
    }
    const first = await startGateway({ config: base, policies: { 'shared.policy': POLICIES } })
    // Keys of the configuration are known while Redis is away; both have the pepper of the first.
    const printed = await first.cli('keys', 'create', '--tenant', 'acme', '--print-config')
    const field = (name: string): string => new RegExp(`${name}: "?([0-9A-Za-z]+)`).exec(printed)![1]!
    key = /sp_live_\S+/.exec(printed)![0]
    const config = { ...base, keys: [{ id: 'key_1', tenant: 'acme', prefix: field('prefix'), hash: field('hash') }] }
    await first.stop()
    const one = await startGateway({ folder: first.folder, config, recorder: true })
    const two = await startGateway({ folder: first.folder })
    gateways = [one, two]
  })
  after(async () => {
    for (const gateway of gateways ?? []) await gateway.remove()
    await upstream.close()
    await redis.stop()
  })

  const ask = (gateway: RunningGateway, session: string, feature = 'strict'): Promise<Response> =>
    postChat(gateway, key, {}, { headers: { 'x-sallyport-session': session, 'x-sallyport-feature': feature } })
  const passed = async (session: string, count: number): Promise<number> => {
    const answers = await Promise.all(Array.from({ length: count }, (_, i) => ask(gateways[i % 2]!, session)))
    return answers.filter(({ status }) => status === 200).length
  }

  it('let exactly as many pass as the limit says, and tell of its end once', async () => {
    assert.equal(await passed('s', 200), 20)
    const rows = await eventually(async () => {
      const told = await gateways[0].sql("SELECT action, target FROM admin_events WHERE action LIKE 'quota%'")
      return told.length > 0 && told
    })
    assert.deepEqual(rows, [{ action: 'quota reached', target: 'shared.day' }])
  })
  it('are raised in both within a second', async () => {
    const asked = { tenant: 'acme', policy: 'shared.day', unit: 'requests', add: 5, for: '1h', reason: 'test' }
    assert.equal((await gateways[0].admin('/quotas/raises', { method: 'POST', body: JSON.stringify(asked) })).status, 201)
    await eventually(async () => (await ask(gateways[1], 's')).status === 200)
    assert.equal(await passed('s', 50), 4)
    // A settlement is not waited for, so the last ones may still be reserved.
    const shown = await eventually(async () => {
      const [counter] = ((await (await gateways[1].admin('/quotas?policy=shared.day')).json()) as Loose).data
      return counter.used === 25 && counter
    })
    assert.deepEqual([shown.limit, shown.reserved, shown.by], [25, 0, ['s']])
  })
  it('refuse, or count alone with a share of the limit and say so, while Redis is away; and are one again after', async () => {
    await redis.kill()
    const refused = await eventually(async () => {
      const response = await ask(gateways[0], 'away')
      return response.status === 503 && response
    })
    assert.equal(await errorCode(refused), 'state_unavailable')
    let local = 0
    for (let i = 0; i < 10; i++) {
      const response = await ask(gateways[0], 'away', 'lenient')
      if (response.status !== 200) continue
      local++
      assert.equal(response.headers.get('x-sallyport-warnings'), 'limits_local')
    }
    assert.equal(local, 5, 'half of ten, for one of two processes')
    await redis.start()
    await eventually(async () => (await ask(gateways[0], 'away')).status === 200)
    await eventually(async () => {
      const shown = (await (await gateways[1].admin('/quotas?policy=shared.lenient')).json()) as Loose
      return shown.data?.[0]?.used === 5
    })
  })
})
