// Breakers that all processes share, at no cost to the path of requests: each process keeps a copy of those that are not closed, and reads them
// four times a second. Failures are told at once, successes by and by; the probe of a half-open breaker is given out once in the whole cluster.
import type { BreakerSettings, BreakerState, Breakers } from '../../model/state.ts'
import type { Clock, Log } from '../../plugin/contract.ts'
import { MemoryBreakers } from '../breakers.ts'
import type { Link } from './link.ts'
import type { Argument, ScriptName } from './scripts.ts'

const READ_MS = 250
/** In reads: successes are sent once a second. */
const SEND_READS = 4
/** A probe whose caller neither reported nor released is given up after this. */
const PROBE_LEASE_MS = 15 * 60_000
const MAX_KEYS = 10_000

/** What this process knows of a breaker; moments by its own clock. */
interface Seen {
  isClosed: boolean
  openUntil: number
  coolUntil: number
  /** Until when somebody has the probe; 0: nobody. */
  probeUntil: number
  /** Not sent yet. */
  successes: number
  settings: BreakerSettings | null
}

export class RedisBreakers implements Breakers {
  readonly #link: Link
  readonly #clock: Clock
  readonly #now: () => string
  readonly #seen = new Map<string, Seen>()
  /** Decides while Redis is away. */
  readonly #alone: MemoryBreakers
  readonly #timer: NodeJS.Timeout
  #reads = 0

