// Keeps what was counted: changed counters go to lmdb at every checkpoint, ended ones leave. A crash loses at most what was counted since the last one.
import { createHash } from 'node:crypto'
import type { RootDatabase } from 'lmdb'
import type { KeptCounter, MemoryLedger } from './ledger.ts'

/** lmdb keys are bounded to 1,978 bytes, and counter names hold values that clients choose. */
const MAX_KEY_CHARS = 400

export class Checkpoint {
  readonly #rows
  readonly #ledger: MemoryLedger

  constructor(env: RootDatabase, ledger: MemoryLedger) {
    this.#rows = env.openDB<KeptCounter, string>({ name: 'counters', encoding: 'json' })
    this.#ledger = ledger
  }

  /** Brings back what still counts at `now` (Unix ms). */
  restore(now: number): void {
    // A copy, because rows are removed on the way.
    const rows = [...this.#rows.getRange()]
    for (const { key, value } of rows) {
      if ((value.kind === 'window' ? value.endsAt : value.fullAt) > now) this.#ledger.restore(value)
      else void this.#rows.remove(key)
    }
  }

  /** Resolves when everything is on disk. */
  async write(): Promise<void> {
    for (const name of this.#ledger.sweep()) void this.#rows.remove(keyOf(name))
    for (const kept of this.#ledger.drainChanged()) void this.#rows.put(keyOf(kept.name), kept)
    await this.#rows.flushed
  }
}

function keyOf(name: string): string {
  return name.length <= MAX_KEY_CHARS ? name : createHash('sha256').update(name).digest('hex')
}
