// Rows for tests of the record: one ordinary exchange, with what a test wants different.
import type { ExchangeRows } from '../../../core/record/port.ts'
import type { AdminEventRow, RequestRow } from '../../../core/record/rows.ts'

export const TS = Date.UTC(2026, 10, 21, 12)

export const requestRow = (id: string, over: Partial<RequestRow> = {}): RequestRow => ({
  ts: TS, tenant: 'acme', request_id: id, trace_id: 'trace', session_id: 'session', instance_id: '', parent_request_id: '', key_id: 'key_demo',
  user_id: 'jo', user_source: 'header', client_ip: '127.0.0.1', user_agent: 'test', feature: 'chat', prompt_ref: '', dialect: 'openai-chat',
  endpoint: 'chat.completions', requested_model: 'auto', model: 'sim-echo', provider: 'sim', zone: 'local', secure: false, streamed: true,
  verdict: 'allow', primary_policy: '', outcome: 'completed', status: 200, error_code: '', finish_reason: 'stop', choices: 1, tool_calls: 0,
  prompt_tokens: 12, completion_tokens: 30, cached_tokens: 0, cache_write_tokens: 0, reasoning_tokens: 0, audio_tokens: 0, image_tokens: 0,
  total_tokens: 42, reserved_tokens: 500, max_output_tokens: 0, usage_source: 'provider', cost: '0.000012300', price: '0.000014000',
  margin: '0.000001700', internal_cost: null, rates_currency: 'USD', fx_rate: '1', latency_ms: 12.5, ttft_ms: 3.25, held_back_chars: 0,
  overhead_us: 80, plugin_us: { auth: 1.5 }, ended_at: TS + 12, local_day: '2026-11-21', attempts: 1, policy_hash: 'p', config_hash: 'c',
  rates_version: 'r', gateway_version: '0.1.0', finding_counts: { 'standard.detectors.email': 1 }, warnings: ['pii_found'], unscanned: [],
  request_bytes: 120, response_bytes: 500, request_hash: 'h', response_hash: 'h', cache_status: 'none', approval_id: '', handoff_id: '',
  metadata: '{}', ...over,
})

export const exchange = (id: string, over: Partial<RequestRow> = {}): ExchangeRows => ({
  request: requestRow(id, over),
  decisions: [{ phase: 'request', policy: 'access.chat', policy_version: '1', effect: 'allow', state: 'enforced', reason: '', values: '{}', severity: '', tags: ['a'] }],
  findings: [{ phase: 'request', detector: 'standard.detectors.email', engine_version: '1', location: 'prompt.user', score: 0.5, action: 'redact', masked: 'a***m', value_hmac: 'ab', hmac_key_id: 'h1' }],
  attempts: [{ n: 1, kind: 'first', provider: 'sim', model: 'sim-echo', zone: 'local', credential_ref: '', policies: [], status: 200, error: '', upstream_request_id: '', retry_after_ms: 0, breaker_state: 'closed', latency_ms: 10, ttft_ms: 9 }],
})

export const adminEvent = (target: string): AdminEventRow => ({
  ts: TS, tenant: 'acme', actor: 'ops', ip: '127.0.0.1', action: 'key created', target, before: '', after: '{}', result: 'ok',
})
