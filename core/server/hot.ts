// The entry for governed requests. Everything that is not in the table of governed endpoints goes to the express app.
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { GatewayError } from '../errors/gateway-error.ts'
import { GOVERNED } from './routes.ts'
import { handle } from '../pipeline/handle.ts'
import { newId } from '../model/ids.ts'
import { HttpIncoming, HttpReply } from './http-exchange.ts'
import { discardUnread } from './linger.ts'
import { wireFor } from '../wire/index.ts'
import type { GovernedEndpoint } from '../pipeline/ports.ts'
import type { Gateway } from './gateway.ts'

export function hotEntry(gateway: Gateway, app: RequestListener): RequestListener {
  return (request, response) => {
    const governed = GOVERNED.get(`${request.method} ${pathOf(request.url ?? '')}`)
    if (!governed) return app(request, response)
    if (gateway.isDraining) {
      if (gateway.options.whileDraining !== 'answer') return refuseDraining(response, governed)
      response.shouldKeepAlive = false
    }
    const incoming = new HttpIncoming(request, governed, gateway.clientIp(request), gateway.current.loaded.config.server.maxBodyBytes)
    void handle(gateway.kernel, gateway.current, incoming, new HttpReply(request, response))
  }
}

/** Of `/path?query`, and of the absolute form that every server has to take (RFC 9112, 3.2.2); its host says nothing to us. */
export function pathOf(url: string): string {
  const path = url.startsWith('/') ? url : url.replace(/^https?:\/\/[^/?#]*/i, '')
  const end = path.indexOf('?')
  return end === -1 ? path : path.slice(0, end)
}

function refuseDraining(response: ServerResponse, governed: GovernedEndpoint): void {
  sendError(response, governed, new GatewayError('draining'))
}

/** Answers outside the pipeline, where there is no exchange to settle; the id is for whoever asks about it. */
export function sendError(
  response: ServerResponse<IncomingMessage>,
  governed: Pick<GovernedEndpoint, 'dialect'>,
  error: GatewayError,
): void {
  const id = newId('req')
  const body = wireFor(governed.dialect).writeError(error, id)
  discardUnread(response.req, response)
  response.writeHead(error.status, {
    'content-type': 'application/json',
    'content-length': body.length,
    'x-request-id': id,
    'x-should-retry': String(error.shouldRetry),
    ...(error.retryAfterSeconds === null ? {} : { 'retry-after': String(error.retryAfterSeconds) }),
  })
  response.end(body)
}
