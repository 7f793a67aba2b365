// npm run bench [-- --quick] [-- --only "bare relay,portkey"]: measures all systems in interleaved rounds, keeps the raw results, writes the table.
// What disturbs the machine disturbs neighbours in time alike, so figures are compared within a round and only as ratios.
import { cpus, totalmem, tmpdir } from 'node:os'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { cpuUs, pssMiB, type Started } from './measure.ts'
import { measureLatency, measureStreams, runWrk, type StreamTimes, type Throughput } from './load.ts'
import { recordLagP99, startMockUpstream, startSystem, SYSTEM_NAMES, type Cores, type System, type SystemName } from './systems.ts'
import { replaceTable, tableOf } from './report.ts'
import { WORKLOADS, type Workload } from './workloads.ts'

export interface WorkloadResults {
  readonly throughput: Throughput[]
  /** CPU microseconds per request, one figure per round. */
  readonly cpuUs: number[]
  readonly recorderCpuUs: number[]
  /** Latencies at one connection, per round. */
  readonly latencyUs: number[][]
}

export interface SystemResults {
  readonly name: SystemName
  readonly workloads: { [workload: string]: WorkloadResults }
  readonly streams: StreamTimes
  /** One figure per round, as all that follows. */
  readonly pssMiB: number[]
  readonly recorderPssMiB: number[]
  readonly lagP99Ms: number[]
  /** It could not be started; a note says why. */
  failed: boolean
}

export interface Results {
  readonly date: string
  readonly machine: {
    readonly cpu: string
    readonly cores: number
    readonly memoryGiB: number
    readonly node: string
    readonly commit: string
  }
  readonly settings: Settings
  /** False below four cores: then only CPU is comparable. */
  readonly pinned: boolean
  readonly notes: string[]
  readonly workloads: readonly string[]
  readonly systems: readonly SystemResults[]
  /** Latencies without any gateway, per workload and round. */
  readonly direct: { [workload: string]: number[][] }
  readonly directStreams: StreamTimes
}

interface Settings {
  readonly rounds: number
  readonly seconds: number
  /** Load before a figure counts: the compiler needs about 100,000 requests of a gateway before it leaves the core alone. */
  readonly warmUpSeconds: number
  readonly connections: number
  readonly latencyRequests: number
  readonly streams: number
}

const FULL: Settings = { rounds: 7, seconds: 4, warmUpSeconds: 8, connections: 64, latencyRequests: 1000, streams: 20 }
const QUICK: Settings = { rounds: 3, seconds: 2, warmUpSeconds: 5, connections: 64, latencyRequests: 200, streams: 4 }
const BENCH = import.meta.dirname

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false }, only: { type: 'string' } } })
  const settings = values.quick ? QUICK : FULL
  const names = values.only?.split(',').map((name) => name.trim()) ?? SYSTEM_NAMES
  for (const name of names)
    if (!SYSTEM_NAMES.includes(name as SystemName)) throw new Error(`--only: no system ${name}; there are ${SYSTEM_NAMES.join(', ')}`)
  const results = await bench(names as readonly SystemName[], settings)
  const file = join(BENCH, 'results', `${results.date.replaceAll(':', '-')}${values.quick ? '-quick' : ''}.json`)
  mkdirSync(join(BENCH, 'results'), { recursive: true })
  writeFileSync(file, JSON.stringify(results))
  const table = tableOf(results)
  process.stdout.write(`${table}\nraw results: ${file}\n`)
  // A quick or partial run is a look, not a statement.
  if (values.quick || values.only !== undefined) return
  const readme = join(BENCH, 'README.md')
  writeFileSync(readme, replaceTable(readFileSync(readme, 'utf8'), table))
}

