// Looks again until something holds: for what another process or timer does, where no clock can be injected.
import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'

const LOOKS = 400
const LOOK_MS = 25

/** Fails with `what` after 400 looks. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let look = 0; look < LOOKS; look++) {
    if (await holds()) return
    await pause(LOOK_MS)
  }
  assert.fail(`never: ${what}`)
}
