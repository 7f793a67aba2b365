// Writes the account of an exchange as rows of the record. Column names and meanings: `docs/data-dictionary.md`.
import { clockIn } from '../policy/local-time.ts'
import { findingCountsOf, findingRowsOf } from './findings.ts'
import { formatNano, timesDecimal } from '../model/money.ts'
import { figuresIfCutOff, type Figures } from './figures.ts'
import type { AttemptRow, DecisionRow, RequestRow } from '../record/rows.ts'
import type { Exchange } from './exchange.ts'
import type { ExchangeRows } from '../record/port.ts'

const NOTHING: readonly never[] = []

/** What is known before the first byte leaves. Cut off here, it becomes a row with outcome `interrupted`. */
export function openRows(exchange: Exchange): ExchangeRows {
  return { request: requestRow(exchange, figuresIfCutOff(exchange)), decisions: NOTHING, findings: NOTHING, attempts: NOTHING }
}

/** The whole exchange. */
export function closedRows(exchange: Exchange, figures: Figures): ExchangeRows {
  return {
    request: requestRow(exchange, figures),
    decisions: exchange.reasons.length === 0 ? NOTHING : exchange.reasons.map(decisionRow),
    findings: findingRowsOf(exchange),
    attempts: exchange.attempts.length === 0 ? NOTHING : exchange.attempts.map((attempt) => attemptRow(exchange, attempt)),
  }
}

function requestRow(exchange: Exchange, { usage, usageSource, costNano, booked }: Figures): RequestRow {
  const { principal, request, claims, target, snapshot, kernel, tenant } = exchange
  const endedAt = kernel.clock.now()
  const latencyMs = thousandths(exchange.elapsedMs())
  return {
    ts: exchange.receivedAt,
    tenant: principal?.tenantId ?? '',
    request_id: exchange.id,
    trace_id: exchange.traceId,
    session_id: claims.session ?? '',
    instance_id: claims.instance ?? '',
    parent_request_id: '',
    key_id: principal?.keyId ?? '',
    user_id: principal?.user?.id ?? claims.user ?? '',
    user_source: principal?.user?.source ?? (claims.user === null ? '' : 'claimed'),
    client_ip: exchange.incoming.clientIp,
    user_agent: exchange.incoming.header('user-agent') ?? '',
    feature: exchange.feature?.name ?? claims.feature ?? '',
    prompt_ref: '',
    dialect: exchange.incoming.governed.dialect,
    endpoint: exchange.incoming.governed.endpoint,
    requested_model: request?.model ?? '',
    model: target?.model ?? '',
    provider: target?.provider.name ?? '',
    zone: target?.provider.zone ?? '',
    secure: target?.secure ?? false,
    streamed: request?.stream ?? false,
    verdict: exchange.verdict,
    primary_policy: exchange.primaryPolicy,
    outcome: exchange.outcome,
    status: exchange.status,
    error_code: exchange.error?.code ?? '',
    finish_reason: exchange.finishReason,
    choices: exchange.choices,
    tool_calls: exchange.toolCalls,
    prompt_tokens: usage.prompt,
    completion_tokens: usage.completion,
    cached_tokens: usage.cached,
    cache_write_tokens: usage.cacheWrite,
    reasoning_tokens: usage.reasoning,
    audio_tokens: usage.audio,
    image_tokens: usage.image,
    total_tokens: usage.prompt + usage.completion,
    reserved_tokens: exchange.holds.reduce((sum, hold) => sum + hold.reservedTokens, 0),
    max_output_tokens: exchange.maxOutputTokens,
    usage_source: usageSource,
    ...moneyColumns(exchange, costNano),
    rates_currency: target?.rates?.currency ?? '',
    fx_rate: target?.rates?.fxRate ?? '',
    latency_ms: latencyMs,
    ttft_ms: thousandths(exchange.ttftMs),
    held_back_chars: exchange.heldBackChars,
    overhead_us: Math.round((latencyMs - exchange.upstreamMs) * 1000),
    plugin_us: wholeUs(exchange.pluginUs),
    ended_at: endedAt,
    local_day: clockIn(tenant?.timeZone ?? 'UTC', exchange.receivedAt).day,
    attempts: exchange.attempts.length,
    policy_hash: snapshot.bound.program.hash,
    config_hash: snapshot.loaded.hash,
    rates_version: snapshot.loaded.ratesVersion,
    gateway_version: kernel.version,
    finding_counts: findingCountsOf(exchange),
    warnings: exchange.warnings.size === 0 ? [] : [...exchange.warnings],
    unscanned: request ? [...new Set([...request.unscanned, ...request.references, ...exchange.answerUnscanned])] : [],
    request_bytes: request?.raw.length ?? 0,
    response_bytes: exchange.responseBytes,
    request_hash: exchange.requestHash,
    response_hash: exchange.responseHash,
    cache_status: exchange.cacheStatus,
    approval_id: exchange.approvalId,
    handoff_id: '',
    metadata: metadataColumn(exchange),
    booked,
  }
}

