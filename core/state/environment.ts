// Opens the lmdb environment of a state folder. Several processes may do so at once; who may count is `owner.ts`'s affair.
import { mkdirSync } from 'node:fs'
import { open, type RootDatabase } from 'lmdb'

const MAX_DATABASES = 16

/** Throws with the path and the reason when the folder cannot be made or opened. */
export function openEnvironment(path: string): RootDatabase {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    return open({ path, maxDbs: MAX_DATABASES, encoding: 'json', noSubdir: false })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`${path}: the state folder cannot be opened: ${reason}; check that it is a writable folder`, { cause: error })
  }
}
