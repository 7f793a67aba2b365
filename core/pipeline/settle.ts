// The one exit of every exchange: cost, reservations, the frame "closed", metrics. Runs exactly once, on every path.
import { closedRows } from './rows.ts'
import { figuresOf } from './figures.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { isPromise } from '../model/maybe-promise.ts'
import { notifySettled } from './notify.ts'
import type { Exchange } from './exchange.ts'
import type { Settlement } from '../plugin/contract.ts'

export async function settle(exchange: Exchange): Promise<void> {
  if (exchange.isSettled) return
  exchange.isSettled = true
  chargeWhatWasSpent(exchange)
  const figures = figuresOf(exchange)
  exchange.costNano = figures.costNano
  const recorded = exchange.kernel.record.closed(closedRows(exchange, figures))
  // In the same turn as the frame, so that a checkpoint sees both or neither.
  settleHolds(exchange, figures, recorded)
  learn(exchange)
  notifySettled(exchange)
  tellMetrics(exchange)
  try {
    await recorded
  } catch (error) {
    if (exchange.outcome === 'completed') throw error
    // The spool says once that it takes no frames; a line for each exchange would only fill another disk.
    if (error instanceof GatewayError) return
    exchange.kernel.log.error({ request_id: exchange.id, err: error }, 'the end of an exchange could not be recorded')
  }
}

/** A request that left and was cut off before its usage came back has cost its prompt. */
function chargeWhatWasSpent(exchange: Exchange): void {
  if (exchange.usageSource !== 'none' || !exchange.dispatched || exchange.outcome !== 'aborted') return
  exchange.usage = { ...exchange.usage, prompt: exchange.view?.promptTokens ?? 0 }
  exchange.usageSource = 'estimated_on_abort'
}

/** Nobody waits for a shared store to book: a settlement that is late holds back nothing but its own reservation. */
function settleHolds(exchange: Exchange, settlement: Settlement, recorded: Promise<void>): void {
  if (exchange.holds.length === 0) return
  const failed = (error: unknown): void =>
    exchange.kernel.log.error({ request_id: exchange.id, err: error }, 'a reservation could not be settled')
  for (const hold of exchange.holds) {
    try {
      Object.assign(exchange.responseHeaders, hold.headers?.(settlement))
      const pending = hold.settle(settlement, recorded)
      if (isPromise(pending)) pending.catch(failed)
    } catch (error) {
      failed(error)
    }
  }
}

function learn(exchange: Exchange): void {
  if (exchange.usageSource !== 'provider' || !exchange.request) return
  exchange.kernel.estimator.learn(exchange.request.model, exchange.request.raw.length, exchange.usage.prompt)
}

function tellMetrics(exchange: Exchange): void {
  const latencyMs = exchange.elapsedMs()
  exchange.kernel.metrics.exchangeEnded({
    endpoint: exchange.incoming.governed.endpoint,
    status: exchange.status,
    outcome: exchange.outcome,
    streamed: exchange.request?.stream ?? false,
    provider: exchange.target?.provider.name ?? '',
    model: exchange.target?.model ?? '',
    latencyMs,
    ttftMs: exchange.ttftMs,
    overheadUs: (latencyMs - exchange.upstreamMs) * 1000,
    promptTokens: exchange.usage.prompt,
    completionTokens: exchange.usage.completion,
    attempts: exchange.attempts.length,
  })
}
