// From calls of the verb `limit` to limits: amounts in integers with what was added for a while, the counter's identity, and its window.
import { createHash } from 'node:crypto'
import {
  counterName,
  type Claim,
  type CounterIdentity,
  type EffectCall,
  type EnactView,
  type Operand,
  type Raise,
} from '../../core/plugin/index.ts'
import { MINUTE_MS, windowAt, type Window, type WindowInstance } from './windows.ts'

export type Unit = 'tokens' | 'requests' | 'money'
export type WhileAway = 'deny' | 'local'

/** One limit that applies to this exchange. Money in nano-units, everything else in pieces. */
export interface Limit {
  readonly kind: 'amount'
  readonly policy: string
  readonly unit: Unit
  readonly window: Window
  readonly identity: CounterIdentity
  readonly counter: string
  readonly limit: number
  /** The part of it that was added for a while. */
  readonly added: number
  /** False: it only counts for its soft threshold and never refuses. */
  readonly finite: boolean
  /** From this booked use on the answer carries a warning; null: never. */
  readonly soft: number | null
  /** Unix ms; 0 for a rate per minute. */
  readonly endsAt: number
  readonly timeZone: string
  readonly whileAway: WhileAway
}

export interface SlotLimit {
  readonly kind: 'slots'
  readonly policy: string
  readonly counter: string
  readonly limit: number
  readonly whileAway: WhileAway
}

export interface Limits {
  readonly amounts: readonly Limit[]
  readonly slots: readonly SlotLimit[]
  /** What this exchange alone may cost in nano-units, or null. */
  readonly maxCostNano: number | null
}

/** What reading a limit needs besides the call. */
export interface Circumstances {
  /** Unix ms: decides which windows run. */
  readonly now: number
  readonly raises: readonly Raise[]
  whileAway(policy: string): WhileAway
}

const NANO = 1_000_000_000
/** Longer values of `by` are counted by their hash: a name of a counter is kept in memory, in Redis and in the record. */
const MAX_VALUE_CHARS = 128
const OF_ONE_TENANT = /^(?:tenant|key|user|session|instance)\./
const RATE: WindowInstance = { label: '', endsAt: 0 }

/** An amount that is absent is no limit. Throws TypeError on operands that the checker should have refused. */
export function readLimits(view: EnactView, calls: readonly EffectCall[], circumstances: Circumstances): Limits {
  const amounts: Limit[] = []
  const slots: SlotLimit[] = []
  let maxCostNano = view.claims.maxCostNano === null ? null : scaled(Number(view.claims.maxCostNano), 'requests')
  for (const call of calls) {
    if (call.operands.unit !== undefined) pushStricter(amounts, amountLimit(view, call, circumstances))
    else if (call.operands.attribute !== undefined) pushStricter(slots, slotLimit(view, call, circumstances))
    else maxCostNano = smaller(maxCostNano, scaled(numberOf(call, 'amount'), 'money'))
  }
  return { amounts, slots, maxCostNano }
}

function amountLimit(view: EnactView, call: EffectCall, { now, raises, whileAway }: Circumstances): Limit | null {
  const unit = call.operands.unit as Unit
  const window = call.operands.window as Window
  const written = scaled(numberOf(call, 'amount'), unit)
  const added = addedBy(raises, { policy: call.policy, tenant: view.tenant.id, unit }, now)
  const hard = raised(written, added)
  const soft = softOf(call, unit, hard)
  if (hard === null && soft === null) return null
  const { timeZone } = view.tenant
  const { label, endsAt } = window === 'minute' ? RATE : windowAt(window, timeZone, now)
  const identity = identityOf(view, call, window, unit, label)
  return {
    kind: 'amount',
    policy: call.policy,
    unit,
    window,
    identity,
    counter: counterName(identity),
    limit: hard ?? Number.MAX_SAFE_INTEGER,
    added,
    finite: hard !== null,
    soft,
    endsAt,
    timeZone,
    whileAway: whileAway(call.policy),
  }
}

function slotLimit(view: EnactView, call: EffectCall, { now, raises, whileAway }: Circumstances): SlotLimit | null {
  const added = addedBy(raises, { policy: call.policy, tenant: view.tenant.id, unit: 'concurrent' }, now)
  const limit = raised(scaled(numberOf(call, 'amount'), 'requests'), added)
  if (limit === null) return null
  const counter = counterName(identityOf(view, call, 'now', 'concurrent', ''))
  return { kind: 'slots', policy: call.policy, counter, limit, whileAway: whileAway(call.policy) }
}

