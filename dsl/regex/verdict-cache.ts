// Verdicts on patterns kept between runs, in one small file: proving one takes up to seconds, and it never comes out otherwise.
// A file that can not be read or written only costs the time.
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Verdict } from './backtracking.ts'

/** Part of the file's name; raised when verdicts would come out otherwise. */
const EDITION = 2
const MAX_ENTRIES = 5000

/** Digest of a source to its verdict. Sources themselves are not written: a pattern may be confidential. */
type Entries = Map<string, Verdict>

export interface VerdictCache {
  get(source: string): Verdict | null
  /** Keeps new verdicts; those that are not certain are tried again the next time. */
  add(verdicts: ReadonlyMap<string, Verdict>): void
}

/** A cache in a folder, which is made when there is something to keep. */
export function openVerdictCache(folder: string): VerdictCache {
  const path = join(folder, `patterns-${EDITION}.json`)
  const entries = readEntries(path)
  return {
    get: (source) => entries.get(digest(source)) ?? null,
    add: (verdicts) => {
      const certain = [...verdicts].filter(([, { kind }]) => kind !== 'unknown')
      for (const [source, verdict] of certain) entries.set(digest(source), verdict)
      if (certain.length > 0) writeEntries(folder, path, entries)
    },
  }
}

function digest(source: string): string {
  return createHash('sha256').update(source).digest('hex')
}

function readEntries(path: string): Entries {
  try {
    const read = Object.entries(JSON.parse(readFileSync(path, 'utf8')) as { readonly [digest: string]: unknown })
    return new Map(read.filter((entry): entry is [string, Verdict] => isVerdict(entry[1])))
  } catch {
    return new Map()
  }
}

function isVerdict(value: unknown): value is Verdict {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return false
  if (value.kind === 'linear') return true
  return (
    value.kind === 'runaway' &&
    'growth' in value &&
    typeof value.growth === 'string' &&
    'attack' in value &&
    typeof value.attack === 'string' &&
    'measuredMs' in value &&
    typeof value.measuredMs === 'number'
  )
}

/** Written beside and renamed, so that two runs at once leave a whole file. */
function writeEntries(folder: string, path: string, entries: Entries): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const kept = [...entries].slice(-MAX_ENTRIES)
    const draft = `${path}.${process.pid}`
    writeFileSync(draft, JSON.stringify(Object.fromEntries(kept)), { mode: 0o600 })
    renameSync(draft, path)
  } catch {
    // The next run proves them again.
  }
}
