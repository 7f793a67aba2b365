// The claims of one call by tenant, as scripts take them, and what scripts answer in the order of the call.
import { tenantOfCounter } from '../../model/counters.ts'
import type { Claim, Level, Reserved } from '../../model/state.ts'

/** The claims of one call that belong to one tenant, one for each counter. */
export interface Part {
  readonly tenant: string
  readonly claims: readonly Claim[]
  readonly places: readonly Place[]
}

/** Where a claim stood in the call, and which of the part's it is. */
interface Place {
  readonly from: number
  readonly at: number
}

export function extraOf(claim: Claim): number {
  if (claim.kind === 'window') return claim.endsAt
  return claim.kind === 'rate' ? claim.periodMs : claim.leaseMs
}

/** What `untake` has to know beside the amount: what one unit of a rate costs, and whether a slot is a new one. */
export function partCost(claim: Claim, fresh: number): number {
  if (claim.kind !== 'rate') return fresh
  return claim.limit === 0 ? 0 : claim.periodMs / claim.limit
}

/** By tenant. Nearly always one. */
export function partsOf(claims: readonly Claim[]): readonly Part[] {
  const parts = new Map<string, { tenant: string; claims: Claim[]; places: Place[] }>()
  claims.forEach((claim, from) => {
    const tenant = tenantOfCounter(claim.counter)
    let part = parts.get(tenant)
    if (!part) parts.set(tenant, (part = { tenant, claims: [], places: [] }))
    const same = part.claims.findIndex(({ counter, kind }) => counter === claim.counter && kind === claim.kind)
    part.places.push({ from, at: same < 0 ? part.claims.length : same })
    if (same < 0) part.claims.push(claim)
    else part.claims[same] = together(part.claims[same]!, claim)
  })
  return [...parts.values()]
}

/** Two claims on one counter as one. */
function together(one: Claim, other: Claim): Claim {
  const limit = Math.min(one.limit, other.limit)
  return one.kind === 'slot' || other.kind === 'slot' ? { ...one, limit } : { ...one, limit, amount: one.amount + other.amount }
}

export function levelsOf(claims: readonly Claim[], parts: readonly Part[], answers: readonly (readonly number[])[]): readonly Level[] {
  const levels = new Array<Level>(claims.length)
  parts.forEach(({ places }, p) => {
    const answer = answers[p]!
    for (const { from, at } of places) {
      const { counter, limit } = claims[from]!
      levels[from] = { counter, used: Number(answer[3 * at + 1]), settled: Number(answer[3 * at + 2]), limit }
    }
  })
  return levels
}

export function refusalOf({ claims }: Part, [, index, used, settled, wait]: readonly number[]): Reserved {
  const claim = claims[index!]!
  const level = { counter: claim.counter, used: Number(used), settled: Number(settled), limit: claim.limit }
  return { ok: false, claim, level, retryAfterMs: wait! < 0 ? null : wait! }
}
