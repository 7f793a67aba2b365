// Tells plugins what the client got. Never awaited, never able to disturb the client.
import type { Delivered } from '../plugin/contract.ts'
import type { Exchange } from './exchange.ts'

export function notifyAnswer(exchange: Exchange, delivered: Delivered): void {
  const view = exchange.answerable
  if (!view || exchange.outcome !== 'completed') return
  for (const hook of exchange.snapshot.plugins.onAnswer) {
    try {
      hook.call(view, delivered)
    } catch (error) {
      exchange.skipped(hook.plugin, error)
    }
  }
}

/** Fan-out at the end of the exchange. */
export function notifySettled(exchange: Exchange): void {
  for (const hook of exchange.snapshot.plugins.onSettle) {
    try {
      hook.call({
        exchangeId: exchange.id,
        outcome: exchange.outcome,
        target: exchange.target,
        attemptKey: exchange.attemptKey,
        failure: exchange.failure,
        latencyMs: exchange.elapsedMs(),
        usage: exchange.usage,
      })
    } catch (error) {
      exchange.skipped(hook.plugin, error)
    }
  }
}