/** The claim on a limit for `amount` more. */
export function claimOn({ counter, limit, window, endsAt, whileAway }: Limit, amount: number): Claim {
  return window === 'minute'
    ? { kind: 'rate', counter, limit, amount, periodMs: MINUTE_MS, whileAway }
    : { kind: 'window', counter, limit, amount, endsAt, whileAway }
}

/** A counter by what is the same for all tenants (a feature, a model) is shared by them; everything else is the tenant's own. */
function identityOf(view: EnactView, call: EffectCall, window: string, unit: string, period: string): CounterIdentity {
  const by = call.operands.attribute
  const keys = Array.isArray(by) ? (by as readonly Operand[]) : [by as Operand]
  let tenant = ''
  const values: string[] = []
  for (const key of keys) {
    if (typeof key === 'object' && 'attribute' in key && OF_ONE_TENANT.test(key.attribute)) tenant = view.tenant.id
    values.push(valueText(key))
  }
  return { tenant, policy: call.policy, window, unit, values, period }
}

/** Half a surrogate pair would read as another one once it was written somewhere. */
function valueText(key: Operand): string {
  const text = String(valueOf(key)).toWellFormed()
  return text.length <= MAX_VALUE_CHARS ? text : `sha256:${createHash('sha256').update(text).digest('hex')}`
}

/** As the name of a counter has them: `concurrent` and `now` are those of slots. */
export const unitOf = ({ unit }: { readonly unit?: unknown }): string => (typeof unit === 'string' ? unit : 'concurrent')
export const windowOf = ({ window }: { readonly window?: unknown }): string => (typeof window === 'string' ? window : 'now')

/** What raises add to a tenant's limits of a policy and unit at `now` (Unix ms). */
export function addedBy(
  raises: readonly Raise[],
  { policy, tenant, unit }: { readonly policy: string; readonly tenant: string; readonly unit: string },
  now: number,
): number {
  let added = 0
  for (const raise of raises) {
    const isOurs = raise.policy === policy && raise.tenant === tenant && (raise.unit ?? unit) === unit
    if (isOurs && raise.until > now && raise.add > 0) added += raise.add
  }
  return added
}

/** What a limit allows at this moment: raises end, and others begin, while a stream flows. */
export function limitNow(limit: Limit, raises: readonly Raise[], tenant: string, now: number): Limit {
  const added = addedBy(raises, { policy: limit.policy, tenant, unit: limit.unit }, now)
  return added === limit.added || !limit.finite ? limit : { ...limit, added, limit: raised(limit.limit - limit.added, added)! }
}

const raised = (written: number | null, added: number): number | null =>
  written === null ? null : Math.min(Number.MAX_SAFE_INTEGER, written + added)

function softOf(call: EffectCall, unit: Unit, hard: number | null): number | null {
  const operand = call.operands.soft
  if (typeof operand === 'object' && 'percent' in operand) return hard === null ? null : Math.floor((hard * operand.percent) / 100)
  return operand === undefined ? null : scaled(numberOf(call, 'soft'), unit)
}

function numberOf(call: EffectCall, operand: string): number | null {
  const value = valueOf(call.operands[operand] as Operand)
  if (value === null) return null
  if (typeof value !== 'number' || Number.isNaN(value))
    throw new TypeError(`policy ${call.policy}: \`limit\` needs a number for ${operand}`)
  return value
}

function valueOf(operand: Operand): unknown {
  return typeof operand === 'object' && 'attribute' in operand ? operand.value : operand
}

/** A written amount in the unit of a counter: money in nano-units. */
export function scaled(value: number | null, unit: string): number | null {
  if (value === null) return null
  const amount = unit === 'money' ? Math.round(value * NANO) : Math.floor(value)
  return Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, amount))
}

function smaller(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.min(a, b)
}

/** One policy may say the same limit twice: it has one counter, which is to be charged once, and the stricter amount holds. */
function pushStricter<T extends Limit | SlotLimit>(list: T[], item: T | null): void {
  if (item === null) return
  const same = list.findIndex(({ counter }) => counter === item.counter)
  if (same < 0) list.push(item)
  else list[same] = stricter(list[same]!, item)
}

function stricter<T extends Limit | SlotLimit>(a: T, b: T): T {
  const least = b.limit < a.limit ? b : a
  return a.kind === 'amount' && b.kind === 'amount' ? { ...least, soft: smaller(a.soft, b.soft) } : least
}
