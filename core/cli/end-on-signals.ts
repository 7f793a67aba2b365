// How a serving process ends: the first signal drains, the second ends at once.
import type { Log } from '../plugin/contract.ts'

export function endOnSignals(log: Log, signals: readonly NodeJS.Signals[], stop: () => Promise<void>): void {
  const end = endOnce(log, stop)
  for (const signal of signals) process.on(signal, () => end(signal))
}

/** Ends the process through `stop`; asked again, at once. */
export function endOnce(log: Log, stop: () => Promise<void>): (why: string) => void {
  let stopping = false
  return (why) => {
    if (stopping) process.exit(1)
    stopping = true
    log.info({ signal: why }, 'draining; a second signal ends at once')
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, 'the gateway did not end cleanly')
        process.exit(1)
      },
    )
  }
}
