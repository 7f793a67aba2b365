// Opens the lmdb environment of a state folder. Several processes may do so at once; who may count is `owner.ts`'s affair.
import { mkdirSync, statfsSync } from 'node:fs'
import { open, type RootDatabase } from 'lmdb'
import { GatewayError } from '../errors/gateway-error.ts'
import { DamagedStateError, noteClosed, requireIntact } from './damage.ts'

const MAX_DATABASES = 16
/** lmdb ends the process when a disk fills up under a commit: with less room than this, and what is to be written, nothing is tried. */
const MIN_FREE_BYTES = 2 * 1024 * 1024

/** Throws with the path and the reason when the folder cannot be made or opened, or when what is in it is damaged. */
export function openEnvironment(path: string, freeBytes: FreeBytes = freeBytesOn): RootDatabase {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    requireIntact(path)
    return noting(withRoom(open({ path, maxDbs: MAX_DATABASES, encoding: 'json', noSubdir: false }), path, freeBytes), path)
  } catch (error) {
    if (error instanceof DamagedStateError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`${path}: the state folder cannot be opened: ${reason}; check that it is a writable folder`, { cause: error })
  }
}

function noting(env: RootDatabase, path: string): RootDatabase {
  const close = env.close.bind(env)
  env.close = async () => {
    await close()
    noteClosed(path)
  }
  return env
}

/** Of the disk that a folder is on. */
export type FreeBytes = (path: string) => number

const freeBytesOn: FreeBytes = (path) => {
  const { bavail, bsize } = statfsSync(path)
  return bavail * bsize
}

const folders = new WeakMap<RootDatabase, { readonly path: string; readonly freeBytes: FreeBytes }>()

/** Transactions are refused where the disk is full; whoever waits is told, and tries again or says so. */
function withRoom(env: RootDatabase, path: string, freeBytes: FreeBytes): RootDatabase {
  folders.set(env, { path, freeBytes })
  const [transaction, transactionSync] = [env.transaction.bind(env), env.transactionSync.bind(env)]
  env.transaction = async <T>(action: () => T): Promise<T> => {
    requireRoom(env)
    return transaction(action)
  }
  env.transactionSync = <T>(action: () => T): T => {
    requireRoom(env)
    return transactionSync(action)
  }
  return env
}

/** Throws `state_unavailable` unless the disk has room for so many bytes and some more. */
export function requireRoom(env: RootDatabase, bytes = 0): void {
  const { path, freeBytes } = folders.get(env)!
  if (freeBytes(path) >= MIN_FREE_BYTES + bytes) return
  // Clients read the message, and are not told where things are here.
  const cause = new Error(`${path}: the disk of this folder is full`)
  throw new GatewayError('state_unavailable', { message: 'The disk of the state folder is full; its operator has to make room.', cause })
}
