// Looks again until something holds: for what another process or timer does, where no clock can be injected.
import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'

/** Only a test that fails waits so long: a busy machine may take its time. */
const PATIENCE_MS = 60_000
const LOOK_MS = 25

/** Fails with `what` if it never does. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + PATIENCE_MS
  for (;;) {
    if (await holds()) return
    if (performance.now() > end) assert.fail(`never: ${what}`)
    await pause(LOOK_MS)
  }
}
