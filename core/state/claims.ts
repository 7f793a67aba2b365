// What every ledger asks of a claim before it counts it.
import type { Claim } from '../model/state.ts'

/** Throws RangeError on amounts that are no integers of 0 to 2⁵³ − 1. */
export function checkClaim(claim: Claim): void {
  const amount = claim.kind === 'slot' ? 1 : claim.amount
  if (Number.isSafeInteger(amount) && amount >= 0 && Number.isSafeInteger(claim.limit) && claim.limit >= 0) return
  throw new RangeError(`limit ${claim.counter}: amount ${amount} and limit ${claim.limit} must be integers from 0 to 2^53 - 1`)
}
