// A port of loopback that nobody listens on, and that nobody gets by chance either: it lies below those that systems give out of themselves.
import { createServer } from 'node:net'
import { once } from 'node:events'
import { randomInt } from 'node:crypto'

/** Systems give out ports from 32768 or 49152 on, to whoever listens on port 0 or connects. */
const FIRST = 10_000
const BEHIND = 32_000

export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST, BEHIND)
    if (await isFree(port)) return port
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  const listens = await new Promise<boolean>((resolve) =>
    server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true)),
  )
  if (!listens) return false
  server.close()
  await once(server, 'close')
  return true
}
