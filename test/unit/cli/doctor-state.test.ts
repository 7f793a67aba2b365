// What the doctor says of a real redis-server in several conditions.
import assert from 'node:assert/strict'
import { Redis } from 'ioredis'
import { checkRedis } from '../../../core/cli/doctor-state.ts'
import type { LoadedConfig } from '../../../core/config/config.ts'
import { freePort } from '../../support/free-port.ts'
import { TestRedis } from '../../support/redis.ts'

const loaded = (url: string): LoadedConfig =>
  ({ config: { state: { driver: 'redis', url, commandTimeoutMs: 2000, keyPrefix: 'sp' } } }) as unknown as LoadedConfig

describe('sallyport doctor on Redis', () => {
  let redis: TestRedis
  let client: Redis
  before(async () => {
    redis = await TestRedis.start({ persistent: true })
    client = new Redis(redis.url)
  })
  after(async () => {
    client.disconnect()
    await redis.stop()
  })

  it('is content with a server that keeps everything', async () => {
    const [finding, ...more] = await checkRedis(loaded(redis.url))
    assert.deepEqual(more, [])
    assert.equal(finding?.state, 'ok')
    assert.match(finding!.says, /^version \d+\.\d+\.\d+, noeviction, appendonly$/)
  })
  it('says how to keep limits from being evicted and lost', async () => {
    await client.config('SET', 'maxmemory-policy', 'allkeys-lru')
    await client.config('SET', 'appendonly', 'no')
    const findings = await checkRedis(loaded(redis.url))
    assert.deepEqual(
      findings.map(({ state }) => state),
      ['bad', 'note'],
    )
    assert.match(findings[0]!.says, /allkeys-lru.*CONFIG SET maxmemory-policy noeviction/)
    assert.match(findings[1]!.says, /CONFIG SET appendonly yes/)
  })
  it('says that nobody answers', async () => {
    await assert.rejects(checkRedis(loaded(`redis://127.0.0.1:${await freePort()}`)), /state\.url: Redis at .* cannot be used/)
  })
  it('has nothing to say of the embedded driver', async () => {
    assert.deepEqual(await checkRedis({ config: { state: { driver: 'embedded', path: 'x' } } } as unknown as LoadedConfig), [])
  })
})
