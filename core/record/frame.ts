// One frame of the spool: a fixed header, then the rows as lines of text, one section per table. The recorder hands the sections
// to ClickHouse as they are; nobody parses them on the way. Layout and checksum: docs/decisions/0003-two-frames.md.
import { crc32 } from 'node:zlib'
import { columnsOfVersion, FRAME_TABLES, OWN_COLUMNS, SCHEMA_VERSION, type FrameTable } from './columns.ts'
import type { Lines } from './lines.ts'
import type { ExchangeRows } from './port.ts'
import type { AdminEventRow } from './rows.ts'

/** `padding` proves that the disk takes bytes again; `position` opens a checkpoint of the recorder. */
export const FRAME_KIND = { padding: 0, opened: 1, closed: 2, admin: 3, position: 4 } as const
export type FrameKind = keyof typeof FRAME_KIND
const KIND_NAMES = Object.keys(FRAME_KIND) as FrameKind[]

/** length u32, crc u32, kind u8, version u8, reserved u16, seq u32, opened seq u32, time f64, five section lengths u32. */
export const HEADER_BYTES = 28 + 4 * FRAME_TABLES.length
const CHECKED_FROM = 8
/** A length beyond this is not a frame but noise. */
const MAX_FRAME_BYTES = 64 * 1024 * 1024

export interface FrameHead {
  readonly kind: FrameKind
  /** Number of the frame within one run of a gateway. */
  readonly seq: number
  /** For `closed`: the seq of the exchange's `opened` frame; 0 if there was none. */
  readonly openedSeq: number
  /** Unix ms at which the frame was appended. */
  readonly time: number
}

/** Most bytes that a frame with these texts can need. */
export const frameBound = (lines: Lines): number => {
  let chars = 0
  for (const table of FRAME_TABLES) chars += lines[table].length
  return HEADER_BYTES + chars * 3
}

/** Writes one frame at `offset` of `target` (which has `frameBound` bytes of room) and returns the offset behind it. */
export function writeFrame(target: Buffer, offset: number, head: FrameHead, lines: Lines): number {
  let end = offset + HEADER_BYTES
  for (let index = 0; index < FRAME_TABLES.length; index++) {
    const text = lines[FRAME_TABLES[index]!]
    const written = text === '' ? 0 : target.write(text, end, 'utf8')
    target.writeUInt32LE(written, offset + 28 + 4 * index)
    end += written
  }
  target.writeUInt32LE(end - offset, offset)
  target[offset + 8] = FRAME_KIND[head.kind]
  target[offset + 9] = SCHEMA_VERSION
  target.writeUInt16LE(0, offset + 10)
  target.writeUInt32LE(head.seq, offset + 12)
  target.writeUInt32LE(head.openedSeq, offset + 16)
  target.writeDoubleLE(head.time, offset + 20)
  target.writeUInt32LE(crc32(target.subarray(offset + CHECKED_FROM, end)), offset + 4)
  return end
}

/** A frame as it stands in a buffer. Sections are views: copy them before the buffer goes. */
export class Frame implements FrameHead {
  readonly #buffer: Buffer
  readonly #start: number
  readonly kind: FrameKind
  /** Version of the columns of its lines. */
  readonly version: number
  readonly seq: number
  readonly openedSeq: number
  readonly time: number
  /** Offset behind the frame. */
  readonly end: number

  constructor(buffer: Buffer, start: number, end: number) {
    this.#buffer = buffer
    this.#start = start
    this.end = end
    this.kind = KIND_NAMES[buffer[start + 8]!]!
    this.version = buffer[start + 9]!
    this.seq = buffer.readUInt32LE(start + 12)
    this.openedSeq = buffer.readUInt32LE(start + 16)
    this.time = buffer.readDoubleLE(start + 20)
  }

  /** All bytes of the frame, header included. */
  get bytes(): Buffer {
    return this.#buffer.subarray(this.#start, this.end)
  }

  /** The lines of one table, as bytes. */
  section(table: FrameTable): Buffer {
    let start = this.#start + HEADER_BYTES
    for (let index = 0; index < FRAME_TABLES.length; index++) {
      const length = this.#buffer.readUInt32LE(this.#start + 28 + 4 * index)
      if (FRAME_TABLES[index] === table) return this.#buffer.subarray(start, start + length)
      start += length
    }
    throw new RangeError(`no section ${table}`)
  }
}

/** The whole frame at `offset`, or null where the bytes are not one: the torn tail of a writer that died. */
export function frameAt(buffer: Buffer, offset: number): Frame | null {
  if (offset + HEADER_BYTES > buffer.length) return null
  const length = buffer.readUInt32LE(offset)
  if (length < HEADER_BYTES || length > MAX_FRAME_BYTES || offset + length > buffer.length) return null
  const end = offset + length
  if (crc32(buffer.subarray(offset + CHECKED_FROM, end)) !== buffer.readUInt32LE(offset + 4)) return null
  if (buffer[offset + 8]! >= KIND_NAMES.length || !isKnown(buffer[offset + 9]!)) return null
  return new Frame(buffer, offset, end)
}

const isKnown = (version: number): boolean => version >= 1 && version <= SCHEMA_VERSION

/** All whole frames from `offset` on; stops at the first that is not. */
export function* framesIn(buffer: Buffer, offset = 0): Generator<Frame> {
  for (let frame = frameAt(buffer, offset); frame !== null; frame = frameAt(buffer, frame.end)) yield frame
}

/** The rows of one section as objects: inherited and place columns included. */
export function decodeSection(frame: Frame, table: FrameTable): { [column: string]: unknown }[] {
  const columns = columnsOfVersion(table, frame.version)
  return frame
    .section(table)
    .toString('utf8')
    .split('\n')
    .filter((text) => text !== '')
    .map((text) => {
      const values = JSON.parse(text) as unknown[]
      return Object.fromEntries(columns.map((column, index) => [column, values[index]]))
    })
}

const own = (table: FrameTable, rows: { [column: string]: unknown }[]): { [column: string]: unknown }[] =>
  rows.map((row) => Object.fromEntries(OWN_COLUMNS[table].flatMap((column) => (column in row ? [[column, row[column]]] : []))))

/** The rows of an exchange back from its frame. */
export function exchangeOf(frame: Frame): ExchangeRows {
  const rows = (table: FrameTable): unknown[] => own(table, decodeSection(frame, table))
  return {
    // What a column would say that is younger than the frame.
    request: { booked: {}, ...(rows('requests')[0] as Partial<ExchangeRows['request']>) } as ExchangeRows['request'],
    decisions: rows('decisions') as ExchangeRows['decisions'],
    findings: rows('findings') as ExchangeRows['findings'],
    attempts: rows('attempts') as ExchangeRows['attempts'],
  }
}

/** The admin event of an `admin` frame. */
export const adminEventOf = (frame: Frame): AdminEventRow =>
  own('admin_events', decodeSection(frame, 'admin_events'))[0] as unknown as AdminEventRow
