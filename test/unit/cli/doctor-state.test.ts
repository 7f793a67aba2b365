// What the doctor says of a real redis-server in several conditions.
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { tmpdir } from 'node:os'
import { checkRedis, checkState } from '../../../core/cli/doctor-state.ts'
import type { LoadedConfig } from '../../../core/config/config.ts'
import { openKeys, openState } from '../../../core/state/open.ts'
import { systemClock } from '../../../core/plugin/clock.ts'
import { freePort } from '../../support/free-port.ts'
import { silentLog } from '../state/manual-clock.ts'
import { TestRedis } from '../../support/redis.ts'

const NOWHERE = join(tmpdir(), 'sallyport-nowhere')

const loaded = (url: string, baseDir = NOWHERE): LoadedConfig =>
  ({ config: { state: { driver: 'redis', url, commandTimeoutMs: 2000, keyPrefix: 'sp' } }, baseDir }) as unknown as LoadedConfig

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
  it('finds out hosts that do not share their secrets, as a gateway and the key commands do', async () => {
    const [first, second] = [mkdtempSync(join(tmpdir(), 'sallyport-first-')), mkdtempSync(join(tmpdir(), 'sallyport-second-'))]
    try {
      const state = await openState(loaded(redis.url, first), systemClock, silentLog())
      const otherSecrets = /data\/secrets: these are not the secrets of the gateways that share this Redis/
      try {
        await (await openKeys(loaded(redis.url, first))).close()
        await assert.rejects(openKeys(loaded(redis.url, second)), otherSecrets)
        await assert.rejects(openState(loaded(redis.url, second), systemClock, silentLog()), otherSecrets)
      } finally {
        await state.close()
      }
      const says = async (folder: string): Promise<boolean> =>
        (await checkRedis(loaded(redis.url, folder))).some((finding) => finding.state === 'bad' && otherSecrets.test(finding.says))
      assert.deepEqual([await says(first), await says(second), await says(NOWHERE)], [false, true, true])
      assert.ok(!existsSync(NOWHERE), 'a look makes nothing')
    } finally {
      for (const folder of [first, second]) rmSync(folder, { recursive: true, force: true })
    }
  })
  it('says that nobody answers', async () => {
    await assert.rejects(checkRedis(loaded(`redis://127.0.0.1:${await freePort()}`)), /state\.url: Redis at .* cannot be used/)
  })
  it('has nothing to say of the embedded driver', async () => {
    assert.deepEqual(await checkRedis({ config: { state: { driver: 'embedded', path: 'x' } } } as unknown as LoadedConfig), [])
  })
})

describe('sallyport doctor on a state folder', () => {
  let folder: string
  const embedded = (): LoadedConfig =>
    ({ config: { state: { driver: 'embedded', path: '.' } }, baseDir: folder }) as unknown as LoadedConfig
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-doctor-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('has nothing to say before the first start, nor after one', async () => {
    assert.deepEqual(checkState(embedded()), [])
    await (await openKeys(embedded())).close()
    assert.deepEqual(checkState(embedded()), [])
  })
  it('says that it is damaged', () => {
    writeFileSync(join(folder, 'data.mdb'), 'no state')
    assert.throws(() => checkState(embedded()), /is damaged: .* move it away/)
  })
})
