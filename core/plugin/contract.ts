// The plugin contract: what a plugin declares, what it may hook into, and what it is handed. Plugins import it through `index.ts`.
import type { UpstreamFailure, Usage } from '../model/answer.ts'
import type { Awaitable } from '../model/maybe-promise.ts'
import type { Directory } from '../model/directory.ts'
import type { Finding } from '../model/content.ts'
import type { JsonObject } from '../model/value.ts'
import type { Principal } from '../model/principal.ts'
import type { State } from '../model/state.ts'
import type { Target } from '../model/target.ts'
import type { GatewayError } from '../errors/gateway-error.ts'
import type { Router } from 'express'
import type { AnswerableView, Credentials, ExchangeView, TargetView } from './contract-views.ts'
import type { EffectCall, PluginVocabulary, VerbUse } from './contract-words.ts'
import type { ProviderAdapter } from './contract-providers.ts'

export type { Awaitable } from '../model/maybe-promise.ts'
export type * from './contract-providers.ts'
export type * from './contract-views.ts'
export type * from './contract-words.ts'

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
  | 'identifyAdmin'
  | 'answer'
  | 'plan'
  | 'aroundAttempt'
  | 'openFilter'
  | 'onAnswer'
  | 'onSettle'
  | 'enact'
  | 'resolve'
  | 'openTokens'

// ── hooks: a closed list, each with its way of combining ─────────────────────────────────────────────────────────────

export const NOT_MINE: unique symbol = Symbol('not mine')

export interface Hooks {
  /** First that does not say NOT_MINE decides; all NOT_MINE: 401. */
  identify?(credentials: Credentials): Awaitable<Principal | GatewayError | typeof NOT_MINE>
  /** As `identify`, for the control plane; the admin tokens of the gateway itself come before. */
  identifyAdmin?(credentials: Credentials): Awaitable<AdminIdentity | GatewayError | typeof NOT_MINE>
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

/** Somebody who may use the control plane. */
export interface AdminIdentity {
  readonly id: string
  readonly role: 'owner' | 'operator' | 'auditor' | 'viewer'
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

// ── host ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface Host {
  readonly state: State
  readonly directory: Directory
  /** Code of the base currency, in which all money of ours is: `USD`. */
  readonly currency: string
  readonly clock: Clock
  readonly log: Log
  /** New random id, `prefix_` and 26 characters. */
  newId(prefix: string): string
  /** Writes a row of `admin_events`: a change by a person or the system, or something that people should see. */
  adminEvent(event: AdminEvent): Promise<void>
  /** Where the policies in force use a verb. Nothing before the snapshot is whole, so not in `setup`. */
  usesOf(verb: string): readonly VerbUse[]
  /** Secret bytes kept 0600 under `./data/secrets`, made on first use, e.g. the pepper of keys. */
  secret(name: string): Buffer
}

export interface AdminEvent {
  readonly tenant: string
  /** Who: an admin's id, `system`. */
  readonly actor: string
  /** E.g. `key created`; words of the data dictionary. */
  readonly action: string
  readonly target: string
  readonly ip?: string
  /** Never a secret. */
  readonly before?: string
  readonly after?: string
  /** `ok` unless told. */
  readonly result?: string
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
