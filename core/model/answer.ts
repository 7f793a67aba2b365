// What comes back from an upstream, unary or streamed, in the canonical form: OpenAI chat completion objects.
import type { JsonObject } from './value.ts'
import type { Part } from './content.ts'

/** Token counts of one exchange. All are integers ≥ 0; `prompt` includes `cached` and `cacheWrite`, `completion` includes `reasoning`. */
export interface Usage {
  readonly prompt: number
  readonly completion: number
  readonly cached: number
  readonly cacheWrite: number
  readonly reasoning: number
  readonly audio: number
  readonly image: number
}

export const NO_USAGE: Usage = { prompt: 0, completion: 0, cached: 0, cacheWrite: 0, reasoning: 0, audio: 0, image: 0 }

/** Where a usage figure comes from; the record's `usage_source`. */
export type UsageSource = 'provider' | 'estimated' | 'estimated_on_abort' | 'estimated_on_crash' | 'cache' | 'none'

/** A whole answer (`chat.completion`). */
export interface Answer {
  readonly body: JsonObject
  /** The upstream's bytes if they say exactly what `body` says and may be passed on unchanged; else null. */
  readonly raw: Buffer | null
  readonly parts: readonly Part[]
  readonly usage: Usage | null
  readonly finishReason: string | null
  readonly choices: number
  readonly toolCalls: number
}

/** One event of a streamed answer, already in canonical form (`chat.completion.chunk`). */
export type StreamEvent =
  | {
      readonly type: 'chunk'
      readonly body: JsonObject
      /** the `data:` payload as it came, when it says exactly `body` */ readonly raw: string | null
    }
  | { readonly type: 'error'; readonly failure: UpstreamFailure }
  | { readonly type: 'done' }

/** Why an attempt failed, in classes that decide what may be tried next. See `plugins/failover/classes.ts`. */
export type FailureClass =
  | 'connect_failed'
  | 'connect_timeout'
  | 'first_token_timeout'
  | 'idle_timeout'
  | 'total_timeout'
  | 'connection_lost'
  | 'rate_limited'
  | 'quota_exhausted'
  | 'overloaded'
  | 'server_error'
  | 'malformed'
  | 'bad_credentials'
  | 'model_missing'
  | 'bad_request'
  | 'context_too_long'
  | 'content_filtered'
  | 'breaker_open'

/** A failed attempt as a value. */
export interface UpstreamFailure {
  readonly class: FailureClass
  /** HTTP status of the upstream, or 0 when there was none. */
  readonly status: number
  /** What the upstream said, bounded to 1,000 characters, without credentials. Untrusted text. */
  readonly message: string
  /** From `retry-after` or the body; null when it said nothing. */
  readonly retryAfterMs: number | null
  readonly upstreamRequestId: string | null
}
