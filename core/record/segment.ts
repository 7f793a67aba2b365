// Segments: the files of a spool, `<spool>/<node_id>/<boot>-<number>.open` while they grow and `.seg` once they are whole.
// Names sort in the order of writing; a boot is one run of a gateway.
import { readFileSync, readdirSync, renameSync, truncateSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { framesIn, type Frame } from './frame.ts'

export interface SegmentName {
  readonly boot: string
  readonly number: number
  /** `<boot>-<number>`, the `segment` column of every row in it. */
  readonly id: string
}

/** Eleven digits of base 36 milliseconds order the runs; eight random digits keep two of them apart. */
export const newBoot = (nowMs: number): string => nowMs.toString(36).padStart(9, '0') + randomBytes(4).toString('hex')

export const segmentId = (boot: string, number: number): string => `${boot}-${String(number).padStart(9, '0')}`

const FILE = /^(([0-9a-z]+)-(\d+))\.(open|seg)$/

export function parseSegmentFile(file: string): (SegmentName & { readonly open: boolean; readonly file: string }) | null {
  const match = FILE.exec(file)
  return match === null ? null : { id: match[1]!, boot: match[2]!, number: Number(match[3]), open: match[4] === 'open', file }
}

/** A segment that is shipped and that limits still need (`ledger-mark.ts`): nobody ships it again. */
export const KEPT = '.kept'

export type SegmentFile = NonNullable<ReturnType<typeof parseSegmentFile>>

/** The segments of one node, oldest first. */
export function listSegments(nodeDir: string): SegmentFile[] {
  return readdirSync(nodeDir)
    .map(parseSegmentFile)
    .filter((segment) => segment !== null)
    .sort((a, b) => (a.id < b.id ? -1 : 1))
}

/**
 * The whole frames of one spool file in order, e.g. to replay what came after a checkpoint. Ends without an error at a torn tail,
 * which is what a writer leaves that was killed. Throws the error of the file system when the file cannot be read.
 */
export function readFrames(path: string): Generator<Frame> {
  return framesIn(readFileSync(path))
}

/** Makes the growing segment of a dead writer whole: cuts its torn tail back to the last whole frame and marks it `.seg`. */
export function sealOrphan(nodeDir: string, segment: SegmentFile): void {
  const path = join(nodeDir, segment.file)
  const buffer = readFileSync(path)
  let end = 0
  for (const frame of framesIn(buffer)) end = frame.end
  if (end < buffer.length) truncateSync(path, end)
  renameSync(path, join(nodeDir, `${segment.id}.seg`))
}

/** Paths of all segments of a node in the order of writing, for `readFrames`. */
export const segmentPaths = (nodeDir: string): string[] => listSegments(nodeDir).map((segment) => join(nodeDir, segment.file))
