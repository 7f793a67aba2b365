// Approvals in lmdb: found by id, and by what they are for, so that the same request asks once.
import { hash } from 'node:crypto'
import type { RootDatabase } from 'lmdb'
import { GatewayError } from '../errors/gateway-error.ts'
import type { Approval, Approvals } from '../model/state.ts'
import type { Clock } from '../plugin/contract.ts'

/** People decide about these; nobody decides about more, and whoever sends ever new requests must not fill the disk. */
export const MAX_APPROVALS = 10_000
/** Longer ids are none of ours, and lmdb takes no keys without end. */
const MAX_ID_CHARS = 64

export class LmdbApprovals implements Approvals {
  readonly #env: RootDatabase
  readonly #clock: Clock
  readonly #most: number
  readonly #rows
  readonly #ids

  constructor(env: RootDatabase, clock: Clock, most: number) {
    this.#env = env
    this.#clock = clock
    this.#most = most
    this.#rows = env.openDB<Approval, string>({ name: 'approvals', encoding: 'json' })
    this.#ids = env.openDB<string, string>({ name: 'approvals-for', encoding: 'json' })
  }

  async request(fresh: Approval): Promise<Approval> {
    const kept = this.#env.transactionSync(() => {
      const known = this.find(this.#ids.get(purposeOf(fresh)) ?? '')
      if (known) return known
      this.#makeRoom()
      this.#rows.putSync(fresh.id, fresh)
      this.#ids.putSync(purposeOf(fresh), fresh.id)
      return fresh
    })
    await this.#rows.flushed
    return kept
  }

  find(id: string): Approval | null {
    if (id === '' || id.length > MAX_ID_CHARS) return null
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
    const { expired, open } = this.#sorted()
    // They are shown no more, whether or not this can be written now.
    if (expired.length > 0) this.#env.transaction(() => this.#remove(expired)).catch(() => undefined)
    return open.sort((a, b) => a.createdAt - b.createdAt)
  }

  #makeRoom(): void {
    if ((this.#rows.getStats() as { readonly entryCount: number }).entryCount < this.#most) return
    const { expired, open } = this.#sorted()
    if (open.length >= this.#most) throw tooManyApprovals(this.#most)
    this.#remove(expired)
  }

  /** All rows, by whether they still count. */
  #sorted(): { readonly expired: readonly Approval[]; readonly open: Approval[] } {
    const now = this.#clock.now()
    const rows = [...this.#rows.getRange()].map(({ value }) => value)
    return { expired: rows.filter(({ expiresAt }) => expiresAt <= now), open: rows.filter(({ expiresAt }) => expiresAt > now) }
  }

  /** Within a transaction. */
  #remove(expired: readonly Approval[]): void {
    for (const row of expired) {
      this.#rows.removeSync(row.id)
      if (this.#ids.get(purposeOf(row)) === row.id) this.#ids.removeSync(purposeOf(row))
    }
  }
}

function purposeOf({ tenant, keyId, contentHash }: Approval): string {
  return hash('sha256', JSON.stringify([tenant, keyId, contentHash]))
}

export function tooManyApprovals(most: number): GatewayError {
  return new GatewayError('state_unavailable', {
    message: `${most} requests wait for an approval; no more are taken until some are decided or expire.`,
  })
}
