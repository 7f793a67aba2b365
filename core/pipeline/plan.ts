// Where the request may go: candidates from `route` effects or the plan hooks, each judged by the policies on `target`.
// A deny removes the candidate; when none is left, that deny is the answer. So failover can only reach what the policies allowed.
import { GatewayError } from '../errors/gateway-error.ts'
import { isPromise, type Awaitable } from '../model/maybe-promise.ts'
import { noteDecision, refusalOf, type Decided } from './decide.ts'
import { runHook } from '../plugin/run.ts'
import type { Decision } from '../policy/language.ts'
import type { Exchange } from './exchange.ts'
import type { ExchangeView } from '../plugin/contract.ts'
import type { Target } from '../model/target.ts'

/** A target that may be tried, with what the policies ask for if it is. Null: no policy speaks about targets. */
export interface Candidate {
  readonly target: Target
  readonly decision: Decision | null
}

export function plan(exchange: Exchange, decided: Decided): Awaitable<readonly Candidate[] | GatewayError> {
  const proposed = propose(exchange, decided)
  if (proposed instanceof GatewayError) return proposed
  const { policies } = exchange.snapshot.bound.program.phases.target
  const defaultsToAllow = exchange.snapshot.bound.program.bundle.defaults.target === 'allow'
  if (policies.length === 0 && defaultsToAllow) return proposed.map((target) => ({ target, decision: null }))
  return judgeAll(exchange, decided, proposed)
}

function propose(exchange: Exchange, { view, decision }: Decided): readonly Target[] | GatewayError {
  let candidates = narrow(exchange, view, decision)
  if (candidates?.length === 0) {
    return new GatewayError('policy_denied', {
      reason: 'route.conflict',
      message: 'The policies leave no model to which this request may be routed.',
    })
  }
  for (const hook of exchange.snapshot.plugins.plan) {
    const result = runHook(hook, exchange, candidates ?? [], () => hook.call(candidates, view))
    if (isPromise(result)) throw new Error(`plugin ${hook.plugin}: plan must answer at once`)
    if (result instanceof GatewayError) return result
    candidates = result
  }
  return candidates !== null && candidates.length > 0 ? candidates : new GatewayError('no_providers_available')
}

/** The intersection of all `route` effects, or null if there is none. */
function narrow(exchange: Exchange, view: ExchangeView, decision: Decision): readonly Target[] | null {
  let allowed: readonly Target[] | null = null
  for (const call of decision.effects) {
    const verb = exchange.snapshot.bound.words.verbOf(call)?.verb
    if (verb?.acts !== 'destinations') continue
    const named = verb.narrow(view, call)
    allowed = allowed === null ? named : allowed.filter((target) => named.includes(target))
  }
  return allowed
}

function judgeAll(exchange: Exchange, decided: Decided, targets: readonly Target[]): Awaitable<readonly Candidate[] | GatewayError> {
  const decisions = targets.map((target) => decided.judge.fork().decideTarget({ ...decided.view, target }, decided.prompt))
  if (decisions.some(isPromise)) return Promise.all(decisions).then((all) => keepAllowed(exchange, targets, all))
  return keepAllowed(exchange, targets, decisions as readonly Decision[])
}

function keepAllowed(exchange: Exchange, targets: readonly Target[], decisions: readonly Decision[]): readonly Candidate[] | GatewayError {
  const all = targets.map((target, i) => ({ target, decision: decisions[i]! }))
  const allowed = all.filter(({ decision }) => decision.verdict === 'allow')
  for (const { target, decision } of all)
    exchange.targetPolicies.set(
      target,
      decision.reasons.map(({ policy }) => policy),
    )
  if (allowed.length > 0) return allowed
  noteDecision(exchange, decisions[0]!)
  return refusalOf(decisions[0]!) ?? new GatewayError('no_providers_available')
}

/** Notes why the target that answered (or failed last) was allowed. Others leave no decision rows. */
export function noteTargetDecision(exchange: Exchange, candidates: readonly Candidate[], target: Target): void {
  const chosen = candidates.find((candidate) => candidate.target === target)
  if (chosen?.decision) noteDecision(exchange, chosen.decision)
}
