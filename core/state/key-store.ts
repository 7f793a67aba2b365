// Customer keys in lmdb. Every read starts a new read transaction, so that a key another process made or revoked is seen at once.
import { isDeepStrictEqual } from 'node:util'
import { setImmediate as turn } from 'node:timers/promises'
import type { RangeOptions, RootDatabase } from 'lmdb'
import type { KeyRow } from '../model/directory.ts'
import type { KeyStore } from '../model/state.ts'
import { hasId } from '../model/key-row.ts'
import { openEnvironment } from './environment.ts'

/** Prefix first, so that one short range read finds a key. */
type RowId = [prefix: string, id: string]

/** Rows that are read before others have their turn. */
const ROWS_AT_ONCE = 500
/** lmdb takes no longer names; ours have 30 characters. */
const MAX_ID_CHARS = 200

export class LmdbKeyStore implements KeyStore {
  readonly #env: RootDatabase
  readonly #rows
  /** Prefixes by id; rows of earlier versions are not in it. */
  readonly #prefixes
  readonly #uses

  constructor(env: RootDatabase) {
    this.#env = env
    this.#rows = env.openDB<KeyRow, RowId>({ name: 'keys', encoding: 'json' })
    this.#prefixes = env.openDB<string, string>({ name: 'key-prefixes', encoding: 'json' })
    this.#uses = env.openDB<number, string>({ name: 'key-uses', encoding: 'json' })
  }

  findByPrefix(prefix: string): readonly KeyRow[] {
    this.#rows.resetReadTxn()
    // U+FFFF sorts behind every id.
    return [...this.#rows.getRange({ start: [prefix, ''], end: [prefix, '\uffff'] })].map(({ value }) => value)
  }

  async list(): Promise<readonly KeyRow[]> {
    const rows: KeyRow[] = []
    let last: RowId | null = null
    for (;;) {
      this.#rows.resetReadTxn()
      const from: RangeOptions = last === null ? {} : { start: last, exclusiveStart: true }
      const page: readonly { key: RowId; value: KeyRow }[] = [...this.#rows.getRange({ ...from, limit: ROWS_AT_ONCE })]
      for (const { value } of page) if (hasId(value)) rows.push(value)
      if (page.length < ROWS_AT_ONCE) return rows.sort((a, b) => (a.id < b.id ? -1 : 1))
      last = page.at(-1)!.key
      await turn()
    }
  }

  find(id: string): KeyRow | null {
    if (id.length > MAX_ID_CHARS) return null
    this.#prefixes.resetReadTxn()
    this.#rows.resetReadTxn()
    return this.#find(id)
  }

  /** Resolves when the row is on disk. */
  async put(row: KeyRow): Promise<void> {
    await this.#env.transaction(() => this.#put(row))
    await this.#rows.flushed
  }

  async replace(before: KeyRow, after: KeyRow, added?: KeyRow): Promise<boolean> {
    const wasThere = await this.#env.transaction(() => {
      if (!isDeepStrictEqual(this.#rows.get([before.prefix, before.id]), before)) return false
      this.#put(after)
      if (added) this.#put(added)
      return true
    })
    await this.#rows.flushed
    return wasThere
  }

  /** The first revocation stands: a second one keeps its time. */
  async revoke(id: string, atIso: string): Promise<boolean> {
    if (id.length > MAX_ID_CHARS) return false
    const found = await this.#env.transaction(() => {
      const row = this.#find(id)
      if (row && row.revokedAt === null) this.#put({ ...row, revokedAt: atIso })
      return row !== null
    })
    await this.#rows.flushed
    return found
  }

  async noteUsed(uses: ReadonlyMap<string, number>): Promise<void> {
    await this.#env.transaction(() => {
      for (const [id, at] of uses) if (id.length <= MAX_ID_CHARS && at > (this.#uses.get(id) ?? 0)) void this.#uses.put(id, at)
    })
  }

  lastUsed(ids?: readonly string[]): ReadonlyMap<string, number> {
    this.#uses.resetReadTxn()
    if (ids === undefined) return new Map([...this.#uses.getRange()].map(({ key, value }) => [key, value]))
    return new Map(ids.flatMap((id) => (id.length <= MAX_ID_CHARS ? [[id, this.#uses.get(id)] as const] : [])).filter(wasUsed))
  }

  #put(row: KeyRow): void {
    this.#rows.putSync([row.prefix, row.id], row)
    this.#prefixes.putSync(row.id, row.prefix)
  }

  #find(id: string): KeyRow | null {
    const prefix = this.#prefixes.get(id)
    if (prefix !== undefined) return this.#rows.get([prefix, id]) ?? null
    for (const { key, value } of this.#rows.getRange()) if (key[1] === id) return value
    return null
  }
}

const wasUsed = (use: readonly [string, number | undefined]): use is readonly [string, number] => use[1] !== undefined

/** The keys alone, for commands beside a running gateway: takes no ownership of the folder. */
export function openKeyStore(path: string): { readonly keys: KeyStore; close(): Promise<void> } {
  const env = openEnvironment(path)
  return { keys: new LmdbKeyStore(env), close: () => env.close() }
}
