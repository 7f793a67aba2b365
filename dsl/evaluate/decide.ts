// From the policies that fired to one decision: verdicts and effects joined, reasons kept, failures through `on error`.
import { IntsCache } from './ints-cache.ts'
import { bySeverity, groupCalls, joinGroup, joinKeys, type CallGroup, type Joinable, type JoinKeys } from './joins.ts'
import { readPaths } from './paths.ts'
import { FAILED, type Decision, type EffectCall, type Reason, type Refused, type ResolvedOperand, type SlotValue } from './program.ts'
import { FAIL_CLOSED } from '../vocabulary/kernel.ts'
import type { CompiledEffect, CompiledOperand, CompiledPolicy } from '../compile/bundle.ts'
import type { Phase } from '../vocabulary/vocabulary.ts'

/** A policy of a phase. What deciding needs to know of it beside is worked out when it acts for the first time: most never do. */
export interface PhasePolicy {
  readonly policy: CompiledPolicy
}

/** What a policy does when it fires, with everything about it that no request changes. */
interface Acts {
  readonly effects: readonly CompiledEffect[]
  readonly keys: readonly JoinKeys[]
  /** Verbs, sorted. */
  readonly verbs: readonly string[]
  /** Of its deny, else of its warn. */
  readonly code: string | null
}

function actsOf(policy: CompiledPolicy, effects: readonly CompiledEffect[] = policy.effects): Acts {
  const speaking = effects.find(({ verb }) => verb === 'deny') ?? effects.find(({ verb }) => verb === 'warn')
  return {
    effects,
    keys: effects.map(({ verb, operands, join }) => joinKeys(policy.id, verb, operands, join)),
    verbs: [...new Set(effects.map(({ verb }) => verb))].sort(compareText),
    code: typeof speaking?.operands.code === 'string' ? speaking.operands.code : null,
  }
}

interface Acting {
  readonly entry: PhasePolicy
  readonly acts: Acts
  readonly state: Reason['state']
}

type Resolve<T> = (values: readonly SlotValue[]) => T

/** A call of an effect; `fixed` where no attribute stands in it. */
interface PlannedCall {
  readonly fixed: EffectCall | null
  readonly resolve: Resolve<EffectCall>
}

/** What a set of acting policies comes to, as far as no value changes it. Few sets occur, so a plan is made once for each. */
interface Plan {
  readonly verdict: Decision['verdict']
  readonly refused: Refused | null
  readonly effects: Resolve<readonly EffectCall[]>
  readonly reasons: Resolve<readonly Reason[]>
}

const SCAN_FAILED: CompiledEffect = {
  verb: 'deny',
  phrase: 'deny <code> [<message:text>] [with status <http>]',
  operands: { code: 'policy.scan_failed', message: 'The request could not be checked, so it was not let through.' },
  join: { kind: 'verdict' },
}

/**
 * What a policy refuses with that has fired and cannot do what it must. Null: its `on error` lets the exchange go on. It is too late for a
 * route or an approval then, so those refuse as well.
 */
export function refusedByFailure(policy: CompiledPolicy): Refused | null {
  const { onError } = policy
  if (onError !== null && !FAIL_CLOSED.has(onError.verb)) return null
  return withoutSeverity(refusalOf(policy, onError?.verb === 'deny' ? onError : SCAN_FAILED))
}

type SlotOf = (attribute: string) => number | undefined

/**
 * Decides for a phase: `fired` and `open` are indices into `entries`. Plans are kept for some sets of them; hostile traffic that fires ever
 * new sets only makes deciding slower.
 */
export function createDecider(
  phase: Phase,
  fallback: 'allow' | 'deny',
  entries: readonly PhasePolicy[],
  slotOf: SlotOf,
): (fired: readonly number[], open: readonly number[], values: readonly SlotValue[]) => Decision {
  const plans = new IntsCache<Plan>()
  const makePlan = (fired: readonly number[], open: readonly number[]): Plan => {
    const acting = [...fired.map((index) => whenFired(entries[index]!)), ...open.map((index) => whenOpen(entries[index]!))]
    return createPlan(phase, fallback, acting, slotOf)
  }
  return (fired, open, values) => {
    if (fired.length === 0 && open.length === 0) return SILENT[fallback][phase]
    const { verdict, refused, effects, reasons } = plans.get(fired, open, makePlan)
    return { phase, verdict, refused, effects: effects(values), reasons: reasons(values) }
  }
}

