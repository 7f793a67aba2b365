// Four workers with one Redis, and everything goes wrong at once: providers that fail, hang and break off, clients that leave, a worker that is killed, and
// Redis that stops for a while. When it is quiet again, the ledger is the sum of what is recorded, to the unit.
import assert from 'node:assert/strict'
import { readBooked } from '../../core/model/counters.ts'
import { openRedisState } from '../../core/state/redis/index.ts'
import { silentLog } from '../unit/state/manual-clock.ts'
import { systemClock } from '../../core/plugin/clock.ts'
import { baseConfig, eventually, startGateway, type RunningGateway } from '../support/gateway.ts'
import { postChat, user } from '../support/chat.ts'
import { dieAfter, hang, startUpstream, status, text, type Behaviour, type UpstreamServer } from '../support/upstream/index.ts'
import { TestRedis } from '../support/redis.ts'

type Sums = { readonly [counter: string]: number }

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
policy acme.requests "Requests a day by session" {
  on     request
  when   session.id exists
  limit  requests to 1000000 per day by session.id
}
policy acme.shared "Requests a day of all tenants, by feature" {
  on     request
  limit  requests to 1000000 per day by request.model
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

describe('limits of a cluster after everything went wrong', function () {
  this.timeout(120_000)
  let redis: TestRedis
  let upstream: UpstreamServer
  let gateway: RunningGateway

  before(async () => {
    ;[redis, upstream] = await Promise.all([TestRedis.start(), startUpstream()])
    let turn = 0
    upstream.always((call) => BEHAVIOURS[turn++ % BEHAVIOURS.length]!(call))
    gateway = await startGateway({
      recorder: true,
      config: {
        ...baseConfig(upstream.url),
        state: { driver: 'redis', url: redis.url },
        plugins: { failover: { attempts: 1, breaker: { minRequests: 1_000_000 } }, quota: { whileAway: 'local' } },
      },
      policies: { 'limits.policy': LIMITS },
      args: ['--workers', '4'],
    })
  })
  after(async () => {
    await gateway?.remove()
    await Promise.all([redis.stop(), upstream.close()])
  })

  async function load(key: string, count: number): Promise<void> {
    const one = async (i: number): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, i * 4))
      const signal = AbortSignal.timeout(i % 4 === 0 ? 60 : 3000)
      const headers = { 'x-sallyport-session': `s${i % 3}`, connection: 'close' }
      const response = await postChat(gateway, key, { ...user(`load ${i}`), stream: i % 2 === 0 }, { signal, headers })
      await response.text()
    }
    await Promise.all(Array.from({ length: count }, (_, i) => one(i).catch(() => {})))
  }

  /** What each window has by the ledger. What the killed worker had reserved and not sent goes when its lease ends, and is no use. */
  async function levels(): Promise<Sums> {
    const state = await openRedisState({ url: redis.url, clock: systemClock, log: silentLog(), commandTimeoutMs: 2000, keyPrefix: 'sp' })
    try {
      const windows = (await state.ledger.list()).filter(({ endsAt }) => endsAt !== null)
      return Object.fromEntries(windows.map(({ counter, endsAt, used }) => [`${counter}@${endsAt}`, used]))
    } finally {
      await state.close()
    }
  }

  async function recorded(): Promise<{ readonly booked: Sums; readonly figures: Sums; readonly outcomes: Sums }> {
    const rows =
      await query(`SELECT tupleElement(one, 1) AS counter, toString(sum(tupleElement(one, 2))) AS booked, toString(sum(total_tokens)) AS tokens,
      toString(toInt64(sum(nano))) AS money, toString(count()) AS requests
      FROM (SELECT arrayJoin(CAST(booked, 'Array(Tuple(String, Int64))')) AS one, total_tokens, ifNull(cost, 0) * 1000000000 AS nano FROM requests)
      GROUP BY counter`)
    const outcomes = await query('SELECT outcome, toString(count()) AS n FROM requests GROUP BY outcome')
    const unitOf = (counter: string): string => /\|(tokens|money|requests)\|/.exec(counter)![1]!
    return {
      booked: Object.fromEntries(rows.map((row) => [row.counter!, Number(row.booked)])),
      figures: Object.fromEntries(rows.map((row) => [row.counter!, Number(row[unitOf(row.counter!)])])),
      outcomes: Object.fromEntries(outcomes.map(({ outcome, n }) => [outcome!, Number(n)])),
    }
  }

  async function query(sql: string): Promise<readonly { readonly [column: string]: string }[]> {
    const lines = (await gateway.cli('sql', '--json', sql)).split('\n').filter(Boolean)
    return lines.map((line) => JSON.parse(line) as { readonly [column: string]: string })
  }

  const workers = (): number[] => {
    const lines = gateway
      .output()
      .split('\n')
      .filter((line) => line.includes('"pids"'))
    return (JSON.parse(lines.at(-1)!) as { pids: number[] }).pids
  }

  it('are the sum of what is recorded, to the unit', async () => {
    const key = await gateway.key()
    const running = load(key, 600)
    await eventually(async () => upstream.calls.length > 200)
    process.kill(workers()[0]!, 'SIGKILL')
    await eventually(async () => upstream.calls.length > 300)
    redis.pause()
    await new Promise((resolve) => setTimeout(resolve, 1500))
    redis.resume()
    await running
    await load(key, 40)
    await gateway.stop()
    const [ledger, record] = [await levels(), await recorded()]
    assert.deepEqual(ledger, record.booked)
    assert.deepEqual(record.figures, record.booked, 'a counter sums what the other columns say')
    assert.ok(
      record.outcomes.interrupted! > 0 && record.outcomes.aborted! > 0 && record.outcomes.failed! > 0,
      JSON.stringify(record.outcomes),
    )
    assert.ok(Object.keys(ledger).length >= 6, 'day, month, three sessions, the model')
    assert.ok(Object.keys(ledger).every((name) => readBooked({ [name]: 0 })[0]!.endsAt > Date.now()))
  })
})
