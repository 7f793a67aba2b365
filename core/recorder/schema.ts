// The tables of the record, once: from here come the DDL, its migrations and docs/data-dictionary.md. A change of a column is a new
// entry in MIGRATIONS (migrate.ts) beside the change here, never an edit of an old one.
export interface Column {
  readonly name: string
  readonly type: string
  readonly comment: string
  /** Expression for rows that do not name the column. */
  readonly default?: string
}

export interface Table {
  readonly name: string
  readonly comment: string
  readonly columns: readonly Column[]
  /** Columns with a bloom filter: point look-ups over months stay fast. */
  readonly bloom: readonly string[]
}

const TEXT = 'String'
const WORD = 'LowCardinality(String)'
const TIME = "DateTime64(3, 'UTC')"
const MONEY = 'Nullable(Decimal(18, 9))'
const COUNT = 'UInt32'
const WORDS = 'Array(LowCardinality(String))'

const column = (name: string, type: string, comment: string): Column => ({ name, type, comment })

const HEAD = [
  column('ts', TIME, 'When the exchange began, or the event happened.'),
  column('tenant', WORD, 'Tenant; empty where the caller was not known.'),
]
const PLACE = [
  column('node_id', WORD, 'Spool that the row came through; stable across restarts of a gateway.'),
  column('segment', TEXT, 'Segment of that spool: run of the gateway and number.'),
  column('seq', 'UInt32', 'Number of the frame within the run; with node_id and segment it identifies the frame.'),
  column('schema_version', 'UInt16', 'Version of the columns when the row was written.'),
]
const REQUEST_ID = column('request_id', TEXT, 'Exchange that the row belongs to.')

const table = (name: string, comment: string, columns: readonly Column[], bloom: readonly string[] = []): Table => ({
  name,
  comment,
  columns: [...HEAD, ...columns, ...PLACE],
  bloom,
})

/** Version 2. */
const BOOKED = column(
  'booked',
  'Map(String, Int64)',
  'What it used of each limit with a window: counter@end (Unix ms), in tokens, requests or nano-units.',
)

