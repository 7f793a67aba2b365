// What runs of a gateway that have ended leave to be booked on limits: bookings of exchanges that closed after the last checkpoint, and estimates
// of those that never closed. Reads only; a torn tail ends a run, as it does for the recorder.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Booked } from '../model/counters.ts'
import { decodeSection, framesIn, type Frame } from './frame.ts'
import { isNeeded, type LedgerMark, type UnderWay } from './ledger-mark.ts'
import { KEPT, parseSegmentFile, type SegmentName } from './segment.ts'

/** What one exchange has to book. */
export interface Due {
  readonly id: string
  readonly booked: Booked
  readonly local: boolean
}

/** A run that has ended. */
export interface EndedRun {
  readonly boot: string
  /** False when segments are gone that it needs: limits may count too little until they are recounted. */
  readonly isWhole: boolean
  /** In the order in which it happened. May be read once. */
  readonly due: Iterable<Due>
}

interface Options {
  readonly mark: LedgerMark | null
  /** Number of the frame up to which a run is booked already; 0: nothing is. */
  readonly bookedUpTo: (boot: string) => number
  /** The run that is being written, if any. Asked after the files were listed: what was not there then is not read. */
  readonly living: () => string | null
}

interface StoredSegment extends SegmentName {
  readonly file: string
}

/** Runs of the node that may have something to book, oldest first. */
export function endedRuns(folder: string, { mark, bookedUpTo, living }: Options): EndedRun[] {
  const segments = storedSegments(folder)
  const boots = new Set(segments.map(({ boot }) => boot))
  if (mark !== null) boots.add(mark.boot)
  const alive = living()
  return [...boots]
    .filter((boot) => boot !== alive && bookedUpTo(boot) !== Infinity)
    .sort()
    .map((boot) => {
      const own = mark?.boot === boot ? mark : null
      const after = bookedUpTo(boot)
      // A counter store that is older than the mark (it was restored) needs what the mark let go, as far as it is still there.
      const needed = segments.filter((one) => one.boot === boot && (own === null || after < own.seq || isNeeded(own, one)))
      return { boot, isWhole: isWhole(needed, own, after), due: dueOf(folder, needed, own?.open ?? [], after) }
    })
}

/** Numbers follow each other, and the first is where the mark says, or the very first of the run. */
function isWhole(segments: readonly StoredSegment[], mark: LedgerMark | null, after: number): boolean {
  if (mark !== null && after < mark.seq) return false
  return segments.every(({ number }, i) => number <= (i === 0 ? (mark?.segment ?? 1) : segments[i - 1]!.number + 1))
}

function* dueOf(folder: string, segments: readonly StoredSegment[], underWay: readonly UnderWay[], after: number): Generator<Due> {
  const open = new Map<number, Due>(underWay.map((one) => [one.seq, one]))
  for (const segment of segments) {
    for (const frame of framesIn(readStored(folder, segment))) {
      // Frames of version 1 booked nothing.
      if (frame.version === 1) continue
      if (frame.kind === 'opened') open.set(frame.seq, dueIn(frame))
      if (frame.kind !== 'closed') continue
      open.delete(frame.openedSeq)
      if (frame.seq > after) yield dueIn(frame)
    }
  }
  yield* open.values()
}

function dueIn(frame: Frame): Due {
  const {
    request_id: id,
    booked,
    warnings,
  } = decodeSection(frame, 'requests')[0] as {
    readonly request_id: string
    readonly booked: Booked
    readonly warnings: readonly string[]
  }
  return { id, booked, local: warnings.includes(LOCAL) }
}

/** Warning of exchanges that were counted in their process alone. */
export const LOCAL = 'limits_local'

/** Growing, whole, and shipped but still needed. */
const SUFFIXES = ['.open', '.seg', KEPT] as const

function storedSegments(folder: string): StoredSegment[] {
  const found = new Map<string, StoredSegment>()
  for (const file of readdirSync(folder)) {
    const segment = parseSegmentFile(file.endsWith(KEPT) ? file.replace(KEPT, '.seg') : file)
    if (segment !== null) found.set(segment.id, { boot: segment.boot, number: segment.number, id: segment.id, file })
  }
  return [...found.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** Between the listing and the look the recorder may rename a segment, or let it go: then another gateway has replayed it. */
function readStored(folder: string, { id, file }: StoredSegment): Buffer {
  for (const name of [file, ...SUFFIXES.map((suffix) => id + suffix)]) {
    try {
      return readFileSync(join(folder, name))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
  return Buffer.alloc(0)
}
