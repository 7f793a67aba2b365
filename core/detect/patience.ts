// How long a task of the pool may take. A text that makes too much work is ended at its deadline; a thread that still starts, a queue, and a
// machine that gives this process a tenth of a core are no fault of the text, and have longer bounds, as hard.
import { onceRead } from '../model/fair-timer.ts'

/** Time as a task sees it, in milliseconds; tests bring their own. */
export interface TaskTime {
  now(): number
  /** What this process has had of all processors, all threads together. */
  cpu(): number
  /** Calls once, in `ms`; returns what cancels it. */
  after(ms: number, look: () => void): () => void
}

/** Bounds in deadlines: of the wait for a thread, and of both where others keep the processors. */
const WAITING = 5
const STARVED = 15
/** A wait is looked at this often in a deadline, so it may count by so much too little. */
const LOOKS = 8
const SHORTEST_LOOK_MS = 5

export class Patience {
  readonly #deadlineMs: number
  readonly #hasBegun: () => boolean
  readonly #onEnd: () => void
  readonly #time: TaskTime
  #hasThread = false
  /** Since when it waits, or works. */
  #since: { readonly at: number; readonly cpu: number }
  #cancel!: () => void

  /** `hasBegun` tells when a thread is at work. `onEnd` is called once at most, and never when the answer has arrived meanwhile. */
  constructor(deadlineMs: number, hasBegun: () => boolean, onEnd: () => void, time: TaskTime = REAL) {
    this.#deadlineMs = deadlineMs
    this.#hasBegun = hasBegun
    this.#onEnd = onEnd
    this.#time = time
    this.#since = this.#moment()
    this.#goOn()
  }

  cancel(): void {
    this.#cancel()
  }

  #goOn(): void {
    const look = (): void => (this.#isOver() ? this.#onEnd() : this.#goOn())
    this.#cancel = this.#time.after(Math.max(SHORTEST_LOOK_MS, this.#deadlineMs / LOOKS), look)
  }

  #isOver(): boolean {
    if (this.#hasThread) return this.#isPast(this.#deadlineMs)
    this.#hasThread = this.#hasBegun()
    if (!this.#hasThread) return this.#isPast(WAITING * this.#deadlineMs)
    this.#since = this.#moment()
    return false
  }

  #isPast(bound: number): boolean {
    const { at, cpu } = this.#moment()
    const taken = at - this.#since.at
    return taken >= bound && (cpu - this.#since.cpu >= bound || taken >= STARVED * this.#deadlineMs)
  }

  #moment(): { readonly at: number; readonly cpu: number } {
    return { at: this.#time.now(), cpu: this.#time.cpu() }
  }
}

const REAL: TaskTime = {
  now: () => performance.now(),
  cpu() {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1000
  },
  after(ms, look) {
    let isWanted = true
    const timer = setTimeout(() => onceRead(() => isWanted && look()), ms)
    return () => {
      isWanted = false
      clearTimeout(timer)
    }
  },
}
