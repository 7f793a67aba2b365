// The JSON Schema of `sallyport.yaml`. It is published as `sallyport.schema.json`, so descriptions are written for whoever edits the file.
// Defaults stand here and nowhere else; what refers to something else in the file is checked in `references.ts`.
import type { JsonObject } from '../model/value.ts'

/** A form of text that is checked by name rather than by a schema keyword; the names also stand in the published file. */
export const SIZE = '^[0-9]+ ?(B|KiB|MiB|GiB|TiB|KB|MB|GB|TB)?$'
const DATE = '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'
const DECIMAL = '^[0-9]+(\\.[0-9]+)?$'

const text = (description: string, more: JsonObject = {}): JsonObject => ({ type: 'string', minLength: 1, description, ...more })
const flag = (description: string, fallback: boolean): JsonObject => ({ type: 'boolean', default: fallback, description })
const count = (description: string, more: JsonObject = {}): JsonObject => ({ type: 'integer', minimum: 0, description, ...more })
const words = (description: string, more: JsonObject = {}): JsonObject => ({
  type: 'array',
  items: { type: 'string', minLength: 1 },
  description,
  ...more,
})
const oneOf = (values: readonly string[], description: string, more: JsonObject = {}): JsonObject => ({
  enum: values,
  description,
  ...more,
})
const money = (description: string): JsonObject => ({
  anyOf: [
    { type: 'number', minimum: 0 },
    { type: 'string', pattern: DECIMAL },
  ],
  description,
})
const size = (description: string, fallback: string): JsonObject => ({
  anyOf: [
    { type: 'integer', minimum: 1 },
    { type: 'string', pattern: SIZE },
  ],
  default: fallback,
  description,
})
const block = (properties: JsonObject, required: readonly string[] = [], more: JsonObject = {}): JsonObject => ({
  type: 'object',
  properties,
  ...(required.length === 0 ? {} : { required }),
  additionalProperties: false,
  ...more,
})
/** A block that may be absent: its members' defaults hold then. */
const section = (properties: JsonObject, description: string): JsonObject => block(properties, [], { default: {}, description })
const rows = (properties: JsonObject, required: readonly string[], description: string): JsonObject => ({
  type: 'array',
  items: block(properties, required),
  default: [],
  description,
})

/** Longer timers than 2^31 - 1 ms run out at once. */
const TIMER = { maximum: 2 ** 31 - 1 }

const TIMEOUTS = block({
  connectMs: count('Patience for the connection.', { default: 5000, minimum: 1, ...TIMER }),
  firstTokenMs: count('Patience from the request to the first content.', { default: 60000, minimum: 1, ...TIMER }),
  idleMs: count('Patience between two events of a stream.', { default: 30000, minimum: 1, ...TIMER }),
  totalMs: count('Patience for the whole answer.', { default: 600000, minimum: 1, ...TIMER }),
})

const RATE_FIELDS: JsonObject = {
  currency: text('Of the prices; converted to money.base with money.rates.', { pattern: '^[A-Z]{3}$' }),
  input: money('Per million input tokens.'),
  cachedInput: money('Per million input tokens that the provider had cached; absent: as input.'),
  cacheWrite: money('Per million input tokens that were written to the cache; absent: as input.'),
  output: money('Per million output tokens.'),
  internal: flag('Own hardware: recorded as internal cost.', false),
  validFrom: text('Date from which the price holds; the latest one that has begun counts.', { pattern: DATE }),
}
const RATE_ENTRY = block(RATE_FIELDS, ['input', 'output'])
const RATES: JsonObject = {
  anyOf: [RATE_ENTRY, { type: 'array', minItems: 1, items: RATE_ENTRY }],
  description: 'Prices per million tokens; one entry, or a list with validFrom. Absent: the cost is unknown, which is not zero.',
}

const SOFT = 'From here on answers carry the warning quota_soft.'
const HARD = 'From here on requests are refused.'
const tokenQuota = (description: string): JsonObject => ({
  anyOf: [{ type: 'integer', minimum: 0 }, block({ soft: count(SOFT), hard: count(HARD) })],
  description,
})
const moneyQuota = (description: string): JsonObject => ({
  anyOf: [
    { type: 'number', minimum: 0 },
    { type: 'string', pattern: DECIMAL },
    block({ soft: money('From here on answers carry the warning budget_soft.'), hard: money(HARD) }),
  ],
  description,
})
const QUOTA: JsonObject = {
  ...block({
    hourlyTokens: tokenQuota('Tokens per hour; a number is the hard limit.'),
    dailyTokens: tokenQuota('Tokens per day in the time zone of the tenant; a number is the hard limit.'),
    monthlyTokens: tokenQuota('Tokens per month in the time zone of the tenant; a number is the hard limit.'),
    monthly: moneyQuota('Money per month in the base currency; an amount is the hard limit.'),
    rpm: count('Requests per minute.'),
    tpm: count('Tokens per minute.'),
    concurrency: count('Requests at once.'),
  }),
  description: 'Limits of what it may use; docs/quotas.md explains them.',
}

