// What the pipeline needs from whoever calls it: the HTTP server, or a program that uses the gateway as a library.
import type { GatewayError } from '../errors/gateway-error.ts'
import type { Awaitable } from '../model/maybe-promise.ts'
import type { Dialect, Endpoint } from '../model/request.ts'

/** An endpoint whose requests walk the pipeline. */
export interface GovernedEndpoint {
  readonly endpoint: Endpoint
  readonly dialect: Dialect
  /** Scope that a key needs. */
  readonly scope: string
  /** False for `/v1/decide`: everything but the dispatch. */
  readonly dispatches: boolean
}

export interface Incoming {
  readonly governed: GovernedEndpoint
  readonly clientIp: string
  header(name: string): string | null
  /** The whole body, bounded; asked for once, after the caller was identified. */
  readBody(): Awaitable<Buffer | GatewayError>
}

export type Headers = { [name: string]: string }

/** Where the answer goes. One of `send` and `open … end` is used, once. */
export interface Reply {
  /** Calls back once when the client leaves before the answer is complete. */
  onGone(callback: () => void): void
  send(status: number, headers: Headers, body: Buffer): void
  open(status: number, headers: Headers): void
  readonly isOpen: boolean
  /** False asks for a pause until `onDrain` calls back. */
  write(text: string): boolean
  onDrain(callback: () => void): void
  end(text: string): void
  /** Breaks the connection: the client must not take what it got for the whole. */
  destroy(): void
}
