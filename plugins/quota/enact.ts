// What the verb `limit` does to an exchange: read the limits, bound the output, reserve everything in one call, and hold it until settlement.
import {
  GatewayError,
  type Change,
  type Claim,
  type EffectCall,
  type EnactView,
  type Hold,
  type Json,
  type Ledger,
  type Level,
} from '../../core/plugin/index.ts'
import { boughtTokens, boundParameter, countsOutput, ownBound, perChoice, type BoundSettings } from './bound.ts'
import { amountFor, fixedHold, StreamHold, type Reservation } from './holds.ts'
import { claimOn, readLimits, type Limit, type Limits } from './limits.ts'
import { worstPrice, type Price } from './price.ts'
import type { LearnedOutput } from './learned.ts'
import { refusalOf } from './refusals.ts'

type Awaitable<T> = T | Promise<T>

export interface QuotaSettings extends BoundSettings {
  /** A slot whose exchange never ended is free again after this. */
  readonly slotLeaseSeconds: number
  /** Output reserved for a stream of a feature that nothing is known of yet. */
  readonly streamStartTokens: number
}

/** What one snapshot's `limit` works with. */
export interface QuotaService {
  readonly ledger: Ledger
  readonly learned: LearnedOutput
  readonly settings: QuotaSettings
}

/** Everything known before the ledger is asked. */
interface Plan {
  readonly view: EnactView
  readonly limits: Limits
  readonly price: Price
  readonly ownBound: number
}

/** Synchronous with a synchronous ledger. */
export function enactLimits(service: QuotaService, view: EnactView, calls: readonly EffectCall[]): Awaitable<Change | GatewayError> {
  const limits = readLimits(view, calls)
  const price = worstPrice(view.candidates)
  const bound = ownBound(view, limits, price, service.settings)
  if (bound instanceof GatewayError) return bound
  const plan = { view, limits, price, ownBound: bound }
  if (limits.amounts.length === 0 && limits.slots.length === 0) return capped(view, bound)

  const counting = limits.amounts.filter(countsOutput)
  const levels = counting.map(({ counter, window }) => (window === 'minute' ? 0 : service.ledger.level(counter)))
  return after(allOf(levels), (known) => reserve(service, plan, boughtTokens(counting, known, price, view.promptTokens)))
}

function reserve(service: QuotaService, plan: Plan, bought: number): Awaitable<Change | GatewayError> {
  const { view, limits } = plan
  // Streams are bounded as they flow; only whole answers must be bounded before they begin.
  const bound = view.request.stream ? plan.ownBound : Math.min(plan.ownBound, bought)
  const outputTokens = Math.min(bound, bought, firstReservation(service, view, bound))
  const claims = claimsOf(service, plan, outputTokens)
  return after(service.ledger.reserve(view.id, claims), (reserved) => {
    if (!reserved.ok) return refusalOf(reserved, limitOf(limits, reserved.claim))
    const hold = holdOf(service, plan, outputTokens, bound)
    return { ...capped(view, bound, softWarnings(limits.amounts, reserved.levels, claims)), hold }
  })
}

/** Whole answers reserve their bound; streams, and answers that nothing bounds, what is usual for the feature. */
function firstReservation({ learned, settings }: QuotaService, view: EnactView, bound: number): number {
  if (!view.request.stream && bound !== Infinity) return bound
  return learned.p95(view.feature?.name ?? '', settings.streamStartTokens)
}

/** Amounts first, in the order of the limits: `softWarnings` relies on it. */
function claimsOf({ settings }: QuotaService, { view, limits, price }: Plan, outputTokens: number): readonly Claim[] {
  const claims: Claim[] = limits.amounts.map((limit) => claimOn(limit, amountFor(limit, price, view.promptTokens, outputTokens)))
  for (const { counter, limit } of limits.slots) claims.push({ kind: 'slot', counter, limit, leaseMs: settings.slotLeaseSeconds * 1000 })
  return claims
}

function holdOf({ ledger, learned }: QuotaService, { view, limits, price }: Plan, outputTokens: number, bound: number): Hold {
  const reservation: Reservation = {
    id: view.id,
    ledger,
    limits: limits.amounts,
    price,
    promptTokens: view.promptTokens,
    outputTokens,
    onUsed: ({ usage, usageSource }) => {
      if (usageSource === 'provider' && usage.completion > 0) learned.learn(view.feature?.name ?? '', usage.completion)
    },
  }
  return view.request.stream ? new StreamHold(reservation, bound) : fixedHold(reservation)
}

/** The change that makes a bound hold upstream, with the warning that says so. */
function capped(view: EnactView, tokens: number, warnings: readonly string[] = []): Change {
  const each = perChoice(view, tokens)
  if (each === null) return warnings.length === 0 ? {} : { warnings }
  const params: { [name: string]: Json } = { [boundParameter(view)]: each }
  return { params, warnings: ['output_capped', ...warnings] }
}

/** Judged by what is booked, not by reservations: a worst case is no news. */
function softWarnings(limits: readonly Limit[], levels: readonly Level[], claims: readonly Claim[]): readonly string[] {
  const warnings = new Set<string>()
  limits.forEach(({ soft, unit }, i) => {
    if (soft === null) return
    const claim = claims[i]!
    const booked = levels[i]!.settled - (claim.kind === 'rate' ? claim.amount : 0)
    if (booked >= soft) warnings.add(unit === 'money' ? 'budget_soft' : 'quota_soft')
  })
  return [...warnings]
}

function limitOf({ amounts, slots }: Limits, { counter }: Claim): Limit | Limits['slots'][number] {
  return amounts.find((limit) => limit.counter === counter) ?? slots.find((limit) => limit.counter === counter)!
}

function allOf<T>(values: readonly Awaitable<T>[]): Awaitable<readonly T[]> {
  return values.some((value) => value instanceof Promise) ? Promise.all(values) : (values as readonly T[])
}

function after<T, U>(value: Awaitable<T>, next: (value: T) => Awaitable<U>): Awaitable<U> {
  return value instanceof Promise ? value.then(next) : next(value)
}
