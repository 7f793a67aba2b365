// The rows of the record, one type per table of `docs/data-dictionary.md`. Column names are the public contract.
// Money is a decimal string with nine places or null; times are Unix ms (the recorder writes them as DateTime64).

import type { Booked } from '../model/counters.ts'

export interface RequestRow {
  ts: number
  tenant: string
  request_id: string
  trace_id: string
  session_id: string
  instance_id: string
  parent_request_id: string
  key_id: string
  user_id: string
  user_source: string
  client_ip: string
  user_agent: string
  feature: string
  prompt_ref: string
  dialect: string
  endpoint: string
  requested_model: string
  model: string
  provider: string
  zone: string
  secure: boolean
  streamed: boolean
  verdict: string
  primary_policy: string
  outcome: 'completed' | 'refused' | 'failed' | 'aborted' | 'truncated' | 'interrupted'
  status: number
  error_code: string
  finish_reason: string
  choices: number
  tool_calls: number
  prompt_tokens: number
  completion_tokens: number
  cached_tokens: number
  cache_write_tokens: number
  reasoning_tokens: number
  audio_tokens: number
  image_tokens: number
  total_tokens: number
  reserved_tokens: number
  max_output_tokens: number
  usage_source: string
  cost: string | null
  price: string | null
  margin: string | null
  internal_cost: string | null
  rates_currency: string
  fx_rate: string
  latency_ms: number
  ttft_ms: number
  held_back_chars: number
  overhead_us: number
  plugin_us: { [plugin: string]: number }
  ended_at: number
  local_day: string
  attempts: number
  policy_hash: string
  config_hash: string
  rates_version: string
  gateway_version: string
  finding_counts: { [detector: string]: number }
  warnings: string[]
  unscanned: string[]
  request_bytes: number
  response_bytes: number
  request_hash: string
  response_hash: string
  cache_status: string
  approval_id: string
  handoff_id: string
  /** JSON text. */
  metadata: string
  /** What it used of limits with a window (`model/counters.ts`), in the unit of each. */
  booked: Booked
}

export interface DecisionRow {
  phase: string
  policy: string
  policy_version: string
  effect: string
  state: 'enforced' | 'shadow' | 'skipped' | 'failed_open' | 'failed_closed'
  reason: string
  /** JSON text: attribute values and finding numbers, never content. */
  values: string
  severity: string
  tags: string[]
}

export interface FindingRow {
  phase: string
  detector: string
  engine_version: string
  location: string
  score: number
  /** `redact`, `mask`, …, `deny`, `warn`, … or empty. */
  action: string
  /** Shape only: first and last characters at most, e.g. `4***1`. */
  masked: string
  /** Keyed hash of the value (HMAC-SHA-256, hex), so that equal values can be counted without knowing them. */
  value_hmac: string
  hmac_key_id: string
}

export interface AttemptRow {
  n: number
  kind: string
  provider: string
  model: string
  zone: string
  credential_ref: string
  /** Policies that spoke about this target. */
  policies: string[]
  status: number
  error: string
  upstream_request_id: string
  retry_after_ms: number
  breaker_state: string
  latency_ms: number
  ttft_ms: number
}

export interface AdminEventRow {
  ts: number
  tenant: string
  actor: string
  ip: string
  action: string
  target: string
  before: string
  after: string
  result: string
}
