// Customer keys in Redis: rows by their prefix, prefixes by id. Nothing is cached here: what was revoked is seen by the next look.
import { isDeepStrictEqual } from 'node:util'
import { hasId } from '../../model/key-row.ts'
import type { KeyRow } from '../../model/directory.ts'
import type { KeyStore } from '../../model/state.ts'
import type { Link } from './link.ts'

const USES_AT_ONCE = 1000
const ROWS_AT_ONCE = 500

export class RedisKeyStore implements KeyStore {
  readonly #link: Link

  constructor(link: Link) {
    this.#link = link
  }

  async findByPrefix(prefix: string): Promise<readonly KeyRow[]> {
    const rows = await this.#link.call((client) => client.hvals(this.#rowsOf(prefix)))
    return rows.flatMap(readRow)
  }

  async list(): Promise<readonly KeyRow[]> {
    const prefixes = [...new Set(await this.#prefixes())]
    const rows: KeyRow[] = []
    for (let i = 0; i < prefixes.length; i += ROWS_AT_ONCE) {
      const found = await Promise.all(prefixes.slice(i, i + ROWS_AT_ONCE).map((prefix) => this.findByPrefix(prefix)))
      for (const more of found) rows.push(...more)
    }
    return rows.sort((a, b) => (a.id < b.id ? -1 : 1))
  }

  async find(id: string): Promise<KeyRow | null> {
    return (await this.#kept(id))?.row ?? null
  }

  async put(row: KeyRow): Promise<void> {
    await this.#link.run('keyPut', this.#link.names.customerKey(row.prefix), [row.id, row.prefix, JSON.stringify(row)])
  }

  async replace(before: KeyRow, after: KeyRow, added?: KeyRow): Promise<boolean> {
    const kept = await this.#kept(before.id)
    if (!isDeepStrictEqual(kept?.row, before)) return false
    return this.#replace(kept!.text, after, added)
  }

  /** The first revocation stands: a second one keeps its time. */
  async revoke(id: string, atIso: string): Promise<boolean> {
    for (;;) {
      const kept = await this.#kept(id)
      if (kept === null) return false
      if (kept.row.revokedAt !== null) return true
      // Whoever changed the row meanwhile changed something else of it: look again.
      if (await this.#replace(kept.text, { ...kept.row, revokedAt: atIso })) return true
    }
  }

  async #replace(text: string, after: KeyRow, added?: KeyRow): Promise<boolean> {
    const keys = this.#link.names.customerKeys(after.prefix, added?.prefix)
    const more = added ? [added.id, added.prefix, JSON.stringify(added)] : []
    return (await this.#link.run('keyReplace', keys, [after.id, text, JSON.stringify(after), ...more])) === 1
  }

  async #kept(id: string): Promise<{ readonly row: KeyRow; readonly text: string } | null> {
    const prefix = await this.#link.call((client) => client.hget(this.#index, id))
    const text = prefix === null ? null : await this.#link.call((client) => client.hget(this.#rowsOf(prefix), id))
    const [row] = text === null ? [] : readRow(text)
    return row === undefined ? null : { row, text: text! }
  }

  async noteUsed(uses: ReadonlyMap<string, number>): Promise<void> {
    const pairs = [...uses]
    for (let i = 0; i < pairs.length; i += USES_AT_ONCE)
      await this.#link.run('keyUses', this.#link.names.keyUses(), pairs.slice(i, i + USES_AT_ONCE).flat())
  }

  async lastUsed(ids?: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const name = this.#link.names.keyUses()[0]!
    if (ids === undefined) {
      const uses = await this.#link.call((client) => client.hgetall(name))
      return new Map(Object.entries(uses).map(([id, at]) => [id, Number(at)]))
    }
    if (ids.length === 0) return new Map()
    const uses = await this.#link.call((client) => client.hmget(name, ...ids))
    return new Map(ids.flatMap((id, i) => (uses[i] ? [[id, Number(uses[i])] as const] : [])))
  }

  /** Of all keys, a part at a time, so that neither Redis nor a deadline minds how many there are. */
  async #prefixes(): Promise<string[]> {
    const prefixes: string[] = []
    let cursor = '0'
    do {
      const [next, pairs] = await this.#link.call((client) => client.hscan(this.#index, cursor, 'COUNT', ROWS_AT_ONCE))
      for (let i = 1; i < pairs.length; i += 2) prefixes.push(pairs[i]!)
      cursor = next
    } while (cursor !== '0')
    return prefixes
  }

  get #index(): string {
    return this.#link.names.customerKey('')[0]!
  }

  #rowsOf(prefix: string): string {
    return this.#link.names.customerKey(prefix)[1]!
  }
}

/** What cannot even be named is no row; the rest is for the reader to judge. */
function readRow(text: string): KeyRow[] {
  try {
    const row = JSON.parse(text) as unknown
    return hasId(row) ? [row] : []
  } catch {
    return []
  }
}
