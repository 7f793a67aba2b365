// Keep-alive connections to one origin. Each undici `Client` is one connection that carries one call at a time; the most recently
// used idle one is taken first, so surplus connections grow old and close. Undici's own Pool can neither drop a call that waits
// nor close a connection that is only being opened, and both must end at once when a client leaves.
import { Client, buildConnector, type Dispatcher } from 'undici'
import type { Socket } from 'node:net'

export interface PoolOptions {
  /** Connections at most; further calls wait in order. */
  readonly connections: number
  /** Milliseconds to open a connection, TLS included. */
  readonly connectMs: number
  /** Milliseconds that an idle connection is kept, unless the server asks for less. */
  readonly keepAliveMs: number
}

/** A call that wants a connection. */
export interface Waiter {
  onConnection(connection: Connection): void
}

/** One connection (or the place for one) of an origin. */
export class Connection {
  readonly #client: Client
  #opening: Socket | null = null

  constructor(origin: string, options: PoolOptions, connector: SocketConnector) {
    this.#client = new Client(origin, {
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: options.keepAliveMs,
      connect: (target, callback) => {
        this.#opening = connector(target, (...result) => {
          this.#opening = null
          callback(...result)
        })
      },
    })
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.#client.dispatch(options, handler)
  }

  /** Gives up a connection that is still being opened; the waiting call ends with `reason`. */
  cancelOpening(reason: Error): void {
    this.#opening?.destroy(reason)
  }

  destroy(reason: Error): Promise<void> {
    this.#opening?.destroy(reason)
    return this.#client.destroy(reason)
  }
}

/** Undici's connector returns the socket it opens, which its types do not say. */
type SocketConnector = (options: buildConnector.Options, callback: buildConnector.Callback) => Socket

export class OriginPool {
  readonly #origin: string
  readonly #options: PoolOptions
  readonly #connector: SocketConnector
  readonly #all: Connection[] = []
  readonly #idle: Connection[] = []
  readonly #waiting: Waiter[] = []

  constructor(origin: string, options: PoolOptions) {
    this.#origin = origin
    this.#options = options
    this.#connector = buildConnector({ timeout: options.connectMs, allowH2: false }) as unknown as SocketConnector
  }

  /** Hands a connection to `waiter`, now or when one falls free. */
  acquire(waiter: Waiter): void {
    const idle = this.#idle.pop()
    if (idle !== undefined) return waiter.onConnection(idle)
    if (this.#all.length >= this.#options.connections) {
      this.#waiting.push(waiter)
      return
    }
    const connection = new Connection(this.#origin, this.#options, this.#connector)
    this.#all.push(connection)
    waiter.onConnection(connection)
  }

  release(connection: Connection): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#idle.push(connection)
    else next.onConnection(connection)
  }

  /** Takes back a call that has no connection yet. */
  forget(waiter: Waiter): void {
    const index = this.#waiting.indexOf(waiter)
    if (index >= 0) this.#waiting.splice(index, 1)
  }

  async close(reason: Error): Promise<void> {
    this.#waiting.length = 0
    await Promise.all(this.#all.map((connection) => connection.destroy(reason)))
  }
}
