// What a plugin sees at each phase, and nothing else: each view extends the one before.
import type { Directory, Feature, Tenant } from '../model/directory.ts'
import type { JsonObject } from '../model/value.ts'
import type { InboundRequest, OutgoingRequest } from '../model/request.ts'
import type { Principal } from '../model/principal.ts'
import type { Target } from '../model/target.ts'

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
  /** Members of the answer that hold bytes (audio, images), which no guard can read. */
  readonly unscanned: readonly string[]
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
