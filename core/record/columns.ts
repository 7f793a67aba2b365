// The columns of the record's rows in the order in which frames carry them. A frame holds arrays, not objects: half the bytes,
// and ClickHouse takes them as they are (JSONCompactEachRow). Change the order and you must raise FRAME_VERSION.
import type { AdminEventRow, AttemptRow, DecisionRow, FindingRow, RequestRow } from './rows.ts'

/** What the writer adds to every row: its place in the record. */
export const PLACE = ['node_id', 'segment', 'seq', 'schema_version'] as const

/** What rows of an exchange inherit from its request. */
const INHERITED = ['ts', 'tenant', 'request_id'] as const

const REQUEST_COLUMNS = [
  'ts',
  'tenant',
  'request_id',
  'trace_id',
  'session_id',
  'instance_id',
  'parent_request_id',
  'key_id',
  'user_id',
  'user_source',
  'client_ip',
  'user_agent',
  'feature',
  'prompt_ref',
  'dialect',
  'endpoint',
  'requested_model',
  'model',
  'provider',
  'zone',
  'secure',
  'streamed',
  'verdict',
  'primary_policy',
  'outcome',
  'status',
  'error_code',
  'finish_reason',
  'choices',
  'tool_calls',
  'prompt_tokens',
  'completion_tokens',
  'cached_tokens',
  'cache_write_tokens',
  'reasoning_tokens',
  'audio_tokens',
  'image_tokens',
  'total_tokens',
  'reserved_tokens',
  'max_output_tokens',
  'usage_source',
  'cost',
  'price',
  'margin',
  'internal_cost',
  'rates_currency',
  'fx_rate',
  'latency_ms',
  'ttft_ms',
  'held_back_chars',
  'overhead_us',
  'plugin_us',
  'ended_at',
  'local_day',
  'attempts',
  'policy_hash',
  'config_hash',
  'rates_version',
  'gateway_version',
  'finding_counts',
  'warnings',
  'unscanned',
  'request_bytes',
  'response_bytes',
  'request_hash',
  'response_hash',
  'cache_status',
  'approval_id',
  'handoff_id',
  'metadata',
] as const satisfies readonly (keyof RequestRow)[]

const DECISION_COLUMNS = [
  'phase',
  'policy',
  'policy_version',
  'effect',
  'state',
  'reason',
  'values',
  'severity',
  'tags',
] as const satisfies readonly (keyof DecisionRow)[]

const FINDING_COLUMNS = [
  'phase',
  'detector',
  'engine_version',
  'location',
  'score',
  'action',
  'masked',
  'value_hmac',
  'hmac_key_id',
] as const satisfies readonly (keyof FindingRow)[]

const ATTEMPT_COLUMNS = [
  'n',
  'kind',
  'provider',
  'model',
  'zone',
  'credential_ref',
  'policies',
  'status',
  'error',
  'upstream_request_id',
  'retry_after_ms',
  'breaker_state',
  'latency_ms',
  'ttft_ms',
] as const satisfies readonly (keyof AttemptRow)[]

const ADMIN_COLUMNS = [
  'ts',
  'tenant',
  'actor',
  'ip',
  'action',
  'target',
  'before',
  'after',
  'result',
] as const satisfies readonly (keyof AdminEventRow)[]

/** Tables that a frame can carry, in the order of its sections. */
export const FRAME_TABLES = ['requests', 'decisions', 'findings', 'attempts', 'admin_events'] as const
export type FrameTable = (typeof FRAME_TABLES)[number]

/** What a row's own object holds, without what it inherits and its place. */
export const OWN_COLUMNS = {
  requests: REQUEST_COLUMNS,
  decisions: DECISION_COLUMNS,
  findings: FINDING_COLUMNS,
  attempts: ATTEMPT_COLUMNS,
  admin_events: ADMIN_COLUMNS,
} as const satisfies Record<FrameTable, readonly string[]>

const inherits = (table: FrameTable): boolean => table === 'decisions' || table === 'findings' || table === 'attempts'

const lineColumns = (table: FrameTable): readonly string[] => [...(inherits(table) ? INHERITED : []), ...OWN_COLUMNS[table], ...PLACE]

/** Columns of one line of a frame, in order: what `INSERT INTO table (…)` names. */
export const LINE_COLUMNS: Readonly<Record<FrameTable, readonly string[]>> = {
  requests: lineColumns('requests'),
  decisions: lineColumns('decisions'),
  findings: lineColumns('findings'),
  attempts: lineColumns('attempts'),
  admin_events: lineColumns('admin_events'),
}
