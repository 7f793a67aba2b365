// The systems under test, each on the same core, one at a time under load: bare relay, our gateway bare and with everything, Portkey.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { tmpdir } from 'node:os'
import { stringify } from 'yaml'
import { ALLOW_ALL, benchPolicies } from './policies.ts'
import { bodyOf, WORKLOADS } from './workloads.ts'
import { freePort, startPinned, untilReady, type Started } from './measure.ts'
import { installPortkey, portkeyEndpoint, startPortkey } from './portkey.ts'
import type { Endpoint } from './load.ts'

export const SYSTEM_NAMES = ['bare relay', 'sallyport bare', 'sallyport everything on', 'portkey'] as const
export type SystemName = (typeof SYSTEM_NAMES)[number]

export interface System {
  readonly name: SystemName
  readonly endpoint: Endpoint
  readonly main: Started
  /** The recorder, where there is one. */
  readonly recorder: Started | null
  /** Configuration of our gateways, for `sallyport sql`. */
  readonly config: string | null
  stop(): Promise<void>
}

/** Which core does what; null: not pinned. */
export interface Cores {
  readonly gateway: number | null
  readonly upstream: number | null
  readonly load: number | null
  readonly recorder: number | null
}

const ROOT = resolve(import.meta.dirname, '..')
const MAIN = join(ROOT, 'core/main.ts')
const NODE = process.execPath

export async function startMockUpstream(cores: Cores): Promise<{ started: Started; port: number }> {
  const port = await freePort()
  const started = startPinned(cores.upstream, [NODE, join(ROOT, 'bench/upstream.ts'), String(port)])
  await untilReady(started, () => answers({ port, headers: {} }))
  return { started, port }
}

/** Starts a system, or says why it could not be. */
export async function startSystem(name: SystemName, folder: string, upstreamPort: number, cores: Cores): Promise<System | string> {
  try {
    if (name === 'bare relay') return await startRelay(upstreamPort, cores)
    if (name === 'portkey') return await startComparison(upstreamPort, cores)
    return await startSallyport(name, folder, upstreamPort, cores)
  } catch (error) {
    return `${name} could not be started: ${error instanceof Error ? error.message : String(error)}`
  }
}

async function startRelay(upstreamPort: number, cores: Cores): Promise<System> {
  const port = await freePort()
  const main = startPinned(cores.gateway, [NODE, join(ROOT, 'bench/relay.ts'), String(port), `http://127.0.0.1:${upstreamPort}`])
  return ready('bare relay', { port, headers: {} }, main, null, null)
}

async function startComparison(upstreamPort: number, cores: Cores): Promise<System> {
  const folder = join(tmpdir(), 'sallyport-bench-portkey')
  installPortkey(folder)
  const port = await freePort()
  return ready('portkey', portkeyEndpoint(port, upstreamPort), startPortkey(folder, port, cores.gateway), null, null)
}

async function startSallyport(
  name: 'sallyport bare' | 'sallyport everything on',
  parent: string,
  upstreamPort: number,
  cores: Cores,
): Promise<System> {
  if (!existsSync(MAIN)) throw new Error('core/main.ts is missing')
  const full = name === 'sallyport everything on'
  const folder = join(parent, full ? 'full' : 'bare')
  const port = await freePort()
  mkdirSync(join(folder, 'policies'), { recursive: true })
  writeFileSync(join(folder, 'policies/bench.policy'), full ? benchPolicies() : ALLOW_ALL)
  const config = join(folder, 'sallyport.yaml')
  writeFileSync(config, stringify(configFor(port, upstreamPort, full)))
  const env = { BENCH_UPSTREAM_KEY: 'bench' }
  const cli = [NODE, '--min-semi-space-size=16', '--max-semi-space-size=16', MAIN]
  const created = execFileSync(NODE, [MAIN, 'keys', 'create', '--tenant', 'bench', '--scopes', 'chat', '--json', '--config', config], {
    cwd: folder,
    env: { ...process.env, ...env },
  })
  const { key } = JSON.parse(created.toString()) as { key: string }
  const recorder = full ? startPinned(cores.recorder, [...cli, 'recorder', '--config', config], { cwd: folder }) : null
  const main = startPinned(cores.gateway, [...cli, 'serve', '--no-recorder', '--config', config], { cwd: folder, env })
  return ready(name, { port, headers: { authorization: `Bearer ${key}` } }, main, recorder, config)
}

function configFor(port: number, upstreamPort: number, full: boolean): object {
  const model = (name: string): object => ({
    name,
    targets: [{ provider: 'mock', model: name }],
    rates: { currency: 'USD', input: 0.4, cachedInput: 0.1, output: 1.6 },
  })
  const quota = { dailyTokens: { soft: 1e14, hard: 1e15 }, monthly: 1_000_000, rpm: 100_000_000, tpm: 1e13, concurrency: 10_000 }
  return {
    server: { port },
    log: { level: 'warn' },
    state: { driver: 'embedded', path: './data/state' },
    record: { clickhouse: { driver: 'embedded', path: './data/clickhouse' }, spool: { path: './data/spool', maxBytes: '8GiB' } },
    policies: { standard: full, paths: ['./policies'] },
    providers: [
      {
        name: 'mock',
        type: 'openai',
        zone: 'us',
        endpoint: `http://127.0.0.1:${upstreamPort}/v1`,
        credential: { env: 'BENCH_UPSTREAM_KEY' },
      },
    ],
    models: ['bench-short', 'bench-long', 'bench-paced'].map(model),
    tenants: [{ id: 'bench', region: 'eu', tags: ['team-1'], ...(full ? { quota } : {}) }],
  }
}

async function ready(
  name: SystemName,
  endpoint: Endpoint,
  main: Started,
  recorder: Started | null,
  config: string | null,
): Promise<System> {
  const stop = async (): Promise<void> => {
    await main.stop()
    await recorder?.stop()
  }
  try {
    await untilReady(main, () => answers(endpoint))
  } catch (error) {
    await stop()
    throw error
  }
  return { name, endpoint, main, recorder, config, stop }
}

async function answers(endpoint: Endpoint): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${endpoint.port}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...endpoint.headers },
    body: bodyOf(WORKLOADS[0]!, 0),
  })
  await response.arrayBuffer()
  return response.status === 200
}

/** p99 of the milliseconds between an exchange's end and its row in ClickHouse, as the gateway's own record tells it; null: unknown. */
export function recordLagP99(system: System): number | null {
  if (system.config === null || system.recorder === null) return null
  const query = "SELECT quantile(0.99)(dateDiff('millisecond', ended_at, ingested_at)) AS lag FROM requests"
  try {
    const rows = execFileSync(NODE, [MAIN, 'sql', '--json', query, '--config', system.config], { timeout: 60_000 }).toString()
    return Number((JSON.parse(rows.split('\n')[0]!) as { lag: number }).lag)
  } catch {
    return null
  }
}
