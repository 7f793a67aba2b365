// A gateway that is killed in the middle of everything: afterwards its limits stand where the record says, to the unit.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { baseConfig, eventually, startGateway, type GatewaySetup, type RunningGateway } from '../support/gateway.ts'
import { dieAfter, hang, startUpstream, status, text, type Behaviour, type UpstreamServer } from '../support/upstream/index.ts'
import { drainSpool } from '../../core/recorder/drain.ts'
import { recordOptions } from '../../core/cli/record-options.ts'
import { loadConfig } from '../../core/config/load.ts'
import { openState } from '../../core/state/open.ts'
import { TestRedis } from '../support/redis.ts'
import { postChat, user } from '../support/chat.ts'
import { counterName, readBooked } from '../../core/model/counters.ts'
import { silentLog } from '../unit/state/manual-clock.ts'
import type { Ledger } from '../../core/model/state.ts'
import type { Rebuilt } from '../../core/cli/rebuild-quotas.ts'
import { systemClock } from '../../core/plugin/clock.ts'

/** Never refuse, always count. */
const LIMITS = `module acme.limits
policy acme.tokens "Tokens a day" {
  on     request
  limit  tokens to 100000000 per day by tenant.id
}
policy acme.money "Money a month" {
  on     request
  limit  money to 1000000 per month by tenant.id
}
policy acme.requests "Requests an hour by session" {
  on     request
  when   session.id exists
  limit  requests to 1000000 per hour by session.id
}
`

const BEHAVIOURS: readonly Behaviour[] = [
  text('fine'),
  text(['a ', 'longer ', 'answer ', 'in ', 'pieces'], { delayMs: 4 }),
  status(500),
  text(['slow ', 'enough ', 'to ', 'be ', 'cut'], { delayMs: 40 }),
  dieAfter(2),
  hang(),
]

type Sums = { readonly [counter: string]: number }

/** What each counter has by the record: of its own column, and of the columns that it sums. */
const RECOUNT = `SELECT tupleElement(one, 1) AS counter, toString(sum(tupleElement(one, 2))) AS booked, toString(sum(total_tokens)) AS tokens,
  toString(toInt64(sum(nano))) AS nano, toString(count()) AS requests
FROM (SELECT arrayJoin(CAST(booked, 'Array(Tuple(String, Int64))')) AS one, total_tokens, ifNull(cost, 0) * 1000000000 AS nano FROM requests)
GROUP BY counter`

/** A counter that the record knows nothing of. */
const NOBODY = counterName({ tenant: 'nobody', policy: 'p', window: 'day', unit: 'tokens', values: [], period: 'p' })
const FAR = Date.UTC(2100, 0)

