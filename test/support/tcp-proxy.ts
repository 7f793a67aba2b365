// A TCP proxy on loopback that can swallow everything without a word, as a network partition does: nothing arrives, nobody is told.
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

export class TcpProxy {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #isCut = false
  #delayMs = 0

  private constructor(target: number) {
    this.#server = createServer((near) => {
      // What was connected while cut stays dead for good: its packets are lost.
      const far = this.#isCut ? null : connect(target, '127.0.0.1')
      this.#keep(near)
      if (!far) return
      this.#keep(far)
      this.#relay(near, far)
      this.#relay(far, near)
    })
  }

  static async start(target: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(target)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  cut(): void {
    this.#isCut = true
  }

  heal(): void {
    this.#isCut = false
  }

  /** Each packet takes this long, in each direction. */
  slow(delayMs: number): void {
    this.#delayMs = delayMs
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => this.#sockets.delete(socket))
  }

  #relay(from: Socket, to: Socket): void {
    let late = 0
    let last = Promise.resolve()
    from.on('data', (data) => {
      if (this.#isCut) return
      if (this.#delayMs === 0 && late === 0) return void to.write(data)
      // Behind what is still on its way.
      const due = performance.now() + this.#delayMs
      late++
      last = last.then(async () => {
        await pause(Math.max(0, due - performance.now()))
        late--
        to.write(data)
      })
    })
    from.on('close', () => {
      // What was sent before arrives all the same, as a kernel sends it.
      if (!this.#isCut) void last.then(() => to.destroy())
    })
  }
}
