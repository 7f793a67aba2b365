// Starts a real gateway as a process of its own, with a configuration and policies of the test, and ends it by its id.
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { once } from 'node:events'
import { stringify } from 'yaml'
import { tmpdir } from 'node:os'
import { inspect, parseArgs, promisify } from 'node:util'
import { setTimeout as pause } from 'node:timers/promises'
import { ask } from '../../core/recorder/socket.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const MAIN = join(ROOT, 'core/main.ts')

export interface GatewaySetup {
  /** Merged over `baseConfig`; top-level keys replace. */
  readonly config?: { readonly [key: string]: unknown }
  /** Policy files by name, written into the folder `policies`. */
  readonly policies?: { readonly [file: string]: string }
  /** Start the recorder too (costs a second and 300 MB); off unless told. */
  readonly recorder?: boolean
  readonly env?: { readonly [name: string]: string }
  /** Further words for `serve`. */
  readonly args?: readonly string[]
  /** Use an existing folder (for restarts). */
  readonly folder?: string
}

export type Row = { readonly [column: string]: string | number | null }

export interface RunningGateway {
  readonly url: string
  readonly folder: string
  readonly process: ChildProcess
  readonly adminToken: string
  /** Everything it wrote to stdout and stderr so far. */
  output(): string
  /** `sallyport …` with this gateway's configuration. */
  cli(...args: string[]): Promise<string>
  /** A new key, by the words of `keys create`, from the admin API. */
  key(options?: readonly string[]): Promise<string>
  /** Rows of the record, as the recorder tells them: integers of 64 bits and decimals are texts. Waits for a recorder that starts. */
  sql(query: string): Promise<readonly Row[]>
  admin(path: string, init?: RequestInit): Promise<Response>
  stop(signal?: NodeJS.Signals): Promise<void>
  /** Ends the process if it runs, and removes its folder. */
  remove(): Promise<void>
}

/** One provider at `url` that speaks OpenAI's protocol, one model `gpt-test`, one tenant `acme`. */
export function baseConfig(upstreamUrl: string): { [key: string]: unknown } {
  return {
    server: { port: 0 },
    state: { driver: 'embedded', path: './data/state' },
    record: { clickhouse: { driver: 'embedded', path: './data/clickhouse' }, spool: { path: './data/spool' } },
    policies: { standard: true, paths: ['./policies'] },
    providers: [{ name: 'primary', type: 'openai', zone: 'us', endpoint: `${upstreamUrl}/v1`, credential: { env: 'TEST_UPSTREAM_KEY' } }],
    models: [
      {
        name: 'gpt-test',
        targets: [{ provider: 'primary', model: 'gpt-upstream' }],
        rates: { currency: 'USD', input: 1, cachedInput: 0.5, output: 2 },
      },
    ],
    tenants: [{ id: 'acme' }],
  }
}

