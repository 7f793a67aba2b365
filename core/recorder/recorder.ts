// One recorder: the lock on its data, the shipping loop, the socket. Runs in a process of its own (`main.ts`) and in tests.
import { mkdirSync, rmSync } from 'node:fs'
import { claim } from '../record/claim.ts'
import type { Log } from './log.ts'
import { ShippingLoop } from './loop.ts'
import { lockPath, openStore, type RecorderOptions } from './options.ts'
import { readLines } from './read.ts'
import { listen, socketPath, type Question } from './socket.ts'

export interface Recorder {
  /** Ends after shipping what is whole, at most `drainMs` milliseconds later. */
  stop(drainMs?: number): Promise<void>
}

const DRAIN_MS = 10_000
const REFRESH_MS = 10_000

/** Starts a recorder. Rejects when another one has the same data; a ClickHouse that is away is waited for, not an error. */
export async function runRecorder(options: RecorderOptions, log: Log): Promise<Recorder> {
  mkdirSync(options.spool, { recursive: true, mode: 0o700 })
  const lock = claim(lockPath(options), `recorder ${process.pid} ${Date.now()}`)
  if (lock === null) throw new Error(`another recorder runs for ${options.spool}; one per data directory`)
  const loop = new ShippingLoop({ spool: options.spool, openStore: () => openStore(options), log })
  const server = await listen(options.spool, (question) => answer(loop, question)).catch((error: unknown) => {
    lock.release()
    throw error
  })
  const alive = setInterval(() => lock.refresh(), REFRESH_MS).unref()
  loop.start()
  return {
    stop: async (drainMs = DRAIN_MS) => {
      server.close()
      await loop.stop(drainMs)
      clearInterval(alive)
      rmSync(socketPath(options.spool), { force: true })
      lock.release()
    },
  }
}

async function* answer(loop: ShippingLoop, question: Question): AsyncGenerator<string> {
  if (question.op === 'status') yield JSON.stringify({ pid: process.pid, shipped: loop.shipped, problem: loop.problem })
  else yield* readLines(await loop.store(), question.query)
}
