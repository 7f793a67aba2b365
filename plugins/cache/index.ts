// cache: answers a request that was answered before, word for word the same and judged the same. Off by default.
// It knows requests by the kernel's fingerprint only (tenant, snapshot, effects, residual, canonical request), so it can not mix tenants.
import type { AnswerableView, CannedAnswer, Delivered, Hooks, Host, Json, JsonObject, Plugin } from '../../core/plugin/index.ts'
import { AnswerStore } from './store.ts'

export interface CacheConfig {
  readonly enabled: boolean
  readonly maxEntries: number
  readonly maxBytes: number
  readonly ttlSeconds: number
}

export const cache: Plugin<CacheConfig> = {
  name: 'cache',
  apiVersion: 1,
  summary: 'Exact answers from memory, by fingerprint; off by default.',
  config: {
    type: 'object',
    additionalProperties: false,
    properties: {
      enabled: { type: 'boolean', default: false },
      maxEntries: { type: 'integer', minimum: 1, default: 10_000 },
      maxBytes: { type: 'integer', minimum: 1024, default: 64 * 1024 * 1024 },
      ttlSeconds: { type: 'number', exclusiveMinimum: 0, default: 600 },
    },
  },
  onFailure: { answer: 'skip', onAnswer: 'skip' },
  budgetMs: {},
  setup: setupCache,
}

function setupCache(config: CacheConfig, host: Host): Hooks {
  if (!config.enabled) return {}
  const store = new AnswerStore({ maxEntries: config.maxEntries, maxBytes: config.maxBytes, ttlMs: config.ttlSeconds * 1000 })

  function answer({ fingerprint, request }: AnswerableView): CannedAnswer | undefined {
    if (fingerprint === null) return undefined
    const stored = store.get(fingerprint, host.clock.now())
    const fits = stored !== undefined && (request.stream ? stored.chunks : stored.body) !== null
    return fits ? { source: 'cache', ...stored } : undefined
  }

  function onAnswer({ fingerprint }: AnswerableView, delivered: Delivered): void {
    if (fingerprint === null || !isWhole(delivered)) return
    // What came from here is not stored again: its age is that of the provider's answer.
    if (store.get(fingerprint, host.clock.now()) !== undefined) return
    store.put(fingerprint, delivered, host.clock.now())
  }

  return { answer, onAnswer }
}

/** Neither an error, nor nothing, nor an answer that broke off: every choice has its finish reason. */
function isWhole({ body, chunks }: Delivered): boolean {
  if (body !== null) return body.error === undefined && finished([body])
  return chunks !== null && !chunks.some((chunk) => chunk.error !== undefined) && finished(chunks)
}

function finished(bodies: readonly JsonObject[]): boolean {
  const open = new Map<Json | undefined, boolean>()
  for (const { choices } of bodies) {
    if (!Array.isArray(choices)) continue
    for (const choice of choices as readonly JsonObject[])
      open.set(choice.index, typeof choice.finish_reason !== 'string' && open.get(choice.index) !== false)
  }
  return open.size > 0 && ![...open.values()].includes(true)
}
