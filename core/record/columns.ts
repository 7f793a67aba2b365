// The columns of the record's rows in the order in which frames carry them. A frame holds arrays, not objects: half the bytes,
// and ClickHouse takes them as they are (JSONCompactEachRow). A change raises SCHEMA_VERSION and is told to `columnsOfVersion`, for spools keep old frames.
import type { AdminEventRow, AttemptRow, DecisionRow, FindingRow, RequestRow } from './rows.ts'

/** Version of the columns that rows carry: in the head of every frame, and as `schema_version` in every table. */
export const SCHEMA_VERSION = 2

/** Where a row stands in the record; the writer adds it to every row. */
export interface Place {
  readonly nodeId: string
  readonly segment: string
  readonly seq: number
}

/** What rows of an exchange inherit from its request. */
type Owner = Pick<RequestRow, 'ts' | 'tenant' | 'request_id'>

/** Tables that a frame can carry, in the order of its sections. */
export const FRAME_TABLES = ['requests', 'decisions', 'findings', 'attempts', 'admin_events'] as const
export type FrameTable = (typeof FRAME_TABLES)[number]

// Each of these functions is the one place that names the columns of its table: called with names in the place of values it tells them.
// Written out, since reading seventy columns by their names from a list costs more than turning them into JSON.

// oxfmt-ignore
export const requestValues = (row: RequestRow, place: Place): unknown[] => [
  row.ts, row.tenant, row.request_id, row.trace_id, row.session_id, row.instance_id, row.parent_request_id, row.key_id, row.user_id,
  row.user_source, row.client_ip, row.user_agent, row.feature, row.prompt_ref, row.dialect, row.endpoint, row.requested_model, row.model,
  row.provider, row.zone, row.secure, row.streamed, row.verdict, row.primary_policy, row.outcome, row.status, row.error_code,
  row.finish_reason, row.choices, row.tool_calls, row.prompt_tokens, row.completion_tokens, row.cached_tokens, row.cache_write_tokens,
  row.reasoning_tokens, row.audio_tokens, row.image_tokens, row.total_tokens, row.reserved_tokens, row.max_output_tokens,
  row.usage_source, row.cost, row.price, row.margin, row.internal_cost, row.rates_currency, row.fx_rate, row.latency_ms, row.ttft_ms,
  row.held_back_chars, row.overhead_us, row.plugin_us, row.ended_at, row.local_day, row.attempts, row.policy_hash, row.config_hash,
  row.rates_version, row.gateway_version, row.finding_counts, row.warnings, row.unscanned, row.request_bytes, row.response_bytes,
  row.request_hash, row.response_hash, row.cache_status, row.approval_id, row.handoff_id, row.metadata, row.booked,
  place.nodeId, place.segment, place.seq, SCHEMA_VERSION,
]

// oxfmt-ignore
export const decisionValues = (owner: Owner, row: DecisionRow, place: Place): unknown[] => [
  owner.ts, owner.tenant, owner.request_id,
  row.phase, row.policy, row.policy_version, row.effect, row.state, row.reason, row.values, row.severity, row.tags,
  place.nodeId, place.segment, place.seq, SCHEMA_VERSION,
]

// oxfmt-ignore
export const findingValues = (owner: Owner, row: FindingRow, place: Place): unknown[] => [
  owner.ts, owner.tenant, owner.request_id,
  row.phase, row.detector, row.engine_version, row.location, row.score, row.action, row.masked, row.value_hmac, row.hmac_key_id,
  place.nodeId, place.segment, place.seq, SCHEMA_VERSION,
]

// oxfmt-ignore
export const attemptValues = (owner: Owner, row: AttemptRow, place: Place): unknown[] => [
  owner.ts, owner.tenant, owner.request_id,
  row.n, row.kind, row.provider, row.model, row.zone, row.credential_ref, row.policies, row.status, row.error, row.upstream_request_id,
  row.retry_after_ms, row.breaker_state, row.latency_ms, row.ttft_ms,
  place.nodeId, place.segment, place.seq, SCHEMA_VERSION,
]

// oxfmt-ignore
export const adminValues = (row: AdminEventRow, place: Place): unknown[] => [
  row.ts, row.tenant, row.actor, row.ip, row.action, row.target, row.before, row.after, row.result,
  place.nodeId, place.segment, place.seq, SCHEMA_VERSION,
]

/** Stands for a row, and answers with the name that it is asked for. */
const names = <T extends object>(renamed: { readonly [name: string]: string } = {}): T =>
  new Proxy({} as T, { get: (_, name) => renamed[String(name)] ?? String(name) })
const placeNames = names<Place>({ nodeId: 'node_id' })
const PLACE = ['node_id', 'segment', 'seq', 'schema_version'] as const
const INHERITED = ['ts', 'tenant', 'request_id'] as const

const columnsOf = (values: unknown[]): readonly string[] => [...(values.slice(0, -1) as string[]), 'schema_version']

/** All columns of a line, in its order. */
export const LINE_COLUMNS: Readonly<Record<FrameTable, readonly string[]>> = {
  requests: columnsOf(requestValues(names(), placeNames)),
  decisions: columnsOf(decisionValues(names(), names(), placeNames)),
  findings: columnsOf(findingValues(names(), names(), placeNames)),
  attempts: columnsOf(attemptValues(names(), names(), placeNames)),
  admin_events: columnsOf(adminValues(names(), placeNames)),
}

/** Columns that came later, by the version that brought them. */
const ADDED: { readonly [version: number]: ReadonlySet<string> } = { 2: new Set(['booked']) }

const versions = Array.from({ length: SCHEMA_VERSION }, (_, index) => linesOfVersion(index + 1))

function linesOfVersion(version: number): typeof LINE_COLUMNS {
  const later = new Set(Object.entries(ADDED).flatMap(([since, names]) => (Number(since) > version ? [...names] : [])))
  return Object.fromEntries(
    FRAME_TABLES.map((table) => [table, LINE_COLUMNS[table].filter((name) => !later.has(name))]),
  ) as unknown as typeof LINE_COLUMNS
}

/** All columns of a line as a version of the gateway wrote it, 1 to SCHEMA_VERSION. */
export const columnsOfVersion = (table: FrameTable, version: number): readonly string[] => versions[version - 1]![table]

const ownOf = (table: FrameTable): readonly string[] =>
  LINE_COLUMNS[table].slice(table === 'requests' || table === 'admin_events' ? 0 : INHERITED.length, -PLACE.length)

/** Columns of a table's own rows: without what they inherit and without their place. */
export const OWN_COLUMNS = Object.fromEntries(FRAME_TABLES.map((table) => [table, ownOf(table)])) as Readonly<
  Record<FrameTable, readonly string[]>
>
