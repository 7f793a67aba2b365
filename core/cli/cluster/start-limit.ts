// How long a worker may take to start: as long as it works. One that neither works nor says that it serves hangs, and is given up.
import type { Clock } from '../../plugin/contract.ts'
import type { Link } from './link.ts'

/** Question to a worker that starts: the processor time it has used, in milliseconds. */
export const WORKED = 'worked'

/** It is asked this often, */
const LOOK_MS = 5000
/** and given up after so many looks in a row: two minutes. Counted, because a clock also runs while the whole machine stands still. */
const LOOKS = 24
/** Less in all of them is no work, whatever timers run: a hundredth of a core. */
const WORK_MS = 1000

/** Calls `giveUp` with a sentence once the worker at the other end of the link hangs. Returns how to end the watch. */
export function watchStart(link: Pick<Link, 'ask'>, clock: Pick<Clock, 'after'>, giveUp: (error: Error) => void): () => void {
  let workedMs = 0
  let looks = 0
  // One that stands still leaves the question open, and is not asked another.
  let isAsked = false
  const ask = async (): Promise<void> => {
    isAsked = true
    const nowMs = await link.ask<number>(WORKED)
    isAsked = false
    if (nowMs < workedMs + WORK_MS) return
    workedMs = nowMs
    looks = 0
  }
  const look = (): void => {
    if (looks++ === LOOKS) return giveUp(new Error(HANGS))
    // Its end is told elsewhere.
    if (!isAsked) ask().catch(() => undefined)
    cancel = clock.after(LOOK_MS, look)
  }
  let cancel = clock.after(LOOK_MS, look)
  return () => cancel()
}

const HANGS =
  `a worker hung while it started: for ${(LOOKS * LOOK_MS) / 1000} s it neither worked nor served; it waits for a disk, for Redis or for another ` +
  'address of the configuration, which `log.level: debug` and `sallyport doctor` help to find'
