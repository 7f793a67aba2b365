// A gateway that is killed in the middle of everything: afterwards its limits stand where the record says, to the unit.
import assert from 'node:assert/strict'
import { baseConfig, eventually, startGateway, type GatewaySetup, type RunningGateway } from '../support/gateway.ts'
import { counterName, readBooked } from '../../core/model/counters.ts'
import { Crowd, ledgerOf, LIMITS, recordOf, rowsOf, withLedger } from '../support/crash.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream/index.ts'
import { TestRedis } from '../support/redis.ts'
import type { Rebuilt } from '../../core/cli/rebuild-quotas.ts'

/** A counter that the record knows nothing of. */
const NOBODY = counterName({ tenant: 'nobody', policy: 'p', window: 'day', unit: 'tokens', values: [], period: 'p' })
/** Counts no use: it remembers that an event was told, and stays as it is. */
const TOLD = counterName({ tenant: 'nobody', policy: 'p', window: 'day', unit: 'tokens.soft', values: [], period: 'p' })
const FAR = Date.UTC(2100, 0)

// With Redis in the long run; `crash-cluster` kills there too.
for (const driver of process.env['SALLYPORT_TEST_LONG'] ? (['embedded', 'redis'] as const) : (['embedded'] as const)) {
  describe(`limits after a crash, state driver ${driver}`, function () {
    this.timeout(120_000)
    let redis: TestRedis | null = null
    let upstream: UpstreamServer
    let crowd: Crowd
    let gateway: RunningGateway

    const setup = (): GatewaySetup => ({
      recorder: true,
      config: {
        ...baseConfig(upstream.url),
        server: { port: 0, drainSeconds: 3 },
        ...(redis ? { state: { driver, url: redis.url } } : {}),
        plugins: { failover: { attempts: 1, breaker: { minRequests: 1_000_000 } } },
      },
      policies: { 'limits.policy': LIMITS },
    })

    before(async () => {
      if (driver === 'redis') redis = await TestRedis.start()
      upstream = await startUpstream()
      crowd = new Crowd(upstream)
      gateway = await startGateway(setup())
    })
    after(async () => {
      await gateway.remove()
      await upstream.close()
      await redis?.stop()
    })

    it('are where the record says to the unit, after two kills under load', async () => {
      const key = await gateway.key()
      for (let round = 0; round < 2; round++) {
        const before = upstream.calls.length
        const traffic = crowd.begin(gateway, key)
        await eventually(async (saw) => saw(upstream.calls.length) >= before + 250)
        await gateway.stop('SIGKILL')
        await traffic.stop()
        gateway = await startGateway({ ...setup(), folder: gateway.folder })
      }
      await crowd.send(gateway, key, 20)
      await gateway.stop()
      const { booked, figures, outcomes } = await recordOf(gateway)
      assert.deepEqual(await ledgerOf(gateway), booked)
      assert.deepEqual(figures, booked, 'a counter sums what the other columns say')
      assert.ok(outcomes.interrupted! > 0, 'some were under way')
      assert.ok(Object.keys(booked).length >= 3, 'day, month and model at least')
    })

    it('are counted again from the record on demand', async () => {
      const { booked } = await recordOf(gateway)
      const wrong = Object.keys(booked).find((key) => key.includes('|tokens|'))!
      const mistakes = { [wrong]: 7, [`${NOBODY}@${FAR}`]: 3, [`${TOLD}@${FAR}`]: 1 }
      await withLedger(gateway.folder, (ledger) => ledger.book('mistake', readBooked(mistakes), 'anyway'))
      const rebuilt = rowsOf(await gateway.cli('doctor', '--rebuild-quotas', '--json')) as unknown as readonly Rebuilt[]
      const [counter] = readBooked({ [wrong]: 0 }).map((one) => one.counter)
      assert.deepEqual(
        rebuilt.filter(({ result }) => result !== 'right'),
        [
          { counter, before: booked[wrong]! + 7, after: booked[wrong], result: 'set' },
          { counter: NOBODY, before: 3, after: 0, result: 'set' },
        ],
      )
      await recordOf(gateway)
      const events = rowsOf(
        await gateway.cli(
          'sql',
          '--json',
          "SELECT tenant, target, before, after FROM admin_events WHERE action = 'quota recounted' ORDER BY seq",
        ),
      ) as unknown as readonly { tenant: string; target: string; before: string; after: string }[]
      assert.deepEqual(
        events.map(({ tenant, target, before, after }) => [tenant, target, JSON.parse(before), JSON.parse(after)]),
        [
          ['acme', 'acme.tokens', { counter, used: booked[wrong]! + 7 }, { counter, used: booked[wrong] }],
          ['nobody', 'p', { counter: NOBODY, used: 3 }, { counter: NOBODY, used: 0 }],
        ],
      )
      assert.deepEqual(await ledgerOf(gateway), { ...booked, [`${NOBODY}@${FAR}`]: 0, [`${TOLD}@${FAR}`]: 1 })
      gateway = await startGateway({ ...setup(), folder: gateway.folder })
      const beside = gateway.cli('doctor', '--rebuild-quotas', '--json')
      if (driver === 'embedded') await assert.rejects(beside, /stop it, run this again, then start it/)
      else assert.ok(rowsOf(await beside).every(({ result }) => result === 'right'))
    })
  })
}
