// The amounts of limits as the policies and the configuration in force write them, for whoever looks at counters that this process has not met yet,
// and for whoever wants to raise one.
import { readQuota, type CounterIdentity, type Host, type KeyRow, type Quota, type VerbUse } from '../../core/plugin/index.ts'
import { scaled, unitOf, windowOf } from './limits.ts'
import { readQuotaNoun, type QuotaOwner } from './vocabulary.ts'

type Facts = Pick<Host, 'directory' | 'state' | 'usesOf'>

/** By which value of a counter its quota is found. */
const FOUND_BY: { readonly [owner in QuotaOwner]: string } = {
  tenant: 'tenant.id',
  feature: 'feature.name',
  user: 'user.id',
  key: 'key.family',
}

/** Reads them all at once: what it says is as old as it is. */
export class WrittenLimits {
  readonly #facts: Facts
  readonly #uses: ReadonlyMap<string, readonly VerbUse[]>
  readonly #keys: ReadonlyMap<string, KeyRow>

  private constructor(facts: Facts, keys: readonly KeyRow[]) {
    this.#facts = facts
    this.#uses = Map.groupBy(facts.usesOf('limit'), ({ policy }) => policy)
    this.#keys = new Map([...facts.directory.keys, ...keys].map((row) => [row.id, row]))
  }

  /** Asks the state store for keys, which alone know their quotas. */
  static async read(facts: Facts): Promise<WrittenLimits> {
    return new WrittenLimits(facts, await facts.state.keys.list())
  }

  /** In the unit of the counter, money in nano-units; null: there is no such limit; undefined: only an exchange tells. */
  of(identity: CounterIdentity): number | null | undefined {
    const amounts = new Set<number | null | undefined>()
    for (const use of this.#uses.get(identity.policy) ?? []) if (isOf(use, identity)) amounts.add(this.#amountOf(use, identity))
    // Overlays of a policy may differ.
    return amounts.size === 1 ? [...amounts][0] : amounts.size === 0 ? null : undefined
  }

  #amountOf(use: VerbUse, identity: CounterIdentity): number | null | undefined {
    const { amount } = use.operands
    if (typeof amount === 'number') return scaled(amount, unitOf(use.operands))
    if (typeof amount !== 'object' || !('attribute' in amount)) return undefined
    const noun = readQuotaNoun(amount.attribute)
    if (noun === null) return undefined
    const quota = this.#quotaOf(noun.owner, use, identity)
    return quota ? scaled(noun.read(quota), unitOf(use.operands)) : quota
  }

  /** Null: whom it counts for has none. */
  #quotaOf(owner: QuotaOwner, use: VerbUse, { tenant, values }: CounterIdentity): Quota | null | undefined {
    const id = values[byOf(use).indexOf(FOUND_BY[owner])]
    if (id === undefined) return undefined
    const { tenants, features, users } = this.#facts.directory
    if (owner === 'tenant') return tenants.get(id)?.quota ?? null
    if (owner === 'feature') return features.get(id)?.quota ?? null
    if (owner === 'user') return users.get(id)?.tenant === tenant ? (users.get(id)!.quota ?? null) : null
    const { quota } = this.#latestOf(id) ?? {}
    return quota ? readQuota(quota) : null
  }

  /** A family of keys is named by its first; the last one is what people use. */
  #latestOf(id: string): KeyRow | undefined {
    let row = this.#keys.get(id)
    for (const seen = new Set([id]); row?.rotatedTo !== undefined && !seen.has(row.rotatedTo);) {
      seen.add(row.rotatedTo)
      row = this.#keys.get(row.rotatedTo) ?? row
    }
    return row
  }
}

/** Units in which a policy limits something; none: it sets no limit that can be raised. */
export function limitedUnits(uses: readonly VerbUse[], policy: string): readonly string[] {
  const units = uses.filter((use) => use.policy === policy && use.operands.attribute !== undefined).map(({ operands }) => unitOf(operands))
  return [...new Set(units)]
}

function isOf(use: VerbUse, { unit, window, values }: CounterIdentity): boolean {
  const { operands } = use
  return (
    operands.attribute !== undefined && unitOf(operands) === unit && windowOf(operands) === window && byOf(use).length === values.length
  )
}

function byOf({ operands: { attribute } }: VerbUse): readonly string[] {
  return [attribute].flat().map((by) => (typeof by === 'object' && 'attribute' in by ? by.attribute : String(by)))
}