async function bench(names: readonly SystemName[], settings: Settings): Promise<Results> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'))
  const pinned = cpus().length >= 4
  const cores: Cores = pinned
    ? { recorder: 0, gateway: 1, upstream: 2, load: 3 }
    : { recorder: null, gateway: null, upstream: null, load: null }
  const results = emptyResults(settings, pinned, names)
  if (!pinned) results.notes.push('fewer than four cores: the load shares them with the gateway, so only CPU per request is comparable')
  let upstream: { started: Started; port: number } | null = null
  try {
    upstream = await startMockUpstream(cores)
    for (let round = 0; round < settings.rounds; round++)
      await measureRound(round, results, { settings, cores, folder, upstreamPort: upstream.port })
    return results
  } finally {
    await upstream?.started.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Setting {
  readonly settings: Settings
  readonly cores: Cores
  readonly folder: string
  readonly upstreamPort: number
}

/** All systems once, each in a process of its own that lives for this round only: processes of the same program differ among themselves. */
async function measureRound(round: number, results: Results, setting: Setting): Promise<void> {
  const direct = { port: setting.upstreamPort, headers: {} }
  for (const workload of WORKLOADS)
    results.direct[workload.name]!.push(await measureLatency(direct, workload, setting.settings.latencyRequests))
  addStreams(results.directStreams, await measureStreams(direct, setting.settings.streams))
  // Each round begins with another system, so that none is always first. A system that could not start is not tried again.
  for (const [i] of [...results.systems].entries()) {
    const own = results.systems[(round + i) % results.systems.length]!
    if (own.failed) continue
    progress(`round ${round + 1} of ${setting.settings.rounds}: ${own.name}`)
    const system = await startSystem(own.name, setting.folder, setting.upstreamPort, setting.cores)
    if (typeof system === 'string') {
      own.failed = true
      results.notes.push(system)
      continue
    }
    try {
      await measureSystem(system, own, setting)
    } finally {
      await system.stop()
    }
  }
}

async function measureSystem(system: System, own: SystemResults, setting: Setting): Promise<void> {
  for (const workload of WORKLOADS) await measureWorkload(system, own.workloads[workload.name]!, workload, setting)
  addStreams(own.streams, await measureStreams(system.endpoint, setting.settings.streams))
  own.pssMiB.push(pssMiB(system.main.pid))
  if (system.recorder === null) return
  own.recorderPssMiB.push(pssMiB(system.recorder.pid))
  const lag = recordLagP99(system)
  if (lag !== null) own.lagP99Ms.push(lag)
}

function addStreams(all: StreamTimes, more: StreamTimes): void {
  all.firstMs.push(...more.firstMs)
  all.delaysUs.push(...more.delaysUs)
}

async function measureWorkload(
  system: System,
  results: WorkloadResults,
  workload: Workload,
  { settings, cores, folder }: Setting,
): Promise<void> {
  await runWrk(system.endpoint, workload, { ...settings, seconds: settings.warmUpSeconds, core: cores.load, folder })
  const before = [cpuUs(system.main.pid), system.recorder === null ? 0 : cpuUs(system.recorder.pid)] as const
  const throughput = await runWrk(system.endpoint, workload, { ...settings, core: cores.load, folder })
  if (throughput.errors > 0 || throughput.requests === 0)
    throw new Error(`${system.name}: ${throughput.errors} errors in ${throughput.requests} requests\n${system.main.output()}`)
  results.throughput.push(throughput)
  results.cpuUs.push((cpuUs(system.main.pid) - before[0]) / throughput.requests)
  if (system.recorder !== null) results.recorderCpuUs.push((cpuUs(system.recorder.pid) - before[1]) / throughput.requests)
  results.latencyUs.push(await measureLatency(system.endpoint, workload, settings.latencyRequests))
}

function emptyResults(settings: Settings, pinned: boolean, names: readonly SystemName[]): Results {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: BENCH }).toString().trim()
  const workloads = WORKLOADS.map(({ name }) => name)
  return {
    date: new Date().toISOString().slice(0, 19),
    machine: { cpu: cpus()[0]!.model, cores: cpus().length, memoryGiB: Math.round(totalmem() / 2 ** 30), node: process.version, commit },
    settings,
    pinned,
    notes: [],
    workloads,
    systems: names.map(emptySystem),
    direct: Object.fromEntries(workloads.map((name) => [name, []])),
    directStreams: { firstMs: [], delaysUs: [] },
  }
}

function emptySystem(name: SystemName): SystemResults {
  const workloads = Object.fromEntries(
    WORKLOADS.map((workload) => [workload.name, { throughput: [], cpuUs: [], recorderCpuUs: [], latencyUs: [] }]),
  )
  return { name, workloads, streams: { firstMs: [], delaysUs: [] }, pssMiB: [], recorderPssMiB: [], lagP99Ms: [], failed: false }
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}

await main()
