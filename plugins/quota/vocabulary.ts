// The words of this plugin: the verb `limit`, and the quotas of tenant, feature, key and user as nouns. Money is in the base currency, as people
// write it.
import type { Attribute, ExchangeView, PluginVocabulary, Quota, Verb } from '../../core/plugin/index.ts'

type Enact = Extract<Verb, { acts: 'exchange' }>['enact']

const NANO = 1_000_000_000

const money = (nano: bigint | null): number | null => (nano === null ? null : Number(nano) / NANO)

const QUOTA_NOUNS: readonly { readonly word: string; readonly doc: string; read(quota: Quota): number | null }[] = [
  { word: 'hourly_tokens', doc: 'Tokens per hour, refused beyond.', read: (quota) => quota.hourlyTokensHard },
  { word: 'hourly_tokens_soft', doc: 'Tokens per hour, warned beyond.', read: (quota) => quota.hourlyTokensSoft },
  { word: 'daily_tokens', doc: 'Tokens per day, refused beyond.', read: (quota) => quota.dailyTokensHard },
  { word: 'daily_tokens_soft', doc: 'Tokens per day, warned beyond.', read: (quota) => quota.dailyTokensSoft },
  { word: 'monthly_tokens', doc: 'Tokens per month, refused beyond.', read: (quota) => quota.monthlyTokensHard },
  { word: 'monthly_tokens_soft', doc: 'Tokens per month, warned beyond.', read: (quota) => quota.monthlyTokensSoft },
  { word: 'monthly', doc: 'Money per month in the base currency, refused beyond.', read: (quota) => money(quota.monthlyNano) },
  { word: 'monthly_soft', doc: 'Money per month in the base currency, warned beyond.', read: (quota) => money(quota.monthlySoftNano) },
  { word: 'rpm', doc: 'Requests per minute.', read: (quota) => quota.rpm },
  { word: 'tpm', doc: 'Tokens per minute.', read: (quota) => quota.tpm },
  { word: 'concurrency', doc: 'Requests at a time.', read: (quota) => quota.concurrency },
]

export type QuotaOwner = 'tenant' | 'feature' | 'key' | 'user'

interface Owner {
  readonly noun: QuotaOwner
  readonly source: Attribute['source']
  readonly lifetime: Attribute['lifetime']
  quota(view: ExchangeView): Quota | null | undefined
}

/** A user's quota is that of the proved user: a name in a header must not buy another limit. */
const OWNERS: readonly Owner[] = [
  { noun: 'tenant', source: 'proved', lifetime: 'principal', quota: ({ tenant }) => tenant.quota },
  { noun: 'feature', source: 'claimed', lifetime: 'exchange', quota: ({ feature }) => feature?.quota },
  { noun: 'key', source: 'proved', lifetime: 'principal', quota: ({ principal }) => principal.quota },
  { noun: 'user', source: 'proved', lifetime: 'principal', quota: userQuota },
]

function userQuota({ principal, directory }: ExchangeView): Quota | undefined {
  const user = principal.user === null ? undefined : directory.users.get(principal.user.id)
  return user?.tenant === principal.tenantId ? user.quota : undefined
}

const QUOTAS: readonly Attribute[] = OWNERS.flatMap(({ noun, source, lifetime, quota }) =>
  QUOTA_NOUNS.map(({ word, doc, read }): Attribute => ({
    name: `${noun}.quota.${word}`,
    type: { kind: 'number' },
    optional: true,
    phase: 'request',
    source,
    lifetime,
    cost: 'free',
    doc: `Quota of the ${noun}: ${doc}`,
    resolve: (view: ExchangeView) => {
      const own = quota(view)
      return own ? read(own) : null
    },
  })),
)

/** What an attribute such as `tenant.quota.rpm` reads, and of whom; null: it is none of these. */
export function readQuotaNoun(name: string): { readonly owner: QuotaOwner; read(quota: Quota): number | null } | null {
  const [, owner, word] = /^(\w+)\.quota\.(\w+)$/.exec(name) ?? []
  const noun = QUOTA_NOUNS.find((one) => one.word === word)
  const found = OWNERS.find((one) => one.noun === owner)
  return noun && found ? { owner: found.noun, read: noun.read } : null
}

const MAX_COST: Attribute = {
  name: 'request.max_cost',
  type: { kind: 'number' },
  optional: true,
  phase: 'request',
  source: 'claimed',
  lifetime: 'exchange',
  cost: 'free',
  doc: 'What the client lets this request cost at most (`x-sallyport-max-cost`), in the base currency.',
  resolve: ({ claims }) => (claims.maxCostNano === null ? null : Number(claims.maxCostNano) / NANO),
}

/** Money has fractions; tokens and requests are counted. */
const IN_UNITS = { min: 0, whole: { operand: 'unit', is: ['tokens', 'requests'] } } as const

/** All phrases share one `enact`, so that everything an exchange must pass is reserved in one call. */
export function quotaVocabulary(enact: Enact): PluginVocabulary {
  const limit = (phrase: string, doc: string, operands: NonNullable<Verb['operands']>): Verb => ({
    phrase,
    doc,
    operands,
    use: 'effect',
    phases: ['request'],
    aliases: ['quota', 'budget', 'throttle', 'ratelimit'],
    protects: true,
    acts: 'exchange',
    join: { kind: 'union' },
    enact,
  })
  return {
    attributes: [...QUOTAS, MAX_COST],
    verbs: [
      limit(
        'limit <unit:tokens|requests|money> to <amount:number|attribute> per <window:minute|hour|day|month> by <attribute...> [at <soft:percent|number|attribute>]',
        'Refuses what would go beyond an amount per window, counted separately for each value of the attributes; warns from the soft threshold on. Windows follow the tenant’s time zone; money is in the base currency.',
        { amount: IN_UNITS, soft: IN_UNITS },
      ),
      limit(
        'limit concurrent to <amount:number|attribute> by <attribute...>',
        'Refuses what would be more at a time than the amount, for each value of the attributes.',
        { amount: { min: 0, whole: true } },
      ),
      limit('limit cost to <amount:number|attribute>', 'Refuses a request that could cost more than the amount, in the base currency.', {
        amount: { min: 0 },
      }),
    ],
  }
}
