// The vault in Redis: each value is a key of its own that expires; an index per tenant bounds their number and finds what has ended.
import { GatewayError } from '../../errors/gateway-error.ts'
import type { Vault, VaultEntry, VaultScope } from '../../model/state.ts'
import type { Clock } from '../../plugin/contract.ts'
import type { Link } from './link.ts'

const SWEEP = 2000
/** Milliseconds of the end, before the sealed bytes: the moment itself counts, and the server's expiry is only tidiness. */
const HEAD_BYTES = 8

export class RedisVault implements Vault {
  readonly #link: Link
  readonly #clock: Clock
  readonly #maxEntries: number
  /** Tenants that are known to stand in the list that sweeping reads. */
  readonly #listed = new Set<string>()

  /** `maxEntries`: of each tenant. */
  constructor(link: Link, clock: Clock, maxEntries: number) {
    this.#link = link
    this.#clock = clock
    this.#maxEntries = maxEntries
  }

  async putMany(scope: VaultScope, entries: readonly VaultEntry[]): Promise<void> {
    if (entries.length === 0) return
    const members = entries.map(({ name }) => memberOf(scope, name))
    const args = entries.flatMap(({ sealed, expiresAt }, i) => [members[i]!, expiresAt, withEnd(sealed, expiresAt)])
    await this.#list(scope.tenant)
    const keys = this.#link.names.vault(scope.tenant, members)
    if ((await this.#link.run('vaultPut', keys, [this.#clock.now(), this.#maxEntries, ...args])) === 1) return
    throw new GatewayError('state_unavailable', {
      message: `The vault holds ${this.#maxEntries} values of this tenant and takes no more until some expire.`,
    })
  }

  async getMany(scope: VaultScope, names: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>> {
    if (names.length === 0) return new Map()
    const [, ...keys] = this.#link.names.vault(
      scope.tenant,
      names.map((name) => memberOf(scope, name)),
    )
    const rows = await this.#link.call((client) => client.mgetBuffer(...keys))
    const now = this.#clock.now()
    const found = new Map<string, Uint8Array>()
    rows.forEach((row, i) => {
      if (row && row.readDoubleBE(0) > now) found.set(names[i]!, row.subarray(HEAD_BYTES))
    })
    return found
  }

  async sweep(): Promise<number> {
    const tenants = await this.#link.call((client) => client.smembers(this.#link.names.vaultTenants()))
    let gone = 0
    for (const tenant of tenants)
      gone += Number(await this.#link.run('vaultSweep', this.#link.names.vault(tenant, []), [this.#clock.now(), SWEEP]))
    return gone
  }

  async #list(tenant: string): Promise<void> {
    if (this.#listed.has(tenant)) return
    await this.#link.call((client) => client.sadd(this.#link.names.vaultTenants(), tenant))
    this.#listed.add(tenant)
  }
}

/** The id's length comes first, so that no two pairs read the same. */
function memberOf({ id }: VaultScope, name: string): string {
  return `${id.length}:${id}:${name}`
}

function withEnd(sealed: Uint8Array, expiresAt: number): Buffer {
  const row = Buffer.allocUnsafe(HEAD_BYTES + sealed.length)
  row.writeDoubleBE(expiresAt, 0)
  row.set(sealed, HEAD_BYTES)
  return row
}
