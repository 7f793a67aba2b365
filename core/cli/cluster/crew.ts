// The workers of one host: starts them, starts them again when they die, replaces them one by one, and asks them all at once.
import cluster, { type Worker } from 'node:cluster'
import { Link, type Handlers } from './link.ts'
import type { Door, Receipt, Taker } from './door.ts'
import type { Log } from '../../plugin/contract.ts'

export interface CrewOptions {
  readonly size: number
  readonly log: Log
  /** Where connections come from. */
  readonly door: Pick<Door, 'admit' | 'dismiss'>
  /** What workers may ask. */
  readonly handlers: Handlers
  /** Generation of the snapshot that judges; new workers begin with it. */
  readonly generation: () => number
  /** Longest time that a worker may take to drain, in milliseconds. */
  readonly drainMs: () => number
  /** First and longest pause before a restart, in milliseconds (default 200 and 10 000). */
  readonly backoffMs?: number
  readonly maxBackoffMs?: number
}

interface Member {
  readonly worker: Worker
  readonly link: Link
  readonly taker: Taker
  readonly startedAt: number
  readonly exited: Promise<void>
  /** It can be asked. */
  serving: boolean
  /** It gets connections. */
  admitted: boolean
  /** Its end is wanted. */
  leaving: boolean
}

/** A worker that lived this long had nothing wrong with its start. */
const STEADY_MS = 30_000
/** On top of the time for draining. */
const GRACE_MS = 5000

/** Environment of a worker: generation of its first snapshot. */
export const GENERATION = 'SALLYPORT_GENERATION'

export class Crew {
  readonly #options: CrewOptions
  readonly #members = new Set<Member>()
  #failures = 0
  #stopping = false
  #replacing: Promise<void> | null = null

  constructor(options: CrewOptions) {
    this.#options = options
  }

  get pids(): readonly number[] {
    return [...this.#members].map(({ worker }) => worker.process.pid!)
  }

  /** Starts all; resolves when each serves, rejects with the first that cannot, after ending the others. */
  async start(): Promise<void> {
    const started = await Promise.allSettled(Array.from({ length: this.#options.size }, () => this.#add()))
    const failed = started.find((result) => result.status === 'rejected')
    if (failed) {
      await this.stop()
      throw failed.reason
    }
  }

  /** Asks every worker that serves; one that dies meanwhile is left out. Nobody waits for one that starts. */
  async askAll<T>(name: string, argument: unknown = null): Promise<readonly T[]> {
    const serving = [...this.#members].filter((member) => member.serving && !member.leaving)
    const answers = await Promise.allSettled(serving.map(({ link }) => link.ask<T>(name, argument)))
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
  }

  /** One after the other: a new one serves before an old one drains, so that capacity never sinks. */
  replaceAll(): Promise<void> {
    this.#replacing ??= this.#replaceEach().finally(() => (this.#replacing = null))
    return this.#replacing
  }

  async #replaceEach(): Promise<void> {
    const before = [...this.#members]
    for (const old of before) {
      if (this.#stopping) return
      // One that died meanwhile was replaced for that.
      if (!this.#members.has(old)) continue
      try {
        await this.#add()
      } catch (error) {
        this.#options.log.error({ err: error }, 'a new worker does not start; the old ones go on')
        return
      }
      await this.#end(old)
    }
    this.#options.log.info({ pids: this.pids }, 'all workers were replaced')
  }

  async stop(): Promise<void> {
    this.#stopping = true
    await Promise.all([...this.#members].map((member) => this.#end(member)))
  }

  async #add(): Promise<void> {
    const generation = this.#options.generation()
    const ready = Promise.withResolvers<void>()
    const member = this.#fork(generation, ready)
    const { worker, link, taker } = member
    try {
      await ready.promise
      member.serving = true
      if (generation !== this.#options.generation()) await catchUp(link, this.#options.generation())
    } catch (error) {
      member.leaving = true
      worker.process.kill('SIGKILL')
      throw error
    }
    member.admitted = true
    if (!member.leaving) this.#options.door.admit(taker)
  }

  /** `ready` is settled when it says that it serves, or why it does not, or has ended. */
  #fork(generation: number, ready: PromiseWithResolvers<void>): Member {
    const worker = cluster.fork({ [GENERATION]: String(generation) })
    const exited = Promise.withResolvers<void>()
    const link = new Link(worker, {
      ...this.#options.handlers,
      ready: () => ready.resolve(),
      failed: (argument) => ready.reject(new Error(String(argument))),
    })
    const taker = takerOf(link)
    const flags = { serving: false, admitted: false, leaving: false }
    const member: Member = { worker, link, taker, startedAt: Date.now(), exited: exited.promise, ...flags }
    const gone = (error: Error): void => {
      this.#members.delete(member)
      this.#options.door.dismiss(taker)
      exited.resolve()
      ready.reject(error)
    }
    this.#members.add(member)
    worker.on('error', (error) => {
      const { pid } = worker.process
      if (pid !== undefined) return this.#options.log.warn({ err: error, pid }, 'the channel to a worker failed')
      // Without a process (no file descriptors, say) there is no `exit` either, and Node keeps the worker for ever.
      delete cluster.workers![worker.id]
      gone(error)
    })
    // By this event everything has been read that it had said; `exit` comes before that, and `disconnect` not at all while a connection is under way.
    worker.process.once('close', () => link.close('the worker has ended'))
    worker.once('exit', (code, signal) => {
      gone(new Error(`a worker ended with ${signal ?? code} before it served`))
      if (member.admitted && !member.leaving) this.#startAgain(member, code, signal)
    })
    return member
  }

  #startAgain({ startedAt, worker }: Member, code: number | null, signal: string | null): void {
    if (this.#stopping) return
    this.#failures = Date.now() - startedAt > STEADY_MS ? 1 : this.#failures + 1
    const { backoffMs = 200, maxBackoffMs = 10_000, log } = this.#options
    const pauseMs = Math.min(maxBackoffMs, backoffMs * 2 ** Math.min(this.#failures - 1, 10))
    log.error({ pid: worker.process.pid, code, signal, pauseMs }, 'a worker ended; starting another')
    setTimeout(() => void this.#again(), pauseMs)
  }

  async #again(): Promise<void> {
    if (this.#stopping) return
    try {
      await this.#add()
    } catch (error) {
      this.#options.log.error({ err: error }, 'a worker does not start; trying again')
      this.#failures++
      const { backoffMs = 200, maxBackoffMs = 10_000 } = this.#options
      setTimeout(() => void this.#again(), Math.min(maxBackoffMs, backoffMs * 2 ** Math.min(this.#failures, 10)))
    }
  }

  /** Asks it to drain, and ends it when it does not. */
  async #end(member: Member): Promise<void> {
    member.leaving = true
    this.#options.door.dismiss(member.taker)
    member.link.ask('stop').catch(() => undefined)
    const timer = setTimeout(() => member.worker.process.kill('SIGKILL'), this.#options.drainMs() + GRACE_MS)
    await member.exited
    clearTimeout(timer)
  }
}

const takerOf = (link: Link): Taker => ({
  hand: (socket) => link.ask<Receipt>('connection', null, socket),
  echo: () => link.ask('echo'),
})

/** A reload came while it started: what it read may be older. */
async function catchUp(link: Link, generation: number): Promise<void> {
  const error = await link.ask<string | null>('prepare', generation)
  await (error === null ? link.ask('commit', generation) : link.ask('refuse', error))
}
