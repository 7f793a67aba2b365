// Rows as lines of JSON arrays. One JSON.stringify per row is the cheapest way there is (measured); text is made well-formed and
// bounded only when the finished line shows that something is odd, so ordinary rows pay nothing for it.
import { adminValues, attemptValues, decisionValues, findingValues, requestValues, type FrameTable, type Place } from './columns.ts'
import type { ExchangeRows } from './port.ts'
import type { AdminEventRow } from './rows.ts'

/** Longest text of one value, in UTF-16 units; what is beyond is cut and the cut is marked. */
export const MAX_TEXT_CHARS = 4096
/** Longest list or map of one value. */
const MAX_ITEMS = 256
/** A line below this length cannot hold a text beyond the bound. */
const QUICK_LINE_CHARS = MAX_TEXT_CHARS

/** Texts of one frame by table; an empty text means no rows. */
export type Lines = Record<FrameTable, string>

export function exchangeLines({ request, decisions, findings, attempts }: ExchangeRows, place: Place): Lines {
  let ofDecisions = ''
  for (const row of decisions) ofDecisions += line(decisionValues(request, row, place))
  let ofFindings = ''
  for (const row of findings) ofFindings += line(findingValues(request, row, place))
  let ofAttempts = ''
  for (const row of attempts) ofAttempts += line(attemptValues(request, row, place))
  return {
    requests: line(requestValues(request, place)),
    decisions: ofDecisions,
    findings: ofFindings,
    attempts: ofAttempts,
    admin_events: '',
  }
}

export function adminLines(row: AdminEventRow, place: Place): Lines {
  return { requests: '', decisions: '', findings: '', attempts: '', admin_events: line(adminValues(row, place)) }
}

function line(values: readonly unknown[]): string {
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
