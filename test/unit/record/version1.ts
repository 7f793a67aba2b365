// Segments as gateways of version 1 wrote them: without the column `booked`.
import { crc32 } from 'node:zlib'
import { readFileSync, writeFileSync } from 'node:fs'
import { FRAME_TABLES, LINE_COLUMNS } from '../../../core/record/columns.ts'
import { framesIn, frameBound, writeFrame, type Frame } from '../../../core/record/frame.ts'
import type { Lines } from '../../../core/record/lines.ts'

export function toVersion1(path: string): void {
  writeFileSync(path, Buffer.concat([...framesIn(readFileSync(path))].map(older)))
}

function older(frame: Frame): Buffer {
  const texts = FRAME_TABLES.map((table) => [table, frame.section(table).toString()] as const)
  const lines = Object.fromEntries(texts) as Lines
  lines.requests = lines.requests.replace(/.+/g, withoutBooked)
  const buffer = Buffer.alloc(frameBound(lines))
  const end = writeFrame(buffer, 0, frame, lines)
  buffer[9] = 1
  buffer.writeUInt32LE(crc32(buffer.subarray(8, end)), 4)
  return buffer.subarray(0, end)
}

function withoutBooked(line: string): string {
  const values = JSON.parse(line) as unknown[]
  return JSON.stringify([...values.toSpliced(LINE_COLUMNS.requests.indexOf('booked'), 1).slice(0, -1), 1])
}
