// Waits until the tables hold everything that stands in the spool now: watches the recorder that runs, or ships itself where none does.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { claim } from '../record/claim.ts'
import { listNodes, livingBoot } from '../record/node.ts'
import { listSegments } from '../record/segment.ts'
import { checkpointedBoots } from './checkpoint.ts'
import type { Log } from './log.ts'
import { ShippingLoop } from './loop.ts'
import { lockPath, openStore, type RecorderOptions } from './options.ts'

const LOOK_MS = 200

/** Rejects when nothing more is shipped for `patienceMs` (default 60 000), or the engine cannot be opened. */
export async function drainSpool(options: RecorderOptions, log: Log, patienceMs = 60_000): Promise<void> {
  mkdirSync(options.spool, { recursive: true, mode: 0o700 })
  const lock = claim(lockPath(options), `drain ${process.pid}`)
  if (lock === null) return untilGone(options.spool, patienceMs, () => Promise.resolve())
  const loop = new ShippingLoop({ spool: options.spool, openStore: () => openStore(options), log })
  try {
    await untilGone(options.spool, patienceMs, async () => void (await loop.pass()))
  } finally {
    await loop.stop(0)
    lock.release()
  }
}

async function untilGone(spool: string, patienceMs: number, ship: () => Promise<void>): Promise<void> {
  const wanted = new Set(unshipped(spool))
  for (let left = wanted.size, quietMs = 0; left > 0;) {
    await ship()
    const now = new Set(unshipped(spool))
    const still = [...wanted].filter((one) => now.has(one)).length
    quietMs = still < left ? 0 : quietMs + LOOK_MS
    left = still
    if (quietMs > patienceMs) throw new Error(`the spool is not shipped: ${left} segments wait; look at the recorder's log`)
    if (left > 0) await pause(LOOK_MS)
  }
}

/** Segments, whole or growing, and runs that have ended with exchanges of which the tables do not know yet. */
function unshipped(spool: string): string[] {
  return listNodes(spool).flatMap((nodeId) => {
    const folder = join(spool, nodeId)
    const living = livingBoot(folder)
    const runs = checkpointedBoots(folder).filter((boot) => boot !== living)
    return [...listSegments(folder).map(({ id }) => id), ...runs].map((name) => `${nodeId}/${name}`)
  })
}
