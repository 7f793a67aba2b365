// Circuit breakers in memory: closed, open, half-open, one per (provider, credential, model). They are a local observation and die with the process.
import type { BreakerSettings, BreakerState, Breakers } from '../model/state.ts'
import type { Clock } from '../plugin/contract.ts'

const BUCKETS = 10
/** A probe whose caller neither reported nor released is given up after this. */
const PROBE_LEASE_MS = 15 * 60_000
/** Keys come from configuration, but reloads add new ones; the oldest idle ones make room. */
const MAX_KEYS = 10_000

/** Requests and failures of the last `windowMs`, counted in tenths of the window. */
class SlidingWindow {
  readonly #requests = new Array<number>(BUCKETS).fill(0)
  readonly #failures = new Array<number>(BUCKETS).fill(0)
  #newest = 0
  #bucketMs = 1

  add(success: boolean, now: number, windowMs: number): void {
    this.#advance(now, Math.max(1, windowMs / BUCKETS))
    const slot = this.#newest % BUCKETS
    this.#requests[slot]! += 1
    if (!success) this.#failures[slot]! += 1
  }

  totals(now: number): { requests: number; failures: number } {
    this.#advance(now, this.#bucketMs)
    return { requests: sum(this.#requests), failures: sum(this.#failures) }
  }

  clear(): void {
    this.#requests.fill(0)
    this.#failures.fill(0)
  }

  #advance(now: number, bucketMs: number): void {
    const bucket = Math.floor(now / bucketMs)
    const passed = bucketMs === this.#bucketMs ? bucket - this.#newest : BUCKETS
    // A clock that was set back counts into the newest bucket until it has caught up.
    for (let i = Math.max(1, passed - BUCKETS + 1); i <= passed; i++) {
      this.#requests[(bucket - passed + i + BUCKETS) % BUCKETS] = 0
      this.#failures[(bucket - passed + i + BUCKETS) % BUCKETS] = 0
    }
    if (passed > 0) this.#newest = bucket
    this.#bucketMs = bucketMs
  }
}

interface Breaker {
  readonly key: string
  readonly window: SlidingWindow
  /** Unix ms until which calls are kept away; 0: closed. */
  openUntil: number
  coolUntil: number
  /** Unix ms until which the probe of the half-open state is out; 0: none is. */
  probeUntil: number
}

export class MemoryBreakers implements Breakers {
  readonly #clock: Clock
  readonly #breakers = new Map<string, Breaker>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  admit(key: string, _settings: BreakerSettings): 'closed' | 'probe' | 'open' {
    const breaker = this.#breakers.get(key)
    if (!breaker) return 'closed'
    const now = this.#clock.now()
    if (now < breaker.coolUntil || now < breaker.openUntil) return 'open'
    if (breaker.openUntil === 0) return 'closed'
    if (now < breaker.probeUntil) return 'open'
    breaker.probeUntil = now + PROBE_LEASE_MS
    return 'probe'
  }

  /** While open, answers of calls that began before are ignored; while half-open, the first verdict decides. */
  report(key: string, success: boolean, settings: BreakerSettings): void {
    const breaker = this.#breakerFor(key)
    const now = this.#clock.now()
    if (breaker.openUntil !== 0) {
      if (now < breaker.openUntil || breaker.probeUntil === 0) return
      if (success) close(breaker)
      else open(breaker, now + settings.openMs)
      return
    }
    breaker.window.add(success, now, settings.windowMs)
    if (success) return
    const { requests, failures } = breaker.window.totals(now)
    if (requests >= settings.minRequests && failures >= settings.errorRate * requests) open(breaker, now + settings.openMs)
  }

  release(key: string): void {
    const breaker = this.#breakers.get(key)
    if (breaker) breaker.probeUntil = 0
  }

  coolDown(key: string, untilMs: number): void {
    const breaker = this.#breakerFor(key)
    breaker.coolUntil = Math.max(breaker.coolUntil, untilMs)
  }

  list(): readonly BreakerState[] {
    const now = this.#clock.now()
    return [...this.#breakers.values()].map((breaker) => stateOf(breaker, now))
  }

  #breakerFor(key: string): Breaker {
    const known = this.#breakers.get(key)
    if (known) return known
    if (this.#breakers.size >= MAX_KEYS) this.#dropIdle()
    const breaker = { key, window: new SlidingWindow(), openUntil: 0, coolUntil: 0, probeUntil: 0 }
    this.#breakers.set(key, breaker)
    return breaker
  }

  #dropIdle(): void {
    const now = this.#clock.now()
    for (const [key, breaker] of this.#breakers) {
      if (this.#breakers.size < MAX_KEYS) return
      if (breaker.openUntil === 0 && breaker.coolUntil <= now) this.#breakers.delete(key)
    }
  }
}

function open(breaker: Breaker, until: number): void {
  breaker.openUntil = until
  breaker.probeUntil = 0
}

function close(breaker: Breaker): void {
  breaker.openUntil = 0
  breaker.probeUntil = 0
  breaker.window.clear()
}

function stateOf(breaker: Breaker, now: number): BreakerState {
  const { key, openUntil, coolUntil } = breaker
  const until = Math.max(openUntil, coolUntil)
  const state = now < until ? 'open' : openUntil === 0 ? 'closed' : 'half_open'
  return { key, state, ...breaker.window.totals(now), openUntil: state === 'open' ? until : null }
}

function sum(numbers: readonly number[]): number {
  let total = 0
  for (const number of numbers) total += number
  return total
}
