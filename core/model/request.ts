// A request as the wire understood it: the parsed body, the original bytes, and the content view.
import type { Json, JsonObject } from './value.ts'
import type { Part, TextEdit } from './content.ts'

export type Dialect = 'openai-chat'
export type Endpoint = 'chat.completions'

/** A tool that the client offers to the model. `source` says who runs it. */
export interface RequestTool {
  readonly name: string
  readonly source: 'client' | 'provider'
}

/** What a dialect makes of one bounded body. Parsed once; never changed afterwards. */
export interface InboundRequest {
  readonly dialect: Dialect
  readonly endpoint: Endpoint
  readonly body: JsonObject
  readonly raw: Buffer
  /**
   * True when `raw` provably says the same as `body` (no member name twice in an object, so that no two JSON parsers can
   * disagree about it). Only such bytes may be forwarded; others are written anew from `body`.
   */
  readonly faithful: boolean
  readonly model: string
  readonly stream: boolean
  /** True when the client itself asked for the usage chunk of a stream. */
  readonly wantsUsage: boolean
  readonly choices: number
  /** The client's output bound in tokens per choice, or null. */
  readonly maxTokens: number | null
  readonly temperature: number | null
  readonly parts: readonly Part[]
  readonly tools: readonly RequestTool[]
  /** Content that is held elsewhere and was not seen: `image_url`, `file_id`, … */
  readonly references: readonly string[]
  /** Tools that the provider runs: `web_search`, … */
  readonly serverTools: readonly string[]
  /** What could not be inspected: kinds such as `input_audio`, `image`. */
  readonly unscanned: readonly string[]
}

/** The request as it will leave: the inbound one and everything that effects changed. Immutable; a target adds to a copy. */
export interface OutgoingRequest {
  readonly inbound: InboundRequest
  readonly edits: readonly TextEdit[]
  /** Top-level members to set in the body, e.g. `max_tokens`. Null value removes the member. */
  readonly params: { readonly [name: string]: Json }
  readonly headers: { readonly [name: string]: string }
}
