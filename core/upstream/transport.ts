// The HTTP transport: one undici dispatch per call, its handler the call itself. No stream objects and no promises per chunk,
// because CPU per request is what a gateway sells. Patience beyond connecting is kept by the caller (`deadline.ts`).
import type { Dispatcher } from 'undici'
import { classifySocketError } from './failures.ts'
import { OriginPool, type Connection, type PoolOptions, type Waiter } from './pool.ts'
import type { HttpCall, Transport, TransportCall, TransportSink } from '../plugin/contract.ts'
import type { Timeouts } from '../model/target.ts'

export interface HttpTransportOptions {
  /** Connections per origin, ≥ 1; default 1024. Further calls wait. */
  readonly connections?: number
  /** Milliseconds that an idle connection is kept; default 30,000. */
  readonly keepAliveMs?: number
}

const DEFAULT_CONNECT_MS = 5000
const MAX_KNOWN_URLS = 1000

export interface HttpTransport extends Transport {
  close(): Promise<void>
}

export function createHttpTransport(options: HttpTransportOptions = {}): HttpTransport {
  const pools = new Map<string, OriginPool>()
  const routes = new Map<string, Route>()

  function poolFor(origin: string, connectMs: number): OriginPool {
    const key = `${connectMs} ${origin}`
    let pool = pools.get(key)
    if (pool === undefined) {
      const poolOptions: PoolOptions = { connections: options.connections ?? 1024, connectMs, keepAliveMs: options.keepAliveMs ?? 30_000 }
      pools.set(key, (pool = new OriginPool(origin, poolOptions)))
    }
    return pool
  }

  function routeFor(url: string, connectMs: number): Route {
    const known = routes.get(url)
    if (known !== undefined && known.connectMs === connectMs) return known
    const parsed = new URL(url)
    const route = { pool: poolFor(parsed.origin, connectMs), path: parsed.pathname + parsed.search, connectMs }
    if (routes.size >= MAX_KNOWN_URLS) routes.clear()
    routes.set(url, route)
    return route
  }

  return {
    send(call, sink, timeouts?: Timeouts) {
      const route = routeFor(call.url, timeouts?.connectMs ?? DEFAULT_CONNECT_MS)
      const running = new RunningCall(call, route, sink)
      route.pool.acquire(running)
      return running
    },
    async close() {
      const reason = new Error('the gateway is closing its upstream connections')
      await Promise.all([...pools.values()].map((pool) => pool.close(reason)))
      pools.clear()
      routes.clear()
    },
  }
}

interface Route {
  readonly pool: OriginPool
  readonly path: string
  readonly connectMs: number
}

/** One call on its way. Everything that undici reports after an abort is swallowed here. */
class RunningCall implements TransportCall, Waiter, Dispatcher.DispatchHandler {
  readonly #call: HttpCall
  readonly #route: Route
  readonly #sink: TransportSink
  #connection: Connection | null = null
  #controller: Dispatcher.DispatchController | null = null
  #over = false

  constructor(call: HttpCall, route: Route, sink: TransportSink) {
    this.#call = call
    this.#route = route
    this.#sink = sink
  }

  abort(): void {
    if (this.#over) return
    this.#over = true
    const reason = new Error('aborted')
    if (this.#controller !== null) this.#controller.abort(reason)
    else if (this.#connection !== null) this.#connection.cancelOpening(reason)
    else this.#route.pool.forget(this)
  }

  resume(): void {
    if (!this.#over) this.#controller?.resume()
  }

  onConnection(connection: Connection): void {
    this.#connection = connection
    const { method, headers, body } = this.#call
    connection.dispatch({ path: this.#route.path, method, headers: headers as Record<string, string>, body }, this)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#over) controller.abort(new Error('aborted'))
    else this.#sink.onSent?.()
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (!this.#over && status >= 200) this.#sink.onHeaders(status, headers)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#over && !this.#sink.onData(chunk)) controller.pause()
  }

  onResponseEnd(): void {
    this.#release()
    if (this.#over) return
    this.#over = true
    this.#sink.onEnd()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#release()
    if (this.#over) return
    this.#over = true
    this.#sink.onError(classifySocketError(error, this.#controller !== null))
  }

  #release(): void {
    const connection = this.#connection
    this.#connection = null
    if (connection !== null) this.#route.pool.release(connection)
  }
}