const REQUESTS = table(
  'requests',
  'One row per exchange.',
  [
    column('request_id', TEXT, 'Id of the exchange, as in `x-request-id`.'),
    column('trace_id', TEXT, 'W3C trace id, as in `x-sallyport-trace`.'),
    column('session_id', TEXT, 'Conversation that the caller claims (`x-sallyport-session`).'),
    column('instance_id', TEXT, 'Instance that the caller claims (`x-sallyport-instance`).'),
    column('parent_request_id', TEXT, 'Exchange that caused this one.'),
    column('key_id', TEXT, 'Key that the caller showed; empty if none was accepted.'),
    column('user_id', TEXT, 'User; `user_source` says whether it was proved.'),
    column('user_source', WORD, 'jwt or act-as-user (proved), header (claimed), or empty.'),
    column('client_ip', TEXT, 'Address of the client, after trusted proxies.'),
    column('user_agent', TEXT, 'User agent that the client sent.'),
    column('feature', WORD, 'Feature under which the exchange was judged.'),
    column('prompt_ref', WORD, 'Stored prompt and version, e.g. ticket-suggest@3.'),
    column('dialect', WORD, 'Wire format of the client.'),
    column('endpoint', WORD, 'Endpoint that was called.'),
    column('requested_model', WORD, 'Model as the client named it.'),
    column('model', WORD, 'Model that answered, by our name.'),
    column('provider', WORD, 'Provider that answered.'),
    column('zone', WORD, 'Zone of that provider.'),
    column('secure', 'Bool', 'The model belongs to the secure tier.'),
    column('streamed', 'Bool', 'The answer was streamed.'),
    column('verdict', WORD, 'Outcome of the decision: allow, approval or deny.'),
    column('primary_policy', WORD, 'Policy behind the verdict.'),
    column('outcome', WORD, 'completed, refused, failed, aborted, truncated or interrupted.'),
    column('status', 'UInt16', 'HTTP status that the client got; 0 if none.'),
    column('error_code', WORD, 'Error code that the client got.'),
    column('finish_reason', WORD, 'Why the model stopped.'),
    column('choices', COUNT, 'Choices that were asked for.'),
    column('tool_calls', COUNT, 'Tool calls in the answer.'),
    column('prompt_tokens', COUNT, 'Input tokens.'),
    column('completion_tokens', COUNT, 'Output tokens.'),
    column('cached_tokens', COUNT, 'Input tokens read from the cache of the provider.'),
    column('cache_write_tokens', COUNT, 'Input tokens written to the cache of the provider.'),
    column('reasoning_tokens', COUNT, 'Output tokens spent on reasoning.'),
    column('audio_tokens', COUNT, 'Audio tokens, in and out.'),
    column('image_tokens', COUNT, 'Image tokens, in and out.'),
    column('total_tokens', 'UInt64', 'Tokens that count against limits.'),
    column('reserved_tokens', 'UInt64', 'Tokens that were reserved before the call.'),
    column('max_output_tokens', COUNT, 'Output bound that was sent to the provider; 0 if none.'),
    column('usage_source', WORD, 'provider, estimated, estimated_on_abort, estimated_on_crash, cache or none.'),
    column('cost', MONEY, 'What the provider charges, in the base currency; null if unknown.'),
    column('price', MONEY, 'What the customer pays, in the base currency; null if unknown.'),
    column('margin', MONEY, 'Price less cost, in the base currency; null if unknown.'),
    column('internal_cost', MONEY, 'Cost on own hardware, in the base currency; null if unknown.'),
    column('rates_currency', WORD, 'Currency of the price list.'),
    column('fx_rate', WORD, 'Factor that brought that currency to the base currency.'),
    column('latency_ms', 'Float64', 'Milliseconds from the first byte of the request to the last of the answer.'),
    column('ttft_ms', 'Float64', 'Milliseconds to the first content.'),
    column('held_back_chars', COUNT, 'Most characters that stream filters held back at once.'),
    column('overhead_us', 'Float64', "Microseconds that the gateway's own work took."),
    column('plugin_us', 'Map(LowCardinality(String), Float64)', 'Microseconds by plugin.'),
    column('ended_at', TIME, 'When the exchange ended.'),
    column('local_day', 'Date', 'Day in the time zone of the tenant.'),
    column('attempts', 'UInt16', 'Upstream calls.'),
    column('policy_hash', WORD, 'Hash of the policies that judged it.'),
    column('config_hash', WORD, 'Hash of the configuration that was in force.'),
    column('rates_version', WORD, 'Version of the price list.'),
    column('gateway_version', WORD, 'Version of Sallyport.'),
    column('finding_counts', 'Map(LowCardinality(String), UInt32)', 'Findings by detector.'),
    column('warnings', WORDS, 'Warning codes that the client got.'),
    column('unscanned', WORDS, 'What could not be inspected.'),
    column('request_bytes', 'UInt64', 'Bytes of the request body.'),
    column('response_bytes', 'UInt64', 'Bytes of the answer.'),
    column('request_hash', TEXT, 'Hash of the request body.'),
    column('response_hash', TEXT, 'Hash of the answer.'),
    column('cache_status', WORD, 'hit, miss or none.'),
    column('approval_id', TEXT, 'Approval that let it pass.'),
    column('handoff_id', TEXT, 'Handoff that it belongs to.'),
    column('metadata', TEXT, 'What the caller said in `x-sallyport-metadata`, as JSON.'),
    BOOKED,
    { name: 'ingested_at', type: TIME, comment: 'When the row reached ClickHouse.', default: 'now64(3)' },
  ],
  ['request_id', 'trace_id', 'session_id', 'user_id'],
)

const DECISIONS = table(
  'decisions',
  'One row per rule that fired, or would have fired in shadow.',
  [
    REQUEST_ID,
    column('phase', WORD, 'request, target, response or stream.'),
    column('policy', WORD, 'Full name of the policy.'),
    column('policy_version', WORD, 'Version of its module.'),
    column('effect', WORD, 'What it asked for.'),
    column('state', WORD, 'enforced, shadow, skipped, failed_open or failed_closed.'),
    column('reason', TEXT, 'Code or text that the policy gives.'),
    column('values', TEXT, 'Attribute values and finding numbers that it read, as JSON; never content.'),
    column('severity', WORD, 'Severity of the policy.'),
    column('tags', WORDS, 'Tags of the policy.'),
  ],
  ['request_id'],
)

