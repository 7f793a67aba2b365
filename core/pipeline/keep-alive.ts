// A client that asked for a stream and gets no content yet hears at least that somebody is there.
import { streamHeaders } from './headers.ts'
import type { Exchange } from './exchange.ts'

/** Commits the header of a slow stream and keeps the connection alive until `work` is done. */
export async function keepingAlive<T>(exchange: Exchange, work: () => Promise<T>): Promise<T> {
  const { kernel, reply, snapshot } = exchange
  const everyMs = snapshot.loaded.config.server.streamHeaderAfterMs
  const beat = (): void => {
    if (!reply.isOpen) reply.open(200, streamHeaders(exchange))
    reply.write(': keep-alive\n\n')
    cancel = kernel.clock.after(everyMs, beat)
  }
  let cancel = kernel.clock.after(everyMs, beat)
  try {
    return await work()
  } finally {
    cancel()
  }
}
