// What of a node's spool the limits still need after a crash: a small file beside the segments. The gateway moves it on as its counters are
// kept; the recorder lets nothing go that it names. Why and how: docs/decisions/0017-replay.md.
import { readFileSync, rmSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Booked } from '../model/counters.ts'
import type { SegmentName } from './segment.ts'

/** An exchange that was under way, with what it books should it never end. */
export interface UnderWay {
  readonly id: string
  /** Of its opened frame. */
  readonly seq: number
  readonly booked: Booked
  /** It was counted in its process alone. */
  readonly local: boolean
}

export interface LedgerMark {
  /** The run of a gateway that this is about; of earlier ones nothing is needed. */
  readonly boot: string
  /** Segment that holds the first frame that is still needed, or will hold it. */
  readonly segment: number
  /** Frames up to here are accounted for. */
  readonly seq: number
  /** Opened at or before `seq`, and not closed by then. */
  readonly open: readonly UnderWay[]
}

export const MARK = 'ledger.mark'

/** Null when there is none. Throws when it cannot be read or is torn: then nothing may be taken for settled. */
export function readMark(folder: string): LedgerMark | null {
  try {
    const mark = JSON.parse(readFileSync(join(folder, MARK), 'utf8')) as LedgerMark
    if (typeof mark.boot === 'string' && Number.isInteger(mark.segment) && Array.isArray(mark.open)) return mark
    throw new SyntaxError(`${join(folder, MARK)} is not a mark`)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** The mark is the old one or the new one, never a part of it. */
export async function writeMark(folder: string, mark: LedgerMark): Promise<void> {
  const draft = join(folder, `${MARK}.draft`)
  await writeFile(draft, JSON.stringify(mark), { mode: 0o600 })
  await rename(draft, join(folder, MARK))
}

export const removeMark = (folder: string): void => rmSync(join(folder, MARK), { force: true })

/** Boots sort by their time, so a later one than the mark's is a gateway that has not come to move it yet. */
export function isNeeded(mark: LedgerMark | null, { boot, number }: SegmentName): boolean {
  if (mark === null) return false
  return boot === mark.boot ? number >= mark.segment : boot > mark.boot
}
