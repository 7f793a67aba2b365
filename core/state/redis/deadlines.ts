// Deadlines of commands, kept together: one timer, and fair to the server when this process itself stood still.
import { onceRead } from '../../model/fair-timer.ts'

interface Waiting {
  readonly since: number
  late(): void
}

/** No answer in time. */
export class Late extends Error {}

/** A look at every fifth of the patience: an answer is missed at most that much later. */
const LOOKS = 5

export class Deadlines {
  readonly #patienceMs: number
  /** Oldest first. */
  readonly #waiting = new Set<Waiting>()
  readonly #timer: NodeJS.Timeout

  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs
    this.#timer = setInterval(() => this.#look(), patienceMs / LOOKS).unref()
  }

  /** As the answer, but rejects when it is late; what comes afterwards is dropped. */
  within<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const late = (): void => reject(new Late(`no answer within ${this.#patienceMs} ms`))
      const waiting = { since: performance.now(), late }
      this.#waiting.add(waiting)
      answer.then(
        (value) => {
          this.#waiting.delete(waiting)
          resolve(value)
        },
        (error: unknown) => {
          this.#waiting.delete(waiting)
          reject(error)
        },
      )
    })
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    const now = performance.now()
    for (const waiting of this.#waiting) {
      if (now - waiting.since < this.#patienceMs) return
      onceRead(() => this.#end(waiting))
    }
  }

  #end(waiting: Waiting): void {
    if (this.#waiting.delete(waiting)) waiting.late()
  }
}
