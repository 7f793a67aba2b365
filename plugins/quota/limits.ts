// From calls of the verb `limit` to limits: amounts in integers, the counter's identity, and the end of its window.
import type { Claim, EffectCall, EnactView, Operand } from '../../core/plugin/index.ts'
import { MINUTE_MS, windowEnd, type Window } from './windows.ts'

export type Unit = 'tokens' | 'requests' | 'money'

/** One limit that applies to this exchange. Money in nano-units, everything else in pieces. */
export interface Limit {
  readonly kind: 'amount'
  readonly policy: string
  readonly unit: Unit
  readonly window: Window
  readonly counter: string
  readonly limit: number
  /** False: it only counts for its soft threshold and never refuses. */
  readonly finite: boolean
  /** From this booked use on the answer carries a warning; null: never. */
  readonly soft: number | null
  /** Unix ms; 0 for a rate per minute. */
  readonly endsAt: number
  readonly timeZone: string
}

export interface SlotLimit {
  readonly kind: 'slots'
  readonly policy: string
  readonly counter: string
  readonly limit: number
}

export interface Limits {
  readonly amounts: readonly Limit[]
  readonly slots: readonly SlotLimit[]
  /** What this exchange alone may cost in nano-units, or null. */
  readonly maxCostNano: number | null
}

const NANO = 1_000_000_000

/** An amount that is absent is no limit. Throws TypeError on operands that the checker should have refused. */
export function readLimits(view: EnactView, calls: readonly EffectCall[]): Limits {
  const amounts: Limit[] = []
  const slots: SlotLimit[] = []
  let maxCostNano = view.claims.maxCostNano === null ? null : Number(view.claims.maxCostNano)
  for (const call of calls) {
    if (call.operands.unit !== undefined) pushPresent(amounts, amountLimit(view, call))
    else if (call.operands.attribute !== undefined) pushPresent(slots, slotLimit(call))
    else maxCostNano = smaller(maxCostNano, scaled(numberOf(call, 'amount'), 'money'))
  }
  return { amounts, slots, maxCostNano }
}

function amountLimit(view: EnactView, call: EffectCall): Limit | null {
  const unit = call.operands.unit as Unit
  const window = call.operands.window as Window
  const hard = scaled(numberOf(call, 'amount'), unit)
  const soft = softOf(call, unit, hard)
  if (hard === null && soft === null) return null
  const { timeZone } = view.tenant
  return {
    kind: 'amount',
    policy: call.policy,
    unit,
    window,
    counter: counterOf(call, window, unit),
    limit: hard ?? Number.MAX_SAFE_INTEGER,
    finite: hard !== null,
    soft,
    endsAt: window === 'minute' ? 0 : windowEnd(window, timeZone, view.receivedAt),
    timeZone,
  }
}

function slotLimit(call: EffectCall): SlotLimit | null {
  const limit = scaled(numberOf(call, 'amount'), 'requests')
  return limit === null ? null : { kind: 'slots', policy: call.policy, counter: counterOf(call, 'now', 'concurrent'), limit }
}

/** The claim on a limit for `amount` more. */
export function claimOn({ counter, limit, window, endsAt }: Limit, amount: number): Claim {
  return window === 'minute'
    ? { kind: 'rate', counter, limit, amount, periodMs: MINUTE_MS }
    : { kind: 'window', counter, limit, amount, endsAt }
}

/** (policy, window, unit, key values). Values carry their length, so that no two lists of values can read the same. */
function counterOf(call: EffectCall, window: string, unit: string): string {
  let name = `${call.policy}|${window}|${unit}`
  const keys = call.operands.attribute
  for (const key of Array.isArray(keys) ? (keys as readonly Operand[]) : [keys as Operand]) {
    const text = String(valueOf(key))
    name += `|${text.length}:${text}`
  }
  return name
}

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

function scaled(value: number | null, unit: Unit): number | null {
  if (value === null) return null
  const amount = unit === 'money' ? Math.round(value * NANO) : Math.floor(value)
  return Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, amount))
}

function smaller(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.min(a, b)
}

function pushPresent<T>(list: T[], item: T | null): void {
  if (item !== null) list.push(item)
}
