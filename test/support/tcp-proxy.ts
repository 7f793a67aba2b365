// A TCP proxy on loopback that can swallow everything without a word, as a network partition does: nothing arrives, nobody is told.
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

export class TcpProxy {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #isCut = false

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
    from.on('data', (data) => {
      if (!this.#isCut) to.write(data)
    })
    from.on('close', () => {
      if (!this.#isCut) to.destroy()
    })
  }
}