function createPlan(phase: Phase, fallback: 'allow' | 'deny', acting: readonly Acting[], slotOf: SlotOf): Plan {
  const refusals: (Refused & Pick<EffectCall, 'severity'>)[] = []
  const calls: Joinable<PlannedCall>[] = []
  let isAllowed = fallback === 'allow'
  for (const { entry, acts, state } of acting) {
    if (state === 'shadow') continue
    acts.effects.forEach((effect, i) => {
      if (effect.verb === 'allow') isAllowed ||= state === 'enforced'
      else if (effect.verb === 'deny') refusals.push(refusalOf(entry.policy, effect))
      else calls.push({ call: planCall(entry.policy, effect, slotOf), join: effect.join, ...acts.keys[i]! })
    })
  }
  const needsApproval = acting.some(({ acts, state }) => state !== 'shadow' && acts.verbs.includes('require'))
  const primary = refusals.sort(
    (a, b) => bySeverity(a, b) || compareText(a.code, b.code) || compareText(a.message ?? '', b.message ?? ''),
  )[0]
  const common = {
    effects: planEffects(groupCalls(calls)),
    reasons: planReasons(phase, acting, slotOf),
  }
  if (primary) return { verdict: 'deny', refused: Object.freeze(withoutSeverity(primary)), ...common }
  if (needsApproval) return { verdict: 'approval', refused: null, ...common }
  return isAllowed ? { verdict: 'allow', refused: null, ...common } : { verdict: 'deny', refused: NO_MATCH, ...common }
}

const NOTHING: readonly never[] = Object.freeze([])

/** Most phases of most exchanges: nobody speaks. */
const SILENT = { allow: silence('allow'), deny: silence('deny') }

function silence(fallback: 'allow' | 'deny'): { readonly [phase in Phase]: Decision } {
  const decision = (phase: Phase): Decision =>
    Object.freeze({
      phase,
      verdict: fallback,
      refused: fallback === 'deny' ? noMatch() : null,
      effects: NOTHING,
      reasons: NOTHING,
    })
  return { request: decision('request'), target: decision('target'), response: decision('response'), stream: decision('stream') }
}

function noMatch(): Refused {
  return Object.freeze({ policy: '', code: 'policy.no_match', message: 'No policy allows this request.', status: null })
}

const NO_MATCH = noMatch()

function whenFired(entry: PhasePolicy): Acting {
  return { entry, acts: actsOf(entry.policy), state: entry.policy.mode === 'shadow' ? 'shadow' : 'enforced' }
}

/** Something the policy needs failed: it acts as its `on error` says, else it denies. `on error allow` only keeps it silent: it vouches for nothing. */
function whenOpen(entry: PhasePolicy): Acting {
  const effect = entry.policy.onError ?? SCAN_FAILED
  const acts = actsOf(entry.policy, [effect])
  if (entry.policy.mode === 'shadow') return { entry, acts, state: 'shadow' }
  return { entry, acts, state: FAIL_CLOSED.has(effect.verb) ? 'failed_closed' : 'failed_open' }
}

function byWeight({ entry: { policy: a } }: Acting, { entry: { policy: b } }: Acting): number {
  return bySeverity({ severity: a.severity, policy: a.id }, { severity: b.severity, policy: b.id })
}

function planCall(policy: CompiledPolicy, { verb, phrase, operands }: CompiledEffect, slotOf: SlotOf): PlannedCall {
  const planned = Object.entries(operands).map(([name, operand]) => [name, planOperand(operand, slotOf)] as const)
  const resolve = (values: readonly SlotValue[]): EffectCall => {
    const resolved: { [name: string]: ResolvedOperand | readonly ResolvedOperand[] } = {}
    for (const [name, read] of planned) resolved[name] = read(values)
    return { verb, phrase, policy: policy.id, severity: policy.severity, operands: resolved }
  }
  const isFixed = Object.values(operands)
    .flat()
    .every((operand) => !isAttribute(operand))
  return { fixed: isFixed ? frozen(resolve([])) : null, resolve }
}

