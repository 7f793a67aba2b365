// Temporary raises of limits in Redis: one hash, small, read as a whole.
import type { Raise, Raises } from '../../model/state.ts'
import type { Clock } from '../../plugin/contract.ts'
import type { Link } from './link.ts'

export class RedisRaises implements Raises {
  readonly #link: Link
  readonly #clock: Clock

  constructor(link: Link, clock: Clock) {
    this.#link = link
    this.#clock = clock
  }

  async put(raise: Raise): Promise<void> {
    await this.#link.call((client) => client.hset(this.#link.names.raises(), raise.id, JSON.stringify(raise)))
  }

  async remove(id: string): Promise<boolean> {
    return (await this.#link.call((client) => client.hdel(this.#link.names.raises(), id))) === 1
  }

  async list(): Promise<readonly Raise[]> {
    const now = this.#clock.now()
    const kept = await this.#link.call((client) => client.hvals(this.#link.names.raises()))
    const rows = kept.map((row) => JSON.parse(row) as Raise)
    const gone = rows.filter(({ until }) => until <= now).map(({ id }) => id)
    if (gone.length > 0) await this.#link.call((client) => client.hdel(this.#link.names.raises(), ...gone))
    return rows.filter(({ until }) => until > now)
  }
}
