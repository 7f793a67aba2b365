// What limits and keys cost: reserve and settle on both state drivers, round trips and CPU of Redis, the look-up of a key; then whether several
// workers cost more CPU per request than one. Run: node bench/state.ts [--quick] [--no-workers]; writes results/ and the table in README.md.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Redis } from 'ioredis'
import { stringify } from 'yaml'
import { cpuUs, freePort, startPinned, untilReady, type Started } from './measure.ts'
import { runWrk } from './load.ts'
import { startMockUpstream } from './systems.ts'
import { median, percentile, ratioOf } from './stats.ts'
import { replaceSection } from './policy-report.ts'
import { WORKLOADS } from './workloads.ts'
import { counterName } from '../core/model/counters.ts'
import { hashKey, makeKey } from '../core/model/key-material.ts'
import { openEmbeddedState } from '../core/state/embedded.ts'
import { openRedisState } from '../core/state/redis/index.ts'
import { Identifier } from '../plugins/auth/identify.ts'
import { systemClock } from '../core/plugin/clock.ts'
import { TestRedis } from '../test/support/redis.ts'
import type { Claim, State } from '../core/model/state.ts'
import type { Credentials, Host, KeyRow, Log } from '../core/plugin/index.ts'

const BENCH = import.meta.dirname
const ROOT = join(BENCH, '..')
const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} }
const RECORDED = Promise.resolve()
/** Exchanges under way at a time. */
const CONCURRENCY = 64

interface Figure {
  readonly what: string
  readonly unit: string
  readonly target: string
  /** One value per round. */
  readonly values: readonly number[]
}

const { values: flags } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, workers: { type: 'boolean', default: true } },
  allowNegative: true,
})
const ROUNDS = flags.quick ? 3 : 7
const EXCHANGES = flags.quick ? 4000 : 20_000
const SECONDS = flags.quick ? 3 : 8
/** For each worker. */
const WARM_SECONDS = flags.quick ? 4 : 20

function claimsFor(now: number): readonly Claim[] {
  const endsAt = now + 3_600_000
  const of = (window: string, unit: string): string =>
    counterName({ tenant: 'acme', policy: `standard.quotas.${unit}`, window, unit, values: ['acme'], period: '2026-11-21' })
  return [
    { kind: 'window', counter: of('day', 'tokens'), limit: 1e14, amount: 1200, endsAt },
    { kind: 'window', counter: of('month', 'money'), limit: 1e14, amount: 3_000_000, endsAt },
  ]
}

/** Microseconds of this process's CPU per exchange that reserves two windows and settles them. */
async function exchangeUs({ ledger }: State, count: number, round: number): Promise<number> {
  const claims = claimsFor(Date.now())
  const used = new Map(claims.map(({ counter }) => [counter, 1000]))
  let next = 0
  const one = async (): Promise<void> => {
    while (next < count) {
      const id = `req_${round}_${next++}`
      const reserved = ledger.reserve(id, claims)
      if (!(reserved instanceof Promise ? await reserved : reserved).ok) throw new Error('the limit is reached')
      const settled = ledger.settle(id, used, RECORDED)
      if (settled instanceof Promise) await settled
    }
  }
  const before = process.cpuUsage()
  await Promise.all(Array.from({ length: CONCURRENCY }, one))
  const { user, system } = process.cpuUsage(before)
  return (user + system) / count
}

async function measureLedgers(folder: string, redis: TestRedis): Promise<readonly Figure[]> {
  const embedded = openEmbeddedState({ path: join(folder, 'state'), clock: systemClock, log: SILENT })
  const shared = await openRedisState({ url: redis.url, clock: systemClock, log: SILENT, commandTimeoutMs: 5000, keyPrefix: 'sp' })
  const probe = new Redis(redis.url)
  const [own, remote, trips, server]: [number[], number[], number[], number[]] = [[], [], [], []]
  await exchangeUs(embedded, EXCHANGES, -1)
  await exchangeUs(shared, EXCHANGES, -1)
  for (let round = 0; round < ROUNDS; round++) {
    own.push(await exchangeUs(embedded, EXCHANGES, round))
    const before = await readRedis(probe)
    remote.push(await exchangeUs(shared, EXCHANGES, round))
    const after = await readRedis(probe)
    trips.push((after.calls - before.calls) / EXCHANGES)
    server.push((after.cpuUs - before.cpuUs) / EXCHANGES)
  }
  probe.disconnect()
  await Promise.all([embedded.close(), shared.close()])
  return [
    { what: 'reserve and settle two windows, embedded', unit: 'µs CPU', target: '≤ 30', values: own },
    { what: 'reserve and settle two windows, Redis: the gateway', unit: 'µs CPU', target: '≤ 120', values: remote },
    { what: '— calls of scripts', unit: 'per exchange', target: '≤ 2', values: trips },
    { what: '— the server', unit: 'µs CPU', target: '≤ 25', values: server },
  ]
}

