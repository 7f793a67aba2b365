// Reads the lmdb file of a state folder as far as a second goes, and writes in it as a gateway would, in a process that may die of it. `damage.ts`
// starts it and looks at how it ends.
import { statfsSync } from 'node:fs'
import { ABORT, open, type Database } from 'lmdb'
import { DAMAGED } from './damage.ts'

const MAX_DATABASES = 16
const MAX_MS = 1000
/** The one that a start writes first, found or not: random bytes may look like a file without any. */
const FIRST = 'owner'
/** All others hold JSON. */
const BINARY = 'vault'
/** A disk that fills up under a commit ends this process too, and is no damage. */
const MIN_FREE_BYTES = 64 * 1024 * 1024
/** Nobody else writes meanwhile. */
const HOLD_MS = 20
const MAX_REWRITTEN = 1000
/** Each takes more of what is free. */
const COMMITS = 2
/** Key and value of a row that is nowhere. */
const ROW = Buffer.of(0)
/** MDB_READERS_FULL, MDB_DBS_FULL, MDB_MAP_FULL and MDB_VERSION_MISMATCH say nothing against the file; errors of the system are above 0. */
const OTHERS: ReadonlySet<number> = new Set([-30_790, -30_791, -30_792, -30_794])

type Rows = Database<Buffer, Buffer>

function check(path: string): void {
  const env = open({ path, maxDbs: MAX_DATABASES, encoding: 'binary', noSubdir: false })
  const names = new Set([...Array.from(env.getKeys(), String), FIRST])
  const until = performance.now() + MAX_MS
  for (const name of names) {
    const rows = env.openDB<Buffer>({ name, encoding: 'binary' })
    for (const { value } of rows.getRange()) {
      if (name !== BINARY) JSON.parse(value.toString())
      if (performance.now() > until) break
    }
  }
  const all = Array.from(names, (name): Rows => env.openDB({ name, encoding: 'binary', keyEncoding: 'binary' }))
  // What is free in the file is only looked at by who writes, and used by who commits.
  for (const rows of all) env.transactionSync(() => rewrite(rows))
  for (let i = 0; i < COMMITS && hasRoom(path); i++) env.transactionSync(() => touch(all))
}

/** As long as a gateway that writes beside does not mind. Nothing of it stays. */
function rewrite(rows: Rows): typeof ABORT {
  const until = performance.now() + HOLD_MS
  for (const { key, value } of Array.from(rows.getRange({ limit: MAX_REWRITTEN }))) {
    rows.putSync(key, value)
    if (performance.now() > until) break
  }
  return ABORT
}

/** Every database is written, and has the rows it had. */
function touch(all: readonly Rows[]): void {
  for (const rows of all) {
    rows.putSync(ROW, ROW)
    rows.removeSync(ROW)
  }
}

function hasRoom(path: string): boolean {
  const { bavail, bsize } = statfsSync(path)
  return bavail * bsize >= MIN_FREE_BYTES
}

/** What fails without a code of lmdb or of the system failed over the bytes that were read. */
function isDamage(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : -1
  return typeof code === 'number' && code < 0 && !OTHERS.has(code)
}

try {
  check(process.argv[2]!)
  process.exitCode = 0
} catch (error) {
  process.exitCode = isDamage(error) ? DAMAGED : 1
}