/** Milliseconds to the microsecond: the clock is no finer, and the rest would only be digits. */
const thousandths = (ms: number): number => Math.round(ms * 1000) / 1000

function wholeUs(byPlugin: Exchange['pluginUs']): RequestRow['plugin_us'] {
  const rounded: RequestRow['plugin_us'] = {}
  for (const plugin in byPlugin) rounded[plugin] = Math.round(byPlugin[plugin]!)
  return rounded
}

/** Cost is what we pay, price what the customer pays; own models have an internal cost and no bill from outside. */
function moneyColumns(
  { target, tenant }: Exchange,
  costNano: bigint | null,
): Pick<RequestRow, 'cost' | 'price' | 'margin' | 'internal_cost'> {
  if (costNano === null) return { cost: null, price: null, margin: null, internal_cost: null }
  const price = timesDecimal(costNano, tenant?.markup ?? '1')
  const cost = formatNano(costNano)
  const internal = target?.rates?.internal ? cost : null
  return { cost, price: formatNano(price), margin: formatNano(price - costNano), internal_cost: internal }
}

function metadataColumn({ claims, labels }: Exchange): string {
  if (labels.size === 0) return Object.keys(claims.metadata).length === 0 ? '{}' : JSON.stringify(claims.metadata)
  return JSON.stringify({ ...claims.metadata, labels: [...labels] })
}

function decisionRow(reason: Exchange['reasons'][number]): DecisionRow {
  return {
    phase: reason.phase,
    policy: reason.policy,
    policy_version: reason.version ?? '',
    effect: reason.effects.join(','),
    state: reason.state,
    reason: reason.code ?? '',
    values: JSON.stringify(reason.values),
    severity: reason.severity,
    tags: [...reason.tags],
  }
}

function attemptRow(exchange: Exchange, attempt: Exchange['attempts'][number]): AttemptRow {
  const { target } = attempt
  return {
    n: attempt.n,
    kind: attempt.kind,
    provider: target.provider.name,
    model: target.upstreamModel,
    zone: target.provider.zone,
    credential_ref: target.provider.credentialRef ?? '',
    policies: exchange.targetPolicies.get(target) ?? [],
    status: attempt.status,
    error: attempt.failure ? `${attempt.failure.class}: ${attempt.failure.message}` : '',
    upstream_request_id: attempt.upstreamRequestId ?? attempt.failure?.upstreamRequestId ?? '',
    retry_after_ms: attempt.failure?.retryAfterMs ?? 0,
    breaker_state: attempt.failure?.class === 'breaker_open' ? 'open' : 'closed',
    latency_ms: thousandths(attempt.latencyMs),
    ttft_ms: thousandths(attempt.ttftMs ?? 0),
  }
}
