// The connection to Redis and whether it can be used. Nothing waits for a server that is away: a command has a deadline, and while none is
// answered everything else fails at once, until a beat (a small write) goes through and what was left to do has been done.
import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { GatewayError } from '../../errors/gateway-error.ts'
import type { StateHealth } from '../../model/state.ts'
import type { Log } from '../../plugin/contract.ts'
import type { Names } from './names.ts'
import { Deadlines, Late } from './deadlines.ts'
import { isRefusal } from './refusal.ts'
import { Newcomer, readBeat } from './newcomer.ts'
import { messageOf, NotOpenError } from './not-open.ts'
import { defineScripts, runScript, type Argument, type ScriptName } from './scripts.ts'

/** Looks for a server that is away this often; beats come at every fourth tick. */
const TICK_MS = 500
const BEAT_TICKS = 4
/** A process that was not heard of for this long is not counted. Long, because too small a share is the safe mistake. */
const PROCESS_MS = 30_000
const CONNECT_MS = 1000
/** For what the client itself asks while it connects. */
const HANDSHAKE_MS = 1000
const OPEN_MS = 5000
/** After a return, and after the start, the others may not be back yet. */
const SETTLING_MS = 10_000

export interface LinkOptions {
  readonly url: string
  readonly names: Names
  readonly commandTimeoutMs: number
  readonly log: Log
  /** For tests, which have less patience than the constants above. */
  readonly settlingMs?: number
  readonly tickMs?: number
  /** Uses the store for a moment and counts as no process. */
  readonly isVisitor?: boolean
  /** It answered others a moment ago. */
  readonly isKnown?: boolean
}

export class Link implements Pick<StateHealth, 'available' | 'processes' | 'isKnown'> {
  readonly names: Names
  /** Of this process, as the others see it. */
  readonly id = randomUUID()
  readonly #client: Redis
  readonly #log: Log
  readonly #deadlines: Deadlines
  readonly #settlingMs: number
  readonly #tickMs: number
  readonly #isVisitor: boolean
  readonly #onReturn: (() => Promise<void>)[] = []
  readonly #onTick: ((tick: number) => void)[] = []
  #available = false
  #processes = 1
  readonly #newcomer = new Newcomer()
  #beating = false
  #settlingUntil = 0
  #probing = false
  #ticks = 0
  #timer: NodeJS.Timeout | null = null
  #awaySince = 0
  #lastError: unknown = null
  /** Somebody listens at the address, or did a moment ago. */
  #wasReached: boolean

