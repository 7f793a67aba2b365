// One gateway per state folder: its counters live in memory, and two memories would each grant the whole limit.
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import type { RootDatabase } from 'lmdb'
import type { Clock } from '../plugin/contract.ts'

/** The owner's sign of life; a silent owner on another host counts as gone after three of them. */
export const BEAT_MS = 10_000

interface OwnerRow {
  readonly pid: number
  /** When the kernel started the process (Linux clock ticks since boot), so that a reused pid is not mistaken for the owner. */
  readonly started: string | null
  readonly host: string
  readonly beat: number
}

/** Thrown when another gateway owns the folder. */
export class StateInUseError extends Error {
  constructor(path: string, owner: OwnerRow) {
    const who = `process ${owner.pid}${owner.host === hostname() ? '' : ` on ${owner.host}`}`
    super(`${path}: the state folder is in use by ${who}; stop that gateway first, or give this one another \`state.path\``)
    this.name = 'StateInUseError'
  }
}

/** Folders this process owns now: without a start time, a row with our own pid may be that of a dead process that had it before. */
const owned = new Set<string>()

export interface Ownership {
  beat(): void
  release(): void
}

/** Takes the folder or throws StateInUseError. Atomic between processes: it is one write transaction. */
export function takeOwnership(env: RootDatabase, path: string, clock: Clock): Ownership {
  const rows = env.openDB<OwnerRow, string>({ name: 'owner', encoding: 'json' })
  const row = (): OwnerRow => ({ pid: process.pid, started: startOf('self'), host: hostname(), beat: clock.now() })
  env.transactionSync(() => {
    const current = rows.get('owner')
    if (current && isAlive(current, path, clock.now())) throw new StateInUseError(path, current)
    rows.putSync('owner', row())
  })
  owned.add(path)
  return {
    // One that cannot be written is missed; the next one comes.
    beat: () => void env.transaction(() => rows.putSync('owner', row())).catch(() => undefined),
    release: () => {
      rows.removeSync('owner')
      owned.delete(path)
    },
  }
}

function isAlive(owner: OwnerRow, path: string, now: number): boolean {
  if (owner.host !== hostname()) return now - owner.beat < 3 * BEAT_MS
  if (owner.pid === process.pid) return owned.has(path)
  try {
    process.kill(owner.pid, 0)
  } catch (error) {
    // EPERM: it exists and belongs to somebody else.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  return owner.started === null || startOf(owner.pid) === owner.started
}

/** Field 22 of `/proc/<pid>/stat` (proc(5)); null where there is no such file system. */
function startOf(pid: number | 'self'): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
  } catch {
    return null
  }
}
