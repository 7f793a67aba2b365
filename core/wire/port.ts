// What a client dialect can do. The pipeline and the server know dialects only through this.
import type { Answer, StreamEvent, Usage } from '../model/answer.ts'
import type { GatewayError } from '../errors/gateway-error.ts'
import type { InboundRequest, OutgoingRequest } from '../model/request.ts'
import type { JsonObject } from '../model/value.ts'
import type { TextEdit } from '../model/content.ts'
import type { RenderedRequest } from '../plugin/contract.ts'

export interface DialectWire {
  /** Parses a bounded body once. Every kind of bad input becomes a GatewayError (`invalid_request`, with `param`). */
  parse(raw: Buffer): InboundRequest | GatewayError
  /** The outgoing request for providers; lazy, and the client's own bytes wherever nothing changed. */
  render(outgoing: OutgoingRequest): RenderedRequest
  /** The answer with new texts, as bytes for the client (the upstream's own where nothing changed). */
  writeAnswer(
    answer: Answer,
    edits: readonly TextEdit[],
    model: string,
    extra: JsonObject | null,
  ): { readonly bytes: Buffer; readonly body: JsonObject }
  writeError(error: GatewayError, requestId: string): Buffer
  /** The error event that ends a broken stream, as SSE bytes. */
  writeStreamError(error: GatewayError, requestId: string): Buffer
  /** Members of a whole answer that hold bytes, which no guard can read: `audio`, `images`. */
  unscannedIn(body: JsonObject): readonly string[]
  openStream(options: StreamWriterOptions): StreamWriter
}

/** Rewrites the texts of one streamed answer. The guard decides what is released; the writer knows where it stands in the chunks. */
export interface TextGuard {
  push(channel: string, text: string): string
  end(channel: string): string
  /** True when no text is held or changed, so that chunks pass as they are. */
  readonly transparent: boolean
  /** True once nothing more may be released: the stream ends with an error, so no finish reason may leave. */
  readonly isStopped?: boolean
}

export interface StreamWriterOptions {
  readonly guard: TextGuard
  /** Pass on the usage chunk? Only if the client asked for it. */
  readonly wantsUsage: boolean
  readonly model: string
  /** Called with each chunk as it leaves (for cache and payload record); absent: nobody wants them. */
  readonly onChunk?: (chunk: JsonObject) => void
  /** Member `sallyport` of the last chunk, asked for when it is written. */
  readonly extra?: () => JsonObject | null
}

export interface StreamWriter {
  /** SSE text for the client, possibly empty (everything held back, or a usage chunk nobody asked for). Not for `error` and `done`. */
  chunk(event: Extract<StreamEvent, { type: 'chunk' }>): string
  /** Flushes the guard's rest and writes the dialect's clean end, unless that rest is what stops the guard. */
  finish(): string
  /** What was seen so far. */
  readonly seen: StreamSummary
}

export interface StreamSummary {
  readonly usage: Usage | null
  readonly finishReason: string | null
  readonly choices: number
  readonly toolCalls: number
  /** UTF-16 units of visible text, for estimates. */
  readonly textChars: number
  /** Members that held bytes, which no guard can read. */
  readonly unscanned: ReadonlySet<string>
}
