// Customer keys in lmdb. Every read starts a new read transaction, so that a key another process made or revoked is seen at once.
import type { RootDatabase } from 'lmdb'
import type { KeyRow } from '../model/directory.ts'
import type { KeyStore } from '../model/state.ts'
import { openEnvironment } from './environment.ts'

/** Prefix first, so that one short range read finds a key. */
type RowId = [prefix: string, id: string]

export class LmdbKeyStore implements KeyStore {
  readonly #env: RootDatabase
  readonly #rows
  readonly #uses

  constructor(env: RootDatabase) {
    this.#env = env
    this.#rows = env.openDB<KeyRow, RowId>({ name: 'keys', encoding: 'json' })
    this.#uses = env.openDB<number, string>({ name: 'key-uses', encoding: 'json' })
  }

  findByPrefix(prefix: string): readonly KeyRow[] {
    this.#rows.resetReadTxn()
    // U+FFFF sorts behind every id.
    return [...this.#rows.getRange({ start: [prefix, ''], end: [prefix, '\uffff'] })].map(({ value }) => value)
  }

  list(): readonly KeyRow[] {
    this.#rows.resetReadTxn()
    return [...this.#rows.getRange()].map(({ value }) => value).sort((a, b) => (a.id < b.id ? -1 : 1))
  }

  /** Resolves when the row is on disk. */
  async put(row: KeyRow): Promise<void> {
    await this.#rows.put([row.prefix, row.id], row)
    await this.#rows.flushed
  }

  /** The first revocation stands: a second one keeps its time. */
  async revoke(id: string, atIso: string): Promise<boolean> {
    const found = this.#env.transactionSync(() => {
      const row = this.list().find((candidate) => candidate.id === id)
      if (row && row.revokedAt === null) this.#rows.putSync([row.prefix, row.id], { ...row, revokedAt: atIso })
      return row !== undefined
    })
    await this.#rows.flushed
    return found
  }

  async noteUsed(uses: ReadonlyMap<string, number>): Promise<void> {
    await this.#env.transaction(() => {
      for (const [id, at] of uses) if (at > (this.#uses.get(id) ?? 0)) void this.#uses.put(id, at)
    })
  }

  lastUsed(): ReadonlyMap<string, number> {
    this.#uses.resetReadTxn()
    return new Map([...this.#uses.getRange()].map(({ key, value }) => [key, value]))
  }
}

/** The keys alone, for commands beside a running gateway: takes no ownership of the folder. */
export function openKeyStore(path: string): { readonly keys: KeyStore; close(): Promise<void> } {
  const env = openEnvironment(path)
  return { keys: new LmdbKeyStore(env), close: () => env.close() }
}
