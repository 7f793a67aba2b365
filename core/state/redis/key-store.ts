// Customer keys in Redis: rows by their prefix, prefixes by id. Nothing is cached here: what was revoked is seen by the next look.
import type { KeyRow } from '../../model/directory.ts'
import type { KeyStore } from '../../model/state.ts'
import type { Link } from './link.ts'

const USES_AT_ONCE = 1000

export class RedisKeyStore implements KeyStore {
  readonly #link: Link

  constructor(link: Link) {
    this.#link = link
  }

  async findByPrefix(prefix: string): Promise<readonly KeyRow[]> {
    const rows = await this.#link.call((client) => client.hvals(this.#rowsOf(prefix)))
    return rows.map((row) => JSON.parse(row) as KeyRow)
  }

  async list(): Promise<readonly KeyRow[]> {
    const prefixes = await this.#link.call((client) => client.hvals(this.#index))
    const found = await Promise.all([...new Set(prefixes)].map((prefix) => this.findByPrefix(prefix)))
    return found.flat().sort((a, b) => (a.id < b.id ? -1 : 1))
  }

  async put(row: KeyRow): Promise<void> {
    await this.#link.run('keyPut', this.#link.names.customerKey(row.prefix), [row.id, row.prefix, JSON.stringify(row)])
  }

  /** The first revocation stands: a second one keeps its time. */
  async revoke(id: string, atIso: string): Promise<boolean> {
    for (;;) {
      const prefix = await this.#link.call((client) => client.hget(this.#index, id))
      const kept = prefix === null ? null : await this.#link.call((client) => client.hget(this.#rowsOf(prefix), id))
      if (prefix === null || kept === null) return false
      const row = JSON.parse(kept) as KeyRow
      if (row.revokedAt !== null) return true
      const revoked = JSON.stringify({ ...row, revokedAt: atIso })
      // Whoever changed the row meanwhile changed something else of it: look again.
      if ((await this.#link.run('keyReplace', this.#link.names.customerKey(prefix), [id, kept, revoked])) === 1) return true
    }
  }

  async noteUsed(uses: ReadonlyMap<string, number>): Promise<void> {
    const pairs = [...uses]
    for (let i = 0; i < pairs.length; i += USES_AT_ONCE)
      await this.#link.run('keyUses', this.#link.names.keyUses(), pairs.slice(i, i + USES_AT_ONCE).flat())
  }

  async lastUsed(): Promise<ReadonlyMap<string, number>> {
    const uses = await this.#link.call((client) => client.hgetall(this.#link.names.keyUses()[0]!))
    return new Map(Object.entries(uses).map(([id, at]) => [id, Number(at)]))
  }

  get #index(): string {
    return this.#link.names.customerKey('')[0]!
  }

  #rowsOf(prefix: string): string {
    return this.#link.names.customerKey(prefix)[1]!
  }
}
