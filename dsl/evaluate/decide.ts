// From the policies that fired to one decision: verdicts and effects joined, reasons kept, failures through `on error`.
import { bySeverity, joinEffects, type JoinedCall } from './joins.ts'
import { FAILED, type Decision, type EffectCall, type Reason, type Refused, type ResolvedOperand, type SlotValue } from './program.ts'
import type { CompiledEffect, CompiledOperand, CompiledPolicy } from '../compile/bundle.ts'
import type { Phase } from '../vocabulary/vocabulary.ts'

/** A policy of a phase with what deciding needs to know of it. */
export interface PhasePolicy {
  readonly policy: CompiledPolicy
  /** Slots its condition reads, by name. */
  readonly reads: readonly { readonly name: string; readonly slot: number }[]
}

type ReadAttribute = (name: string) => unknown

interface Acting {
  readonly entry: PhasePolicy
  readonly effects: readonly CompiledEffect[]
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
  const acting = [...fired.map(whenFired), ...open.map(whenOpen)]
  const read: ReadAttribute = (name) => {
    const value = values[slotOf(name) ?? -1]
    return value === FAILED || value === undefined ? null : value
  }
  const refusals: (Refused & Pick<EffectCall, 'severity'>)[] = []
  const calls: JoinedCall[] = []
  let spoken: 'allow' | null = null
  for (const { entry, effects, state } of acting) {
    if (state === 'shadow') continue
    for (const effect of effects) {
      const call = resolveCall(entry.policy, effect, read)
      if (effect.verb === 'deny') refusals.push(refusalOf(call))
      else if (effect.verb === 'allow') spoken = 'allow'
      else calls.push({ call, join: effect.join })
    }
  }
  const reasons = acting.map(({ entry, effects, state }) => reasonOf(phase, entry, effects, state, values)).sort(byReason)
  const approval = calls.some(({ call }) => call.verb === 'require')
  if (refusals.length === 0 && spoken === null && !approval && fallback === 'deny') {
    return { phase, verdict: 'deny', refused: NO_MATCH, effects: joinEffects(calls), reasons }
  }
  const primary = refusals.sort((a, b) => bySeverity(a, b) || compareText(a.code, b.code))[0]
  const verdict = primary ? 'deny' : approval ? 'approval' : 'allow'
  return { phase, verdict, refused: primary ? { policy: primary.policy, code: primary.code, message: primary.message, status: primary.status } : null, effects: joinEffects(calls), reasons }
}

const NO_MATCH: Refused = { policy: '', code: 'policy.no_match', message: 'No policy allows this request.', status: null }

function whenFired(entry: PhasePolicy): Acting {
  return { entry, effects: entry.policy.effects, state: entry.policy.mode === 'shadow' ? 'shadow' : 'enforced' }
}

/** Something the policy needs failed: it acts as its `on error` says, else it denies. */
function whenOpen(entry: PhasePolicy): Acting {
  const effect = entry.policy.onError ?? SCAN_FAILED
  if (entry.policy.mode === 'shadow') return { entry, effects: [effect], state: 'shadow' }
  return { entry, effects: [effect], state: effect.verb === 'deny' ? 'failed_closed' : 'failed_open' }
}

function resolveCall(policy: CompiledPolicy, effect: CompiledEffect, read: ReadAttribute): EffectCall {
  const operands: { [name: string]: ResolvedOperand | readonly ResolvedOperand[] } = {}
  for (const [name, operand] of Object.entries(effect.operands)) {
    operands[name] = Array.isArray(operand) ? operand.map((one: CompiledOperand) => resolve(one, read)) : resolve(operand as CompiledOperand, read)
  }
  return { verb: effect.verb, phrase: effect.phrase, policy: policy.id, severity: policy.severity, operands }
}

function resolve(operand: CompiledOperand, read: ReadAttribute): ResolvedOperand {
  return typeof operand === 'object' && 'attribute' in operand ? { attribute: operand.attribute, value: read(operand.attribute) } : operand
}

function refusalOf({ policy, severity, operands }: EffectCall): Refused & Pick<EffectCall, 'severity'> {
  const { code, message, http: status } = operands
  return { policy, severity, code: String(code), message: typeof message === 'string' ? message : null, status: typeof status === 'number' ? status : null }
}

function reasonOf(phase: Phase, { policy, reads }: PhasePolicy, effects: readonly CompiledEffect[], state: Reason['state'], values: readonly SlotValue[]): Reason {
  const speaking = effects.find(({ verb }) => verb === 'deny') ?? effects.find(({ verb }) => verb === 'warn')
  return {
    policy: policy.id,
    version: policy.version,
    phase,
    severity: policy.severity,
    tags: policy.tags,
    state,
    effects: [...new Set(effects.map(({ verb }) => verb))].sort(compareText),
    code: typeof speaking?.operands.code === 'string' ? speaking.operands.code : null,
    values: Object.fromEntries(reads.map(({ name, slot }) => [name, values[slot] === FAILED ? 'failed' : (values[slot] ?? null)])),
  }
}

function byReason(a: Reason, b: Reason): number {
  return bySeverity(a, b)
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
