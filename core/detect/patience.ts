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

/** Bounds in deadlines: of the wait for a thread, and of work that others keep the processors from. */
const WAITING = 5
const STARVED = 5
/** A wait is looked at this often in a deadline, so it may count by so much too little. */
const LOOKS = 8
const SHORTEST_LOOK_MS = 5

export class Patience {
  readonly #deadlineMs: number
  readonly #hasBegun: () => boolean
  readonly #onEnd: () => void
  readonly #time: TaskTime
  readonly #asked: number
  #begun: { readonly at: number; readonly cpu: number } | null = null
  #cancel!: () => void

  /** `hasBegun` tells when a thread is at work. `onEnd` is called once at most, and never when the answer has arrived meanwhile. */
  constructor(deadlineMs: number, hasBegun: () => boolean, onEnd: () => void, time: TaskTime = REAL) {
    this.#deadlineMs = deadlineMs
    this.#hasBegun = hasBegun
    this.#onEnd = onEnd
    this.#time = time
    this.#asked = time.now()
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
    const now = this.#time.now()
    if (this.#begun === null) {
      if (!this.#hasBegun()) return now - this.#asked >= WAITING * this.#deadlineMs
      this.#begun = { at: now, cpu: this.#time.cpu() }
      return false
    }
    const taken = now - this.#begun.at
    if (taken < this.#deadlineMs) return false
    return taken >= STARVED * this.#deadlineMs || this.#time.cpu() - this.#begun.cpu >= this.#deadlineMs
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
