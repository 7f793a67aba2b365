// Token counts. Anthropic's `input_tokens` leaves out what came from or went into the cache; our `prompt` is the whole prompt.
import { isObject } from './json.ts'
import type { Json, JsonObject, Usage } from '../../core/plugin/index.ts'

/** Counts so far; those of a later event replace earlier ones. Null when there are none. */
export function mergeUsage(before: Usage | null, value: Json | undefined): Usage | null {
  if (!isObject(value)) return before
  const cached = count(value.cache_read_input_tokens) ?? before?.cached ?? 0
  const cacheWrite = count(value.cache_creation_input_tokens) ?? before?.cacheWrite ?? 0
  const plain = count(value.input_tokens) ?? (before === null ? 0 : before.prompt - before.cached - before.cacheWrite)
  const completion = count(value.output_tokens) ?? before?.completion ?? 0
  return { prompt: plain + cached + cacheWrite, completion, cached, cacheWrite, reasoning: 0, audio: 0, image: 0 }
}

/** A quarter of what a column of the record holds, since three are added up. No model takes or writes as many. */
const MAX_TOKENS = 2 ** 30

function count(value: Json | undefined): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value < MAX_TOKENS ? value : null
}

/** As a chat completion reports it. */
export function usageBody({ prompt, completion, cached, cacheWrite }: Usage): JsonObject {
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: cached, cache_write_tokens: cacheWrite },
    completion_tokens_details: { reasoning_tokens: 0 },
  }
}
