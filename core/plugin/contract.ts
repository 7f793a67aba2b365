// The plugin contract: what a plugin declares, what it may hook into, and what it is handed. Plugins import it through `index.ts`.
import type { Answer, StreamEvent, UpstreamFailure, Usage, UsageSource } from '../model/answer.ts'
import type { Directory, Feature, Tenant } from '../model/directory.ts'
import type { Finding } from '../model/content.ts'
import type { Json, JsonObject, Value } from '../model/value.ts'
import type { InboundRequest, OutgoingRequest } from '../model/request.ts'
import type { Principal } from '../model/principal.ts'
import type { State } from '../model/state.ts'
import type { Target, Timeouts } from '../model/target.ts'
import type { GatewayError } from '../errors/gateway-error.ts'
import type { Router } from 'express'

export type Awaitable<T> = T | Promise<T>
export type JsonSchema = JsonObject

// ── identity of a plugin ─────────────────────────────────────────────────────────────────────────────────────────────

export interface Plugin<Config = unknown> {
  /** `quota`; providers are `provider.anthropic`. Also the name of its block under `plugins:`. */
  readonly name: string
  readonly apiVersion: 1
  readonly summary: string
  /** JSON Schema of its block; ajv fills defaults; unknown keys are errors (`additionalProperties: false`). */
  readonly config: JsonSchema
  /** Plugins that must come before this one, by name; a missing one is no error. */
  readonly after?: readonly string[]
  /** Nouns, verbs, checks. Pure: it also runs in `policy check`, without setup. */
  vocabulary?(config: Config): PluginVocabulary
  /** Once per snapshot; `close()` of the hooks runs when the snapshot's last exchange has ended. */
  setup(config: Config, host: Host): Awaitable<Hooks>
  /** For each hook that can fail on the way of an exchange: what happens when it throws or exceeds its budget. */
  readonly onFailure: { readonly [hook in GuardedHook]?: 'deny' | 'skip' }
  /** Time budget of async work per hook, in milliseconds. */
  readonly budgetMs: { readonly [hook in GuardedHook]?: number }
}

export type GuardedHook =
  | 'identify'
  | 'answer'
  | 'plan'
  | 'aroundAttempt'
  | 'openFilter'
  | 'onAnswer'
  | 'onSettle'
  | 'enact'
  | 'resolve'
  | 'openTokens'

// ── views: what exists at a phase, and nothing else ──────────────────────────────────────────────────────────────────

/** What a caller shows; all of it claimed until `identify` proves it. */
export interface Credentials {
  /** From `authorization: Bearer` or `x-api-key`; null if neither is there. */
  readonly secret: string | null
  /** The scope the endpoint needs, e.g. `chat`; null where any valid key will do. */
  readonly scope: string | null
  readonly clientIp: string
  header(name: string): string | null
}

/** An identified request, before a target is known. */
export interface ExchangeView {
  readonly id: string
  /** Unix ms. */
  readonly receivedAt: number
  readonly principal: Principal
  readonly tenant: Tenant
  /** The feature that applies: named by the header, else the key's only one, else the tenant's default; null if none. */
  readonly feature: Feature | null
  /** What the caller says of itself in `x-sallyport-*` headers. */
  readonly claims: Claims
  readonly client: { readonly ip: string; readonly userAgent: string }
  readonly request: InboundRequest
  /** Linear estimate of the prompt's tokens, ≥ 1. */
  readonly promptTokens: number
  readonly directory: Directory
}

export interface Claims {
  readonly feature: string | null
  readonly user: string | null
  readonly session: string | null
  readonly instance: string | null
  /** `x-sallyport-max-cost` in nano-units. */
  readonly maxCostNano: bigint | null
  readonly metadata: JsonObject
}

export interface TargetView extends ExchangeView {
  readonly target: Target
}

export interface AnswerView extends TargetView {
  readonly finishReason: string | null
  readonly completionTokens: number
}

/** While effects are enacted: the exchange, the request as it stands, and where it may go. */
export interface EnactView extends ExchangeView {
  readonly outgoing: OutgoingRequest
  /** Targets that the policies allow, in the order they will be tried. */
  readonly candidates: readonly Target[]
}

/** When an answer may come from elsewhere (cache): everything that judged the request is known. */
export interface AnswerableView extends EnactView {
  /** SHA-256 over tenant, snapshot, effects, residual with its values, and the canonical outgoing request. Null: must not be shared (an error is pending, tokens were issued). */
  readonly fingerprint: string | null
}

