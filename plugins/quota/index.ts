// Quotas and budgets: the verb `limit`. Worst case is reserved before an exchange starts, real use is booked when it ends.
import type { Plugin, State } from '../../core/plugin/index.ts'
import { enactLimits, type QuotaService, type QuotaSettings } from './enact.ts'
import { LearnedOutput } from './learned.ts'
import { quotaVocabulary } from './vocabulary.ts'

/** A snapshot's block of configuration is the same object for `vocabulary` and `setup`; it ties the verb to the host that came with it. */
const services = new WeakMap<object, QuotaService>()
/** What was learned outlives a reload, as the counters do. */
const learnedBy = new WeakMap<State, LearnedOutput>()

export const quota: Plugin<QuotaSettings> = {
  name: 'quota',
  apiVersion: 1,
  summary: 'Limits on tokens, requests, money and concurrency, reserved before and settled after each exchange.',
  config: {
    type: 'object',
    additionalProperties: false,
    properties: {
      defaultMaxOutputTokens: { type: 'integer', minimum: 1, default: 4096 },
      slotLeaseSeconds: { type: 'integer', minimum: 1, default: 1800 },
      streamStartTokens: { type: 'integer', minimum: 1, default: 512 },
    },
  },
  vocabulary: (config) =>
    quotaVocabulary((view, calls) => {
      const service = services.get(config)
      if (!service) throw new Error('the plugin quota was not set up')
      return enactLimits(service, view, calls)
    }),
  setup(config, { state }) {
    const learned = learnedBy.get(state) ?? new LearnedOutput()
    learnedBy.set(state, learned)
    services.set(config, { ledger: state.ledger, learned, settings: config })
    return {}
  },
  onFailure: { enact: 'deny' },
  budgetMs: { enact: 250 },
}
