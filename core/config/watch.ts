// Tells when the configuration or a policy may have changed: file changes and SIGHUP, gathered into one call.
// Folders are watched rather than files, because editors and Kubernetes replace a file instead of writing into it.
import { statSync, watch, type FSWatcher } from 'node:fs'
import { basename, dirname } from 'node:path'

const QUIET_MS = 100

export interface WatchOptions {
  /** Waits until nothing has changed for this time; files are often written in several steps. */
  readonly quietMs?: number
}

/**
 * Calls `onChange` after changes of the file at `path` and of the files and folders that `paths()` names, and on SIGHUP; never while a promise of the
 * last call is pending, and such a promise must not reject. `paths` is asked again after each call, since a reload may name other folders. Returns
 * the end of watching.
 */
export function watchConfig(
  path: string | null,
  paths: () => readonly string[],
  onChange: () => unknown,
  options: WatchOptions = {},
): () => void {
  let watchers: FSWatcher[] = []
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  let isFiring = false
  const closeAll = (): void => watchers.splice(0).forEach((watcher) => watcher.close())

  const open = (): void => {
    closeAll()
    watchers = [...foldersOf(path === null ? paths() : [path, ...paths()])].flatMap(([folder, names]) =>
      watchFolder(folder, names, changed),
    )
  }
  const fire = async (): Promise<void> => {
    // What changes meanwhile counts afterwards.
    if (isFiring) return changed()
    isFiring = true
    try {
      await onChange()
    } finally {
      isFiring = false
      if (!stopped) open()
    }
  }
  const changed = (): void => {
    clearTimeout(timer)
    timer = setTimeout(() => void fire(), options.quietMs ?? QUIET_MS)
  }

  open()
  process.on('SIGHUP', changed)
  return () => {
    stopped = true
    process.off('SIGHUP', changed)
    clearTimeout(timer)
    closeAll()
  }
}

/** Folders to watch with the file names that count; null: every `.policy` and list file in and below it. */
function foldersOf(paths: readonly string[]): ReadonlyMap<string, ReadonlySet<string> | null> {
  const folders = new Map<string, Set<string> | null>()
  for (const path of paths) {
    if (isFolder(path)) folders.set(path, null)
    else if (folders.get(dirname(path)) !== null) folders.set(dirname(path), (folders.get(dirname(path)) ?? new Set()).add(basename(path)))
  }
  return folders
}

function watchFolder(folder: string, names: ReadonlySet<string> | null, changed: () => void): FSWatcher[] {
  if (!isFolder(folder)) return []
  try {
    const watcher = watch(folder, { recursive: names === null, persistent: false }, (_, name) => {
      if (names === null || name === null || names.has(name) || name === '..data') changed()
    })
    // A folder that vanishes is seen by the next reload, which reports it; the watcher must not end the process.
    watcher.on('error', changed)
    return [watcher]
  } catch {
    return []
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}
