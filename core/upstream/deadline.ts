// The patience of one upstream call: a moving deadline (first token, then idle) under a fixed one (total), on a single timer.
// Moving the deadline later costs one comparison and no timer call, so it may happen on every chunk.
import type { Clock } from '../plugin/contract.ts'
import type { FailureClass } from '../model/answer.ts'
import type { Timeouts } from '../model/target.ts'

export type TimeoutClass = Extract<FailureClass, 'first_token_timeout' | 'idle_timeout' | 'total_timeout'>

export class Deadline {
  readonly #clock: Clock
  readonly #idleMs: number
  readonly #totalDue: number
  readonly #onExpire: (reason: TimeoutClass) => void
  #phase: TimeoutClass = 'first_token_timeout'
  #phaseDue: number
  #timerDue = Infinity
  #cancel: (() => void) | null = null

  /** Starts at once with the first-token phase. `onExpire` is called at most once. */
  constructor(clock: Clock, timeouts: Timeouts, onExpire: (reason: TimeoutClass) => void) {
    const now = clock.monotonic()
    this.#clock = clock
    this.#idleMs = timeouts.idleMs
    this.#totalDue = now + timeouts.totalMs
    this.#phaseDue = now + timeouts.firstTokenMs
    this.#onExpire = onExpire
    this.#arm(now)
  }

  /** Something arrived: from now on silence is counted as idle. */
  touch(): void {
    this.#move('idle_timeout', this.#idleMs)
  }

  /** The reader asked for a pause: silence is ours and not counted; the total still is. */
  suspend(): void {
    this.#phaseDue = Infinity
  }

  /** Gives the other side `ms` more, e.g. to end a connection whose answer is complete. */
  allow(ms: number): void {
    this.#move('idle_timeout', ms)
  }

  cancel(): void {
    this.#cancel?.()
    this.#cancel = null
    this.#timerDue = Infinity
  }

  #move(phase: TimeoutClass, ms: number): void {
    const now = this.#clock.monotonic()
    this.#phase = phase
    this.#phaseDue = now + ms
    if (this.#cancel !== null && this.#phaseDue < this.#timerDue) this.#arm(now)
  }

  #arm(now: number): void {
    this.#cancel?.()
    this.#timerDue = Math.min(this.#phaseDue, this.#totalDue)
    this.#cancel = this.#clock.after(Math.max(1, Math.ceil(this.#timerDue - now)), () => this.#fire())
  }

  #fire(): void {
    const now = this.#clock.monotonic()
    if (now < Math.min(this.#phaseDue, this.#totalDue)) return this.#arm(now)
    this.#cancel = null
    this.#onExpire(now >= this.#totalDue ? 'total_timeout' : this.#phase)
  }
}
