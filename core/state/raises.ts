// Temporary raises of limits in lmdb.
import type { RootDatabase } from 'lmdb'
import type { Raise, Raises } from '../model/state.ts'
import type { Clock } from '../plugin/contract.ts'

export class LmdbRaises implements Raises {
  readonly #clock: Clock
  readonly #rows

  constructor(env: RootDatabase, clock: Clock) {
    this.#clock = clock
    this.#rows = env.openDB<Raise, string>({ name: 'raises', encoding: 'json' })
  }

  async put(raise: Raise): Promise<void> {
    await this.#rows.put(raise.id, raise)
    await this.#rows.flushed
  }

  async remove(id: string): Promise<boolean> {
    const removed = this.#rows.doesExist(id)
    await this.#rows.remove(id)
    return removed
  }

  list(): readonly Raise[] {
    const now = this.#clock.now()
    const rows = [...this.#rows.getRange()].map(({ value }) => value)
    for (const { id, until } of rows) if (until <= now) void this.#rows.remove(id)
    return rows.filter(({ until }) => until > now)
  }
}
