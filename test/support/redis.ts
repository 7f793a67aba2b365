// A real redis-server for a test: on a free loopback port, with its data in a temporary folder, and with ways to make it disappear.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.ts'
import { until } from './until.ts'

export interface TestRedisOptions {
  /** Keeps what it holds over `kill` and `start`. */
  readonly persistent?: boolean
  /** Words for the server, instead of those that go with `persistent`. */
  readonly args?: readonly string[]
}

export class TestRedis {
  readonly port: number
  readonly folder: string
  readonly #args: readonly string[]
  #process: ChildProcess | null = null
  #guard: ChildProcess | null = null

  private constructor(port: number, folder: string, { persistent = false, args }: TestRedisOptions) {
    this.port = port
    this.folder = folder
    const durability = persistent ? ['--appendonly', 'yes', '--appendfsync', 'everysec'] : ['--appendonly', 'no']
    const settings = args ?? ['--save', '', '--maxmemory-policy', 'noeviction', ...durability]
    this.#args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, ...settings]
  }

  /** Answers when it resolves. */
  static async start(options: TestRedisOptions = {}): Promise<TestRedis> {
    const redis = new TestRedis(await freePort(), mkdtempSync(join(tmpdir(), 'sallyport-redis-')), options)
    await redis.start()
    return redis
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /** Again, after `kill`. */
  async start(): Promise<void> {
    const child = spawn('redis-server', [...this.#args], { stdio: 'ignore' })
    this.#process = child
    this.#guard = guardOf(child)
    const failed = once(child, 'error').then(([error]) => {
      throw new Error('redis-server cannot be started: install it, e.g. `apt-get install redis-server`', { cause: error })
    })
    const ended = once(child, 'exit').then(([code]) => {
      if (this.#process === child) throw new Error(`redis-server ended with ${code}`)
    })
    await Promise.race([this.#answers(), failed, ended])
    failed.catch(() => undefined)
    ended.catch(() => undefined)
  }

  /** It keeps its connections and answers nothing. */
  pause(): void {
    this.#process?.kill('SIGSTOP')
  }

  resume(): void {
    this.#process?.kill('SIGCONT')
  }

  /** As a crash ends it. */
  async kill(): Promise<void> {
    const child = this.#process
    this.#process = null
    this.#guard?.kill('SIGKILL')
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGCONT')
    child.kill('SIGKILL')
    await once(child, 'exit')
  }

  /** Ends it and removes its folder. */
  async stop(): Promise<void> {
    await this.kill()
    rmSync(this.folder, { recursive: true, force: true })
  }

  async #answers(): Promise<void> {
    await until(`redis-server answers on port ${this.port}`, () => this.#pong())
  }

  #pong(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.port, '127.0.0.1', () => socket.write('PING\r\n'))
      socket.once('data', (data) => {
        socket.destroy()
        resolve(data.toString().startsWith('+PONG'))
      })
      socket.once('error', () => resolve(false))
      socket.once('close', () => resolve(false))
    })
  }
}

/** A test run that is itself killed takes the server with it: the guard's input ends, whatever ended us. */
function guardOf({ pid }: ChildProcess): ChildProcess | null {
  if (pid === undefined) return null
  const guard = spawn('sh', ['-c', 'read -r _; kill -9 "$0"', String(pid)], { stdio: ['pipe', 'ignore', 'ignore'] })
  guard.on('error', () => undefined)
  return guard
}
