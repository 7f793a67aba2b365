// Keeps a recorder running beside the gateway: forks it, starts it again when it dies, and lets it drain when the gateway ends. The
// gateway itself never imports the engine.
import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Log } from './log.ts'
import type { RecorderOptions } from './options.ts'

export interface SuperviseOptions extends RecorderOptions {
  readonly log: Log
  /** First and longest pause before a restart, in milliseconds (default 200 and 10 000). */
  readonly backoffMs?: number
  readonly maxBackoffMs?: number
}

export interface Supervisor {
  /** Process id of the recorder that runs now, or null between two. */
  readonly pid: number | null
  /** Lets the recorder ship what is whole and end; kills it after `timeoutMs` (default 15 000). */
  stop(timeoutMs?: number): Promise<void>
}

/** All that a recorder may see of our environment; credentials of providers are not among it. */
const ENVIRONMENT = ['PATH', 'HOME', 'TMPDIR', 'TZ', 'LANG', 'NODE_EXTRA_CA_CERTS', 'HTTPS_PROXY', 'NO_PROXY'] as const
/** A recorder that lived this long had nothing wrong with its start. */
const STEADY_MS = 30_000
const STOP_MS = 15_000

export function superviseRecorder(options: SuperviseOptions): Supervisor {
  return new ForkSupervisor(options)
}

class ForkSupervisor implements Supervisor {
  readonly #options: SuperviseOptions
  #child: ChildProcess | null = null
  #timer: NodeJS.Timeout | null = null
  #failures = 0
  #stopped = false

  constructor(options: SuperviseOptions) {
    this.#options = options
    this.#start()
  }

  get pid(): number | null {
    return this.#child?.pid ?? null
  }

  async stop(timeoutMs = STOP_MS): Promise<void> {
    this.#stopped = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    const child = this.#child
    if (child === null) return
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
    child.kill('SIGTERM')
    await ended
    clearTimeout(timer)
  }

  #start(): void {
    const startedAt = Date.now()
    const child = fork(fileURLToPath(new URL(`./main${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)), {
      env: childEnvironment(this.#options),
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: [],
    })
    this.#child = child
    child.once('error', (error) => this.#options.log.error({ error: error.message }, 'the recorder cannot be started'))
    child.once('exit', (code, signal) => this.#ended(code, signal, Date.now() - startedAt))
  }

  #ended(code: number | null, signal: string | null, livedMs: number): void {
    this.#child = null
    if (this.#stopped) return
    this.#failures = livedMs > STEADY_MS ? 1 : this.#failures + 1
    const { backoffMs = 200, maxBackoffMs = 10_000, log } = this.#options
    const pause = Math.min(maxBackoffMs, backoffMs * 2 ** Math.min(this.#failures - 1, 10))
    log.warn({ code, signal, pauseMs: pause }, 'the recorder ended; starting it again')
    this.#timer = setTimeout(() => this.#start(), pause)
  }
}

function childEnvironment({ spool, clickhouse }: RecorderOptions): NodeJS.ProcessEnv {
  const passed = ENVIRONMENT.map((name) => [name, process.env[name]] as const).filter(([, value]) => value !== undefined)
  return { ...Object.fromEntries(passed), SALLYPORT_RECORDER: JSON.stringify({ spool, clickhouse }) }
}
