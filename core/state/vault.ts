// The vault in lmdb: sealed values by (tenant, scope, name), and an index of the minutes in which they end, so that sweeping never reads them all.
import { createHash } from 'node:crypto'
import type { RangeOptions, RootDatabase } from 'lmdb'
import { GatewayError } from '../errors/gateway-error.ts'
import type { Clock } from '../plugin/contract.ts'
import type { Vault, VaultEntry, VaultScope } from '../model/state.ts'

type RowId = [tenant: string, scope: string, name: string]

const MINUTE_MS = 60_000
/** Entries that one sweep looks at: a beat of the event loop, not a pause. */
const SWEEP = 2000
/** lmdb keys are bounded to 1,978 bytes, and a tenant's id is whatever the configuration says. */
const MAX_TENANT_CHARS = 200
/** Milliseconds of the end, before the sealed bytes. */
const HEAD_BYTES = 8

export class LmdbVault implements Vault {
  readonly #env: RootDatabase
  readonly #clock: Clock
  readonly #maxEntries: number
  readonly #rows
  readonly #ends

  constructor(env: RootDatabase, clock: Clock, maxEntries: number) {
    this.#env = env
    this.#clock = clock
    this.#maxEntries = maxEntries
    this.#rows = env.openDB<Buffer, RowId>({ name: 'vault', encoding: 'binary' })
    this.#ends = env.openDB<true, [minute: number, ...RowId]>({ name: 'vault-ends', encoding: 'json' })
  }

  /** One transaction. Not on disk yet when it resolves, but out of this process: its end loses nothing, a power cut may. */
  async putMany(scope: VaultScope, entries: readonly VaultEntry[]): Promise<void> {
    await this.#makeRoom(entries.length)
    await this.#env.transaction(() => {
      for (const { name, sealed, expiresAt } of entries) {
        const id = rowId(scope, name)
        const before = this.#rows.get(id)
        if (before) void this.#ends.remove([minuteOf(endOf(before)), ...id])
        void this.#rows.put(id, withEnd(sealed, expiresAt))
        void this.#ends.put([minuteOf(expiresAt), ...id], true)
      }
    })
  }

  getMany(scope: VaultScope, names: readonly string[]): ReadonlyMap<string, Uint8Array> {
    const now = this.#clock.now()
    const found = new Map<string, Uint8Array>()
    for (const name of names) {
      const row = this.#rows.get(rowId(scope, name))
      if (row && endOf(row) > now) found.set(name, row.subarray(HEAD_BYTES))
    }
    return found
  }

  async sweep(): Promise<number> {
    const now = this.#clock.now()
    const due = [...this.#ends.getKeys({ end: [Math.floor(now / MINUTE_MS) + 1], limit: SWEEP } as RangeOptions)]
    if (due.length === 0) return 0
    let gone = 0
    await this.#env.transaction(() => {
      for (const key of due) {
        const [, ...id] = key
        const row = this.#rows.get(id)
        if (row && endOf(row) <= now) {
          void this.#rows.remove(id)
          gone++
        }
        void this.#ends.remove(key)
      }
    })
    return gone
  }

  async #makeRoom(wanted: number): Promise<void> {
    if (this.#size() + wanted <= this.#maxEntries) return
    for (let gone = 1; gone > 0;) {
      gone = await this.sweep()
      // Another sweep may have made room meanwhile.
      if (this.#size() + wanted <= this.#maxEntries) return
    }
    throw new GatewayError('state_unavailable', {
      message: `The vault holds ${this.#maxEntries} values and takes no more until some expire.`,
    })
  }

  #size(): number {
    return (this.#rows.getStats() as { readonly entryCount: number }).entryCount
  }
}

function rowId({ tenant, id }: VaultScope, name: string): RowId {
  return [tenant.length <= MAX_TENANT_CHARS ? tenant : createHash('sha256').update(tenant).digest('hex'), id, name]
}

/** The first minute in which it has expired. */
const minuteOf = (unixMs: number): number => Math.ceil(unixMs / MINUTE_MS)

const endOf = (row: Buffer): number => row.readDoubleBE(0)

function withEnd(sealed: Uint8Array, expiresAt: number): Buffer {
  const row = Buffer.allocUnsafe(HEAD_BYTES + sealed.length)
  row.writeDoubleBE(expiresAt, 0)
  row.set(sealed, HEAD_BYTES)
  return row
}