const FINDINGS = table(
  'findings',
  'One row per detector hit; never the value itself.',
  [
    REQUEST_ID,
    column('phase', WORD, 'Phase whose policies acted on it or, where none did, looked for it: request, target, response or stream.'),
    column('detector', WORD, 'Full name of the detector.'),
    column('engine_version', WORD, 'Version of what found it.'),
    column('location', WORD, 'Where it stood, e.g. prompt.user.'),
    column('score', 'Float32', 'Confidence, 0 to 1.'),
    column(
      'action',
      WORD,
      'Verb that took it out (redact, mask, …), or else the strongest of those whose condition read it (deny, route, warn, …); or empty.',
    ),
    column('masked', TEXT, 'Shape of the value, first and last characters at most.'),
    column('value_hmac', TEXT, 'Keyed hash of the value: equal values can be counted without knowing them.'),
    column('hmac_key_id', WORD, 'Key of that hash.'),
  ],
  ['request_id'],
)

const ATTEMPTS = table(
  'attempts',
  'One row per upstream call.',
  [
    REQUEST_ID,
    column('n', 'UInt16', 'Number of the call within the exchange, from 1.'),
    column('kind', WORD, 'first, retry, failover or hedge.'),
    column('provider', WORD, 'Provider that was called.'),
    column('model', WORD, "Model by the provider's name."),
    column('zone', WORD, 'Zone of the provider.'),
    column('credential_ref', WORD, 'Name of the credential, never its value.'),
    column('policies', WORDS, 'Policies that spoke about this target.'),
    column('status', 'UInt16', 'HTTP status of the provider; 0 if none came.'),
    column('error', TEXT, 'What went wrong, or empty.'),
    column('upstream_request_id', TEXT, 'Id that the provider gave.'),
    column('retry_after_ms', COUNT, 'Milliseconds that the provider asked to wait.'),
    column('breaker_state', WORD, 'State of the breaker at the call.'),
    column('latency_ms', 'Float64', 'Milliseconds to the end of the call.'),
    column('ttft_ms', 'Float64', 'Milliseconds to its first content.'),
  ],
  ['request_id'],
)

const ADMIN_EVENTS = table('admin_events', 'One row per change by a person or by the system.', [
  column('actor', WORD, 'Who did it: admin id, or system.'),
  column('ip', TEXT, 'Address of the actor.'),
  column('action', WORD, 'What was done, e.g. key created, rows dead-lettered.'),
  column('target', TEXT, 'What it was done to.'),
  column('before', TEXT, 'State before, as JSON or text; never a secret.'),
  column('after', TEXT, 'State after, as JSON or text; never a secret.'),
  column('result', TEXT, 'ok, or why it failed.'),
])

const INGEST = table('ingest', 'One row per shipped segment.', [
  column('rows', 'UInt64', 'Rows that reached the tables.'),
  column('lag_ms', 'UInt64', "Milliseconds from the segment's oldest frame to its rows being queryable."),
  column('dead_letters', 'UInt64', 'Rows that ClickHouse refused; they stand in the dead-letter file.'),
])

export const TABLES: readonly Table[] = [REQUESTS, DECISIONS, FINDINGS, ATTEMPTS, ADMIN_EVENTS, INGEST]

const literal = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

/** Backticks: `values` and `before` are words of SQL. */
const columnDdl = ({ name, type, comment, default: otherwise }: Column): string =>
  `  \`${name}\` ${type}${otherwise === undefined ? '' : ` DEFAULT ${otherwise}`} COMMENT ${literal(comment)}`

/** The statement that adds a column of `requests` to a table of an older version. */
export const addBooked = (database: string): string =>
  `ALTER TABLE \`${database}\`.\`requests\` ADD COLUMN IF NOT EXISTS ${columnDdl(BOOKED).trim()} AFTER \`metadata\``

/**
 * ClickHouse remembers this many inserts to tell a repeated one; its default of 0 remembers none. The small blocks bound the memory of
 * an insert into a hundred columns (measured: 100 MB less at 10,000 exchanges/s, at no cost).
 */
const TABLE_SETTINGS = [
  'non_replicated_deduplication_window = 1000',
  'min_compress_block_size = 16384',
  'max_compress_block_size = 65536',
  'merge_max_block_size = 2048',
].join(', ')

/** The statement that creates a table; `database` must be a plain identifier. */
export function createTable(database: string, { name, comment, columns, bloom }: Table): string {
  const indexes = bloom.map((target) => `  INDEX \`${target}_bloom\` \`${target}\` TYPE bloom_filter(0.01) GRANULARITY 4`)
  return `CREATE TABLE IF NOT EXISTS \`${database}\`.\`${name}\` (
${[...columns.map(columnDdl), ...indexes].join(',\n')}
) ENGINE = MergeTree PARTITION BY toYYYYMM(ts) ORDER BY (tenant, ts)
SETTINGS ${TABLE_SETTINGS}
COMMENT ${literal(comment)}`
}
