// The workers of one host: starts them, starts them again when they die, replaces them one by one, and asks them all at once.
import cluster, { type Worker } from 'node:cluster'
import { Link, Silence, type Handlers } from './link.ts'
import { systemClock } from '../../plugin/clock.ts'
import type { Clock, Log } from '../../plugin/contract.ts'
import { watchStart } from './start-limit.ts'
import type { Door, Receipt, Taker } from './door.ts'

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
  /** A worker is about to take connections, which waits for this, or speaks again after a silence. */
  readonly heard?: () => Promise<void>
  /** For tests. */
  readonly clock?: Pick<Clock, 'after' | 'monotonic'>
}

/** Of all that serve. Who ended meanwhile is in neither list. */
export interface Answers<T> {
  readonly given: readonly T[]
  /** Ids of processes that said nothing in time. */
  readonly silent: readonly number[]
}

/** The place of a worker: whoever dies in it is followed by another in the same. */
interface Place {
  /** Starts that came to nothing, or to a worker that died soon. */
  failures: number
}

interface Member {
  readonly place: Place
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
  /** How often it was asked in a row whether it lives, without an answer. */
  unanswered: number
}

/** A worker that lived this long had nothing wrong with its start. */
const STEADY_MS = 30_000
/** On top of the time for draining. */
const GRACE_MS = 5000
/** The first start after a death is at once; the pauses that follow double. */
const PAUSE_MS = 200
const MAX_PAUSE_MS = 10_000
/** Workers are asked this often whether they live, */
const BEAT_MS = 5000
/** and ended when so many questions in a row have no answer: half a minute. Counted, because a clock also runs while the whole machine stands still. */
const SILENT_BEATS = 6
/** A worker that has not built what judges by then is replaced. */
const CATCH_UP_MS = 120_000
/** The channel of a process that was killed may fail before the system says that the process has ended. */
const LAST_BREATH_MS = 1000

/** Environment of a worker: generation of its first snapshot. */
export const GENERATION = 'SALLYPORT_GENERATION'

export class Crew {
  readonly #options: CrewOptions
  readonly #clock: Pick<Clock, 'after' | 'monotonic'>
  readonly #members = new Set<Member>()
  #stopping = false
  #replacing: Promise<void> | null = null

  constructor(options: CrewOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
  }

