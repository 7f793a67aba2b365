// The ledger in Redis against the plain model that the embedded one is held to.
import { Link } from '../../../core/state/redis/link.ts'
import { Names } from '../../../core/state/redis/names.ts'
import { RedisLedger } from '../../../core/state/redis/ledger.ts'
import { agreesWithModel, type RealLedger } from '../../support/ledger-model.ts'
import { TestRedis } from '../../support/redis.ts'
import { ManualClock, silentLog } from './manual-clock.ts'

const RUNS = process.env.SALLYPORT_TEST_LONG ? 1000 : 34

describe('the ledger in Redis', () => {
  let redis: TestRedis
  let runs = 0
  before(async () => void (redis = await TestRedis.start()))
  after(() => redis.stop())

  async function realLedger(): Promise<RealLedger> {
    const clock = new ManualClock(1_700_000_000_000)
    const log = silentLog()
    const link = new Link({ url: redis.url, names: new Names(`m${runs++}`), commandTimeoutMs: 5000, log, settlingMs: 0 })
    await link.open()
    const ledger = new RedisLedger({ link, clock, log, now: () => String(clock.now()) })
    return {
      ledger,
      now: () => clock.now(),
      async advance(ms) {
        clock.advance(ms)
        // No lease ends while its holder lives.
        await ledger.renew()
      },
      settled: () => undefined,
      async close() {
        await ledger.close()
        await link.close()
      },
    }
  }

  it('agrees with a plain model on every answer and every level', () => agreesWithModel(realLedger, { runs: RUNS, seed: 20260115 }))
})
