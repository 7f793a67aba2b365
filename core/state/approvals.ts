// Approvals in lmdb: found by id, and by what they are for, so that the same request asks once.
import type { RootDatabase } from 'lmdb'
import type { Approval, Approvals } from '../model/state.ts'
import type { Clock } from '../plugin/contract.ts'

export class LmdbApprovals implements Approvals {
  readonly #env: RootDatabase
  readonly #clock: Clock
  readonly #rows

  constructor(env: RootDatabase, clock: Clock) {
    this.#env = env
    this.#clock = clock
    this.#rows = env.openDB<Approval, string>({ name: 'approvals', encoding: 'json' })
  }

  async request(fresh: Approval): Promise<Approval> {
    const kept = this.#env.transactionSync(() => {
      const known = this.#all().find((row) => isFor(row, fresh))
      if (known) return known
      this.#rows.putSync(fresh.id, fresh)
      return fresh
    })
    await this.#rows.flushed
    return kept
  }

  find(id: string): Approval | null {
    const row = this.#rows.get(id)
    return row && row.expiresAt > this.#clock.now() ? row : null
  }

  async decide(id: string, verdict: 'approved' | 'rejected', by: string, atMs: number): Promise<Approval | null> {
    const decided = this.#env.transactionSync(() => {
      const row = this.find(id)
      if (row?.state !== 'pending') return row
      const next = { ...row, state: verdict, decidedBy: by, decidedAt: atMs }
      this.#rows.putSync(id, next)
      return next
    })
    await this.#rows.flushed
    return decided
  }

  list(): readonly Approval[] {
    return this.#all().sort((a, b) => a.createdAt - b.createdAt)
  }

  /** Those that count; the others are removed on the way. */
  #all(): Approval[] {
    const now = this.#clock.now()
    const rows = [...this.#rows.getRange()].map(({ value }) => value)
    for (const { id, expiresAt } of rows) if (expiresAt <= now) void this.#rows.remove(id)
    return rows.filter(({ expiresAt }) => expiresAt > now)
  }
}

function isFor(row: Approval, { tenant, keyId, contentHash }: Approval): boolean {
  return row.tenant === tenant && row.keyId === keyId && row.contentHash === contentHash
}
