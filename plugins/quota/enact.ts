// What the verb `limit` does to an exchange: read the limits, bound the output, reserve everything in one call, and hold it until settlement.
import {
  GatewayError,
  type Change,
  type Claim,
  type Clock,
  type EffectCall,
  type EnactView,
  type Hold,
  type Json,
  type Ledger,
  type Level,
  type Reserved,
  type Settlement,
} from '../../core/plugin/index.ts'
import { after, STORE_MS, withDeadline, type Awaitable } from './awaitable.ts'
import { boughtTokens, boundParameter, choicesOf, ownBound, perChoice, roomFor, type BoundSettings } from './bound.ts'
import { amountFor, EXTEND_AT, fixedHold, StreamHold, usedOf, type Reservation } from './holds.ts'
import type { KnownLimits } from './known-limits.ts'
import { claimOn, limitNow, readLimits, type Limit, type Limits, type WhileAway } from './limits.ts'
import { bookedOf, type Notices } from './notices.ts'
import { worstPrice, type Price } from './price.ts'
import type { LearnedOutput } from './learned.ts'
import type { RaisesCopy } from './raises.ts'
import { rateHeaders } from './rate-headers.ts'
import { refusalOf, slotsTaken } from './refusals.ts'

export interface QuotaSettings extends BoundSettings {
  /** A slot whose exchange never ended is free again after this. */
  readonly slotLeaseSeconds: number
  /** Output reserved for a stream of a feature that nothing is known of yet. */
  readonly streamStartTokens: number
  /** While a shared state store cannot be reached: refuse, or count in this process alone. */
  readonly whileAway: WhileAway
  /** By the id of the policy that limits. */
  readonly whileAwayOf: { readonly [policy: string]: WhileAway }
}

/** What one snapshot's `limit` works with. */
export interface QuotaService {
  readonly ledger: Ledger
  readonly learned: LearnedOutput
  readonly settings: QuotaSettings
  /** Code of the base currency. */
  readonly currency: string
  readonly clock: Clock
  readonly raises: RaisesCopy
  readonly notices: Notices
  readonly known: KnownLimits
}

/** Everything known before the ledger is asked. */
interface Plan {
  readonly view: EnactView
  readonly limits: Limits
  readonly price: Price
  readonly ownBound: number
  /** Output tokens that each limit would buy if nothing of it were used. */
  readonly ceiling: number
}

/** Synchronous with a synchronous store. A store that fails or hangs refuses. */
export function enactLimits(service: QuotaService, view: EnactView, calls: readonly EffectCall[]): Awaitable<Change | GatewayError> {
  const done = after(service.raises.current(), (raises) => {
    const now = service.clock.now()
    const limits = readLimits(view, calls, { now, raises, whileAway: (policy) => whileAwayOf(service.settings, policy) })
    return enactRead(service, view, limits)
  })
  if (!(done instanceof Promise)) return done
  return withDeadline(done, STORE_MS, service.clock, () => {
    // What is reserved later belongs to nobody.
    done.then((change) => change instanceof GatewayError || service.ledger.settle(view.id, new Map())).catch(() => undefined)
    return storeFailed(new Error(`no answer within ${STORE_MS} ms`))
  }).catch(storeFailed)
}

function enactRead(service: QuotaService, view: EnactView, limits: Limits): Awaitable<Change | GatewayError> {
  const price = worstPrice(view.candidates)
  const bound = ownBound(view, limits, price, service)
  if (bound instanceof GatewayError) return bound
  if (limits.amounts.length === 0 && limits.slots.length === 0) return capped(view, bound)
  const ceiling = boughtTokens(limits.amounts, price, view)
  return reserve(service, { view, limits, price, ownBound: bound, ceiling }, ceiling, limits.amounts.length)
}

/** Asks for the most that the limits may buy; where less of one is left, it asks again for that, once per limit. */
function reserve(service: QuotaService, plan: Plan, bought: number, tries: number): Awaitable<Change | GatewayError> {
  const { view } = plan
  // Streams are bounded as they flow; only whole answers must be bounded before they begin.
  const bound = view.request.stream ? plan.ownBound : Math.min(plan.ownBound, bought)
  const outputTokens = Math.min(bound, bought, firstReservation(service, view, bound))
  const claims = claimsOf(service, plan, outputTokens)
  return after(service.ledger.reserve(view.id, claims), (reserved) => {
    if (reserved.ok) return granted(service, plan, { reserved, claims, outputTokens, bound })
    const limit = limitOf(plan.limits, reserved.claim)
    const room = limit.kind === 'slots' || tries === 0 ? 0 : roomFor(limit, reserved.level.used, plan.price, view.promptTokens)
    return room >= choicesOf(view) && room < outputTokens
      ? reserve(service, plan, room, tries - 1)
      : refused(service, plan, reserved, limit)
  })
}

interface Grant {
  readonly reserved: Extract<Reserved, { ok: true }>
  readonly claims: readonly Claim[]
  readonly outputTokens: number
  readonly bound: number
}

