// A vault in memory for tests of what is behind it; the real ones are held to their promises by `test/contract/state.test.ts`.
import type { Vault, VaultEntry, VaultScope } from '../../core/model/state.ts'
import type { Clock } from '../../core/plugin/index.ts'

interface Row extends VaultEntry {
  readonly scope: VaultScope
}

export class MemoryVault implements Vault {
  readonly #clock: Clock
  readonly #rows = new Map<string, Row>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  putMany(scope: VaultScope, entries: readonly VaultEntry[]): void {
    for (const entry of entries) this.#rows.set(keyOf(scope, entry.name), { ...entry, scope })
  }

  getMany(scope: VaultScope, names: readonly string[]): ReadonlyMap<string, Uint8Array> {
    const rows = names.flatMap((name) => this.#rows.get(keyOf(scope, name)) ?? [])
    return new Map(rows.filter(({ expiresAt }) => expiresAt > this.#clock.now()).map(({ name, sealed }) => [name, sealed]))
  }

  sweep(): number {
    return 0
  }

  all(): readonly Row[] {
    return [...this.#rows.values()]
  }

  lastExpiry(name: string): number {
    return Math.max(...this.all().flatMap((row) => (row.name === name ? [row.expiresAt] : [])))
  }
}

const keyOf = ({ tenant, id }: VaultScope, name: string): string => JSON.stringify([tenant, id, name])
