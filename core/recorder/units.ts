// A segment as the recorder ships it: for each table the rows of each frame, still as the bytes of the spool. A unit, all rows of one
// frame in one table, is what is inserted, counted or refused as a whole.
import { FRAME_TABLES, SCHEMA_VERSION, type FrameTable } from '../record/columns.ts'
import { exchangeOf, framesIn, type Frame } from '../record/frame.ts'
import { exchangeLines } from '../record/lines.ts'
import type { ExchangeRows } from '../record/port.ts'
import type { RequestRow } from '../record/rows.ts'
import type { Checkpoint } from './checkpoint.ts'

export interface Unit {
  readonly seq: number
  readonly rows: Buffer
}

export interface Shipment {
  readonly nodeId: string
  /** The `segment` column of all its rows. */
  readonly segment: string
  /** Version of the columns of its rows: one run of a gateway writes one. */
  readonly version: number
  readonly units: Record<FrameTable, Unit[]>
  /** Time of the oldest frame, Unix ms; 0 if there is none. */
  readonly oldest: number
}

const noUnits = (): Record<FrameTable, Unit[]> => ({ requests: [], decisions: [], findings: [], attempts: [], admin_events: [] })

/** Takes a segment apart. `checkpoint` is brought up to its end: opened frames without a closed one are copied into it. */
export function readShipment(nodeId: string, segment: string, bytes: Buffer, checkpoint: Checkpoint): Shipment {
  const units = noUnits()
  const opened = new Map<number, Frame>()
  let oldest = 0
  let version = SCHEMA_VERSION
  for (const frame of framesIn(bytes)) {
    if (oldest === 0) oldest = frame.time
    version = frame.version
    checkpoint.lastSeen = frame.time
    if (frame.kind === 'opened') opened.set(frame.seq, frame)
    else if (frame.kind === 'closed' && !opened.delete(frame.openedSeq)) checkpoint.underWay.delete(frame.openedSeq)
    if (frame.kind === 'closed' || frame.kind === 'admin') collect(units, frame)
  }
  for (const [seq, frame] of opened) checkpoint.underWay.set(seq, Buffer.from(frame.bytes))
  return { nodeId, segment, version, units, oldest }
}

function collect(units: Record<FrameTable, Unit[]>, frame: Frame): void {
  for (const table of FRAME_TABLES) {
    const rows = frame.section(table)
    if (rows.length > 0) units[table].push({ seq: frame.seq, rows })
  }
}

/** The rows of exchanges that a dead gateway left open, in a segment of their own. */
export function interruptedShipment(nodeId: string, boot: string, checkpoint: Checkpoint): Shipment {
  const segment = `${boot}-interrupted`
  const units = noUnits()
  let oldest = 0
  for (const [seq, bytes] of checkpoint.underWay) {
    const frame = framesIn(bytes).next().value!
    if (oldest === 0) oldest = frame.time
    const lines = exchangeLines(interrupted(frame, checkpoint.lastSeen), { nodeId, segment, seq })
    for (const table of FRAME_TABLES) if (lines[table] !== '') units[table].push({ seq, rows: Buffer.from(lines[table]) })
  }
  return { nodeId, segment, version: SCHEMA_VERSION, units, oldest }
}

/**
 * What an exchange becomes whose gateway died: nobody knows how much of the answer was made, so what its opened frame estimates is charged,
 * to the last number as it stands there: limits are booked from the same frame. It ended no later than the gateway's last sign of life.
 */
function interrupted(frame: Frame, lastSeen: number): ExchangeRows {
  const rows = exchangeOf(frame)
  const request = frame.version === 1 ? chargedByReservation(rows.request) : rows.request
  const ended = Math.max(request.ts, lastSeen)
  return {
    ...rows,
    request: {
      ...request,
      outcome: 'interrupted',
      usage_source: 'estimated_on_crash',
      status: 0,
      ended_at: ended,
      latency_ms: ended - request.ts,
    },
  }
}

/** Opened frames of version 1 held no estimate: the whole reservation is charged. */
function chargedByReservation(request: RequestRow): RequestRow {
  return { ...request, prompt_tokens: request.reserved_tokens, total_tokens: request.reserved_tokens }
}

/** Rows in a unit: one per line. */
export function countRows(unit: Unit): number {
  let count = 0
  for (let at = unit.rows.indexOf(10); at !== -1; at = unit.rows.indexOf(10, at + 1)) count++
  return count
}