  get pids(): readonly number[] {
    return [...this.#members].map(({ worker }) => worker.process.pid!)
  }

  /** How many take connections, or end what they have taken. */
  get running(): number {
    return [...this.#members].filter(({ admitted }) => admitted).length
  }

  /** Starts all; resolves when each serves, rejects with the first that cannot, after ending the others. */
  async start(): Promise<void> {
    const started = await Promise.allSettled(Array.from({ length: this.#options.size }, () => this.#add()))
    const failed = started.find((result) => result.status === 'rejected')
    if (failed) {
      await this.stop()
      throw failed.reason
    }
    this.#clock.after(BEAT_MS, () => this.#beat())
  }

  /** Asks every worker that serves, and waits `limitMs` at most. Nobody waits for one that starts, dies or leaves. */
  async askAll<T>(name: string, argument: unknown, limitMs: number): Promise<Answers<T>> {
    const serving = this.#serving
    const answers = await Promise.allSettled(serving.map(({ link }) => link.askWithin<T>(limitMs, name, argument)))
    return {
      given: answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : [])),
      silent: serving.flatMap(({ worker }, i) => (isSilence(answers[i]!) ? [worker.process.pid!] : [])),
    }
  }

  get #serving(): readonly Member[] {
    return [...this.#members].filter(({ serving, leaving }) => serving && !leaving)
  }

  #beat(): void {
    if (this.#stopping) return
    for (const member of this.#serving) {
      if (member.unanswered < SILENT_BEATS) void this.#feel(member)
      else {
        const silentMs = BEAT_MS * SILENT_BEATS
        this.#options.log.error({ pid: member.worker.process.pid, silentMs }, 'a worker stands still; ending it')
        member.worker.process.kill('SIGKILL')
      }
    }
    this.#clock.after(BEAT_MS, () => this.#beat())
  }

  async #feel(member: Member): Promise<void> {
    member.unanswered++
    try {
      await member.link.ask('echo')
    } catch {
      // It has ended, or is about to.
      return
    }
    const wasSilent = member.unanswered > 1
    member.unanswered = 0
    if (wasSilent) await this.#options.heard?.()
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

  async #add(place: Place = { failures: 0 }): Promise<void> {
    const generation = this.#options.generation()
    const ready = Promise.withResolvers<void>()
    const member = this.#fork(place, generation, ready)
    const { worker, link, taker } = member
    const endWatch = watchStart(link, this.#clock, ready.reject)
    try {
      await ready.promise
      member.serving = true
      await this.#options.heard?.()
      if (generation !== this.#options.generation()) await catchUp(link, this.#options.generation())
      if (!this.#members.has(member)) throw new Error('a worker ended before it took connections')
    } catch (error) {
      member.leaving = true
      worker.process.kill('SIGKILL')
      throw error
    } finally {
      endWatch()
    }
    member.admitted = true
    if (!member.leaving) this.#options.door.admit(taker)
  }

  /** `ready` is settled when it says that it serves, or why it does not, or has ended. */
  #fork(place: Place, generation: number, ready: PromiseWithResolvers<void>): Member {
    const worker = cluster.fork({ [GENERATION]: String(generation) })
    const exited = Promise.withResolvers<void>()
    const link = new Link(
      worker,
      {
        ...this.#options.handlers,
        ready: () => ready.resolve(),
        failed: (argument) => ready.reject(new Error(String(argument))),
      },
      this.#clock,
    )
    const taker: Taker = {
      hand: async (socket) => {
        try {
          return await link.ask<Receipt>('connection', null, socket)
        } catch (error) {
          this.#cannotTake(member, error)
          throw error
        }
      },
      echo: () => link.ask('echo'),
    }
    const flags = { serving: false, admitted: false, leaving: false, unanswered: 0 }
    const member: Member = { place, worker, link, taker, startedAt: this.#clock.monotonic(), exited: exited.promise, ...flags }
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
      if (member.admitted && !member.leaving) this.#startAgain(member, { code, signal }, 'a worker ended; starting another')
    })
    return member
  }

  /** The door has given it up. What it has taken may go on, but it is no use any more. */
  #cannotTake(member: Member, error: unknown): void {
    this.#clock.after(LAST_BREATH_MS, () => {
      if (!this.#members.has(member) || member.leaving) return
      void this.#end(member)
      this.#startAgain(member, { err: error }, 'a worker cannot take connections; ending it and starting another')
    })
  }

  #startAgain({ place, startedAt, worker }: Member, why: object, message: string): void {
    if (this.#stopping) return
    const wasSteady = this.#clock.monotonic() - startedAt > STEADY_MS
    place.failures = wasSteady ? 1 : place.failures + 1
    const pauseMs = pauseAfter(place)
    this.#options.log.error({ pid: worker.process.pid, ...why, pauseMs }, message)
    this.#again(place, pauseMs)
  }

  #again(place: Place, pauseMs: number): void {
    if (pauseMs === 0) void this.#tryAgain(place)
    else this.#clock.after(pauseMs, () => void this.#tryAgain(place))
  }

  async #tryAgain(place: Place): Promise<void> {
    if (this.#stopping) return
    try {
      await this.#add(place)
    } catch (error) {
      place.failures++
      const pauseMs = pauseAfter(place)
      this.#options.log.error({ err: error, pauseMs }, 'a worker does not start; trying again')
      this.#again(place, pauseMs)
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

const pauseAfter = ({ failures }: Place): number => (failures <= 1 ? 0 : Math.min(MAX_PAUSE_MS, PAUSE_MS * 2 ** Math.min(failures - 2, 10)))

const isSilence = (answer: PromiseSettledResult<unknown>): boolean => answer.status === 'rejected' && answer.reason instanceof Silence

/** A reload came while it started: what it read may be older. */
async function catchUp(link: Link, generation: number): Promise<void> {
  const error = await link.askWithin<string | null>(CATCH_UP_MS, 'prepare', generation)
  await (error === null ? link.ask('commit', generation) : link.ask('refuse', error))
}
