// A running gateway: the kernel that lasts, the snapshot that judges now, and the server that listens.
import { createServer, type IncomingMessage, type Server, type ServerOptions } from 'node:http'
import { buildSnapshot, type SnapshotParts } from './snapshots.ts'
import { buildApp } from './app.ts'
import { Connections } from './connections.ts'
import { clientIpReader, type ClientIpReader } from './client-ip.ts'
import { hotEntry } from './hot.ts'
import { portTaken } from './port-taken.ts'
import type { AdminToken } from '../state/admin-token.ts'
import type { AddressInfo, Socket } from 'node:net'
import type { Kernel, Snapshot } from '../pipeline/snapshot.ts'
import type { LoadedConfig } from '../config/config.ts'

export interface GatewayOptions extends SnapshotParts {
  /** Reads the configuration again; throws with every finding. */
  readonly load: () => LoadedConfig
  readonly adminToken: AdminToken
  readonly metricsText: () => Promise<string>
  /** Reloads all processes that serve together; absent: there is only this one. */
  readonly reloadTogether?: () => Promise<ReloadReport>
  /** While draining: refuse what still arrives (`refuse`, the default), or answer it and close its connection, where others serve the same port. */
  readonly whileDraining?: 'refuse' | 'answer'
}

/** How often connections that are kept alive are closed while others still drain. */
const IDLE_CHECK_MS = 200

export interface ReloadReport {
  readonly ok: boolean
  readonly generation: number
  /** Why the last reload was refused, or null. */
  readonly error: string | null
}

/** Where connections come in that another process has accepted. */
export interface Receiver {
  take(socket: Socket): void
}

export class Gateway {
  readonly kernel: Kernel
  readonly options: GatewayOptions
  #current: Snapshot
  #clientIp: ClientIpReader
  #reloading: Promise<ReloadReport> | null = null
  /** Built by `prepare`, and judges nothing yet. */
  #prepared: { readonly snapshot: Snapshot; readonly clientIp: ClientIpReader } | null = null
  #server: Server | null = null
  #connections: Connections | null = null
  /** Snapshots that a reload has replaced and that still have exchanges. */
  readonly #retiring = new Set<Snapshot>()
  readonly reloads = { ok: 0, refused: 0 }
  /** Unix ms at which the current snapshot took over. */
  currentSinceMs: number
  lastError: string | null = null
  isDraining = false

  private constructor(options: GatewayOptions, first: Snapshot) {
    this.options = options
    this.kernel = options.kernel
    this.#current = first
    this.#clientIp = clientIpReader(first.loaded.config.server.trustProxy)
    this.currentSinceMs = options.kernel.clock.now()
  }

  /** Builds the first snapshot. Throws when the configuration, a plugin or a policy is not good: nothing listens then. */
  static async create(options: GatewayOptions, generation = 1): Promise<Gateway> {
    return new Gateway(options, await buildSnapshot(options, options.load(), generation))
  }

  get current(): Snapshot {
    return this.#current
  }

