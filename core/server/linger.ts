// What happens to a body that nobody read: it stands before the next request on the connection, so the connection has to end, but not at
// once. Closing resets the connection under a client that still sends, and it would never read its answer.
import type { IncomingMessage, ServerResponse } from 'node:http'

/** How long an unread body is thrown away after the answer was sent. */
const LINGER_MS = 1000

/** To be called before the answer is sent. */
export function discardUnread(request: IncomingMessage, response: ServerResponse): void {
  if (request.complete) return
  response.once('finish', () => {
    request.resume()
    setTimeout(() => {
      if (!request.complete) request.destroy()
    }, LINGER_MS).unref()
  })
}
