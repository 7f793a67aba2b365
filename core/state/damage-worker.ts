// Reads the lmdb file of a state folder as far as a second goes, in a process that may die of it. `damage.ts` starts it and looks at how it ends.
import { ABORT, open, type Database } from 'lmdb'
import { DAMAGED } from './damage.ts'

const MAX_DATABASES = 16
const MAX_MS = 1000
/** MDB_READERS_FULL, MDB_DBS_FULL, MDB_MAP_FULL and MDB_VERSION_MISMATCH say nothing against the file; errors of the system are above 0. */
const OTHERS: ReadonlySet<number> = new Set([-30_790, -30_791, -30_792, -30_794])

function readThrough(path: string): void {
  const until = performance.now() + MAX_MS
  const env = open({ path, maxDbs: MAX_DATABASES, encoding: 'binary', noSubdir: false })
  for (const name of Array.from(env.getKeys())) {
    const rows = env.openDB<Buffer, Buffer>({ name: String(name), encoding: 'binary', keyEncoding: 'binary' })
    tryToWrite(rows)
    for (const _ of rows.getRange()) if (performance.now() > until) return
  }
}

/** What is free in the file is only looked at by who writes. Nothing of it stays. */
function tryToWrite(rows: Database<Buffer, Buffer>): void {
  rows.transactionSync(() => {
    rows.putSync(Buffer.of(0), Buffer.alloc(1))
    return ABORT
  })
}

/** What fails without a code of lmdb or of the system failed over the bytes that were read. */
function isDamage(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : -1
  return typeof code === 'number' && code < 0 && !OTHERS.has(code)
}

try {
  readThrough(process.argv[2]!)
  process.exitCode = 0
} catch (error) {
  process.exitCode = isDamage(error) ? DAMAGED : 1
}