function granted(service: QuotaService, plan: Plan, { reserved, claims, outputTokens, bound }: Grant): Change {
  const { amounts } = plan.limits
  const warnings = reserved.local ? ['limits_local'] : []
  amounts.forEach((limit, i) => {
    const claim = claims[i]!
    const level = reserved.levels[i]!
    service.known.note(limit)
    if (limit.soft === null) return
    const booked = bookedOf(limit, level, claim.kind === 'slot' ? 0 : claim.amount)
    if (booked < limit.soft) return
    warnings.push(limit.unit === 'money' ? 'budget_soft' : 'quota_soft')
    service.notices.tell('soft', limit, booked)
  })
  // A whole answer is told what is left once it is settled; the head of a stream is out long before.
  const responseHeaders = plan.view.request.stream ? rateHeaders(amounts, reserved.levels, service.clock.now()) : null
  const change = { ...capped(plan.view, bound, warnings), hold: holdOf(service, plan, { levels: reserved.levels, outputTokens, bound }) }
  return responseHeaders === null ? change : { ...change, responseHeaders }
}

function refused(
  service: QuotaService,
  { view, price }: Plan,
  reserved: Extract<Reserved, { ok: false }>,
  limit: Limits['slots'][number] | Limit,
): GatewayError {
  const now = service.clock.now()
  if (limit.kind === 'slots') return slotsTaken(reserved, limit)
  service.known.note(limit)
  service.notices.tell('reached', limit, reserved.level.used)
  if (limit.soft !== null && reserved.level.used >= limit.soft) service.notices.tell('soft', limit, reserved.level.used)
  const least = amountFor(limit, price, view.promptTokens, choicesOf(view))
  return refusalOf(reserved, limit, { now, least, currency: service.currency })
}

/**
 * Whole answers reserve their bound; answers that nothing bounds what is usual for the feature, and streams so much that one of usual length ends
 * before it has to ask for more.
 */
function firstReservation({ learned, settings }: QuotaService, view: EnactView, bound: number): number {
  if (!view.request.stream && bound !== Infinity) return bound
  const usual = learned.p95(view.feature?.name ?? '', 0)
  if (usual === 0) return settings.streamStartTokens
  return view.request.stream ? Math.ceil((usual + 1) / EXTEND_AT) : usual
}

/** Amounts first, in the order of the limits: whoever reads the levels relies on it. */
function claimsOf({ settings }: QuotaService, { view, limits, price }: Plan, outputTokens: number): readonly Claim[] {
  const claims: Claim[] = limits.amounts.map((limit) => claimOn(limit, amountFor(limit, price, view.promptTokens, outputTokens)))
  const leaseMs = settings.slotLeaseSeconds * 1000
  for (const { counter, limit, whileAway } of limits.slots) claims.push({ kind: 'slot', counter, limit, leaseMs, whileAway })
  return claims
}

function holdOf(
  { ledger, learned, notices, raises, clock, currency }: QuotaService,
  { view, limits, price }: Plan,
  { levels, outputTokens, bound }: Pick<Grant, 'outputTokens' | 'bound'> & { readonly levels: readonly Level[] },
): Hold {
  const reservation: Reservation = {
    id: view.id,
    ledger,
    clock,
    currency,
    limits: limits.amounts,
    price,
    promptTokens: view.promptTokens,
    outputTokens,
    levels,
    now: (limit) => limitNow(limit, raises.latest(), view.tenant.id, clock.now()),
    onUsed: (settlement) => {
      const { usage, usageSource } = settlement
      if (usageSource === 'provider' && usage.completion > 0) learned.learn(view.feature?.name ?? '', usage.completion)
      limits.amounts.forEach((limit, i) => {
        if (limit.soft === null) return
        // Nobody may ask again; others that settled meanwhile have told of themselves.
        const booked = bookedWith(limit, levels[i]!, settlement)
        if (booked >= limit.soft) notices.tell('soft', limit, booked)
      })
    },
  }
  return view.request.stream ? new StreamHold(reservation, bound) : fixedHold(reservation)
}

/** What is booked of a window together with this exchange. Of requests what is reserved will be used. */
function bookedWith(limit: Limit, { used, settled }: Level, settlement: Settlement): number {
  return limit.unit === 'requests' ? used : settled + usedOf(limit, settlement)
}

/** The change that makes a bound hold upstream, with the warning that says so. */
function capped(view: EnactView, tokens: number, warnings: readonly string[] = []): Change {
  const each = perChoice(view, tokens)
  if (each === null) return warnings.length === 0 ? {} : { warnings }
  const params: { [name: string]: Json } = { [boundParameter(view)]: each }
  return { params, warnings: ['output_capped', ...warnings] }
}

function limitOf({ amounts, slots }: Limits, { counter }: Claim): Limit | Limits['slots'][number] {
  return amounts.find((limit) => limit.counter === counter) ?? slots.find((limit) => limit.counter === counter)!
}

function whileAwayOf({ whileAway, whileAwayOf: ofPolicy }: QuotaSettings, policy: string): WhileAway {
  return Object.hasOwn(ofPolicy, policy) ? ofPolicy[policy]! : whileAway
}

function storeFailed(error: unknown): GatewayError {
  return error instanceof GatewayError
    ? error
    : new GatewayError('state_unavailable', {
        message: 'Limits hold for this request, and their counters cannot be reached.',
        cause: error,
      })
}
