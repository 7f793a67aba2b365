// Approvals in Redis: rows by id, an index by what they are for, and one by age. All of them expire.
import type { Approval, Approvals } from '../../model/state.ts'
import type { Clock } from '../../plugin/contract.ts'
import { tooManyApprovals } from '../approvals.ts'
import type { Link } from './link.ts'

/** No approval lives longer (`core/pipeline/approve.ts`). */
const LONGEST_LIFE_MS = 24 * 3_600_000

export class RedisApprovals implements Approvals {
  readonly #link: Link
  readonly #clock: Clock
  readonly #most: number

  constructor(link: Link, clock: Clock, most: number) {
    this.#link = link
    this.#clock = clock
    this.#most = most
  }

  async request(fresh: Approval): Promise<Approval> {
    const { id, tenant, keyId, contentHash, createdAt, expiresAt } = fresh
    const now = this.#clock.now()
    const keys = this.#link.names.approvalFor(id, tenant, keyId, contentHash)
    const bounds = [this.#most, LONGEST_LIFE_MS]
    const row = await this.#link.run('approvalRequest', keys, [
      now,
      id,
      JSON.stringify(fresh),
      createdAt,
      Math.max(1, expiresAt - now),
      ...bounds,
    ])
    if (row === null) throw tooManyApprovals(this.#most)
    return JSON.parse(row as string) as Approval
  }

  async find(id: string): Promise<Approval | null> {
    const row = await this.#read(id)
    return row === null ? null : this.#current(row)
  }

  async decide(id: string, verdict: 'approved' | 'rejected', by: string, atMs: number): Promise<Approval | null> {
    for (;;) {
      const kept = await this.#read(id)
      const row = kept === null ? null : this.#current(kept)
      if (row?.state !== 'pending') return row
      const next: Approval = { ...row, state: verdict, decidedBy: by, decidedAt: atMs }
      if ((await this.#link.run('approvalReplace', this.#link.names.approval(id), [kept!, JSON.stringify(next)])) === 1) return next
    }
  }

  async list(): Promise<readonly Approval[]> {
    const index = this.#link.names.approval('')[0]!
    const ids = await this.#link.call((client) => client.zrange(index, '0', '-1'))
    const rows = await Promise.all(ids.map((id) => this.find(id)))
    const gone = ids.filter((_, i) => !rows[i])
    if (gone.length > 0) await this.#link.call((client) => client.zrem(index, ...gone))
    return rows.filter((row) => row !== null)
  }

  #read(id: string): Promise<string | null> {
    return this.#link.call((client) => client.get(this.#link.names.approval(id)[1]!))
  }

  #current(kept: string): Approval | null {
    const row = JSON.parse(kept) as Approval
    return row.expiresAt > this.#clock.now() ? row : null
  }
}