// ── vocabulary ───────────────────────────────────────────────────────────────────────────────────────────────────────

export type Phase = 'request' | 'target' | 'response' | 'stream'

export type AttributeType =
  | { readonly kind: 'text' | 'number' | 'bool' | 'time' | 'duration' | 'ip' }
  | { readonly kind: 'enum'; readonly values: readonly string[] }
  | { readonly kind: 'list'; readonly of: AttributeType }
  | { readonly kind: 'record'; readonly fields: { readonly [name: string]: AttributeType } }

interface AttributeBase {
  /** Dotted, `tenant.tags`; a last word `*` declares a family (`metadata.*`), whose resolver gets the last word. */
  readonly name: string
  readonly type: AttributeType
  readonly optional: boolean
  readonly source: 'proved' | 'claimed'
  readonly lifetime: 'snapshot' | 'principal' | 'exchange'
  /** `io` runs in the waves under the deadline; `free` and `cpu` must be synchronous. */
  readonly cost: 'free' | 'cpu' | 'io'
  readonly doc: string
  /** Stands in policy tests where nothing is given; required unless optional. */
  readonly example?: Value
}

export type Attribute = AttributeBase &
  (
    | { readonly phase: 'request'; resolve(view: ExchangeView, word: string, signal: AbortSignal): Awaitable<Value> }
    | { readonly phase: 'target'; resolve(view: TargetView, word: string, signal: AbortSignal): Awaitable<Value> }
    | { readonly phase: 'response'; resolve(view: AnswerView, word: string, signal: AbortSignal): Awaitable<Value> }
  )

/** One call of a verb by a policy that fired, operands resolved (see `Operand`). */
export interface EffectCall {
  readonly verb: string
  /** The template that the use was matched with: tells phrases of one verb apart. */
  readonly phrase: string
  readonly policy: string
  readonly severity: 'low' | 'medium' | 'high' | 'critical'
  readonly operands: { readonly [name: string]: Operand | readonly Operand[] }
}

/** Words, texts, detectors (full names) and locations are strings; durations are milliseconds; attributes carry their value. */
export type Operand = string | number | boolean | { readonly percent: number } | { readonly attribute: string; readonly value: unknown }

/** What enacting an effect does to an exchange. Everything is optional; several changes add up. */
export interface Change {
  /** Top-level members of the body to set; null removes. */
  readonly params?: { readonly [name: string]: Json }
  readonly headers?: { readonly [name: string]: string }
  readonly warnings?: readonly string[]
  readonly labels?: readonly string[]
  readonly hold?: Hold
}

/** Something held for the time of the exchange: a reservation. Settled exactly once, on every path. */
export interface Hold {
  /** For the record. */
  readonly reservedTokens: number
  /** Told while a stream flows: output tokens so far (estimate). A refusal ends the stream with its code. */
  progress?(completionTokens: number): GatewayError | null
  settle(settlement: Settlement): Awaitable<void>
}

export interface Settlement {
  readonly usage: Usage
  readonly usageSource: UsageSource
  /** Nano-units; null when no rate is known. */
  readonly costNano: bigint | null
  /** True when a byte went to an upstream. */
  readonly dispatched: boolean
}

export type VerbJoin =
  | { readonly kind: 'union' }
  | { readonly kind: 'smallest'; readonly operand: string; readonly by: string }
  | { readonly kind: 'precedence'; readonly by: string }
  | { readonly kind: 'strictest'; readonly operand: string; readonly order: readonly string[] }
  | { readonly kind: 'intersection' }
  | { readonly kind: 'span'; readonly strength: number }

interface VerbBase {
  /** Phrase template, `policy-language` §2: `limit concurrent to <amount:number|attribute> by <attribute...>`. */
  readonly phrase: string
  readonly use: 'fact' | 'effect' | 'exception' | 'overlay' | 'expect'
  readonly phases: readonly Phase[]
  readonly aliases: readonly string[]
  /** True for verbs that protect; with them an absent optional in `unless` is safe. */
  readonly protects: boolean
  readonly doc: string
  /** What the types of the template cannot say, by operand; `policy check` then refuses what the verb would refuse. */
  readonly operands?: { readonly [operand: string]: OperandRule }
}

