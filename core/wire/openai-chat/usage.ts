// Token counts as OpenAI-format upstreams report them.
import { isGiven, isObject } from './json.ts'
import type { Json } from '../../model/value.ts'
import type { Usage } from '../../model/answer.ts'

/** No model takes or writes as many. A larger number is a fault, and would not fit the columns of the record either. */
const MAX_TOKENS = 2 ** 31

/** Null when there are none, or when one of the two is no count: half a bill is worse than an estimate. */
export function usageOf(value: Json | undefined): Usage | null {
  if (!isObject(value)) return null
  const prompt = value.prompt_tokens
  const completion = value.completion_tokens
  if (isGiven(prompt) ? !isCount(prompt) : !isCount(completion)) return null
  if (isGiven(completion) && !isCount(completion)) return null
  const input = isObject(value.prompt_tokens_details) ? value.prompt_tokens_details : {}
  const output = isObject(value.completion_tokens_details) ? value.completion_tokens_details : {}
  return {
    prompt: countOf(prompt),
    completion: countOf(completion),
    // DeepSeek names its cache beside the details.
    cached: Math.min(countOf(prompt), countOf(input.cached_tokens) || countOf(value.prompt_cache_hit_tokens)),
    cacheWrite: Math.min(countOf(prompt), countOf(input.cache_write_tokens) || countOf(input.cache_creation_tokens)),
    reasoning: Math.min(countOf(completion), countOf(output.reasoning_tokens)),
    audio: countOf(input.audio_tokens) + countOf(output.audio_tokens),
    image: countOf(input.image_tokens) + countOf(output.image_tokens),
  }
}

function isCount(value: Json | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value < MAX_TOKENS
}

function countOf(value: Json | undefined): number {
  return isCount(value) ? value : 0
}
