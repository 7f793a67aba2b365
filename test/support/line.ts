// A connection whose other end answers while this process does something else: what arrives stands in the socket when a timer falls due.
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { once } from 'node:events'

export interface Line {
  /** Of the other end. */
  readonly answer: Promise<unknown>
  /** The other end says `answer`, and nothing is read for `ms`. */
  answerWhileBusy(ms: number): void
  close(): void
}

export async function openLine(): Promise<Line> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [[far]] = (await Promise.all([once(server, 'connection'), once(near, 'connect')])) as [[Socket], unknown]
  return {
    answer: once(near, 'data').then(([data]: Buffer[]) => data),
    answerWhileBusy(ms) {
      far.write('answer')
      const until = performance.now() + ms
      while (performance.now() < until);
    },
    close() {
      near.destroy()
      server.close()
    },
  }
}
