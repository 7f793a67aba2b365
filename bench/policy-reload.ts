// node bench/policy-reload.ts [--quick]: a real gateway with a thousand policies reloads them while requests come in. Counts what fails, and
// reads from the gateway's own /metrics how long its loop was held up. Writes its table into the README.
import { Agent, request as send } from 'node:http'
import { cpus } from 'node:os'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { baseConfig, startGateway, type RunningGateway } from '../test/support/gateway.ts'
import { percentile, ratioOf } from './stats.ts'
import { policySet } from './policy-set.ts'
import { replaceSection } from './policy-report.ts'
import { startMockUpstream } from './systems.ts'

interface Round {
  readonly requests: number
  readonly failed: number
  readonly reloads: number
  readonly loopP99Ms: number
  readonly loopMaxMs: number
  readonly requestP99Ms: number
  readonly requestMaxMs: number
  readonly reloadMs: readonly number[]
}

interface Settings {
  readonly rounds: number
  readonly seconds: number
  readonly reloadsPerRound: number
  readonly connections: number
}

const FULL: Settings = { rounds: 8, seconds: 8, reloadsPerRound: 2, connections: 16 }
const QUICK: Settings = { rounds: 2, seconds: 4, reloadsPerRound: 1, connections: 16 }
const BENCH = import.meta.dirname
const BODY = JSON.stringify({ model: 'bench-short', messages: [{ role: 'user', content: 'Tell me about rivers.' }] })

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } })
  const settings = values.quick ? QUICK : FULL
  const upstream = await startMockUpstream({ gateway: null, upstream: null, load: null, recorder: null })
  const gateway = await startGateway({ config: configFor(upstream.port), policies: { 'platform.policy': policySet(1000) } })
  try {
    const key = await gateway.key()
    await roundOf(gateway, key, { ...settings, reloadsPerRound: 0 }, 0)
    const rounds: Round[] = []
    for (let n = 1; n <= settings.rounds; n++) rounds.push(await roundOf(gateway, key, settings, n))
    report(rounds, settings, values.quick)
  } finally {
    await gateway.remove()
    await upstream.started.stop()
  }
}

function configFor(port: number): { readonly [key: string]: unknown } {
  const config = baseConfig(`http://127.0.0.1:${port}`)
  const models = (config.models as readonly object[]).map((model) => ({
    ...model,
    name: 'bench-short',
    targets: [{ provider: 'primary', model: 'bench-short' }],
  }))
  return { ...config, models, log: { level: 'error' } }
}

async function roundOf(gateway: RunningGateway, key: string, settings: Settings, n: number): Promise<Round> {
  const latencies: number[] = []
  const reloadMs: number[] = []
  let failed = 0
  await loopLag(gateway)
  const end = performance.now() + settings.seconds * 1000
  const agent = new Agent({ keepAlive: true, maxSockets: settings.connections })
  const client = async (): Promise<void> => {
    while (performance.now() < end) {
      const start = performance.now()
      if (!(await ask(gateway.url, key, agent))) failed++
      latencies.push(performance.now() - start)
    }
  }
  const reloader = async (): Promise<void> => {
    const pause = (settings.seconds * 1000) / (settings.reloadsPerRound + 1)
    for (let i = 0; i < settings.reloadsPerRound; i++) {
      await new Promise((resolve) => setTimeout(resolve, pause))
      reloadMs.push(await reload(gateway, n * 10 + i))
    }
  }
  await Promise.all([...Array.from({ length: settings.connections }, client), reloader()])
  agent.destroy()
  const { p99, max } = await loopLag(gateway)
  return {
    requests: latencies.length,
    failed,
    reloads: reloadMs.length,
    loopP99Ms: p99,
    loopMaxMs: max,
    requestP99Ms: percentile(latencies, 0.99),
    requestMaxMs: percentile(latencies, 1),
    reloadMs,
  }
}

