// Joins effect calls of all policies that fired. Every join is associative, commutative and idempotent, so the order of rules, files
// and imports changes nothing; calls come out in a stable order.
import type { Join } from '../vocabulary/vocabulary.ts'
import type { EffectCall, ResolvedOperand } from './program.ts'

export const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const

/** A call with the join of its verb. `group` and `key` name what is joined and what is the same; made at load (`joinKeys`). */
export interface Joinable<Call> extends JoinKeys {
  readonly call: Call
  readonly join: Join
}

/** Calls that are joined with each other. */
export interface CallGroup<Call> {
  readonly join: Join
  /** No call twice, in the order of their keys. */
  readonly calls: readonly Call[]
}

export interface JoinKeys {
  /** Calls of one group are joined with each other: same verb, same join. */
  readonly group: string
  /** Calls with one key are the same call. */
  readonly key: string
}

/** Keys of an effect of a policy. Values of attributes do not matter: the same words in the same policy are the same call. */
export function joinKeys(policy: string, verb: string, operands: object, join: Join): JoinKeys {
  return { group: `${verb} ${JSON.stringify(join)}`, key: `${policy} ${verb} ${JSON.stringify(operands)}` }
}

/** Calls of one verb may have several phrases with joins of their own: they are joined per verb and join. */
export function groupCalls<Call>(calls: readonly Joinable<Call>[]): readonly CallGroup<Call>[] {
  const sorted = [...calls].sort((a, b) => compareText(a.group, b.group) || compareText(a.key, b.key))
  const distinct = sorted.filter(({ group, key }, i) => group !== sorted[i - 1]?.group || key !== sorted[i - 1]?.key)
  return [...Map.groupBy(distinct, ({ group }) => group).values()].map((group) => ({
    join: group[0]!.join,
    calls: group.map(({ call }) => call),
  }))
}

/** Joins the distinct calls of one group. */
export function joinGroup(join: Join, distinct: readonly EffectCall[]): readonly EffectCall[] {
  switch (join.kind) {
    case 'smallest':
      return pickPer(distinct, join.by, (a, b) => amountOf(a, join.operand) - amountOf(b, join.operand) || bySeverity(a, b))
    case 'precedence':
      return pickPer(distinct, join.by, bySeverity)
    case 'strictest':
      return distinct.length === 0 ? [] : [[...distinct].sort((a, b) => rank(b, join) - rank(a, join) || bySeverity(a, b))[0]!]
    default:
      return distinct
  }
}

/** One winner for each value of an operand, in the order of the calls. */
function pickPer(calls: readonly EffectCall[], operand: string, better: (a: EffectCall, b: EffectCall) => number): readonly EffectCall[] {
  const groups = Map.groupBy(calls, (call) => JSON.stringify(nameOf(call.operands[operand])))
  const winners = new Set([...groups.values()].map((group) => [...group].sort(better)[0]!))
  return calls.filter((call) => winners.has(call))
}

/** Attributes count by name: what they are worth now does not change which parameter is meant. */
function nameOf(operand: EffectCall['operands'][string] | undefined): unknown {
  return isAttribute(operand) ? operand.attribute : (operand ?? null)
}

function isAttribute(operand: unknown): operand is { readonly attribute: string; readonly value: unknown } {
  return typeof operand === 'object' && operand !== null && 'attribute' in operand
}

/** An absent amount bounds nothing. */
function amountOf(call: EffectCall, operand: string): number {
  const amount: unknown = call.operands[operand]
  const value: unknown = isAttribute(amount) ? amount.value : amount
  return typeof value === 'number' ? value : Number.MAX_VALUE
}

function rank(call: EffectCall, join: Extract<Join, { kind: 'strictest' }>): number {
  return join.order.indexOf(String(call.operands[join.operand] satisfies ResolvedOperand | readonly ResolvedOperand[] | undefined))
}

/** Highest severity first, then the smallest id. */
export function bySeverity(a: Pick<EffectCall, 'severity' | 'policy'>, b: Pick<EffectCall, 'severity' | 'policy'>): number {
  return SEVERITIES.indexOf(b.severity) - SEVERITIES.indexOf(a.severity) || compareText(a.policy, b.policy)
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
