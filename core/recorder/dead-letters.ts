// The dead-letter files: what ClickHouse refused, with its reason, one JSON object per line, for a person to look at and to mend.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DeadLetter } from './ship.ts'
import { LINE_COLUMNS } from '../record/columns.ts'
import type { Shipment } from './units.ts'

export const DEAD_LETTERS = 'dead-letters'

/** Writes the letters of one shipment, whole: a repeated shipment writes the same file again. */
export function writeDeadLetters(spool: string, { nodeId, segment }: Shipment, dead: readonly DeadLetter[]): void {
  if (dead.length === 0) return
  const folder = join(spool, DEAD_LETTERS)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const lines = dead.map(({ table, unit, error }) =>
    JSON.stringify({
      node_id: nodeId,
      segment,
      seq: unit.seq,
      table,
      error,
      columns: LINE_COLUMNS[table],
      rows: unit.rows.toString('utf8'),
    }),
  )
  writeFileSync(join(folder, `${nodeId}.${segment}.ndjson`), lines.join('\n') + '\n', { mode: 0o600 })
}