export async function startGateway(setup: GatewaySetup = {}): Promise<RunningGateway> {
  await clearOfWindowEnds()
  const folder = setup.folder ?? mkdtempSync(join(tmpdir(), 'sallyport-test-'))
  mkdirSync(join(folder, 'policies'), { recursive: true })
  const configPath = join(folder, 'sallyport.yaml')
  if (setup.config) writeFileSync(configPath, stringify(setup.config))
  for (const [file, text] of Object.entries(setup.policies ?? {})) writeFileSync(join(folder, 'policies', file), text)

  const args = [MAIN, 'serve', '--config', configPath, ...(setup.recorder ? [] : ['--no-recorder']), ...(setup.args ?? [])]
  const env = { ...process.env, TEST_UPSTREAM_KEY: 'upstream-secret', ...setup.env }
  const child = spawn(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  await untilReady(child, () => output)
  const url = /listens on (\S+)/.exec(output)![1]!
  const adminToken = /admin token\s+(\S+)/.exec(output)![1]!

  const cli = (...words: string[]): Promise<string> => runCli([...words, '--config', configPath], { cwd: folder, env })
  const admin: RunningGateway['admin'] = (path, init) =>
    fetch(`${url}/admin/v1${path}`, { ...init, headers: { authorization: `Bearer ${adminToken}`, ...init?.headers } })
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }
  return {
    url,
    folder,
    process: child,
    adminToken,
    output: () => output,
    cli,
    key: (options = ['--tenant', 'acme', '--scopes', 'chat']) => makeKey(admin, options),
    sql: (query) => eventually(() => askRecorder(join(folder, 'data/spool'), query)),
    admin,
    stop,
    async remove() {
      await stop('SIGKILL')
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

async function untilReady(child: ChildProcess, output: () => string): Promise<void> {
  const exited = once(child, 'exit').then(([code]) => {
    throw new Error(`the gateway ended with ${String(code)} before it listened:\n${output()}`)
  })
  const ready = new Promise<void>((done) => {
    const look = (): void => {
      if (/listens on \S+/.test(output()) && /admin token\s+\S+/.test(output())) done()
    }
    child.stdout!.on('data', look)
  })
  await Promise.race([ready, exited])
  exited.catch(() => {})
}

/** A process less than the command takes. */
async function makeKey(admin: RunningGateway['admin'], words: readonly string[]): Promise<string> {
  const option = { type: 'string' } as const
  const { values } = parseArgs({ args: [...words], options: { tenant: option, scopes: option, models: option, ips: option } })
  const [scopes, models, allowed_ips] = [values.scopes, values.models, values.ips].map((list) => list?.split(','))
  const response = await admin('/keys', { method: 'POST', body: JSON.stringify({ tenant: values.tenant, scopes, models, allowed_ips }) })
  const body = (await response.json()) as { key?: string }
  if (body.key === undefined) throw new Error(`no key: ${JSON.stringify(body)}`)
  return body.key
}

async function askRecorder(spool: string, query: string): Promise<readonly Row[] | undefined> {
  try {
    const [columns, ...rows] = await linesOf(ask(spool, { op: 'sql', query }))
    return rows.map((row) => Object.fromEntries(columns!.map((column, i) => [String(column), row[i]!])))
  } catch (error) {
    if (/ENOENT|ECONNREFUSED|ECONNRESET|EPIPE|went away/.test(String(error))) return undefined
    throw error
  }
}

async function linesOf(source: AsyncIterable<string>): Promise<readonly (readonly Row[string][])[]> {
  const lines: (readonly Row[string][])[] = []
  for await (const line of source) lines.push(JSON.parse(line) as readonly Row[string][])
  return lines
}

/** Runs a command to its end; rejects with its output if it fails. */
export async function runCli(
  args: readonly string[],
  options: { readonly cwd: string; readonly env?: NodeJS.ProcessEnv },
): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, ...args], { ...options, maxBuffer: 64 * 1024 * 1024 })
  return stdout
}

/** For what happens in another process: where a quiet machine needs a second, a busy one may need many, and only a test that fails waits to the end. */
const PATIENCE_MS = 100_000
const LOOK_MS = 50

/** Asks again until `check` gives a value. What it hands to `saw` on the way is told when it never does. */
export async function eventually<T>(check: (saw: <V>(value: V) => V) => Promise<T | undefined | false>): Promise<T> {
  let last: unknown = null
  const saw = <V>(value: V): V => {
    last = value
    return value
  }
  const until = performance.now() + PATIENCE_MS
  for (;;) {
    const value = await check(saw)
    if (value !== undefined && value !== false) return value
    if (performance.now() > until)
      throw new Error(
        `never, in ${PATIENCE_MS / 1000} s: ${String(check)}${last === null ? '' : `\nlast seen: ${inspect(last, { depth: 5 })}`}`,
      )
    await pause(LOOK_MS)
  }
}

/** Limits end with the hour, the day, the month: a test that begins shortly before waits for the next one. */
const CLEAR_MS = 30_000
async function clearOfWindowEnds(): Promise<void> {
  const left = 3_600_000 - (Date.now() % 3_600_000)
  if (left < CLEAR_MS) await pause(left)
}