/** Scripts that were run, and the server's CPU. */
async function readRedis(probe: Redis): Promise<{ readonly calls: number; readonly cpuUs: number }> {
  const stats = await probe.info('commandstats')
  const cpu = await probe.info('cpu')
  const calls = [...stats.matchAll(/cmdstat_(?:evalsha|eval|fcall):calls=(\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0)
  const seconds = [...cpu.matchAll(/^used_cpu_(?:user|sys):([\d.]+)/gm)].reduce((sum, [, part]) => sum + Number(part), 0)
  return { calls, cpuUs: seconds * 1e6 }
}

async function measureKeys(folder: string): Promise<readonly Figure[]> {
  const state = openEmbeddedState({ path: join(folder, 'keys'), clock: systemClock, log: SILENT })
  const pepper = Buffer.alloc(32, 7)
  const made = Array.from({ length: 1000 }, (_, i) => {
    const { key, prefix } = makeKey()
    const row: KeyRow = {
      id: `key_${i}`,
      tenant: 'acme',
      prefix,
      hash: hashKey(key, pepper),
      scopes: ['chat'],
      models: null,
      features: null,
      allowedIps: null,
      expires: null,
      createdAt: null,
      revokedAt: null,
    }
    return { key, row }
  })
  await Promise.all(made.map(({ row }) => state.keys.put(row)))
  const directory = { keys: [], tenants: new Map([['acme', {}]]), users: new Map() }
  const host = { clock: systemClock, log: SILENT, secret: () => pepper, state, directory } as unknown as Host
  const shown = ({ key }: { key: string }): Credentials => ({ secret: key, scope: 'chat', clientIp: '127.0.0.1', header: () => null })
  const known: number[] = []
  const fresh: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const identifier = new Identifier(host)
    const began = process.cpuUsage()
    for (const one of made) void identifier.identify(shown(one))
    const first = process.cpuUsage(began)
    const again = process.cpuUsage()
    for (let i = 0; i < 100; i++) for (const one of made.slice(0, 100)) void identifier.identify(shown(one))
    const second = process.cpuUsage(again)
    fresh.push((first.user + first.system) / made.length)
    known.push((second.user + second.system) / 10_000)
  }
  await state.close()
  return [
    { what: 'look up a key that was shown within the second', unit: 'µs CPU', target: '≤ 5', values: known },
    { what: 'look up a key in lmdb, with its hash', unit: 'µs CPU', target: '', values: fresh },
  ]
}

/** CPU of the gateway per request with one worker and with four, on two cores; load, upstream and Redis have the others. */
async function measureWorkers(folder: string, redis: TestRedis): Promise<readonly Figure[]> {
  const upstream = await startMockUpstream({ gateway: null, upstream: 3, load: 2, recorder: null })
  const perRequest = new Map<number, { cpu: number[]; rate: number[]; redis: number[] }>()
  const probe = new Redis(redis.url)
  const running = new Map<number, { started: Started; port: number }>()
  const config = join(folder, 'sallyport.yaml')
  mkdirSync(join(folder, 'policies'), { recursive: true })
  const quota = { dailyTokens: 1e15, monthly: 1_000_000 }
  writeFileSync(
    config,
    stringify({
      log: { level: 'warn' },
      state: { driver: 'redis', url: redis.url, commandTimeoutMs: 2000 },
      record: { spool: { path: './data/spool', maxBytes: '8GiB' } },
      policies: { standard: true, paths: ['./policies'] },
      providers: [
        {
          name: 'mock',
          type: 'openai',
          zone: 'us',
          endpoint: `http://127.0.0.1:${upstream.port}/v1`,
          credential: { env: 'BENCH_UPSTREAM_KEY' },
        },
      ],
      models: [
        { name: 'bench-short', targets: [{ provider: 'mock', model: 'bench-short' }], rates: { currency: 'USD', input: 0.4, output: 1.6 } },
      ],
      tenants: [{ id: 'bench', quota }],
    }),
  )
  const env = { ...process.env, BENCH_UPSTREAM_KEY: 'bench' }
  const main = join(ROOT, 'core/main.ts')
  const key = (
    JSON.parse(
      execFileSync(process.execPath, [main, 'keys', 'create', '--tenant', 'bench', '--scopes', 'chat', '--json', '--config', config], {
        cwd: folder,
        env,
      }).toString(),
    ) as { key: string }
  ).key
  try {
    for (const workers of [1, 4]) {
      const port = await freePort()
      const args = [main, 'serve', '--no-recorder', '--port', String(port), '--workers', String(workers), '--config', config]
      const started = startPinned(
        null,
        ['taskset', '-c', '0,1', process.execPath, '--min-semi-space-size=16', '--max-semi-space-size=16', ...args],
        {
          cwd: folder,
          env,
        },
      )
      await untilReady(started, async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok)
      running.set(workers, { started, port })
      perRequest.set(workers, { cpu: [], rate: [], redis: [] })
    }
    // As many connections for each worker: what arrives together is cheaper, for whoever gets it.
    const load = (workers: number, seconds: number): ReturnType<typeof runWrk> =>
      runWrk({ port: running.get(workers)!.port, headers: { authorization: `Bearer ${key}` } }, WORKLOADS[0]!, {
        seconds,
        connections: 64 * workers,
        core: null,
        folder,
      })
    // A process is warm after some 100,000 requests.
    for (const workers of [1, 4]) await load(workers, WARM_SECONDS * workers)
    for (let round = 0; round < ROUNDS; round++) {
      for (const workers of [1, 4]) {
        const before = cpuUs(running.get(workers)!.started.pid)
        const redisBefore = (await readRedis(probe)).cpuUs
        const { requests, seconds, errors } = await load(workers, SECONDS)
        if (errors > 0) throw new Error(`${errors} requests failed with ${workers} workers`)
        perRequest.get(workers)!.cpu.push((cpuUs(running.get(workers)!.started.pid) - before) / requests)
        perRequest.get(workers)!.rate.push(requests / seconds)
        perRequest.get(workers)!.redis.push(((await readRedis(probe)).cpuUs - redisBefore) / requests)
      }
    }
  } finally {
    probe.disconnect()
    await Promise.all([...running.values()].map(({ started }) => started.stop()))
    await upstream.started.stop()
  }
  const [one, four] = [perRequest.get(1)!, perRequest.get(4)!]
  const ratio = ratioOf(four.cpu, one.cpu)
  const gained = ratioOf(four.rate, one.rate)
  return [
    { what: 'one worker', unit: 'µs CPU per request', target: '', values: one.cpu },
    { what: 'four workers', unit: 'µs CPU per request', target: '', values: four.cpu },
    { what: 'four workers, CPU per request', unit: '× one worker', target: '≤ 1.10', values: [ratio.median, ratio.low, ratio.high] },
    { what: 'Redis, by requests through one worker', unit: 'µs CPU per request', target: '≤ 25', values: one.redis },
    { what: 'Redis, by requests through four workers', unit: 'µs CPU per request', target: '≤ 25', values: four.redis },
    {
      what: 'four workers on two cores, requests per second',
      unit: '× one worker',
      target: '',
      values: [gained.median, gained.low, gained.high],
    },
  ]
}

function tableOf(figures: readonly Figure[]): string {
  const rows = figures.map(({ what, unit, target, values }) => {
    const shown = (value: number): string => (value < 10 ? value.toFixed(2) : value.toFixed(1))
    const [low, high] = [percentile(values, 0.025), percentile(values, 0.975)]
    return `| ${what} | ${shown(median(values))} [${shown(low)}, ${shown(high)}] | ${unit} | ${target} |`
  })
  return ['| | median [95 %] | | expected |', '|---|---:|---|---|', ...rows].join('\n')
}

const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-state-'))
const redis = await TestRedis.start()
try {
  const figures = [
    ...(await measureLedgers(folder, redis)),
    ...(await measureKeys(folder)),
    ...(flags.workers ? await measureWorkers(folder, redis) : []),
  ]
  const table = tableOf(figures)
  process.stdout.write(`${table}\n`)
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: ROOT }).toString().trim()
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(':', '-')
  const name = `${stamp}-state${flags.quick ? '-quick' : ''}.json`
  mkdirSync(join(BENCH, 'results'), { recursive: true })
  writeFileSync(
    join(BENCH, 'results', name),
    JSON.stringify({ commit, node: process.versions.node, cores: cpus().length, rounds: ROUNDS, figures }),
  )
  if (!flags.quick) {
    const page = join(BENCH, 'README.md')
    const text = `Commit ${commit}, ${ROUNDS} rounds; raw results in \`results/${name}\`.\n\n${table}`
    writeFileSync(page, replaceSection(readFileSync(page, 'utf8'), 'state', text))
  }
} finally {
  await redis.stop()
  rmSync(folder, { recursive: true, force: true })
}
