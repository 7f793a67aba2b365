// Temporary raises of limits in lmdb.
import type { RootDatabase } from 'lmdb'
import type { Raise, Raises } from '../model/state.ts'
import type { Clock } from '../plugin/contract.ts'

export class LmdbRaises implements Raises {
  readonly #env: RootDatabase
  readonly #clock: Clock
  readonly #rows

  constructor(env: RootDatabase, clock: Clock) {
    this.#env = env
    this.#clock = clock
    this.#rows = env.openDB<Raise, string>({ name: 'raises', encoding: 'json' })
  }

  async put(raise: Raise): Promise<void> {
    await this.#env.transaction(() => this.#rows.putSync(raise.id, raise))
    await this.#rows.flushed
  }

  async remove(id: string): Promise<boolean> {
    const removed = this.#rows.doesExist(id)
    await this.#env.transaction(() => this.#rows.removeSync(id))
    return removed
  }

  list(): readonly Raise[] {
    const now = this.#clock.now()
    const rows = [...this.#rows.getRange()].map(({ value }) => value)
    const over = rows.filter(({ until }) => until <= now)
    if (over.length > 0) this.#forget(over)
    return rows.filter(({ until }) => until > now)
  }

  /** They count no more, whether or not this can be written now. */
  #forget(over: readonly Raise[]): void {
    this.#env
      .transaction(() => {
        for (const { id } of over) this.#rows.removeSync(id)
      })
      .catch(() => undefined)
  }
}