export interface OperandRule {
  /** Smallest number that makes sense. */
  readonly min?: number
  /** No fractions; or none where another operand is one of these words. */
  readonly whole?: true | { readonly operand: string; readonly is: readonly string[] }
  /** Regular expression that the whole text matches. */
  readonly pattern?: string
  /** Texts that may not stand there, in lower case. */
  readonly not?: readonly string[]
  /** The only attributes that may stand there. */
  readonly only?: readonly string[]
  /** Operand with an attribute: the value is of that attribute's type. */
  readonly like?: string
}

/** A verb acts in exactly one way: on the exchange, on where it may go, or on spans of text. */
export type Verb = VerbBase &
  (
    | {
        readonly acts: 'exchange'
        readonly join: VerbJoin
        enact(view: EnactView, calls: readonly EffectCall[], signal: AbortSignal): Awaitable<Change | GatewayError>
      }
    /** Runs per attempt on a copy, for effects of the phase `target` and `request` alike. */
    | { readonly acts: 'outgoing'; readonly join: VerbJoin; change(view: ExchangeView, calls: readonly EffectCall[]): Change }
    | {
        readonly acts: 'destinations'
        readonly join: { readonly kind: 'intersection' }
        narrow(view: ExchangeView, call: EffectCall): readonly Target[]
      }
    /**
     * The text that takes the place of a finding. Operands name `detector` and `location`. `calls` are all calls of the verb on this span,
     * strongest first, `call` among them. With `reversible` the plugin's hook `openTokens` gives the text, and takes it back out of the answer;
     * `rewrite` then only shows its form, in policy tests and previews.
     */
    | {
        readonly acts: 'spans'
        readonly join: { readonly kind: 'span'; readonly strength: number }
        readonly reversible?: true
        rewrite(text: string, finding: Finding, call: EffectCall, calls?: readonly EffectCall[]): string
      }
  )

/** A named test of a matched text (`luhn`). Pure, and fast enough for the event loop. */
export interface Check {
  readonly name: string
  readonly doc: string
  test(match: string): boolean
}

/** Detectors that are no patterns: a service that reads texts, all those of an exchange in one call. They do not work on `stream`. */
export interface Engine {
  /** Names as policies write them, dotted: `presidio.person`. */
  readonly detectors: readonly { readonly name: string; readonly doc: string }[]
  /**
   * Findings per text, in the order given: of `wanted` detectors only, offsets in UTF-16 units. Aborted at the deadline of the scan; a rejection,
   * a late answer or a place outside the text make the detectors failed, which the policies' `on error` decides about. Results are cached by text.
   */
  detect(texts: readonly string[], wanted: readonly string[], signal: AbortSignal): Promise<readonly (readonly Finding[])[]>
}

export interface PluginVocabulary {
  readonly attributes?: readonly Attribute[]
  readonly verbs?: readonly Verb[]
  readonly checks?: readonly Check[]
  readonly engines?: readonly Engine[]
}

// ── hooks: a closed list, each with its way of combining ─────────────────────────────────────────────────────────────

export const NOT_MINE: unique symbol = Symbol('not mine')

export interface Hooks {
  /** First that does not say NOT_MINE decides; all NOT_MINE: 401. */
  identify?(credentials: Credentials): Awaitable<Principal | GatewayError | typeof NOT_MINE>
  /** First answer wins; response policies still apply. */
  answer?(view: AnswerableView): Awaitable<CannedAnswer | undefined>
  /** Waterfall; null when no policy named destinations and nobody has proposed yet. */
  plan?(candidates: readonly Target[] | null, view: ExchangeView): readonly Target[] | GatewayError
  /** Onion around each target; `next` may be called again (retry of the same target). */
  aroundAttempt?(attempt: Attempt, next: (kind: AttemptKind) => Promise<AttemptResult>): Promise<AttemptResult>
  /** Pipe over the visible text of a streamed answer, after the guards. */
  openFilter?(view: TargetView): StreamFilter
  /** Behind a verb that is `reversible`; at most one plugin brings it. Opened once per exchange that needs it. */
  openTokens?(view: ExchangeView): TokenSession
  /** What the client got, after guards; never awaited. Placeholders of tokens stay in it. */
  onAnswer?(view: AnswerableView, delivered: Delivered): void
  /** Fan-out, after the exchange has ended. */
  onSettle?(settled: Settled): void
  /** Express routes below `/admin/v1`; the server authorises before. */
  routes?(router: Router): void
  /** Provider adapters that this plugin brings, by `type` of `providers:`. */
  readonly providers?: readonly ProviderAdapter[]
  /** Upstream calls an exchange may make in all; the largest of all plugins holds, 1 without one. */
  readonly maxAttempts?: number
  close?(): Awaitable<void>
}

