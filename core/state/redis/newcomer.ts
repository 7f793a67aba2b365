// A process that has just joined. The others cut limits for those that they know, so until they know of it too it takes no share while Redis is away.

/** What Redis says to a beat; moments are its own, in Unix ms. */
export interface Beat {
  /** Processes that it heard of lately, this one included. */
  readonly count: number
  /** It did not know this one, or no longer. */
  readonly isNew: boolean
  readonly now: number
  /** Of the other processes' last beats the oldest; null: there are no others. */
  readonly oldest: number | null
}

/** One to be told, and one to show that the answer has arrived: a process beats again only then. */
const ROUNDS = 2

export class Newcomer {
  /** Rounds of beats of all others that are still to come. */
  #rounds = ROUNDS
  /** By the clock of Redis; null: it has not answered yet. */
  #since: number | null = null

  /** Whether all others count this process. */
  get isKnown(): boolean {
    return this.#rounds === 0
  }

  take({ isNew, now, oldest }: Beat): void {
    // The answer to the beat that was new to Redis may never have come.
    if (isNew || this.#since === null) this.#rounds = oldest === null ? 0 : ROUNDS
    else if (this.#rounds > 0 && (oldest ?? Infinity) > this.#since) this.#rounds--
    else return
    this.#since = now
  }
}

/** Of the reply of the script `beat`. */
export function readBeat([count, isNew, now, oldest]: readonly (number | string)[]): Beat {
  return { count: Number(count), isNew: Number(isNew) === 1, now: Number(now), oldest: oldest === '' ? null : Number(oldest) }
}
