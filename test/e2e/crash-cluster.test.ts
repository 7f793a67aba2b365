// Four workers with one Redis, and everything goes wrong at once: providers that fail, hang and break off, clients that leave, a worker that is killed, and
// Redis that stops for a while. When it is quiet again, the ledger is the sum of what is recorded, to the unit.
import assert from 'node:assert/strict'
import { baseConfig, eventually, startGateway, type RunningGateway } from '../support/gateway.ts'
import { Crowd, ledgerOf, LIMITS, recordOf } from '../support/crash.ts'
import { postChat, user } from '../support/chat.ts'
import { hang, startUpstream, type UpstreamServer } from '../support/upstream/index.ts'
import { TestRedis } from '../support/redis.ts'
import { workerPids } from '../support/cluster.ts'

const HELD = 40

describe('limits of a cluster after everything went wrong', function () {
  this.timeout(240_000)
  let redis: TestRedis
  let upstream: UpstreamServer
  let crowd: Crowd
  let gateway: RunningGateway

  before(async () => {
    ;[redis, upstream] = await Promise.all([TestRedis.start(), startUpstream()])
    crowd = new Crowd(upstream)
    gateway = await startGateway({
      recorder: true,
      config: {
        ...baseConfig(upstream.url),
        server: { port: 0, drainSeconds: 5 },
        state: { driver: 'redis', url: redis.url },
        plugins: { failover: { attempts: 1, breaker: { minRequests: 1_000_000 } }, quota: { whileAway: 'local' } },
      },
      policies: { 'limits.policy': LIMITS },
      args: ['--workers', '4'],
    })
  })
  // Two gateways in one folder would answer for each other.
  afterEach(() => gateway?.stop('SIGKILL'))
  after(async () => {
    await gateway?.remove()
    await Promise.all([redis.stop(), upstream.close()])
  })

  /**
   * Requests that end with their clients, in each worker: whoever is killed has some under way, however slow the machine is with the others. Resolves
   * when each has reached the provider.
   */
  async function holdSome(
    key: string,
    signal: AbortSignal,
  ): Promise<{ readonly ended: Promise<readonly PromiseSettledResult<Response>[]> }> {
    const before = upstream.calls.length
    for (let i = 0; i < HELD; i++) upstream.next(hang())
    const answers: string[] = []
    const held = Array.from({ length: HELD }, () => persist(key, signal))
    for (const one of held) one.then(async (response) => answers.push(await response.text())).catch(() => {})
    await eventually(async (saw) => saw({ answers, calls: upstream.calls.length - before }).calls === HELD)
    return { ended: Promise.allSettled(held) }
  }

  /** As an SDK does, asks again when the gateway says so: a machine that is very busy may have no time for Redis. */
  async function persist(key: string, signal: AbortSignal): Promise<Response> {
    for (;;) {
      const response = await postChat(gateway, key, user('held'), { signal, headers: { connection: 'close' } })
      if (response.status !== 503) return response
      await response.text()
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }

  async function agree(): Promise<void> {
    const { booked, figures, outcomes } = await recordOf(gateway)
    assert.deepEqual(await ledgerOf(gateway), booked)
    assert.deepEqual(figures, booked, 'a counter sums what the other columns say')
    assert.ok(outcomes.interrupted! > 0 && outcomes.aborted! > 0 && outcomes.failed! > 0, JSON.stringify(outcomes))
    assert.ok(Object.keys(booked).length >= 3, 'day, month and model at least')
  }

  it('are the sum of what is recorded, to the unit', async () => {
    const key = await gateway.key()
    const leaving = new AbortController()
    const held = await holdSome(key, leaving.signal)
    const traffic = crowd.begin(gateway, key)
    await eventually(async (saw) => saw(upstream.calls.length) > HELD + 200)
    process.kill(workerPids(gateway)[0]!, 'SIGKILL')
    await eventually(async (saw) => saw(upstream.calls.length) > HELD + 300)
    redis.pause()
    await new Promise((resolve) => setTimeout(resolve, 1500))
    redis.resume()
    const before = upstream.calls.length
    await eventually(async (saw) => saw(upstream.calls.length) > before + 50)
    await traffic.stop()
    leaving.abort()
    await held.ended
    // What the dead worker left is booked when another takes its place.
    await eventually(async () => gateway.output().includes('the record of a gateway that ended was replayed'))
    await crowd.send(gateway, key, 40)
    await gateway.stop()
    await agree()
  })
  it('are it also after the first process was killed under load, which closes every connection at once', async () => {
    gateway = await startGateway({ folder: gateway.folder, recorder: true, args: ['--workers', '4'] })
    const key = await gateway.key()
    // Their clients wait for ever: whatever ends them is no client's patience.
    const held = await holdSome(key, new AbortController().signal)
    const before = upstream.calls.length
    const traffic = crowd.begin(gateway, key)
    await eventually(async (saw) => saw(upstream.calls.length) > before + 100)
    await gateway.stop('SIGKILL')
    assert.deepEqual(new Set((await held.ended).map(({ status }) => status)), new Set(['rejected']))
    await traffic.stop()
    gateway = await startGateway({ folder: gateway.folder, recorder: true, args: ['--workers', '4'] })
    await crowd.send(gateway, key, 40)
    await gateway.stop()
    await agree()
  })
})
