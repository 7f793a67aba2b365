// Which connections of a server still have something to answer. Once a server closes, Node looks no longer for connections that take too long
// with their headers, and takes one on which nothing was ever sent for a busy one; either would hold a drain to its very end.
import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** How often connections that have nothing to answer are looked for, */
const LOOK_MS = 200
/** and how many looks in a row have to find them so: a request may just be on its way. */
const PATIENCE = 5

export class Connections {
  /** Each connection's last response; null: none was asked for yet. */
  readonly #last = new Map<Socket, ServerResponse | null>()
  #ended = Promise.withResolvers<void>()
  #isEnding = false

  constructor(server: Server) {
    server.on('connection', (socket) => {
      this.#last.set(socket, null)
      socket.once('close', () => {
        this.#last.delete(socket)
        if (this.#last.size === 0) this.#ended.resolve()
      })
    })
    server.prependListener('request', (request, response) => {
      this.#last.set(request.socket, response)
      if (this.#isEnding) response.shouldKeepAlive = false
    })
  }

  /** Resolves as soon as there is none. */
  ended(): Promise<void> {
    if (this.#last.size === 0) return Promise.resolve()
    this.#ended = Promise.withResolvers()
    return this.#ended.promise
  }

  /** From now on ends connections that have nothing to answer, and each with its next answer. Returns how to stop looking. */
  endIdle(): () => void {
    this.#isEnding = true
    const looks = new Map<Socket, number>()
    const timer = setInterval(() => {
      for (const [socket, response] of this.#last) {
        const isIdle = response === null || response.writableFinished || response.destroyed
        const seen = isIdle ? (looks.get(socket) ?? 0) + 1 : 0
        looks.set(socket, seen)
        if (seen >= PATIENCE) socket.destroy()
      }
    }, LOOK_MS)
    return () => clearInterval(timer)
  }
}