  /** Exchanges under way, by the snapshot that judges them. */
  get exchanges(): { readonly current: number; readonly retiring: number } {
    let retiring = 0
    for (const snapshot of this.#retiring) retiring += snapshot.exchanges
    return { current: this.#current.exchanges, retiring }
  }

  clientIp(request: IncomingMessage): string {
    return this.#clientIp(request)
  }

  /** Listens; rejects with a sentence when the port is taken. */
  async listen(port: number, host: string): Promise<AddressInfo> {
    const server = this.#serve()
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => reject(portTaken(error, port, host)))
      server.listen(port, host, resolve)
    })
    return server.address() as AddressInfo
  }

  /** In place of `listen`: answers connections that another process accepts, each as it is given to `take`. */
  receive(): Receiver {
    const server = this.#serve()
    // Nothing listens here, but with this Node begins to look for connections that are too slow.
    server.emit('listening')
    return {
      take(socket) {
        // As Node makes those that it accepts for an HTTP server.
        socket.allowHalfOpen = true
        server.emit('connection', socket)
      },
    }
  }

  #serve(): Server {
    const server = createServer({ keepAliveTimeout: 65_000, ...patience(this.#current.loaded.config.server.receiveTimeoutMs) })
    server.on('request', hotEntry(this, buildApp(this)))
    this.#server = server
    this.#connections = new Connections(server)
    return server
  }

  /** Builds a new snapshot beside the old one and swaps. A bad one changes nothing; the report says why. One reload at a time. */
  reload(): Promise<ReloadReport> {
    const before: Promise<unknown> = this.#reloading ?? Promise.resolve()
    // One that failed must not stand before all that follow.
    this.#reloading = before.catch(() => undefined).then(this.options.reloadTogether ?? (() => this.#reload()))
    return this.#reloading
  }

  async #reload(): Promise<ReloadReport> {
    const error = await this.prepare(this.#current.generation + 1)
    if (error === null) this.commit()
    else await this.refuse(error)
    return this.report
  }

  get report(): ReloadReport {
    return { ok: this.lastError === null, generation: this.#current.generation, error: this.lastError }
  }

  /** First phase: builds the snapshot of this generation and keeps it aside. Resolves to why it cannot be built, or null. */
  async prepare(generation: number): Promise<string | null> {
    await this.#discard()
    try {
      const loaded = this.options.load()
      const clientIp = clientIpReader(loaded.config.server.trustProxy)
      this.#prepared = { snapshot: await buildSnapshot(this.options, loaded, generation), clientIp }
      return null
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }

  /** Second phase: what was prepared judges from now on. Does nothing when nothing was. */
  commit(): void {
    if (this.#prepared === null) return
    const old = this.#current
    this.#current = this.#prepared.snapshot
    this.#clientIp = this.#prepared.clientIp
    this.#prepared = null
    this.lastError = null
    this.reloads.ok++
    this.currentSinceMs = this.kernel.clock.now()
    this.kernel.log.info({ generation: this.#current.generation, policy_hash: this.#current.bound.program.hash }, 'reloaded')
    void this.#retire(old)
  }

  /** The other end of `prepare`: nothing changes, and whoever asks is told why. */
  async refuse(error: string): Promise<void> {
    this.reloads.refused++
    this.lastError = error
    this.kernel.log.error({ err: error }, 'the reload was refused; the last good configuration goes on')
    await this.#discard()
  }

  async #discard(): Promise<void> {
    const prepared = this.#prepared
    this.#prepared = null
    if (prepared) await this.#retire(prepared.snapshot)
  }

  async #retire(old: Snapshot): Promise<void> {
    this.#retiring.add(old)
    try {
      await old.retire()
    } catch (error) {
      this.kernel.log.error({ err: error }, 'an old snapshot could not be closed')
    }
    this.#retiring.delete(old)
  }

  /** Stops taking requests, lets those under way end within `server.drainSeconds`, then closes everything below. */
  async close(): Promise<void> {
    this.isDraining = true
    const server = this.#server
    if (server) {
      // Where others listen, nobody else comes, and who is here may be about to ask: the answer says that it is the last one.
      const isListening = server.listening
      const closed = isListening ? new Promise<void>((resolve) => server.close(() => resolve())) : Promise.resolve()
      const idle = isListening ? setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS) : undefined
      const keepIdle = this.#connections?.endIdle()
      const cancel = this.kernel.clock.after(this.#current.loaded.config.server.drainSeconds * 1000, () => server.closeAllConnections())
      await closed
      await this.#connections?.ended()
      cancel()
      clearInterval(idle)
      keepIdle?.()
    }
    await this.#discard()
    await this.#current.retire()
  }
}

/** Clients that send slowly, or nothing, must not hold connections for ever. How long an answer takes is not limited here. */
function patience(receiveTimeoutMs: number): ServerOptions {
  return {
    requestTimeout: receiveTimeoutMs,
    headersTimeout: Math.min(receiveTimeoutMs, 30_000),
    connectionsCheckingInterval: Math.min(receiveTimeoutMs / 4, 5000),
  }
}
