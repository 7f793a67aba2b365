// When keys were last used: gathered here and kept in batches, so that no request waits for it and none fails of it.
import type { Clock, Host, KeyStore, Log } from '../../core/plugin/index.ts'

const EVERY_MS = 10_000

export class KeyUses {
  readonly #keys: KeyStore
  readonly #clock: Clock
  readonly #log: Log
  #uses = new Map<string, number>()
  #cancel: (() => void) | null = null

  constructor({ state, clock, log }: Pick<Host, 'state' | 'clock' | 'log'>) {
    this.#keys = state.keys
    this.#clock = clock
    this.#log = log
  }

  /** `now`: Unix ms. */
  note(keyId: string, now: number): void {
    this.#uses.set(keyId, now)
    this.#cancel ??= this.#clock.after(EVERY_MS, () => void this.flush())
  }

  /** Never rejects: what could not be kept goes with the next batch. */
  async flush(): Promise<void> {
    this.#cancel?.()
    this.#cancel = null
    const uses = this.#uses
    if (uses.size === 0) return
    this.#uses = new Map()
    try {
      await this.#keys.noteUsed(uses)
    } catch (error) {
      for (const [id, at] of uses) if (!this.#uses.has(id)) this.note(id, at)
      this.#log.debug({ err: error }, 'when keys were last used could not be kept; trying again')
    }
  }

  /** A last batch. Nothing is tried again. */
  async close(): Promise<void> {
    await this.flush()
    this.#cancel?.()
  }
}