export const CONFIG_SCHEMA: JsonObject = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  $id: 'https://sallyport.dev/sallyport.schema.json',
  title: 'sallyport.yaml',
  type: 'object',
  additionalProperties: false,
  properties: {
    server: section(
      {
        host: text('Address to listen on.', { default: '127.0.0.1' }),
        port: count('Port to listen on; 0 takes a free one.', { default: 8080, maximum: 65535 }),
        maxBodyBytes: size('Largest request body.', '16MiB'),
        trustProxy: words('Networks (CIDR) whose x-forwarded-for is believed.', { default: [] }),
        receiveTimeoutMs: count('A request that has not arrived whole by then is ended; its header gets 30 s of that at most.', {
          default: 120000,
          minimum: 100,
          ...TIMER,
        }),
        streamHeaderAfterMs: count('A stream that has no content yet gets its header after this time.', { default: 10000, ...TIMER }),
        drainSeconds: count('How long exchanges under way may take at shutdown.', { default: 30, maximum: 2_000_000 }),
      },
      'Where the gateway listens.',
    ),
    state: section(
      {
        driver: oneOf(['embedded', 'redis'], 'embedded: one gateway process; redis: several.', { default: 'embedded' }),
        path: text('Folder of the embedded driver.', { default: './data/state' }),
        url: text('Of Redis: redis://user:password@host:6379/0, or rediss:// for TLS; write ${NAME}, never the password.'),
        commandTimeoutMs: count('A command to Redis that takes longer counts as no answer; limits then follow their whileAway.', {
          default: 750,
          minimum: 10,
          maximum: 60_000,
        }),
        keyPrefix: text('What all keys in Redis begin with; sets gateways apart that share one Redis.', {
          default: 'sp',
          pattern: '^[A-Za-z0-9._:-]{1,64}$',
        }),
      },
      'Keys, counters and breakers.',
    ),
    record: section(
      {
        clickhouse: section(
          {
            driver: oneOf(['embedded', 'server'], 'embedded: ClickHouse inside the recorder; server: over HTTP.', { default: 'embedded' }),
            path: text('Folder of the embedded engine.', { default: './data/clickhouse' }),
            url: text('Of the server, e.g. http://clickhouse:8123.'),
            database: text('Database of the tables.', { default: 'sallyport' }),
            user: text('User of the server.', { default: 'default' }),
            password: { type: 'string', default: '', description: 'Password of the user; write ${NAME}, never the value.' },
          },
          'Where the record is kept.',
        ),
        spool: section(
          {
            path: text('Folder of the local log in front of ClickHouse.', { default: './data/spool' }),
            maxBytes: size('Room for what is not shipped yet.', '1GiB'),
            fsync: flag('Wait for the disk at every write; without it a crash of the machine may lose the last moments.', false),
            onUnavailable: oneOf(['block', 'continue'], 'When nothing can be recorded: refuse requests, or go on and count what is lost.', {
              default: 'block',
            }),
          },
          'The local log.',
        ),
        payloads: section(
          { store: oneOf(['none'], 'Bodies are not stored by this version.', { default: 'none' }) },
          'Bodies of requests and answers.',
        ),
      },
      'What is kept of every exchange.',
    ),
    money: section(
      {
        base: text('Base currency (ISO 4217).', { default: 'USD', pattern: '^[A-Z]{3}$' }),
        rates: rows(
          {
            from: text('Currency.', { pattern: '^[A-Z]{3}$' }),
            rate: money('One unit of it in the base currency.'),
            validFrom: text('Date from which the rate holds.', { pattern: DATE }),
          },
          ['from', 'rate'],
          'Rates of exchange; the latest one that has begun counts.',
        ),
      },
      'Currencies.',
    ),
    policies: section(
      {
        standard: flag('Load the standard policies (access, PII modes, quotas, secure routing).', true),
        paths: words('Policy files and folders.', { default: ['./policies'] }),
      },
      'Policies that judge every exchange.',
    ),
    pluginPaths: words('Folders of plugins that do not come with the gateway, relative to this file.', { default: [] }),
    plugins: {
      type: 'object',
      additionalProperties: { type: ['object', 'null'] },
      default: {},
      description: "One block per plugin; each is checked by the plugin's own schema.",
    },
    providers: rows(
      {
        name: text('Our name of it.'),
        type: text('Protocol: a type that a plugin brings (openai, anthropic, sim).'),
        zone: text('Where it stands, for policies: us, eu, internal, …', { default: 'external' }),
        region: text('Finer than the zone.'),
        endpoint: text('Base URL; absent: the one of the type.', { pattern: '^https?://' }),
        credential: block(
          {
            env: text('Name of an environment variable.'),
            file: text('File that holds the credential alone.'),
            managedIdentity: { const: true, description: 'The identity of the machine.' },
          },
          [],
          { minProperties: 1, maxProperties: 1, description: 'Where the credential is found; never the credential.' },
        ),
        timeouts: { ...TIMEOUTS, default: {}, description: 'Patience in milliseconds.' },
      },
      ['name', 'type'],
      'Companies and machines that answer.',
    ),
    models: rows(
      {
        name: text('What clients send.'),
        active: flag('Offered to clients.', true),
        secure: flag('Belongs to the secure tier.', false),
        maxOutput: count('Output tokens that it can give per choice; a bound of the gateway is never above.', { minimum: 1 }),
        targets: {
          type: 'array',
          minItems: 1,
          items: block(
            {
              provider: text('A name of providers.'),
              model: text('The name there.'),
              weight: { type: 'number', exclusiveMinimum: 0, default: 1, description: 'Share under the weighted strategy.' },
              rates: RATES,
            },
            ['provider', 'model'],
          ),
          description: 'Where it is served, in order of priority.',
        },
        rates: RATES,
      },
      ['name', 'targets'],
      'Models in the order that `auto` and `secure` search them.',
    ),
    pools: rows({ name: text('What policies route to.'), models: words('Names of models.') }, ['name', 'models'], 'Groups of models.'),
    features: rows(
      {
        name: text('What x-sallyport-feature says.'),
        model: text('Model that `auto` means here.'),
        fallback: words('Models to try after it.', { default: [] }),
        models: words('Models that may be named; absent: all.'),
        pii: oneOf(['scrub', 'warn', 'allow'], 'What happens to personal data and secrets in prompts.', { default: 'scrub' }),
        maxOutput: count('Bound of output tokens.', { minimum: 1 }),
        allow: {
          type: 'array',
          items: { enum: ['references', 'server_tools'] },
          default: [],
          description: 'What the gateway cannot inspect and the feature may use.',
        },
        quota: { ...QUOTA, default: {} },
      },
      ['name'],
      'What applications use models for.',
    ),
    plans: rows(
      {
        name: text('What tenants name.'),
        monthly: moneyQuota('Short for quota.monthly.'),
        features: words('Features of its tenants.'),
        defaultFeature: text('Feature that holds where none is named.'),
        quota: QUOTA,
        markup: money('Price to the customer = cost × markup.'),
      },
      ['name'],
      "Defaults of tenants; a tenant's own value replaces them.",
    ),
    tenants: rows(
      {
        id: text('Id.'),
        plan: text('A name of plans.'),
        region: text('For policies.'),
        tags: words('For policies.', { default: [] }),
        timeZone: text('IANA name; days and months of its quotas begin there.', { default: 'UTC' }),
        features: words('Features it may use; absent: all.'),
        defaultFeature: text('Feature that holds where none is named.'),
        quota: QUOTA,
        markup: money('Price to the customer = cost × markup.'),
      },
      ['id'],
      'Customers.',
    ),
    users: rows(
      {
        id: text('Id.'),
        tenant: text('An id of tenants.'),
        roles: words('For policies.', { default: [] }),
        quota: { ...QUOTA, default: {} },
      },
      ['id', 'tenant'],
      'People.',
    ),
    tools: rows(
      { name: text('Name.'), writes: flag('It changes something outside.', true) },
      ['name'],
      'Facts about tools that policies may use.',
    ),
    keys: rows(
      {
        id: text('Id.'),
        name: text('What people call it.'),
        tenant: text('An id of tenants.'),
        prefix: text('Public part, by which it is found.', { pattern: '^[0-9A-Za-z]{10}$' }),
        hash: text('HMAC-SHA-256 of the whole key under the pepper, hex.', { pattern: '^[0-9a-f]{64}$' }),
        scopes: words('What it opens.', { default: ['chat'] }),
        models: words('Models it may use; absent: all.'),
        features: words('Features it may use; absent: all of the tenant.'),
        allowedIps: words('Networks (CIDR) it may come from; absent: all.'),
        expires: text('Moment (ISO 8601) from which it is refused.'),
        budget: money('Money per month in the base currency; short for quota.monthly.'),
        quota: QUOTA,
      },
      ['id', 'tenant', 'prefix', 'hash'],
      'Keys of customers; `sallyport keys create --print-config` prints a row.',
    ),
    admins: rows(
      {
        id: text('Id.'),
        role: oneOf(['owner', 'operator', 'auditor', 'viewer'], 'What the person may do.'),
        hash: text('SHA-256 of the token, hex; docs/admin-api.md shows how to make both.', { pattern: '^[0-9a-f]{64}$' }),
      },
      ['id', 'role', 'hash'],
      'People who run the gateway.',
    ),
    log: section(
      { level: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'silent'], 'Least level that is written.', { default: 'info' }) },
      'Log.',
    ),
  },
}
