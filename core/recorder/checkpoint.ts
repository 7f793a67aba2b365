// What the recorder knows of one run of a gateway after its last shipped segment: its number, and the opened frames that are still
// without their closed one. Written whole beside the segments, before the segment is deleted.
import { existsSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { frameBound, framesIn, writeFrame } from '../record/frame.ts'
import type { Lines } from '../record/lines.ts'

export interface Checkpoint {
  /** Last segment that is shipped; 0: none. */
  number: number
  /** Time of the last frame that was seen, Unix ms: as long as that the gateway lived. */
  lastSeen: number
  /** Bytes of opened frames by seq. */
  readonly underWay: Map<number, Buffer>
}

const SUFFIX = '.checkpoint'
const path = (folder: string, boot: string): string => join(folder, boot + SUFFIX)

/** Runs of a node that have a checkpoint. */
export const checkpointedBoots = (folder: string): string[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith(SUFFIX))
    .map((file) => file.slice(0, -SUFFIX.length))

export function readCheckpoint(folder: string, boot: string): Checkpoint {
  const checkpoint: Checkpoint = { number: 0, lastSeen: 0, underWay: new Map() }
  if (!existsSync(path(folder, boot))) return checkpoint
  for (const frame of framesIn(readFileSync(path(folder, boot)))) {
    if (frame.kind === 'opened') checkpoint.underWay.set(frame.seq, frame.bytes)
    if (frame.kind === 'position') Object.assign(checkpoint, { number: frame.seq, lastSeen: frame.time })
  }
  return checkpoint
}

export function writeCheckpoint(folder: string, boot: string, checkpoint: Checkpoint): void {
  const draft = `${path(folder, boot)}.draft`
  writeFileSync(draft, Buffer.concat([positionFrame(checkpoint), ...checkpoint.underWay.values()]), { mode: 0o600 })
  renameSync(draft, path(folder, boot))
}

export const removeCheckpoint = (folder: string, boot: string): void => rmSync(path(folder, boot), { force: true })

function positionFrame({ number, lastSeen }: Checkpoint): Buffer {
  const lines: Lines = { requests: '', decisions: '', findings: '', attempts: '', admin_events: '' }
  const buffer = Buffer.alloc(frameBound(lines))
  writeFrame(buffer, 0, { kind: 'position', seq: number, openedSeq: 0, time: lastSeen }, lines)
  return buffer
}
