// Headers of the answers: ids, where the answer comes from, warnings, what plugins add.
import type { Exchange } from './exchange.ts'
import type { Json, JsonObject } from '../model/value.ts'

export function streamHeaders(exchange: Exchange): { [name: string]: string } {
  return { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache', ...commonHeaders(exchange) }
}

/** Headers that every answer carries. */
export function commonHeaders(exchange: Exchange): { [name: string]: string } {
  const headers: { [name: string]: string } = {
    ...exchange.responseHeaders,
    'x-request-id': exchange.id,
    'x-sallyport-trace': exchange.traceId,
  }
  if (exchange.cacheStatus !== '') headers['x-sallyport-cache'] = exchange.cacheStatus
  if (exchange.target && (exchange.dispatched || exchange.cacheStatus !== '')) {
    headers['x-sallyport-model'] = headerText(exchange.target.model)
    headers['x-sallyport-provider'] = headerText(exchange.target.provider.name)
  }
  if (exchange.warnings.size > 0) headers['x-sallyport-warnings'] = headerText([...exchange.warnings].join(','))
  if (exchange.principal?.scopes.includes('debug')) headers['server-timing'] = serverTiming(exchange)
  return headers
}

/** Names and codes are free text of operators and policies; a header takes visible ASCII alone, so all else is percent-encoded. */
function headerText(text: string): string {
  return BEYOND_ASCII.test(text) ? text.toWellFormed().replaceAll(/[^\x20-\x7e]+/g, encodeURIComponent) : text
}

const BEYOND_ASCII = /[^\x20-\x7e]/

function serverTiming(exchange: Exchange): string {
  const plugins = Object.entries(exchange.pluginUs).map(([plugin, us]) => `${plugin.replaceAll('.', '_')};dur=${(us / 1000).toFixed(3)}`)
  return [...plugins, `upstream;dur=${exchange.upstreamMs.toFixed(3)}`, `total;dur=${exchange.elapsedMs().toFixed(3)}`].join(', ')
}

/** Warnings in the body, for clients that cannot read headers and ask for it. */
export function bodyMetadata(exchange: Exchange): JsonObject | null {
  if (exchange.incoming.header('x-sallyport-body-metadata') !== '1') return null
  const warnings: Json = [...exchange.warnings]
  return { warnings, request_id: exchange.id }
}
