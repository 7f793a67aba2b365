// Judges the request. The decision says what must happen; nothing has happened yet.
import { GatewayError } from '../errors/gateway-error.ts'
import { CATALOGUE, type ErrorCode } from '../errors/catalogue.ts'
import { approve } from './approve.ts'
import { then, type Awaitable } from '../model/maybe-promise.ts'
import type { Decision, Refused } from '../policy/language.ts'
import type { Exchange } from './exchange.ts'
import type { Received } from './receive.ts'

export interface Decided extends Received {
  readonly decision: Decision
}

export function decide(exchange: Exchange, received: Received): Awaitable<Decided | GatewayError> {
  const pending = received.judge.decideRequest(received.view, received.prompt)
  return then(pending, (decision) => {
    noteDecision(exchange, decision)
    // Who only asks what would be decided asks nobody for consent.
    const asks = decision.verdict === 'approval' && exchange.incoming.governed.dispatches
    const refusal = asks ? approve(exchange, decision) : refusalOf(decision)
    return then(refusal, (error) => error ?? { ...received, decision })
  })
}

/** Keeps reasons, warnings and labels of a decision for the record and the client. */
export function noteDecision(exchange: Exchange, decision: Decision): void {
  exchange.reasons.push(...decision.reasons)
  exchange.verdict = exchange.verdict === 'deny' ? 'deny' : decision.verdict
  if (decision.verdict === 'deny') exchange.primaryPolicy = decision.refused?.policy ?? ''
  else if (exchange.primaryPolicy === '') exchange.primaryPolicy = decision.reasons.find(({ state }) => state === 'enforced')?.policy ?? ''
  for (const { verb, operands } of decision.effects) {
    if (verb === 'warn') exchange.warnings.add(String(operands.code))
    if (verb === 'label') exchange.labels.add(String(operands.text))
  }
}

/** The error that a deny becomes: a policy's own code stands in `reason`, a code of the table stands for itself. */
export function refusalOf(decision: Decision): GatewayError | null {
  // Consent is asked for before anything leaves; a decision on a target or an answer comes too late for it.
  if (decision.verdict === 'approval') return new GatewayError('approval_required')
  if (decision.verdict !== 'deny') return null
  return asError(decision.refused ?? { policy: '', code: 'policy.no_match', message: null, status: null })
}

/** `param`: the member of the request at fault, where one is. */
export function asError({ policy, code, message, status }: Refused, param?: string): GatewayError {
  const details = {
    ...(message === null ? {} : { message }),
    ...(status === null ? {} : { status }),
    ...(policy === '' ? {} : { policy }),
    ...(param === undefined ? {} : { param }),
  }
  if (Object.hasOwn(CATALOGUE, code)) return new GatewayError(code as ErrorCode, details)
  return new GatewayError('policy_denied', { ...details, reason: code })
}
