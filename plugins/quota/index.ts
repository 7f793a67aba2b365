// Quotas and budgets: the verb `limit`. Worst case is reserved before an exchange starts, real use is booked when it ends.
import type { Host, Plugin, State } from '../../core/plugin/index.ts'
import { enactLimits, type QuotaService, type QuotaSettings } from './enact.ts'
import { KnownLimits } from './known-limits.ts'
import { LearnedOutput } from './learned.ts'
import { Notices } from './notices.ts'
import { quotaRoutes } from './routes.ts'
import { RaisesCopy } from './raises.ts'
import { quotaVocabulary } from './vocabulary.ts'

/** A snapshot's block of configuration is the same object for `vocabulary` and `setup`; it ties the verb to the host that came with it. */
const services = new WeakMap<object, QuotaService>()
/** What was learned and what is known of the counters outlives a reload, as the counters do. */
const keptFor = new WeakMap<State, { readonly learned: LearnedOutput; readonly known: KnownLimits }>()

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
      whileAway: { enum: ['deny', 'local'], default: 'deny' },
      whileAwayOf: { type: 'object', additionalProperties: { enum: ['deny', 'local'] }, default: {} },
    },
  },
  vocabulary: (config) =>
    quotaVocabulary((view, calls) => {
      const service = services.get(config)
      if (!service) throw new Error('the plugin quota was not set up')
      return enactLimits(service, view, calls)
    }),
  setup(config, host) {
    const service = serviceFor(config, host)
    services.set(config, service)
    return { routes: quotaRoutes(service, host) }
  },
  onFailure: { enact: 'deny' },
  // The store keeps a deadline of its own, and says better what is wrong.
  budgetMs: { enact: 10_000 },
}

function serviceFor(settings: QuotaSettings, host: Host): QuotaService {
  const { state, clock, log, currency } = host
  const kept = keptFor.get(state) ?? { learned: new LearnedOutput(), known: new KnownLimits() }
  keptFor.set(state, kept)
  const { ledger } = state
  return {
    ...kept,
    ledger,
    settings,
    currency,
    clock,
    raises: new RaisesCopy(state.raises, clock, log),
    notices: new Notices(ledger, host),
  }
}
