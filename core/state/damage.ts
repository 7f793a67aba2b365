// Tells a damaged lmdb file by a sentence: lmdb itself ends the process with a signal. So another process reads the file first, unless it is just as
// the last one that closed it left it, which costs two looks at the folder.
import { spawnSync } from 'node:child_process'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'

/** Beside this file: TypeScript in the repository, JavaScript in the package. */
const WORKER = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './damage-worker.ts' : './damage-worker.js', import.meta.url))

/** It reads for a second at most; a machine in trouble may need long to start it. */
const TIMEOUT_MS = 30_000
/** Exit code of the worker where lmdb found the damage and lived. */
export const DAMAGED = 3
/** What the system sends to a process that reads what is not there, or jumps where nothing is. */
const SIGNALS: ReadonlySet<string | null> = new Set(['SIGSEGV', 'SIGBUS', 'SIGABRT', 'SIGILL', 'SIGFPE'])
/** Windows has exit codes in their place. */
const FIRST_FATAL_STATUS = 0xc000_0000

/** Thrown with what to do, and what it costs. */
export class DamagedStateError extends Error {
  constructor(path: string) {
    super(
      `${path}: the state in this folder is damaged: data.mdb cannot be read. Put a copy of the folder back, or move it away and start again: lost with ` +
        'it are keys made at run time, raises of limits, approvals and placeholders; what was used of limits comes back out of the record with ' +
        '`sallyport doctor --rebuild-quotas`',
    )
    this.name = 'DamagedStateError'
  }
}

/** Throws DamagedStateError where the state in the folder is damaged. Cheap after a clean close; `isDamaged` is for tests. */
export function requireIntact(path: string, isDamaged: (path: string) => boolean = isDamagedAside): void {
  const now = imprintOf(path)
  if (now === null) return
  const before = closedAs(path)
  if (before === now) return
  // An empty file is a new one to lmdb, unless it was closed with something in it.
  if (now.startsWith('0 ') ? before !== null : isDamaged(path)) throw new DamagedStateError(path)
}

/** To be called when the environment of the folder is closed. */
export function noteClosed(path: string): void {
  const imprint = imprintOf(path)
  try {
    if (imprint !== null && imprint !== closedAs(path)) writeFileSync(join(path, 'closed'), imprint, { mode: 0o600 })
  } catch {
    // A full disk: the next start reads the file.
  }
}

/** Null: no such note. */
function closedAs(path: string): string | null {
  try {
    return readFileSync(join(path, 'closed'), 'utf8')
  } catch {
    return null
  }
}

/** What tells a file that was written or replaced since. Null: there is none. */
function imprintOf(path: string): string | null {
  const stat = statSync(join(path, 'data.mdb'), { bigint: true, throwIfNoEntry: false })
  return stat ? `${stat.size} ${stat.mtimeNs}` : null
}

/** Where no other process can be started, nothing is known and the state is opened as it is. */
function isDamagedAside(path: string): boolean {
  const { error, status, signal } = spawnSync(process.execPath, [WORKER, path], { stdio: 'ignore', timeout: TIMEOUT_MS })
  if (error) return false
  return SIGNALS.has(signal) || status === DAMAGED || (status ?? 0) >= FIRST_FATAL_STATUS
}
