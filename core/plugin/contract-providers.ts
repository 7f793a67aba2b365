// What a provider plugin does: prepare calls in its protocol, and read answers back.
import type { Answer, StreamEvent, UpstreamFailure, Usage } from '../model/answer.ts'
import type { Json, JsonObject } from '../model/value.ts'
import type { Target, Timeouts } from '../model/target.ts'

/** Speaks one provider protocol: builds the call, reads the answer. Stateless. */
export interface ProviderAdapter {
  /** The `type` of `providers:` in `sallyport.yaml`. */
  readonly type: string
  /** Base URL when `endpoint` is not configured; null: it must be configured, or the transport needs none. */
  readonly defaultEndpoint: string | null
  /** True if calls need a credential. */
  readonly needsCredential: boolean
  prepare(request: RenderedRequest, target: Target, credential: string | null): HttpCall
  /** Absent: the answer is in OpenAI's chat completion format, and the kernel reads it. */
  readonly reader?: AnswerReader
  /** Absent: the kernel's HTTP transport. */
  readonly transport?: Transport
}

/** The outgoing request in forms an adapter can use; each is made on demand. */
export interface RenderedRequest {
  readonly stream: boolean
  readonly choices: number
  /** The body with edits and params applied. */
  body(): JsonObject
  /** The same as bytes: the client's own where nothing changed, `set` spliced in; a null value removes a member. */
  bytes(set: { readonly [name: string]: Json }): Buffer
  readonly headers: { readonly [name: string]: string }
}

export interface HttpCall {
  readonly method: 'POST' | 'GET'
  /** Absolute URL. */
  readonly url: string
  readonly headers: { readonly [name: string]: string }
  readonly body: Buffer
}

/** Where a transport delivers. Exactly one of `onEnd` and `onError` comes last. */
export interface TransportSink {
  /** The request begins to leave; only transports that connect first need to say so. */
  onSent?(): void
  onHeaders(status: number, headers: { readonly [name: string]: string | string[] | undefined }): void
  /** Returns false to ask for a pause until `resume`. */
  onData(bytes: Buffer): boolean
  onEnd(): void
  onError(error: Error): void
}

export interface TransportCall {
  abort(): void
  resume(): void
}

export interface Transport {
  /** `timeouts`: a transport that opens connections keeps `connectMs`; all other patience is the caller's. Nothing is delivered after `abort`. */
  send(call: HttpCall, sink: TransportSink, timeouts?: Timeouts): TransportCall
}

export interface UpstreamReply {
  readonly status: number
  header(name: string): string | null
  readonly body: Buffer
}

export interface AnswerReader {
  unary(reply: UpstreamReply, target: Target): Answer | UpstreamFailure
  /** For a reply with status 2xx to a streamed request. */
  openStream(target: Target): StreamReader
  /** For a reply with any other status. */
  failure(reply: UpstreamReply): UpstreamFailure
}

export interface StreamReader {
  push(bytes: Buffer): readonly StreamEvent[]
  /** The connection ended: rest, `done` if the protocol's own end was seen, else an `error` event `connection_lost`. */
  end(): readonly StreamEvent[]
  /** Usage seen so far, or null. */
  usage(): Usage | null
}
