// Segments that are shipped and that the limits of the gateway still need: put aside until its mark says that they are not. A node without a
// mark needs none.
import { readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { isNeeded, readMark, type LedgerMark } from '../record/ledger-mark.ts'
import { KEPT, parseSegmentFile, type SegmentFile } from '../record/segment.ts'

/** Far above what a gateway writes between two checkpoints. Beyond, the oldest go, and a restart says that limits must be recounted. */
const MAX_KEPT_BYTES = 256 * 1024 * 1024

/** A mark that cannot be read needs everything. */
const ALL: LedgerMark = { boot: '', segment: 0, seq: 0, open: [] }

/** Done with a segment: away with it, unless the limits need it. */
export function letGo(folder: string, segment: SegmentFile): void {
  const path = join(folder, segment.file)
  if (isNeeded(markOf(folder), segment)) renameSync(path, join(folder, segment.id + KEPT))
  else rmSync(path, { force: true })
}

/** Removes what was put aside and is needed no longer. */
export function sweepKept(folder: string, maxBytes = MAX_KEPT_BYTES): void {
  const files = readdirSync(folder).filter((file) => file.endsWith(KEPT))
  if (files.length === 0) return
  const mark = markOf(folder)
  let bytes = 0
  for (const file of files.sort().reverse()) {
    const segment = parseSegmentFile(file.replace(KEPT, '.seg'))
    bytes += statSync(join(folder, file)).size
    if (segment === null || bytes > maxBytes || !isNeeded(mark, segment)) rmSync(join(folder, file), { force: true })
  }
}

function markOf(folder: string): LedgerMark | null {
  try {
    return readMark(folder)
  } catch {
    return ALL
  }
}
