// What a start makes of a Redis that is not there, or not yet, or does not let it in.
import assert from 'node:assert/strict'
import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { openRedisState, type RedisStateOptions } from '../../../core/state/redis/index.ts'
import { NotOpenError } from '../../../core/state/redis/not-open.ts'
import { whileStarting } from '../../../core/state/while-starting.ts'
import { freePort } from '../../support/free-port.ts'
import { TestRedis } from '../../support/redis.ts'
import { ManualClock, silentLog } from './manual-clock.ts'

const OPTIONS = { clock: new ManualClock(), commandTimeoutMs: 5000, keyPrefix: 'sp' }

describe('a start with Redis', function () {
  this.timeout(60_000)

  const open = (url: string, more: Partial<RedisStateOptions> = {}) => openRedisState({ url, log: silentLog(), ...OPTIONS, ...more })
  const notOpen = async (url: string, more: Partial<RedisStateOptions> = {}): Promise<NotOpenError> => {
    const error: unknown = await open(url, more).catch((failed: unknown) => failed)
    assert.ok(error instanceof NotOpenError, String(error))
    return error
  }

  it('ends at once when nobody is there, unless somebody was a moment ago', async () => {
    const url = `redis://127.0.0.1:${await freePort()}`
    assert.equal((await notOpen(url)).passes, false)
    assert.equal((await notOpen(url, { isKnown: true })).passes, true)
    const log = silentLog()
    await assert.rejects(
      whileStarting(log, () => open(url)),
      /cannot be used \(.*ECONNREFUSED.*start it, or correct state\.url/,
    )
    assert.deepEqual(log.lines, [])
  })
  it('ends at once when it is not let in, though it was a moment ago', async () => {
    const redis = await TestRedis.start({ args: ['--save', '', '--user', 'gateway', 'on', '>right', '~*', '&*', '+@all'] })
    try {
      const url = redis.url.replace('//', '//gateway:wrong@')
      await (await open(url.replace('wrong', 'right'))).close()
      assert.deepEqual([(await notOpen(url)).passes, (await notOpen(url, { isKnown: true })).passes], [false, false])
    } finally {
      await redis.stop()
    }
  })
  it('tries again when the connection is closed on the way', async () => {
    const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
    await once(server, 'listening')
    assert.equal((await notOpen(`redis://127.0.0.1:${(server.address() as AddressInfo).port}`)).passes, true)
    server.close()
  })
  it('waits for one that is started again meanwhile', async () => {
    const redis = await TestRedis.start()
    await redis.kill()
    const again = Promise.withResolvers<void>()
    const log = silentLog()
    const warn = log.warn.bind(log)
    const opened = whileStarting({ ...log, warn: (fields, message) => (warn(fields, message), again.resolve()) }, () =>
      open(redis.url, { isKnown: true }),
    )
    await again.promise
    await redis.start()
    const state = await opened
    assert.equal(state.health.available, true)
    assert.ok(log.lines.length > 0)
    await state.close()
    await redis.stop()
  })
})
