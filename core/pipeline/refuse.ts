// The one place where a refusal becomes an answer in the client's dialect. The account is settled before the client hears of it.
import { commonHeaders } from './headers.ts'
import { settle } from './settle.ts'
import { wireFor } from '../wire/index.ts'
import type { Exchange } from './exchange.ts'
import type { GatewayError } from '../errors/gateway-error.ts'

export async function refuse(exchange: Exchange, error: GatewayError): Promise<void> {
  if (exchange.isSettled) return afterSettlement(exchange, error)
  if (exchange.clientGone) {
    exchange.outcome = 'aborted'
    exchange.status = 499
    return settle(exchange)
  }
  exchange.error = error
  exchange.status = error.status
  exchange.outcome = exchange.failure || error.status >= 500 ? 'failed' : 'refused'
  await settle(exchange)
  const wire = wireFor(exchange.incoming.governed.dialect)
  if (exchange.reply.isOpen) return exchange.reply.end(wire.writeStreamError(error, exchange.id).toString())
  const body = wire.writeError(error, exchange.id)
  const headers = { 'content-type': 'application/json', ...error.headers, ...commonHeaders(exchange), ...retryHeaders(error) }
  exchange.reply.send(error.status, headers, body)
}

/** The account is closed (or could not be closed), and the answer was not released: the client must not take silence for an answer. */
function afterSettlement(exchange: Exchange, error: GatewayError): void {
  if (exchange.clientGone || exchange.reply.isOpen) return exchange.reply.destroy()
  const body = wireFor(exchange.incoming.governed.dialect).writeError(error, exchange.id)
  exchange.reply.send(error.status, { 'content-type': 'application/json', 'x-request-id': exchange.id, ...retryHeaders(error) }, body)
}

function retryHeaders(error: GatewayError): { [name: string]: string } {
  const headers: { [name: string]: string } = { 'x-should-retry': String(error.shouldRetry) }
  if (error.retryAfterSeconds !== null) headers['retry-after'] = String(error.retryAfterSeconds)
  return headers
}
