// A clock that stands still until a test moves it, and a log that keeps what was said.
import type { Clock, Log } from '../../../core/plugin/index.ts'

export class ManualClock implements Clock {
  #now: number
  /** How far the clock on the wall was set from what has passed. */
  #set = 0
  #timers: { at: number; callback: () => void }[] = []

  constructor(now = Date.UTC(2026, 0, 15, 12)) {
    this.#now = now
  }

  now(): number {
    return this.#now + this.#set
  }

  monotonic(): number {
    return this.#now
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { at: this.#now + ms, callback }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  /** Somebody sets the clock on the wall: no time passes. */
  setBy(ms: number): void {
    this.#set += ms
  }

  /** Moves time, and runs what falls due on the way. */
  advance(ms: number): void {
    this.#now += ms
    const due = this.#timers.filter(({ at }) => at <= this.#now)
    this.#timers = this.#timers.filter(({ at }) => at > this.#now)
    for (const { callback } of due) callback()
  }
}

export function silentLog(): Log & { readonly lines: string[] } {
  const lines: string[] = []
  const write = (_fields: object, message: string): void => void lines.push(message)
  return { lines, debug: write, info: write, warn: write, error: write }
}
