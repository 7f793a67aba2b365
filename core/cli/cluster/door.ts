// The port of all workers. The primary holds it and reads nothing: it hands each connection to a worker and lets go of it when the worker has said
// that it took it. Until then nobody has read from it, so it can be given to another when the worker dies; afterwards it ends with its worker.
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { portTaken } from '../../server/port-taken.ts'

/** What a worker makes of a connection: it took it; it ends itself and takes no more; or none came with the message. */
export type Receipt = 'taken' | 'leaving' | 'nothing'

/** A worker, seen from the door. */
export interface Taker {
  /** Rejects when it has ended and had not taken it. */
  hand(socket: Socket): Promise<Receipt>
  /** Resolves when everything that was sent to it before has arrived, or is lost. */
  echo(): Promise<unknown>
}

interface Waiting {
  readonly socket: Socket
  readonly since: number
}

interface Handed {
  readonly taker: Taker
  readonly since: number
  readonly lost: () => void
  isDoubted: boolean
}

/** Workers that were killed are replaced in less, on a machine that has a tenth of a core for each, unless they die again and again. */
const PATIENCE_MS = 30_000
const LOOK_MS = 500

export interface DoorOptions {
  /** How long a connection waits while no worker takes any, before it is closed (default 30,000), */
  readonly patienceMs?: number
  /** and how often to look for such, and for those of which a worker says nothing (default 500). */
  readonly lookMs?: number
  /** In milliseconds; for tests. */
  readonly now?: () => number
}

export class Door {
  readonly #patienceMs: number
  readonly #lookMs: number
  readonly #now: () => number
  /** When a worker last took a connection: as long as they do, whoever waits has a place in a line that moves. */
  #takenAt: number
  readonly #server: Server
  readonly #takers = new Set<Taker>()
  /** Of these, who has nothing in hand; the longest idle first. A worker takes one at a time, so that a busy one gets fewer. */
  readonly #free = new Set<Taker>()
  readonly #waiting: Waiting[] = []
  readonly #handed = new Set<Handed>()
  #timer: NodeJS.Timeout | null = null

  constructor({ patienceMs = PATIENCE_MS, lookMs = LOOK_MS, now = () => performance.now() }: DoorOptions = {}) {
    this.#patienceMs = patienceMs
    this.#lookMs = lookMs
    this.#now = now
    this.#takenAt = now()
    this.#server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => {
      socket.on('error', () => undefined)
      this.#waiting.push({ socket, since: this.#now() })
      this.#next()
    })
  }

  /** From now on connections come in and wait. Rejects with a sentence when the port is taken. */
  async open(port: number, host: string): Promise<AddressInfo> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) => reject(portTaken(error, port, host)))
      this.#server.listen(port, host, resolve)
    })
    this.#timer = setInterval(() => this.#look(), this.#lookMs).unref()
    return this.#server.address() as AddressInfo
  }

  admit(taker: Taker): void {
    this.#takers.add(taker)
    this.#free.add(taker)
    this.#next()
  }

  /** It gets no more; what it has in hand it may still take. */
  dismiss(taker: Taker): void {
    this.#takers.delete(taker)
    this.#free.delete(taker)
  }

  /** Nobody can connect any more; who waits for a worker is turned away. */
  close(): void {
    if (this.#timer) clearInterval(this.#timer)
    this.#server.close()
    for (const { socket } of this.#waiting.splice(0)) socket.destroy()
  }

  #next(): void {
    while (this.#waiting.length > 0) {
      const [taker] = this.#free
      if (!taker) return
      this.#free.delete(taker)
      void this.#hand(this.#waiting.shift()!, taker)
    }
  }

  async #hand(waiting: Waiting, taker: Taker): Promise<void> {
    const receipt = await this.#receiptOf(waiting, taker)
    if (receipt === 'taken') this.#letGo(waiting)
    else if (this.#server.listening) this.#waiting.unshift(waiting)
    else waiting.socket.destroy()
    if (receipt === 'leaving' || receipt === 'ended') this.dismiss(taker)
    // Who had no file descriptor for this one stands behind the others.
    else if (this.#takers.has(taker)) this.#free.add(taker)
    this.#next()
  }

  async #receiptOf({ socket }: Waiting, taker: Taker): Promise<Receipt | 'ended'> {
    const lost = Promise.withResolvers<Receipt>()
    const handed: Handed = { taker, since: this.#now(), lost: () => lost.resolve('nothing'), isDoubted: false }
    this.#handed.add(handed)
    try {
      return await Promise.race([taker.hand(socket), lost.promise])
    } catch {
      return 'ended'
    } finally {
      this.#handed.delete(handed)
    }
  }

  /** Its worker has it now. */
  #letGo({ socket }: Waiting): void {
    this.#takenAt = this.#now()
    socket.destroy()
  }

  #look(): void {
    const now = this.#now()
    const isOver = ({ since }: Waiting): boolean => now - Math.max(since, this.#takenAt) > this.#patienceMs
    while (this.#waiting.length > 0 && isOver(this.#waiting[0]!)) this.#waiting.shift()!.socket.destroy()
    for (const handed of this.#handed) if (!handed.isDoubted && now - handed.since > this.#lookMs) this.#doubt(handed)
  }

  /** Messages keep their order: when a later one has arrived and this one has no receipt, it never will. */
  #doubt(handed: Handed): void {
    handed.isDoubted = true
    handed.taker.echo().then(handed.lost, () => undefined)
  }
}
