// The configuration that holds when there is no file: simulated models for the demo tenant, and real ones where their key is set.
import type { JsonObject } from '../model/value.ts'

const SIMULATED = ['sim-echo', 'sim-chat', 'sim-slow', 'sim-error-500', 'sim-error-429', 'sim-dies']
const SIM_RATES = { currency: 'USD', input: 0.4, cachedInput: 0.1, output: 1.6 }

interface Family {
  readonly key: string
  readonly provider: { readonly name: string; readonly type: string; readonly zone: string }
  readonly models: { readonly [name: string]: JsonObject }
}

/** List prices in USD per million tokens, as published by the providers; put your own into `sallyport.yaml`. */
const FAMILIES: readonly Family[] = [
  {
    key: 'OPENAI_API_KEY',
    provider: { name: 'openai', type: 'openai', zone: 'us' },
    models: {
      'gpt-4.1-mini': { input: 0.4, cachedInput: 0.1, output: 1.6 },
      'gpt-4.1': { input: 2, cachedInput: 0.5, output: 8 },
      'gpt-4o-mini': { input: 0.15, cachedInput: 0.075, output: 0.6 },
    },
  },
  {
    key: 'ANTHROPIC_API_KEY',
    provider: { name: 'anthropic', type: 'anthropic', zone: 'us' },
    models: {
      'claude-haiku-4-5': { input: 1, cachedInput: 0.1, cacheWrite: 1.25, output: 5 },
      'claude-sonnet-4-5': { input: 3, cachedInput: 0.3, cacheWrite: 3.75, output: 15 },
    },
  },
]

/** In the form of the file, before defaults. Simulated models come first: `auto` must cost nothing until somebody says otherwise. */
export function defaultConfig(environment: NodeJS.ProcessEnv): JsonObject {
  const families = FAMILIES.filter(({ key }) => environment[key])
  return {
    policies: { paths: [] },
    providers: [
      { name: 'sim', type: 'sim', zone: 'internal' },
      ...families.map(({ key, provider }) => ({ ...provider, credential: { env: key } })),
    ],
    models: [
      ...SIMULATED.map((name) => ({ name, targets: [{ provider: 'sim', model: name }], rates: SIM_RATES })),
      ...families.flatMap(({ provider, models }) =>
        Object.entries(models).map(([name, rates]) => ({
          name,
          targets: [{ provider: provider.name, model: name }],
          rates: { currency: 'USD', ...rates },
        })),
      ),
    ],
    features: [
      { name: 'demo', model: 'sim-chat', fallback: ['sim-echo'], pii: 'scrub' },
      { name: 'demo-warn', model: 'sim-chat', pii: 'warn' },
    ],
    tenants: [
      {
        id: 'demo',
        features: ['demo', 'demo-warn'],
        quota: { dailyTokens: { soft: 800_000, hard: 1_000_000 }, rpm: 600, concurrency: 50 },
      },
    ],
  }
}