for (const driver of ['embedded', 'redis'] as const) {
  describe(`limits after a crash, state driver ${driver}`, function () {
    this.timeout(90_000)
    let redis: TestRedis | null = null
    let upstream: UpstreamServer
    let gateway: RunningGateway

    const setup = (): GatewaySetup => ({
      recorder: true,
      config: {
        ...baseConfig(upstream.url),
        server: { port: 0, drainSeconds: 3 },
        ...(redis ? { state: { driver, url: redis.url } } : {}),
        plugins: { failover: { attempts: 1 } },
      },
      policies: { 'limits.policy': LIMITS },
    })

    before(async () => {
      if (driver === 'redis') redis = await TestRedis.start()
      upstream = await startUpstream()
      let turn = 0
      upstream.always((call) => BEHAVIOURS[turn++ % BEHAVIOURS.length]!(call))
      gateway = await startGateway(setup())
    })
    after(async () => {
      await gateway.remove()
      await upstream.close()
      await redis?.stop()
    })

    /** Streams, whole answers, failures of the provider, and clients that leave. */
    function load(key: string, count: number): Promise<unknown> {
      return Promise.all(
        Array.from({ length: count }, async (_, i) => {
          await new Promise((resolve) => setTimeout(resolve, i * 3))
          const signal = i % 4 === 0 ? AbortSignal.timeout(60) : AbortSignal.timeout(3000)
          const response = await postChat(
            gateway,
            key,
            { ...user(`load ${i}`), stream: i % 2 === 0 },
            {
              signal,
              headers: { 'x-sallyport-session': `s${i % 3}` },
            },
          )
          await response.text()
        }).map((one) => one.catch(() => {})),
      )
    }

    it('are where the record says to the unit, after two kills under load', async () => {
      const key = await gateway.key()
      for (let round = 0; round < 2; round++) {
        const before = upstream.calls.length
        const running = load(key, 400)
        await eventually(async () => upstream.calls.length >= before + 250)
        await gateway.stop('SIGKILL')
        await running
        gateway = await startGateway({ ...setup(), folder: gateway.folder })
      }
      await load(key, 20)
      await gateway.stop()
      const record = await recounted(gateway)
      assert.deepEqual(await levels(gateway.folder), record.booked)
      assert.deepEqual(record.figures, record.booked, 'a counter sums what the other columns say')
      assert.ok(record.interrupted > 0, 'some were under way')
      assert.ok(Object.keys(record.booked).length >= 2, 'the day and the month at least')
    })

    it('are counted again from the record on demand', async () => {
      const { booked } = await recounted(gateway)
      const wrong = Object.keys(booked).find((key) => key.includes('|tokens|'))!
      await withLedger(gateway.folder, (ledger) => ledger.book('mistake', readBooked({ [wrong]: 7, [`${NOBODY}@${FAR}`]: 3 }), 'anyway'))
      const rebuilt = lines(await gateway.cli('doctor', '--rebuild-quotas', '--json')) as unknown as readonly Rebuilt[]
      const [counter] = readBooked({ [wrong]: 0 }).map((one) => one.counter)
      assert.deepEqual(
        rebuilt.filter(({ result }) => result !== 'right'),
        [
          { counter, before: booked[wrong]! + 7, after: booked[wrong], result: 'set' },
          { counter: NOBODY, before: 3, after: 0, result: 'set' },
        ],
      )
      assert.deepEqual(await levels(gateway.folder), { ...booked, [`${NOBODY}@${FAR}`]: 0 })
      gateway = await startGateway({ ...setup(), folder: gateway.folder })
      const beside = gateway.cli('doctor', '--rebuild-quotas', '--json')
      if (driver === 'embedded') await assert.rejects(beside, /stop it, run this again, then start it/)
      else assert.ok(lines(await beside).every(({ result }) => result === 'right'))
    })
  })
}

async function recounted(gateway: RunningGateway): Promise<{ booked: Sums; figures: Sums; interrupted: number }> {
  // What the last recorder did not come to, the next one would ship.
  await drainSpool(recordOptions(loadConfig(join(gateway.folder, 'sallyport.yaml'))), silentLog())
  // An hour may end while the test runs.
  const rows = lines(await gateway.cli('sql', '--json', RECOUNT)).filter(
    ({ counter }) => readBooked({ [counter!]: 0 })[0]!.endsAt > Date.now(),
  )
  const [row] = lines(await gateway.cli('sql', '--json', "SELECT count() AS n FROM requests WHERE outcome = 'interrupted'"))
  const figure = { tokens: 'tokens', money: 'nano', requests: 'requests' } as const
  const unitOf = (counter: string): keyof typeof figure => /\|(tokens|money|requests)\|/.exec(counter)![1] as keyof typeof figure
  return {
    booked: Object.fromEntries(rows.map((one) => [one.counter!, Number(one.booked)])),
    figures: Object.fromEntries(rows.map((one) => [one.counter!, Number(one[figure[unitOf(one.counter!)]])])),
    interrupted: Number(row!.n),
  }
}

function levels(folder: string): Promise<Sums> {
  return withLedger(folder, async (ledger) => {
    const all = await ledger.list()
    return Object.fromEntries(
      all.filter(({ endsAt }) => endsAt !== null).map(({ counter, endsAt, used }) => [`${counter}@${endsAt}`, used]),
    )
  })
}

async function withLedger<T>(folder: string, use: (ledger: Ledger) => T | Promise<T>): Promise<T> {
  const state = await openState(loadConfig(join(folder, 'sallyport.yaml')), systemClock, silentLog())
  try {
    return await use(state.ledger)
  } finally {
    await state.close()
  }
}

const lines = (text: string): { readonly [column: string]: string }[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { readonly [column: string]: string })