export type AttemptKind = 'first' | 'retry' | 'failover'

export interface Attempt {
  readonly exchangeId: string
  readonly target: Target
  /** Key of the breaker: provider, credential, upstream model. */
  readonly key: string
  /** 0 for the first target of the plan. */
  readonly position: number
  /** Upstream calls that the whole exchange may still make; before the first `next` this one is included, each `next` takes one. */
  readonly attemptsLeft: number
  /** Targets of the plan behind this one. */
  readonly targetsLeft: number
  readonly signal: AbortSignal
}

/** `ok`: a whole answer, or a stream whose first content has arrived. Otherwise the kernel goes to the next target only if `tryNext`. */
export type AttemptResult = { readonly ok: true } | { readonly ok: false; readonly failure: UpstreamFailure; readonly tryNext: boolean }

/** A filter for one exchange. Channels are e.g. `0/text`, `0/arguments/1`; each has its own text. */
export interface StreamFilter {
  push(channel: string, text: string): string
  /** Rest of the channel. */
  end(channel: string): string
}

/** The placeholders of one exchange: they go into its request and come out of its answer, as the last step before the client. */
export interface TokenSession {
  /** The placeholder for a value: the same for the same value within the scope. `calls`: all calls of the verb on this span, strongest first. */
  issue(value: string, finding: Finding, calls: readonly EffectCall[]): string
  /** Learns the values of placeholders that stand in the request already, from earlier turns. A failure leaves them as they are. */
  recall(texts: readonly string[]): Awaitable<void>
  /** Makes sure that what was issued can come back; nothing leaves before. A failure refuses the exchange. */
  keep(): Awaitable<void>
  /** True once an answer may hold something to restore. */
  readonly isActive: boolean
  /** Opens one text of the answer; null when nothing can come back there. */
  open(place: TokenPlace): TokenRestorer | null
}

export interface TokenPlace {
  /** `json`: the text is JSON source, and what comes back is escaped to stay inside its string. */
  readonly encoding: 'text' | 'json'
  /** The tool whose arguments the text is; null for what people read. */
  readonly tool: string | null
}

/** Any chunking of the same text gives the same text. */
export interface TokenRestorer {
  push(text: string): string
  end(): string
}

export interface CannedAnswer {
  readonly source: 'cache'
  /** For a unary request `chat.completion`, for a streamed one the chunks in order. */
  readonly body: JsonObject | null
  readonly chunks: readonly JsonObject[] | null
  readonly model: string
  readonly provider: string
}

export interface Delivered {
  readonly model: string
  readonly provider: string
  /** Unary: the body the client got. */
  readonly body: JsonObject | null
  /** Streamed: the chunks the client got, or null if they were more than the kernel keeps, or held what tokens stand for. */
  readonly chunks: readonly JsonObject[] | null
}

/** The end of an exchange as plugins see it. */
export interface Settled {
  readonly exchangeId: string
  readonly outcome: 'completed' | 'refused' | 'failed' | 'aborted' | 'truncated'
  readonly target: Target | null
  /** Breaker key of the attempt that answered, or null. */
  readonly attemptKey: string | null
  readonly failure: UpstreamFailure | null
  readonly latencyMs: number
  readonly usage: Usage
}

// ── providers ────────────────────────────────────────────────────────────────────────────────────────────────────────

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

// ── host ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface Host {
  readonly state: State
  readonly directory: Directory
  readonly clock: Clock
  readonly log: Log
  /** New random id, `prefix_` and 26 characters. */
  newId(prefix: string): string
  /** Secret bytes kept 0600 under `./data/secrets`, made on first use, e.g. the pepper of keys. */
  secret(name: string): Buffer
}

export interface Clock {
  /** Unix ms. */
  now(): number
  /** Monotonic ms with fraction. */
  monotonic(): number
  /** Calls back once after `ms`; returns a cancel function. Does not keep the process alive. */
  after(ms: number, callback: () => void): () => void
}

export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}