function planOperand(
  operand: CompiledOperand | readonly CompiledOperand[],
  slotOf: SlotOf,
): Resolve<ResolvedOperand | readonly ResolvedOperand[]> {
  if (Array.isArray(operand)) {
    const items = operand.map((one: CompiledOperand) => planOperand(one, slotOf) as Resolve<ResolvedOperand>)
    return (values) => items.map((item) => item(values))
  }
  const one = operand as CompiledOperand
  if (!isAttribute(one)) return () => one
  const { attribute } = one
  const slot = slotOf(attribute) ?? -1
  return (values) => {
    const value = values[slot]
    return { attribute, value: value === FAILED || value === undefined ? null : value }
  }
}

const isAttribute = (operand: CompiledOperand): operand is Extract<CompiledOperand, { readonly attribute: string }> =>
  typeof operand === 'object' && 'attribute' in operand

/** Shared between exchanges, so nobody may write into it. */
function frozen(call: EffectCall): EffectCall {
  for (const operand of Object.values(call.operands)) Object.freeze(operand)
  Object.freeze(call.operands)
  return Object.freeze(call)
}

/** Calls without attributes are the same for every request: all of them are then, and one list is shared. */
function planEffects(groups: readonly CallGroup<PlannedCall>[]): Resolve<readonly EffectCall[]> {
  const planned = groups.map(planGroup)
  if (planned.every(Array.isArray)) {
    const all: readonly EffectCall[] = Object.freeze(planned.flat() as EffectCall[])
    return () => all
  }
  return (values) => {
    const all: EffectCall[] = []
    for (const group of planned) for (const call of typeof group === 'function' ? group(values) : group) all.push(call)
    return all
  }
}

function planGroup({ join, calls }: CallGroup<PlannedCall>): readonly EffectCall[] | Resolve<readonly EffectCall[]> {
  const fixed = calls.flatMap((call) => call.fixed ?? [])
  if (fixed.length === calls.length) return joinGroup(join, fixed)
  return (values) =>
    joinGroup(
      join,
      calls.map((call) => call.fixed ?? call.resolve(values)),
    )
}

function refusalOf({ id, severity }: CompiledPolicy, { operands }: CompiledEffect): Refused & Pick<EffectCall, 'severity'> {
  const { code, message, http: status } = operands
  return {
    policy: id,
    severity,
    code: String(code),
    message: typeof message === 'string' ? message : null,
    status: typeof status === 'number' ? status : null,
  }
}

const withoutSeverity = ({ policy, code, message, status }: Refused): Refused => ({ policy, code, message, status })

/** A policy that stands there twice speaks once: the same reason over the same values. */
function planReasons(phase: Phase, acting: readonly Acting[], slotOf: SlotOf): Resolve<readonly Reason[]> {
  const keyOf = ({ entry, acts, state }: Acting): string =>
    JSON.stringify([entry.policy.id, state, acts.code, acts.verbs, entry.policy.tags, entry.policy.version, readPaths(entry.policy.when)])
  const distinct = new Map(acting.map((one) => [keyOf(one), one]))
  const planned = [...distinct]
    .sort(([keyA, a], [keyB, b]) => byWeight(a, b) || compareText(keyA, keyB))
    .map(([, one]) => planReason(phase, one, slotOf))
  return (values) => {
    const reasons: Reason[] = []
    for (let i = 0; i < planned.length; i++) reasons.push(planned[i]!(values))
    return reasons
  }
}

function planReason(phase: Phase, { entry: { policy }, acts, state }: Acting, slotOf: SlotOf): Resolve<Reason> {
  const reads = readPaths(policy.when).map((name) => ({ name, slot: slotOf(name) ?? -1 }))
  const { id, version, severity, tags } = policy
  const { verbs: effects, code } = acts
  const reasonWith = (values: Reason['values']): Reason => ({ policy: id, version, phase, severity, tags, state, effects, code, values })
  if (reads.length > 0) return (values) => reasonWith(valuesRead(reads, values))
  const reason = Object.freeze(reasonWith(NO_VALUES))
  return () => reason
}

const NO_VALUES = Object.freeze({})

function valuesRead(reads: readonly { readonly name: string; readonly slot: number }[], values: readonly SlotValue[]): Reason['values'] {
  const out: { [name: string]: unknown } = {}
  for (const { name, slot } of reads) out[name] = values[slot] === FAILED ? 'failed' : (values[slot] ?? null)
  return out
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