  constructor({
    url,
    names,
    commandTimeoutMs,
    log,
    settlingMs = SETTLING_MS,
    tickMs = TICK_MS,
    isVisitor = false,
    isKnown = false,
  }: LinkOptions) {
    this.#tickMs = tickMs
    this.#wasReached = isKnown
    this.#isVisitor = isVisitor
    this.#settlingMs = settlingMs
    this.names = names
    this.#deadlines = new Deadlines(commandTimeoutMs)
    this.#log = log
    this.#client = new Redis(url, {
      lazyConnect: true,
      enableAutoPipelining: true,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      commandTimeout: Math.max(HANDSHAKE_MS, 4 * commandTimeoutMs),
      connectTimeout: CONNECT_MS,
      disconnectTimeout: 100,
      retryStrategy: () => tickMs / 2,
      connectionName: 'sallyport',
    })
    defineScripts(this.#client)
    this.#client.on('error', (error: unknown) => (this.#lastError = error))
    this.#client.on('connect', () => (this.#wasReached = true))
    this.#client.on('close', () => this.#leave(this.#lastError))
  }

  get available(): boolean {
    return this.#available
  }

  get processes(): number {
    return this.#processes
  }

  get isKnown(): boolean {
    return this.#newcomer.isKnown
  }

  /** Others may not be back yet: their number does not fall meanwhile, and what they hold is left alone, however old. */
  get isSettling(): boolean {
    return performance.now() < this.#settlingUntil
  }

  /** Resolves when Redis answers. Rejects with NotOpenError. */
  async open(): Promise<void> {
    const address = addressOf(this.#client)
    const opened = (async () => {
      await this.#client.connect()
      await this.#firstBeat(performance.now() + OPEN_MS)
    })()
    const late = AbortSignal.timeout(OPEN_MS)
    const giveUp = new Promise<never>((_, reject) => late.addEventListener('abort', () => reject(new Error('no answer'))))
    try {
      await Promise.race([opened, giveUp])
    } catch (error) {
      opened.catch(() => undefined)
      this.#deadlines.close()
      this.#client.disconnect()
      throw new NotOpenError(address, this.#lastError ?? error, { isKnown: this.#wasReached })
    }
    this.#available = true
    this.#settlingUntil = performance.now() + this.#settlingMs
    this.#timer = setInterval(() => this.#tick(), this.#tickMs).unref()
  }

  /** Called before the link is available again: does what was left to do, and rejects if it cannot. */
  onReturn(work: () => Promise<void>): void {
    this.#onReturn.push(work)
  }

  /** Called every half second while Redis is there. */
  onTick(work: (tick: number) => void): void {
    this.#onTick.push(work)
  }

  /** Runs a script. Rejects with `state_unavailable`, at once while Redis is away. */
  run(script: ScriptName, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    if (!this.#available) return Promise.reject(unavailable())
    return this.#script(script, keys, args).catch((error: unknown) => this.#failed(error))
  }

  /** Runs plain commands. Rejects as `run` does. */
  async call<T>(work: (client: Redis) => Promise<T>): Promise<T> {
    if (!this.#available) throw unavailable()
    return this.#deadlines.within(work(this.#client)).catch((error: unknown) => this.#failed(error))
  }

  /** As `run`, for what `onReturn` does. */
  runOnReturn(script: ScriptName, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    return this.#script(script, keys, args)
  }

  #script(script: ScriptName, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    return this.#deadlines.within(runScript(this.#client, script, keys, args))
  }

  async close(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer)
    if (this.#available && !this.#isVisitor) await this.#deadlines.within(this.#signOff()).catch(() => undefined)
    this.#available = false
    this.#deadlines.close()
    this.#client.disconnect()
  }

  #signOff(): Promise<unknown> {
    const [processes, heard] = this.names.processes() as [string, string]
    return this.#client.multi().zrem(processes, this.id).hdel(heard, this.id).exec()
  }

  #failed(error: unknown): never {
    if (!isRefusal(error)) this.#leave(error)
    else this.#log.error({ error }, 'a command of the state store failed')
    throw unavailable(error)
  }

  #leave(error: unknown): void {
    if (!this.#available) return
    this.#available = false
    this.#awaySince = performance.now()
    this.#log.error({ error: messageOf(error ?? 'the connection was closed') }, 'Redis is away; limits follow their setting whileAway')
    void this.#probe()
  }

  #tick(): void {
    if (!this.#available) return void this.#probe()
    this.#ticks++
    if (this.#ticks % BEAT_TICKS === 0 && !this.#beating) this.#beat().catch((error: unknown) => this.#leave(error))
    for (const work of this.#onTick) work(this.#ticks)
  }

  async #probe(): Promise<void> {
    // While it is not ready the client itself tries to connect again.
    if (this.#probing || this.#client.status !== 'ready') return
    this.#probing = true
    try {
      await this.#beat()
      for (const work of this.#onReturn) await work().catch((error: unknown) => this.#forgive(error))
      this.#returned()
    } catch {
      // A connection that is silent may be dead without anybody saying so: a new one is the only way to know.
      if (this.#client.status === 'ready') this.#client.disconnect(true)
    } finally {
      this.#probing = false
    }
  }

  /** One key that holds something else must not keep all others away. */
  #forgive(error: unknown): void {
    if (!isRefusal(error)) throw error
    this.#log.error({ error }, 'something left to do was refused by Redis')
  }

  #returned(): void {
    this.#available = true
    this.#settlingUntil = performance.now() + this.#settlingMs
    this.#log.info({ awayMs: Math.round(performance.now() - this.#awaySince) }, 'Redis is back')
  }

  /** A busy machine may answer late while everybody starts: patience ends with that of `open`. */
  async #firstBeat(until: number): Promise<void> {
    for (;;) {
      try {
        return await this.#beat()
      } catch (error) {
        if (!(error instanceof Late) || performance.now() > until) throw error
      }
    }
  }

  async #beat(): Promise<void> {
    if (this.#isVisitor) return void (await this.#deadlines.within(this.#client.ping()))
    this.#beating = true
    try {
      const told = [this.id, PROCESS_MS, this.#newcomer.heard]
      const beat = readBeat((await this.#script('beat', this.names.processes(), told)) as (number | string)[])
      this.#newcomer.take(beat)
      if (beat.count >= this.#processes || !this.isSettling) this.#processes = beat.count
    } finally {
      this.#beating = false
    }
  }
}

function unavailable(cause?: unknown): GatewayError {
  return new GatewayError('state_unavailable', cause === undefined ? {} : { cause })
}

/** Without user and password. */
function addressOf({ options }: Redis): string {
  return options.path ?? `${options.host}:${options.port}`
}
