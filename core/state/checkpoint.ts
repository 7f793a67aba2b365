// Keeps what was counted: changed counters go to lmdb in one transaction with the place in the record that they belong to, so that after a crash
// the rest is known to the frame. The ledger's counters are taken hold of at one moment, and written when the record has come as far.
import { createHash } from 'node:crypto'
import type { RootDatabase } from 'lmdb'
import { requireRoom } from './environment.ts'
import type { Captured, Keeping } from '../model/state.ts'
import type { Clock } from '../plugin/contract.ts'
import type { KeptCounter, MemoryLedger } from './ledger.ts'

/** lmdb keys are bounded to 1,978 bytes, and counter names hold values that clients choose. */
const MAX_KEY_CHARS = 400
/** Looking for ended counters means looking at all of them. */
const SWEEP_MS = 10_000
/** Infinity is no number in JSON. */
const ALL = -1

/** What a counter takes on the disk while its page is written anew beside the old one, and more. */
const ROW_BYTES = 512

export class Checkpoint implements Keeping {
  readonly replay = 'anyway'
  readonly #env: RootDatabase
  readonly #rows
  readonly #runs
  readonly #ledger: MemoryLedger
  readonly #clock: Clock
  #keptUpTo: ReadonlyMap<string, number> = new Map()
  /** By key, what is not on disk yet; null: to be removed. */
  #pending = new Map<string, KeptCounter | null>()
  #sweptAt = -Infinity

  constructor(env: RootDatabase, ledger: MemoryLedger, clock: Clock) {
    this.#env = env
    this.#rows = env.openDB<KeptCounter, string>({ name: 'counters', encoding: 'json' })
    this.#runs = env.openDB<number, string>({ name: 'runs', encoding: 'json' })
    this.#ledger = ledger
    this.#clock = clock
  }

  get keptUpTo(): ReadonlyMap<string, number> {
    return this.#keptUpTo
  }

  /** Brings back all counters; those that have ended stay for a while, in case the clock is wrong. */
  restore(): void {
    for (const { value } of this.#rows.getRange()) this.#ledger.restore(value)
    this.#keptUpTo = new Map([...this.#runs.getRange()].map(({ key, value }) => [key, value === ALL ? Infinity : value]))
  }

  capture(runs: ReadonlyMap<string, number> = this.#keptUpTo): Captured {
    this.#sweepAtTimes()
    for (const name of this.#ledger.drainGone()) this.#pending.set(keyOf(name), null)
    for (const kept of this.#ledger.drainChanged()) this.#pending.set(keyOf(kept.name), kept)
    const taken = this.#pending
    this.#pending = new Map()
    const drop = (): void => {
      this.#pending = new Map([...taken, ...this.#pending])
    }
    return { keep: () => this.#keep(taken, runs).catch(rethrow(drop)), drop }
  }

  async #keep(taken: ReadonlyMap<string, KeptCounter | null>, runs: ReadonlyMap<string, number>): Promise<boolean> {
    const before = this.#keptUpTo
    requireRoom(this.#env, taken.size * ROW_BYTES)
    await this.#env.transaction(() => {
      for (const [key, kept] of taken) void (kept === null ? this.#rows.remove(key) : this.#rows.put(key, kept))
      for (const run of before.keys()) if (!runs.has(run)) void this.#runs.remove(run)
      for (const [run, seq] of runs) if (before.get(run) !== seq) void this.#runs.put(run, seq === Infinity ? ALL : seq)
    })
    this.#keptUpTo = new Map(runs)
    await this.#rows.flushed
    return true
  }

  #sweepAtTimes(): void {
    const now = this.#clock.monotonic()
    if (now - this.#sweptAt < SWEEP_MS) return
    this.#sweptAt = now
    this.#ledger.sweep()
  }
}

function rethrow(first: () => void): (error: unknown) => never {
  return (error) => {
    first()
    throw error
  }
}

function keyOf(name: string): string {
  return name.length <= MAX_KEY_CHARS ? name : createHash('sha256').update(name).digest('hex')
}
