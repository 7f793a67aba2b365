// From the policies that fired to one decision: verdicts and effects joined, reasons kept, failures through `on error`.
import { bySeverity, joinEffects, joinKeys, type JoinedCall, type JoinKeys } from './joins.ts'
import { FAILED, type Decision, type EffectCall, type Reason, type Refused, type ResolvedOperand, type SlotValue } from './program.ts'
import type { CompiledEffect, CompiledOperand, CompiledPolicy } from '../compile/bundle.ts'
import type { Phase } from '../vocabulary/vocabulary.ts'

/** A policy of a phase with what deciding needs to know of it. */
export interface PhasePolicy {
  readonly policy: CompiledPolicy
  /** Slots its condition reads, by name. */
  readonly reads: readonly { readonly name: string; readonly slot: number }[]
  readonly acts: Acts
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

export function actsOf(policy: CompiledPolicy, effects: readonly CompiledEffect[] = policy.effects): Acts {
  const speaking = effects.find(({ verb }) => verb === 'deny') ?? effects.find(({ verb }) => verb === 'warn')
  return {
    effects,
    keys: effects.map(({ verb, operands, join }) => joinKeys(policy.id, verb, operands, join)),
    verbs: [...new Set(effects.map(({ verb }) => verb))].sort(compareText),
    code: typeof speaking?.operands.code === 'string' ? speaking.operands.code : null,
  }
}

type ReadAttribute = (name: string) => unknown

interface Acting {
  readonly entry: PhasePolicy
  readonly acts: Acts
  readonly state: Reason['state']
}

const SCAN_FAILED: CompiledEffect = {
  verb: 'deny',
  phrase: 'deny <code> [<message:text>] [with status <http>]',
  operands: { code: 'policy.scan_failed', message: 'The request could not be checked, so it was not let through.' },
  join: { kind: 'verdict' },
}

export function decidePhase(
  phase: Phase,
  fallback: 'allow' | 'deny',
  fired: readonly PhasePolicy[],
  open: readonly PhasePolicy[],
  values: readonly SlotValue[],
  slotOf: (attribute: string) => number | undefined,
): Decision {
  if (fired.length === 0 && open.length === 0) return SILENT[fallback][phase]
  const acting = [...fired.map(whenFired), ...open.map(whenOpen)]
  const read: ReadAttribute = (name) => {
    const value = values[slotOf(name) ?? -1]
    return value === FAILED || value === undefined ? null : value
  }
  const refusals: (Refused & Pick<EffectCall, 'severity'>)[] = []
  const calls: JoinedCall[] = []
  let spoken: 'allow' | null = null
  for (const { entry, acts, state } of acting) {
    if (state === 'shadow') continue
    acts.effects.forEach((effect, i) => {
      if (effect.verb === 'allow') {
        spoken = 'allow'
        return
      }
      const call = resolveCall(entry.policy, effect, read)
      if (effect.verb === 'deny') refusals.push(refusalOf(call))
      else calls.push({ call, join: effect.join, ...acts.keys[i]! })
    })
  }
  const reasons = acting.map(({ entry, acts, state }) => reasonOf(phase, entry, acts, state, values)).sort(byReason)
  const approval = calls.some(({ call }) => call.verb === 'require')
  if (refusals.length === 0 && spoken === null && !approval && fallback === 'deny') {
    return { phase, verdict: 'deny', refused: NO_MATCH, effects: joinEffects(calls), reasons }
  }
  const primary = refusals.sort((a, b) => bySeverity(a, b) || compareText(a.code, b.code))[0]
  const verdict = primary ? 'deny' : approval ? 'approval' : 'allow'
  return {
    phase,
    verdict,
    refused: primary ? { policy: primary.policy, code: primary.code, message: primary.message, status: primary.status } : null,
    effects: joinEffects(calls),
    reasons,
  }
}

/** Most phases of most exchanges: nobody speaks. */
const SILENT = { allow: silence('allow'), deny: silence('deny') }

function silence(fallback: 'allow' | 'deny'): { readonly [phase in Phase]: Decision } {
  const decision = (phase: Phase): Decision => ({
    phase,
    verdict: fallback,
    refused: fallback === 'deny' ? noMatch() : null,
    effects: [],
    reasons: [],
  })
  return { request: decision('request'), target: decision('target'), response: decision('response'), stream: decision('stream') }
}

function noMatch(): Refused {
  return { policy: '', code: 'policy.no_match', message: 'No policy allows this request.', status: null }
}

const NO_MATCH = noMatch()

function whenFired(entry: PhasePolicy): Acting {
  return { entry, acts: entry.acts, state: entry.policy.mode === 'shadow' ? 'shadow' : 'enforced' }
}

/** Something the policy needs failed: it acts as its `on error` says, else it denies. */
function whenOpen(entry: PhasePolicy): Acting {
  const effect = entry.policy.onError ?? SCAN_FAILED
  const acts = actsOf(entry.policy, [effect])
  if (entry.policy.mode === 'shadow') return { entry, acts, state: 'shadow' }
  return { entry, acts, state: effect.verb === 'deny' ? 'failed_closed' : 'failed_open' }
}

function resolveCall(policy: CompiledPolicy, effect: CompiledEffect, read: ReadAttribute): EffectCall {
  const operands: { [name: string]: ResolvedOperand | readonly ResolvedOperand[] } = {}
  for (const [name, operand] of Object.entries(effect.operands)) {
    operands[name] = Array.isArray(operand)
      ? operand.map((one: CompiledOperand) => resolve(one, read))
      : resolve(operand as CompiledOperand, read)
  }
  return { verb: effect.verb, phrase: effect.phrase, policy: policy.id, severity: policy.severity, operands }
}

function resolve(operand: CompiledOperand, read: ReadAttribute): ResolvedOperand {
  return typeof operand === 'object' && 'attribute' in operand ? { attribute: operand.attribute, value: read(operand.attribute) } : operand
}

function refusalOf({ policy, severity, operands }: EffectCall): Refused & Pick<EffectCall, 'severity'> {
  const { code, message, http: status } = operands
  return {
    policy,
    severity,
    code: String(code),
    message: typeof message === 'string' ? message : null,
    status: typeof status === 'number' ? status : null,
  }
}

function reasonOf(phase: Phase, { policy, reads }: PhasePolicy, acts: Acts, state: Reason['state'], values: readonly SlotValue[]): Reason {
  return {
    policy: policy.id,
    version: policy.version,
    phase,
    severity: policy.severity,
    tags: policy.tags,
    state,
    effects: acts.verbs,
    code: acts.code,
    values: reads.length === 0 ? NO_VALUES : valuesRead(reads, values),
  }
}

const NO_VALUES = {}

function valuesRead(reads: PhasePolicy['reads'], values: readonly SlotValue[]): Reason['values'] {
  const out: { [name: string]: unknown } = {}
  for (const { name, slot } of reads) out[name] = values[slot] === FAILED ? 'failed' : (values[slot] ?? null)
  return out
}

function byReason(a: Reason, b: Reason): number {
  return bySeverity(a, b)
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