function ask(url: string, key: string, agent: Agent): Promise<boolean> {
  return new Promise((resolve) => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'content-length': Buffer.byteLength(BODY) }
    const request = send(`${url}/v1/chat/completions`, { method: 'POST', agent, headers }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode === 200))
    })
    request.once('error', () => resolve(false))
    request.end(BODY)
  })
}

/** Another policy each time, so that there is something to change. Resolves with the time until the new ones judge. */
async function reload(gateway: RunningGateway, n: number): Promise<number> {
  const own = `\npolicy bench.round_${n} "Round ${n}" {\n  on       request\n  when     tenant.id == "round-${n}"\n  label    "round"\n}\n`
  const start = performance.now()
  writeFileSync(join(gateway.folder, 'policies/platform.policy'), policySet(1000) + own)
  const response = await gateway.admin('/reload', { method: 'POST' })
  if (response.status !== 200) throw new Error(`the reload was refused: ${await response.text()}`)
  return performance.now() - start
}

/** Milliseconds since the last look, which begins anew. */
async function loopLag(gateway: RunningGateway): Promise<{ readonly p99: number; readonly max: number }> {
  const response = await fetch(`${gateway.url}/metrics`, { headers: { authorization: `Bearer ${gateway.adminToken}` } })
  const text = await response.text()
  const read = (name: string): number => {
    const value = new RegExp(`^nodejs_eventloop_lag_${name}_seconds(?:\\{[^}]*\\})? (\\S+)`, 'm').exec(text)?.[1]
    if (value === undefined) throw new Error(`/metrics does not tell the lag of the loop: ${response.status}`)
    return Number(value) * 1000
  }
  return { p99: read('p99'), max: read('max') }
}

function report(rounds: readonly Round[], settings: Settings, isLook: boolean): void {
  const date = new Date().toISOString().slice(0, 19)
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: BENCH }).toString().trim()
  const machine = { cpu: cpus()[0]!.model, node: process.version, commit }
  const figure = (read: (round: Round) => number): string => {
    const all = rounds.map(read)
    const { median, low, high } = ratioOf(
      all,
      all.map(() => 1),
    )
    return `${median.toFixed(1)} ms [${low.toFixed(1)}, ${high.toFixed(1)}]`
  }
  const total = (read: (round: Round) => number): number => rounds.reduce((sum, round) => sum + read(round), 0)
  const rows: readonly (readonly [string, string, string])[] = [
    ['requests that failed', `${total(({ failed }) => failed)} of ${total(({ requests }) => requests)}`, '0'],
    ['delay of the loop, p99 of a round', figure(({ loopP99Ms }) => loopP99Ms), '≤ 20 ms'],
    ['delay of the loop, longest of a round', figure(({ loopMaxMs }) => loopMaxMs), ''],
    ['time of a request, p99 of a round', figure(({ requestP99Ms }) => requestP99Ms), ''],
    ['time of a request, longest of a round', figure(({ requestMaxMs }) => requestMaxMs), ''],
    ['from the change of a file to its policies in force', figure(({ reloadMs }) => percentile(reloadMs, 0.5)), ''],
  ]
  const intro = `${date}, ${machine.cpu}, Node ${machine.node}, commit ${machine.commit}; ${settings.rounds} rounds of ${settings.seconds} s, ${settings.connections} connections, ${settings.reloadsPerRound} reloads in each.`
  const table = [
    intro,
    '',
    '| what | median [95 %] | target |',
    '| --- | ---: | ---: |',
    ...rows.map((row) => `| ${row.join(' | ')} |`),
  ].join('\n')
  process.stdout.write(`${table}\n`)
  if (isLook) return
  mkdirSync(join(BENCH, 'results'), { recursive: true })
  writeFileSync(
    join(BENCH, 'results', `${date.replaceAll(':', '-')}-policy-reload.json`),
    JSON.stringify({ date, machine, settings, rounds }),
  )
  const readme = join(BENCH, 'README.md')
  writeFileSync(readme, replaceSection(readFileSync(readme, 'utf8'), 'reload table', table))
}

await main()
