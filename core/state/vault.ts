// The vault in lmdb: sealed values by (tenant, scope, name), an index of the minutes in which they end, so that sweeping never reads them all,
// and how many each tenant holds, so that none can fill it for the others.
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
/** In a vault more than half full a tenant may hold so many times what is free: alone four fifths of it, and a newcomer always finds room. */
const SHARE_OF_FREE = 4
/** Milliseconds of the end, before the sealed bytes. */
const HEAD_BYTES = 8

export class LmdbVault implements Vault {
  readonly #env: RootDatabase
  readonly #clock: Clock
  readonly #maxEntries: number
  readonly #rows
  readonly #ends
  readonly #held

  constructor(env: RootDatabase, clock: Clock, maxEntries: number) {
    this.#env = env
    this.#clock = clock
    this.#maxEntries = maxEntries
    this.#rows = env.openDB<Buffer, RowId>({ name: 'vault', encoding: 'binary' })
    this.#ends = env.openDB<true, [minute: number, ...RowId]>({ name: 'vault-ends', encoding: 'json' })
    this.#held = env.openDB<number, string>({ name: 'vault-held', encoding: 'json' })
  }

  /** One transaction. Not on disk yet when it resolves, but out of this process: its end loses nothing, a power cut may. */
  async putMany(scope: VaultScope, entries: readonly VaultEntry[]): Promise<void> {
    if (!this.#hasRoom(scope, entries)) await this.#makeRoom(scope, entries)
    await this.#env.transaction(() => {
      this.#hold(scope.tenant, this.#newIn(scope, entries))
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
          this.#hold(id[0], -1)
          gone++
        }
        void this.#ends.remove(key)
      }
    })
    return gone
  }

  async #makeRoom(scope: VaultScope, entries: readonly VaultEntry[]): Promise<void> {
    for (let gone = 1; gone > 0;) {
      gone = await this.sweep()
      // Another sweep may have made room meanwhile.
      if (this.#hasRoom(scope, entries)) return
    }
    throw new GatewayError('state_unavailable', {
      message: `The vault holds ${this.#size()} of ${this.#maxEntries} values and takes no more of this tenant until some expire.`,
    })
  }

  /** What is kept anew needs no room. */
  #hasRoom(scope: VaultScope, entries: readonly VaultEntry[]): boolean {
    const size = this.#size()
    if ((size + entries.length) * 2 <= this.#maxEntries) return true
    const wanted = this.#newIn(scope, entries)
    if (wanted === 0) return true
    const free = this.#maxEntries - size - wanted
    if (free < 0) return false
    return size * 2 <= this.#maxEntries || this.#heldBy(scope.tenant) + wanted <= free * SHARE_OF_FREE
  }

  #newIn(scope: VaultScope, entries: readonly VaultEntry[]): number {
    const names = new Set(entries.map(({ name }) => name))
    return [...names].filter((name) => !this.#rows.doesExist(rowId(scope, name))).length
  }

  #heldBy(tenant: string): number {
    return this.#held.get(shortTenant(tenant)) ?? 0
  }

  /** Inside a transaction. */
  #hold(tenant: string, more: number): void {
    if (more !== 0) void this.#held.put(shortTenant(tenant), Math.max(0, this.#heldBy(tenant) + more))
  }

  #size(): number {
    return (this.#rows.getStats() as { readonly entryCount: number }).entryCount
  }
}

const rowId = ({ tenant, id }: VaultScope, name: string): RowId => [shortTenant(tenant), id, name]

const shortTenant = (tenant: string): string =>
  tenant.length <= MAX_TENANT_CHARS ? tenant : createHash('sha256').update(tenant).digest('hex')

/** The first minute in which it has expired. */
const minuteOf = (unixMs: number): number => Math.ceil(unixMs / MINUTE_MS)

/** A row that is broken has ended. */
const endOf = (row: Buffer): number => (row.length < HEAD_BYTES ? 0 : row.readDoubleBE(0))

function withEnd(sealed: Uint8Array, expiresAt: number): Buffer {
  const row = Buffer.allocUnsafe(HEAD_BYTES + sealed.length)
  row.writeDoubleBE(expiresAt, 0)
  row.set(sealed, HEAD_BYTES)
  return row
}
