// A process that has just joined. The others cut limits for those that they know, so until they know of it too it takes no share while Redis is away.
// Each says with its beat which answer it has heard last: an answer may be lost, so that to have been sent one does not count.

/** What Redis says to a beat; moments are its own, in Unix ms. */
export interface Beat {
  /** Processes that it heard of lately, this one included. */
  readonly count: number
  /** It did not know this one, or no longer. */
  readonly isNew: boolean
  readonly now: number
  /** Of the last answers that each of the others has heard the oldest, 0 for one that has heard none; null: there are no others. */
  readonly oldest: number | null
}

export class Newcomer {
  /** Answers after this moment count this process; null: it does not know of any. */
  #since: number | null = null
  #heard = 0
  #isKnown = false

  /** Whether all others count this process. */
  get isKnown(): boolean {
    return this.#isKnown
  }

  /** Moment of the last answer that has come. */
  get heard(): number {
    return this.#heard
  }

  take({ isNew, now, oldest }: Beat): void {
    this.#heard = now
    if (isNew) this.#isKnown = false
    // The answer to the beat that was new to Redis may never have come.
    if (isNew || this.#since === null) this.#since = now
    // Who was known stays it: a process that joins later has an answer that counts both.
    this.#isKnown ||= oldest === null || oldest > this.#since
  }
}

/** Of the reply of the script `beat`. */
export function readBeat([count, isNew, now, oldest]: readonly (number | string)[]): Beat {
  return { count: Number(count), isNew: Number(isNew) === 1, now: Number(now), oldest: oldest === '' ? null : Number(oldest) }
}
