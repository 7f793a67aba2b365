// Rows as lines of JSON arrays. One JSON.stringify per row is the cheapest way there is (measured); text is made well-formed and
// bounded only when the finished line shows that something is odd, so ordinary rows pay nothing for it.
import { OWN_COLUMNS, type FrameTable } from './columns.ts'
import type { ExchangeRows } from './port.ts'
import type { AdminEventRow } from './rows.ts'

/** Version of the columns that rows carry, as `schema_version` in every table. */
export const SCHEMA_VERSION = 1

/** Longest text of one value, in UTF-16 units; what is beyond is cut and the cut is marked. */
export const MAX_TEXT_CHARS = 4096
/** Longest list or map of one value. */
const MAX_ITEMS = 256
/** A line below this length cannot hold a text beyond the bound. */
const QUICK_LINE_CHARS = MAX_TEXT_CHARS

/** Where a row stands in the record. */
export interface Place {
  readonly nodeId: string
  readonly segment: string
  readonly seq: number
}

/** Texts of one frame by table; an empty text means no rows. */
export type Lines = Record<FrameTable, string>

type Owner = { readonly ts: number; readonly tenant: string; readonly request_id: string }
type AnyRow = { readonly [column: string]: unknown }

export function exchangeLines(rows: ExchangeRows, place: Place): Lines {
  const owner = rows.request
  return {
    requests: line(OWN_COLUMNS.requests, rows.request as unknown as AnyRow, null, place),
    decisions: lines('decisions', rows.decisions as unknown as readonly AnyRow[], owner, place),
    findings: lines('findings', rows.findings as unknown as readonly AnyRow[], owner, place),
    attempts: lines('attempts', rows.attempts as unknown as readonly AnyRow[], owner, place),
    admin_events: '',
  }
}

export function adminLines(row: AdminEventRow, place: Place): Lines {
  return {
    requests: '',
    decisions: '',
    findings: '',
    attempts: '',
    admin_events: line(OWN_COLUMNS.admin_events, row as unknown as AnyRow, null, place),
  }
}

function lines(table: FrameTable, rows: readonly AnyRow[], owner: Owner, place: Place): string {
  let text = ''
  for (const row of rows) text += line(OWN_COLUMNS[table], row, owner, place)
  return text
}

function line(columns: readonly string[], row: AnyRow, owner: Owner | null, place: Place): string {
  const values: unknown[] = owner === null ? [] : [owner.ts, owner.tenant, owner.request_id]
  for (const column of columns) values.push(row[column])
  values.push(place.nodeId, place.segment, place.seq, SCHEMA_VERSION)
  const text = JSON.stringify(values)
  // JSON.stringify escapes exactly the lone surrogates as \ud…: their escape is the sign that a text needs repair.
  if (text.length < QUICK_LINE_CHARS && !text.includes('\\ud')) return text + '\n'
  return JSON.stringify(values.map(bounded)) + '\n'
}

/** A value that ClickHouse takes: well-formed, no text or list beyond the bounds. Exported for tests. */
export function bounded(value: unknown): unknown {
  if (typeof value === 'string') return boundedText(value)
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map(bounded)
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value)
        .slice(0, MAX_ITEMS)
        .map(([key, item]) => [boundedText(key), bounded(item)]),
    )
  }
  return value
}

function boundedText(text: string): string {
  // The cut may halve a surrogate pair, so the text is made well-formed after it.
  return (text.length <= MAX_TEXT_CHARS ? text : text.slice(0, MAX_TEXT_CHARS - 1) + '…').toWellFormed()
}
