// The words of this plugin: the verb `limit`, and the quotas of tenant and feature as nouns. Money is in the base currency, as people write it.
import type { Attribute, ExchangeView, PluginVocabulary, Quota, Verb } from '../../core/plugin/index.ts'

type Enact = Extract<Verb, { acts: 'exchange' }>['enact']

const NANO = 1_000_000_000

const QUOTA_NOUNS: readonly { readonly word: string; readonly doc: string; read(quota: Quota): number | null }[] = [
  { word: 'daily_tokens', doc: 'Tokens per day, refused beyond.', read: (quota) => quota.dailyTokensHard },
  { word: 'daily_tokens_soft', doc: 'Tokens per day, warned beyond.', read: (quota) => quota.dailyTokensSoft },
  {
    word: 'monthly',
    doc: 'Money per month in the base currency.',
    read: (quota) => (quota.monthlyNano === null ? null : Number(quota.monthlyNano) / NANO),
  },
  { word: 'rpm', doc: 'Requests per minute.', read: (quota) => quota.rpm },
  { word: 'tpm', doc: 'Tokens per minute.', read: (quota) => quota.tpm },
  { word: 'concurrency', doc: 'Requests at a time.', read: (quota) => quota.concurrency },
]

const TENANT_QUOTAS: readonly Attribute[] = QUOTA_NOUNS.map(({ word, doc, read }) => ({
  name: `tenant.quota.${word}`,
  type: { kind: 'number' },
  optional: true,
  phase: 'request',
  source: 'proved',
  lifetime: 'principal',
  cost: 'free',
  doc: `Quota of the tenant: ${doc}`,
  resolve: (view: ExchangeView) => read(view.tenant.quota),
}))

const FEATURE_QUOTAS: readonly Attribute[] = QUOTA_NOUNS.map(({ word, doc, read }) => ({
  name: `feature.quota.${word}`,
  type: { kind: 'number' },
  optional: true,
  phase: 'request',
  source: 'claimed',
  lifetime: 'exchange',
  cost: 'free',
  doc: `Quota of the feature: ${doc}`,
  resolve: (view: ExchangeView) => (view.feature === null ? null : read(view.feature.quota)),
}))

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
    attributes: [...TENANT_QUOTAS, ...FEATURE_QUOTAS, MAX_COST],
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
