// Slows whoever guesses: after a failed login the same address with the same beginning of a secret waits a second, then two, up to a minute. An address
// that fails with many secrets waits as a whole, but for secrets that are right: others may share it.

const FIRST_WAIT_MS = 1000
const LONGEST_WAIT_MS = 60_000
/** Failures of an address, whatever it showed, before it waits itself: several people may share one. */
const FREE_PER_ADDRESS = 20
/** A minute after the longest wait without a failure all is forgotten. */
const FORGET_MS = 2 * LONGEST_WAIT_MS
const MAX_KNOWN = 10_000

interface Failures {
  count: number
  /** Monotonic ms. */
  last: number
  until: number
}

export class FailedLogins {
  readonly #now: () => number
  readonly #known = new Map<string, Failures>()

  /** `now`: a monotonic clock in milliseconds. */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Milliseconds until this address may try this secret again; 0: now. `prefix` is the public beginning of what it shows, '' if there is none. */
  waitMs(address: string, prefix: string): number {
    return this.#left(pairOf(address, prefix))
  }

  /** Milliseconds until a wrong secret of this address is worth an answer of its own. */
  addressWaitMs(address: string): number {
    return this.#left(address)
  }

  #left(name: string): number {
    return Math.max(0, (this.#known.get(name)?.until ?? 0) - this.#now())
  }

  /** Returns how often this pair has failed in a row. */
  failed(address: string, prefix: string): number {
    this.#fail(address, FREE_PER_ADDRESS)
    return this.#fail(pairOf(address, prefix), 0)
  }

  /** Forgets the failures of this pair. Those of the address stand: one known secret must not open the way to guess others. */
  succeeded(address: string, prefix: string): void {
    if (this.#known.size > 0) this.#known.delete(pairOf(address, prefix))
  }

  #fail(name: string, free: number): number {
    const now = this.#now()
    const before = this.#known.get(name)
    const count = before && now - before.last < FORGET_MS ? before.count + 1 : 1
    const wait = count <= free ? 0 : Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(count - free - 1, 16))
    this.#known.delete(name)
    if (this.#known.size >= MAX_KNOWN) this.#known.delete(this.#known.keys().next().value!)
    this.#known.set(name, { count, last: now, until: now + wait })
    return count
  }
}

const pairOf = (address: string, prefix: string): string => `${address} ${prefix}`
