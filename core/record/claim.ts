// Who owns a folder: a lock file that names a process so exactly (pid and start time) that a reused pid is not taken for its owner.
// Used for a node's spool by the gateway and for the data directory by the recorder.
import { linkSync, readFileSync, readlinkSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'

export interface Owner {
  readonly pid: number
  /** Start time of the process in kernel ticks; empty where the system does not tell. */
  readonly started: string
  /** Where the pid has a meaning: host and pid namespace. */
  readonly place: string
  /** What the owner says of itself, e.g. the boot id of a gateway. */
  readonly note: string
}

export interface Claim {
  readonly owner: Owner
  /** Says "still here" to processes that cannot see this pid (another container). */
  refresh(): void
  release(): void
}

/** An owner in another pid namespace counts as gone after this long without a sign of life. */
const FOREIGN_SILENCE_MS = 60_000

const attempt = <T>(read: () => T, otherwise: T): T => {
  try {
    return read()
  } catch {
    return otherwise
  }
}

/** Fields of /proc/<pid>/stat behind the command's closing parenthesis: the state, and 19 further the start time. */
const processStat = (pid: number): string[] =>
  attempt(
    () =>
      readFileSync(`/proc/${pid}/stat`, 'latin1')
        .replace(/^.*\) /s, '')
        .split(' '),
    [],
  )

const startTime = (pid: number): string => processStat(pid)[19] ?? ''

const PLACE = `${hostname()} ${attempt(() => readlinkSync('/proc/self/ns/pid'), '')} ${attempt(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim(), '')}`

/** The owner that a lock file names, or null when there is none. */
export function readOwner(path: string): Owner | null {
  return attempt(() => JSON.parse(readFileSync(path, 'utf8')) as Owner, null)
}

/** Is the owner of this lock file alive? An unreadable or missing lock has no owner. */
export function isOwned(path: string, nowMs = Date.now()): boolean {
  const owner = readOwner(path)
  if (owner === null) return false
  if (owner.place !== PLACE) return nowMs - attempt(() => statSync(path).mtimeMs, 0) < FOREIGN_SILENCE_MS
  return isRunning(owner)
}

/** A zombie has ended, although its parent has not asked for it yet. */
function isRunning({ pid, started }: Owner): boolean {
  if (started === '') return attempt(() => process.kill(pid, 0), false)
  const stat = processStat(pid)
  return stat[19] === started && stat[0] !== 'Z' && stat[0] !== 'X'
}

/** Takes the lock, also from an owner that is gone; null when a living process holds it. */
export function claim(path: string, note: string): Claim | null {
  const owner: Owner = { pid: process.pid, started: startTime(process.pid), place: PLACE, note }
  for (let round = 0; round < 3; round++) {
    if (create(path, owner)) return held(path, owner)
    if (isOwned(path)) return null
    discard(path)
  }
  return null
}

/** A link is made or not, with its content whole: nobody ever reads a half-written lock. */
function create(path: string, owner: Owner): boolean {
  const draft = `${path}.${process.pid}.draft`
  writeFileSync(draft, JSON.stringify(owner), { mode: 0o600 })
  try {
    linkSync(draft, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    rmSync(draft, { force: true })
  }
}

/** Only one of several claimants can move the stale lock away; whoever moved a fresh one by mistake puts it back. */
function discard(path: string): void {
  const aside = `${path}.${process.pid}.stale`
  attempt(() => renameSync(path, aside), undefined)
  if (isOwned(aside)) attempt(() => renameSync(aside, path), undefined)
  else rmSync(aside, { force: true })
}

function held(path: string, owner: Owner): Claim {
  const isOurs = (): boolean => readOwner(path)?.note === owner.note
  return {
    owner,
    refresh: () => attempt(() => utimesSync(path, new Date(), new Date()), undefined),
    release: () => {
      if (isOurs()) rmSync(path, { force: true })
    },
  }
}
