// The story of one exchange, from the first byte to the settled account. Every step is a call that returns a value or a refusal;
// the only order of things in the house stands here.
import { answerFromElsewhere } from './answer.ts'
import { decide } from './decide.ts'
import { deliver, deliverCanned } from './deliver.ts'
import { describeDecision } from './describe.ts'
import { dispatch } from './dispatch.ts'
import { enact } from './enact.ts'
import { Exchange } from './exchange.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { identify } from './identify.ts'
import { isPromise } from '../model/maybe-promise.ts'
import type { Incoming, Reply } from './ports.ts'
import type { Kernel, Snapshot } from './snapshot.ts'
import { plan } from './plan.ts'
import { receive } from './receive.ts'
import { refuse } from './refuse.ts'
import { settle } from './settle.ts'

/** Takes one request through the gateway. Never throws: whatever happens, the client gets an answer and the record a row. */
export async function handle(kernel: Kernel, snapshot: Snapshot, incoming: Incoming, reply: Reply): Promise<void> {
  snapshot.enter()
  const exchange = new Exchange(kernel, snapshot, incoming, reply)
  try {
    const refusal = await walk(exchange)
    if (refusal) await refuse(exchange, refusal)
  } catch (error) {
    await refuse(exchange, unexpected(exchange, error))
  } finally {
    await settle(exchange)
    snapshot.leave()
  }
}

async function walk(exchange: Exchange): Promise<GatewayError | null> {
  const whoOrPending = identify(exchange)
  const principal = isPromise(whoOrPending) ? await whoOrPending : whoOrPending
  if (principal instanceof GatewayError) return principal

  const received = await receive(exchange, principal)
  if (received instanceof GatewayError) return received

  const decidedOrPending = decide(exchange, received)
  const decided = isPromise(decidedOrPending) ? await decidedOrPending : decidedOrPending
  if (decided instanceof GatewayError) return decided

  const plannedOrPending = plan(exchange, decided)
  const planned = isPromise(plannedOrPending) ? await plannedOrPending : plannedOrPending
  if (planned instanceof GatewayError) return planned
  if (!exchange.incoming.governed.dispatches) return describeDecision(exchange, decided, planned)

  const enactedOrPending = enact(exchange, decided, planned)
  const enacted = isPromise(enactedOrPending) ? await enactedOrPending : enactedOrPending
  if (enacted instanceof GatewayError) return enacted

  const canned = await answerFromElsewhere(exchange, enacted)
  if (canned instanceof GatewayError) return canned
  if (canned) return deliverCanned(exchange, enacted, canned)

  const dispatched = await dispatch(exchange, enacted)
  if (dispatched instanceof GatewayError) return dispatched
  return deliver(exchange, enacted, dispatched)
}

function unexpected(exchange: Exchange, error: unknown): GatewayError {
  if (error instanceof GatewayError) return error
  exchange.kernel.log.error({ request_id: exchange.id, err: error }, 'an exchange failed for a reason nobody foresaw')
  return new GatewayError('upstream_error', {
    message: 'The gateway failed to handle the request.',
    resolution: 'Try again; the operator finds the cause in the log under this request id.',
    cause: error,
  })
}