  constructor(link: Link, clock: Clock, log: Log, now: () => string) {
    this.#link = link
    this.#clock = clock
    this.#now = now
    this.#alone = new MemoryBreakers(clock)
    this.#timer = setInterval(() => {
      this.#refresh().catch((error: unknown) => log.debug({ error }, 'breakers could not be read'))
    }, READ_MS).unref()
  }

  /** Synchronous, but for the one caller that asks for the probe. */
  admit(key: string, settings: BreakerSettings): 'closed' | 'probe' | 'open' | Promise<'closed' | 'probe' | 'open'> {
    const seen = this.#seen.get(key)
    const now = this.#clock.now()
    if (seen && (now < seen.coolUntil || now < seen.openUntil)) return 'open'
    if (!this.#link.available) return this.#admitAlone(seen, key, settings, now)
    if (!seen || seen.isClosed) return 'closed'
    return now < seen.probeUntil ? 'open' : this.#askProbe(key)
  }

  /** While open, answers of calls that began before are ignored; while half-open, the first verdict decides. */
  report(key: string, success: boolean, settings: BreakerSettings): void | Promise<void> {
    const seen = this.#seenOf(key)
    seen.settings = settings
    if (!this.#link.available) return this.#reportAlone(seen, key, success, settings)
    const now = this.#clock.now()
    if (!seen.isClosed && (now < seen.openUntil || seen.probeUntil === 0)) return undefined
    if (success && seen.isClosed) {
      seen.successes++
      return undefined
    }
    return this.#tell(key, seen, success ? 0 : 1, success ? 1 : 0, 1)
  }

  async release(key: string): Promise<void> {
    this.#alone.release(key)
    const seen = this.#seen.get(key)
    if (!seen) return
    seen.probeUntil = 0
    await this.#run('breakerRelease', key, [])
  }

  async coolDown(key: string, untilMs: number): Promise<void> {
    const seen = this.#seenOf(key)
    seen.coolUntil = Math.max(seen.coolUntil, untilMs)
    await this.#run('breakerCool', key, [Math.max(0, Math.round(untilMs - this.#clock.now()))])
  }

  /** Those that this process called, and all that are not closed. */
  async list(): Promise<readonly BreakerState[]> {
    if (this.#link.available) await this.#refresh()
    return Promise.all([...this.#seen].map(([key, seen]) => this.#stateOf(key, seen)))
  }

  close(): void {
    clearInterval(this.#timer)
  }

  /** The last known state stands; what happens meanwhile counts here alone. */
  #admitAlone(seen: Seen | undefined, key: string, settings: BreakerSettings, now: number): 'closed' | 'probe' | 'open' {
    const alone = this.#alone.admit(key, settings)
    if (!seen || seen.isClosed || alone !== 'closed') return alone
    if (now < seen.probeUntil) return 'open'
    seen.probeUntil = now + PROBE_LEASE_MS
    return 'probe'
  }

  #reportAlone(seen: Seen, key: string, success: boolean, settings: BreakerSettings): void {
    this.#alone.report(key, success, settings)
    if (seen.isClosed || this.#clock.now() < seen.openUntil || seen.probeUntil === 0) return
    seen.probeUntil = 0
    if (success) seen.isClosed = true
    else seen.openUntil = this.#clock.now() + settings.openMs
  }

  async #askProbe(key: string): Promise<'closed' | 'probe' | 'open'> {
    const reply = await this.#run('breakerProbe', key, [PROBE_LEASE_MS])
    if (reply === null) return 'open'
    if (reply[4] === 1) return 'probe'
    return this.#seen.get(key)!.isClosed && reply[2] === 0 ? 'closed' : 'open'
  }

  /** Gathered successes go along, so that the rate of errors is the true one. */
  async #tell(key: string, seen: Seen, failures: number, verdictSuccesses: number, verdict: 0 | 1): Promise<void> {
    const { windowMs, errorRate, minRequests, openMs } = seen.settings!
    const successes = seen.successes + verdictSuccesses
    seen.successes = 0
    const reply = await this.#run('breakerReport', key, [successes, failures, windowMs, errorRate, minRequests, openMs, verdict])
    if (reply === null) this.#alone.report(key, failures === 0, seen.settings!)
  }

  /** Replies null while Redis is away: breakers never fail a request. */
  async #run(script: ScriptName, key: string, args: readonly Argument[]): Promise<readonly number[] | null> {
    try {
      const reply = (await this.#link.run(script, this.#link.names.breaker(key), [this.#now(), key, ...args])) as readonly number[]
      this.#note(key, reply)
      return reply
    } catch {
      return null
    }
  }

  async #refresh(): Promise<void> {
    if (!this.#link.available) return
    const reply = (await this.#link.run('breakersRead', this.#link.names.breaker('').slice(0, 1), [this.#now()])) as readonly (
      | string
      | number
    )[]
    const troubled = new Set<string>()
    for (let n = 0; n < reply.length; n += 5) {
      const key = String(reply[n])
      troubled.add(key)
      this.#note(key, reply.slice(n + 1, n + 5).map(Number))
    }
    for (const [key, seen] of this.#seen) if (!troubled.has(key)) closeSeen(seen)
    this.#reads++
    if (this.#reads % SEND_READS === 0) await this.#sendSuccesses()
  }

  async #sendSuccesses(): Promise<void> {
    const waiting = [...this.#seen].filter(([, { successes, isClosed }]) => successes > 0 && isClosed)
    await Promise.all(waiting.map(([key, seen]) => this.#tell(key, seen, 0, 0, 0)))
  }

  /** What is left of each moment becomes a moment of this process's clock. */
  #note(key: string, [isOpen, open, cool, probe]: readonly number[]): void {
    const seen = this.#seenOf(key)
    const now = this.#clock.now()
    seen.isClosed = isOpen === 0
    seen.openUntil = open! > 0 ? now + open! : 0
    seen.coolUntil = cool! > 0 ? now + cool! : 0
    seen.probeUntil = probe! > 0 ? now + probe! : 0
    if (!seen.isClosed) seen.successes = 0
  }

  async #stateOf(key: string, seen: Seen): Promise<BreakerState> {
    const [requests = 0, failures = 0] = await this.#totals(key)
    const until = Math.max(seen.openUntil, seen.coolUntil)
    const state = this.#clock.now() < until ? 'open' : seen.isClosed ? 'closed' : 'half_open'
    return { key, state, requests: requests + seen.successes, failures, openUntil: state === 'open' ? until : null }
  }

  async #totals(key: string): Promise<readonly number[]> {
    try {
      return (await this.#link.run('breakerTotals', this.#link.names.breaker(key), [this.#now(), key])) as readonly number[]
    } catch {
      return []
    }
  }

  #seenOf(key: string): Seen {
    const known = this.#seen.get(key)
    if (known) return known
    if (this.#seen.size >= MAX_KEYS) this.#dropIdle()
    const seen: Seen = { isClosed: true, openUntil: 0, coolUntil: 0, probeUntil: 0, successes: 0, settings: null }
    this.#seen.set(key, seen)
    return seen
  }

  #dropIdle(): void {
    const now = this.#clock.now()
    for (const [key, { isClosed, coolUntil }] of this.#seen) {
      if (this.#seen.size < MAX_KEYS) return
      if (isClosed && coolUntil <= now) this.#seen.delete(key)
    }
  }
}

function closeSeen(seen: Seen): void {
  seen.isClosed = true
  seen.openUntil = 0
  seen.coolUntil = 0
  seen.probeUntil = 0
}
