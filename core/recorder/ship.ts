// Ships one segment into ClickHouse exactly once. What may have arrived before (a crash, an insert without an answer) is looked up by
// its frame numbers first; what ClickHouse refuses is cut out by halving, so that it takes nothing else with it.
import { columnsOfVersion, FRAME_TABLES, SCHEMA_VERSION, type FrameTable } from '../record/columns.ts'
import { adminLines } from '../record/lines.ts'
import { RejectedRows, type Store } from './store.ts'
import { countRows, type Shipment, type Unit } from './units.ts'

export interface DeadLetter {
  readonly table: FrameTable
  readonly unit: Unit
  readonly error: string
}

/** How far a segment is. Kept across attempts; a segment of which nothing is known starts with every table in doubt. */
export interface Progress {
  readonly done: Set<string>
  readonly doubtful: Set<string>
  readonly dead: DeadLetter[]
  rows: number
}

const ORDER = [...FRAME_TABLES.filter((table) => table !== 'admin_events'), 'admin_events'] as const

export const newProgress = (inDoubt: boolean): Progress => ({
  done: new Set(),
  doubtful: new Set(inDoubt ? [...ORDER, 'ingest'] : []),
  dead: [],
  rows: 0,
})

/** Inserts what is missing; throws `StoreError` when ClickHouse cannot take it now, then call again with the same `progress`. */
export async function ship(store: Store, shipment: Shipment, progress: Progress, now: () => number): Promise<void> {
  for (const table of ORDER) {
    const units =
      table === 'admin_events'
        ? [...shipment.units.admin_events, ...deadLetterEvents(shipment, progress.dead, now())]
        : shipment.units[table]
    await shipTable(store, shipment, table, units, columnsOfVersion(table, shipment.version), progress)
  }
  await shipTable(store, shipment, 'ingest', [ingestUnit(shipment, progress, now())], INGEST_COLUMNS, progress)
}

async function shipTable(
  store: Store,
  shipment: Shipment,
  table: string,
  units: readonly Unit[],
  columns: readonly string[],
  progress: Progress,
): Promise<void> {
  if (progress.done.has(table) || units.length === 0) return
  const present = progress.doubtful.has(table) ? await presentSeqs(store, shipment, table) : null
  const missing = present === null ? units : units.filter((unit) => !present.has(unit.seq))
  progress.doubtful.add(table)
  const dead = await insertOrHalve(store, { shipment, table, columns }, missing)
  if (table !== 'ingest') progress.dead.push(...dead.map((letter) => ({ ...letter, table: table as FrameTable })))
  progress.rows += units.reduce((sum, unit) => sum + countRows(unit), 0) - dead.reduce((sum, { unit }) => sum + countRows(unit), 0)
  progress.done.add(table)
}

interface Destination {
  readonly shipment: Shipment
  readonly table: string
  readonly columns: readonly string[]
}

async function insertOrHalve(store: Store, to: Destination, units: readonly Unit[]): Promise<{ unit: Unit; error: string }[]> {
  if (units.length === 0) return []
  try {
    await store.insert({
      table: to.table,
      columns: to.columns,
      rows: Buffer.concat(units.map((unit) => unit.rows)),
      token: tokenOf(to, units),
    })
    return []
  } catch (error) {
    if (!(error instanceof RejectedRows)) throw error
    if (units.length === 1) return [{ unit: units[0]!, error: error.message }]
  }
  const middle = units.length >> 1
  return [...(await insertOrHalve(store, to, units.slice(0, middle))), ...(await insertOrHalve(store, to, units.slice(middle)))]
}

/** The same rows always have the same token, and different ones never. */
const tokenOf = ({ shipment, table }: Destination, units: readonly Unit[]): string =>
  `${shipment.nodeId}/${shipment.segment}/${table}/${units[0]!.seq}-${units.at(-1)!.seq}/${units.length}`

async function presentSeqs(store: Store, { nodeId, segment }: Shipment, table: string): Promise<Set<number>> {
  const where = `node_id = '${nodeId}' AND segment = '${segment}'`
  const rows = await store.query<{ seq: number }>(`SELECT DISTINCT seq FROM \`${store.database}\`.\`${table}\` WHERE ${where}`)
  return new Set(rows.map((row) => row.seq))
}

const MAX_REASON_CHARS = 500

/** One event per refused unit, in the place of the unit, so that it too is written once. */
function deadLetterEvents({ nodeId, segment }: Shipment, dead: readonly DeadLetter[], ts: number): Unit[] {
  const byFrame = Map.groupBy(dead, ({ unit }) => unit.seq)
  return [...byFrame].map(([seq, letters]) => {
    const target = letters.map(({ table }) => table).join(', ')
    const lines = adminLines(
      {
        ts,
        tenant: '',
        actor: 'system',
        ip: '',
        action: 'rows dead-lettered',
        target: `${target} ${nodeId} ${segment} ${seq}`,
        before: '',
        after: '',
        result: letters[0]!.error.slice(0, MAX_REASON_CHARS),
      },
      { nodeId, segment, seq },
    )
    return { seq, rows: Buffer.from(lines.admin_events) }
  })
}

const INGEST_COLUMNS = ['ts', 'tenant', 'rows', 'lag_ms', 'dead_letters', 'node_id', 'segment', 'seq', 'schema_version']

function ingestUnit({ nodeId, segment, oldest }: Shipment, { rows, dead }: Progress, now: number): Unit {
  const refused = dead.reduce((sum, { unit }) => sum + countRows(unit), 0)
  const lag = Math.max(0, Math.round(now - oldest))
  return { seq: 0, rows: Buffer.from(JSON.stringify([now, '', rows, lag, refused, nodeId, segment, 0, SCHEMA_VERSION]) + '\n') }
}
