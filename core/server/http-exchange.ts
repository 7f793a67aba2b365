// One HTTP request and its response as the pipeline's ports. Straight from `node:http`; Express never sees hot requests.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { discardUnread } from './linger.ts'
import { readBody } from './body.ts'
import type { Awaitable } from '../model/maybe-promise.ts'
import type { GatewayError } from '../errors/gateway-error.ts'
import type { GovernedEndpoint, Headers, Incoming, Reply } from '../pipeline/ports.ts'

export class HttpIncoming implements Incoming {
  readonly governed: GovernedEndpoint
  readonly clientIp: string
  readonly #request: IncomingMessage
  readonly #maxBodyBytes: number

  constructor(request: IncomingMessage, governed: GovernedEndpoint, clientIp: string, maxBodyBytes: number) {
    this.#request = request
    this.governed = governed
    this.clientIp = clientIp
    this.#maxBodyBytes = maxBodyBytes
  }

  header(name: string): string | null {
    const value = this.#request.headers[name]
    return value === undefined ? null : Array.isArray(value) ? value.join(', ') : value
  }

  readBody(): Awaitable<Buffer | GatewayError> {
    return readBody(this.#request, this.#maxBodyBytes)
  }
}

export class HttpReply implements Reply {
  readonly #request: IncomingMessage
  readonly #response: ServerResponse

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request
    this.#response = response
  }

  onGone(callback: () => void): void {
    this.#response.once('close', () => {
      if (!this.#response.writableEnded) callback()
    })
  }

  send(status: number, headers: Headers, body: Buffer): void {
    headers['content-length'] = String(body.length)
    discardUnread(this.#request, this.#response)
    this.#response.writeHead(status, headers)
    // As text of bytes: node puts head and body into one write then, instead of two. A tenth of the CPU of a short exchange.
    this.#response.end(body.toString('latin1'), 'latin1')
  }

  open(status: number, headers: Headers): void {
    this.#response.writeHead(status, headers)
    this.#response.flushHeaders()
    this.#response.socket?.setNoDelay(true)
  }

  get isOpen(): boolean {
    return this.#response.headersSent
  }

  write(text: string): boolean {
    return this.#response.write(text)
  }

  onDrain(callback: () => void): void {
    this.#response.once('drain', callback)
  }

  end(text: string): void {
    this.#response.end(text)
  }

  destroy(): void {
    this.#response.destroy()
  }
}
