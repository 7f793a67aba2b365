// Keys of two hosts that share a Redis: what one changes holds for both within a second, also while Redis is away.
import assert from 'node:assert/strict'
import { baseConfig, eventually, startGateway, type RunningGateway } from '../support/gateway.ts'
import { door, prepared, type Loose } from '../support/keys.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream/index.ts'
import { TestRedis } from '../support/redis.ts'

describe('keys with Redis', function () {
  this.timeout(120_000)
  let redis: TestRedis
  let upstream: UpstreamServer
  const gateways: RunningGateway[] = []
  let yamlKey: string

  before(async () => {
    ;[redis, upstream] = await Promise.all([TestRedis.start(), startUpstream()])
    const places = [prepared(), prepared()]
    yamlKey = places[0]!.yamlKey
    for (const { folder } of places) {
      const config = {
        ...baseConfig(upstream.url),
        state: { driver: 'redis', url: redis.url },
        keys: places[0]!.rows,
      }
      gateways.push(await startGateway({ config, folder }))
    }
  })
  afterEach(() => redis.resume())
  after(async () => {
    await Promise.all(gateways.map((gateway) => gateway.remove()))
    await Promise.all([redis.stop(), upstream.close()])
  })

  it('ends a key everywhere within a second', async () => {
    const [here, there] = gateways.map(door)
    const { id, key } = (await here!.call('POST', '', { tenant: 'acme' })).body
    const codes = [await here!.chat(key), await there!.chat(key)].map(({ status, body }) => (status === 200 ? '200' : body.error.code))
    assert.deepEqual(codes, ['200', '200'])
    const { status } = await here!.call('POST', `/${id}/revoke`)
    const revokedAt = performance.now()
    assert.equal(status, 200)
    const asked: [askedAfterMs: number, status: number][] = []
    while (performance.now() - revokedAt < 2000 || asked.length < 12) {
      const askedAfterMs = performance.now() - revokedAt
      for (const { status: each } of await Promise.all([here!.chat(key), there!.chat(key)])) asked.push([askedAfterMs, each])
    }
    assert.deepEqual(
      asked.filter(([after, each]) => after >= 1000 && each === 200),
      [],
    )
    assert.ok((await there!.chat(key)).status >= 401)
  })
  it('ends a key within a second even if Redis goes right after; keys of the configuration go on', async () => {
    const [here, there] = gateways.map(door)
    const [ended, living] = [
      (await here!.call('POST', '', { tenant: 'acme' })).body,
      (await here!.call('POST', '', { tenant: 'acme' })).body,
    ]
    for (const { chat } of [here!, there!]) for (const key of [ended.key, living.key, yamlKey]) assert.equal((await chat(key)).status, 200)
    await here!.call('POST', `/${ended.id}/revoke`)
    redis.pause()
    const goneAt = performance.now()
    const late: [key: string, code: string][] = []
    while (performance.now() - goneAt < 2500) {
      const isLate = performance.now() - goneAt >= 1000
      for (const [name, key] of [
        ['ended', ended.key],
        ['living', living.key],
        ['yaml', yamlKey],
      ] as const) {
        // prettier-ignore
        for (const { status, body } of await Promise.all([here!.chat(key), there!.chat(key)]))
          if (isLate) late.push([name, status === 200 ? '200' : body.error.code])
      }
    }
    const codes = (name: string): Set<string> => new Set(late.filter(([key]) => key === name).map(([, code]) => code))
    assert.deepEqual([codes('living'), codes('yaml')], [new Set(['state_unavailable']), new Set(['200'])])
    assert.ok(!codes('ended').has('200'), [...codes('ended')].join())
    redis.resume()
    for (const { chat } of [here!, there!]) {
      await eventually(async () => (await chat(living.key)).status === 200)
      assert.ok([401, 429].includes((await chat(ended.key)).status))
    }
  })
  it('lets one of two hosts rotate a key that both rotate at once, and one end it for both', async () => {
    const [here, there] = gateways.map(door)
    for (let i = 0; i < 5; i++) {
      const { id } = (await here!.call('POST', '', { tenant: 'acme' })).body
      const answers = await Promise.all([here!.call('POST', `/${id}/rotate`), there!.call('POST', `/${id}/rotate`)])
      assert.deepEqual(
        answers.map(({ status }) => status).toSorted((a, b) => a - b),
        [201, 409],
      )
      const { data } = (await there!.call('GET', '?limit=1000')).body
      assert.equal(data.filter((key: Loose) => key.rotated_from === id).length, 1)
      const [revoked] = await Promise.all([here!.call('POST', `/${id}/revoke`), there!.call('PATCH', `/${id}`, { name: 'x' })])
      assert.equal(revoked.body.status, 'revoked')
      assert.equal((await there!.call('GET', `/${id}`)).body.status, 'revoked')
    }
  })
  it('changes nothing while Redis is away, and says why', async () => {
    const { call } = door(gateways[0]!)
    redis.pause()
    const { status, body } = await call('POST', '', { tenant: 'acme' })
    assert.deepEqual([status, body.error.code], [503, 'state_unavailable'])
    assert.equal((await call('GET', '')).status, 503)
    redis.resume()
    await eventually(async () => (await call('GET', '')).status === 200)
  })
})
