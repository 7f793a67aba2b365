// What can be tried: one (provider, model, credential), with its prices and patience.

/** Prices in nano-units (10⁻⁹) of the base currency per million tokens, converted at load time. Null: unknown, which is not zero. */
export interface Rates {
  readonly input: bigint
  readonly cachedInput: bigint
  readonly cacheWrite: bigint
  readonly output: bigint
  /** Currency the operator wrote, and the factor that brought it to the base currency. */
  readonly currency: string
  readonly fxRate: string
  /** Own hardware: recorded as `internal_cost`. */
  readonly internal: boolean
}

/** Timeouts in milliseconds. */
export interface Timeouts {
  readonly connectMs: number
  readonly firstTokenMs: number
  readonly idleMs: number
  readonly totalMs: number
}

/** A provider as configured. The credential's value never stands here: `credentialRef` names it. */
export interface ProviderInfo {
  readonly name: string
  readonly type: string
  readonly zone: string
  readonly region: string | null
  /** Base URL without a trailing slash, e.g. `https://api.openai.com/v1`; null for local transports. */
  readonly endpoint: string | null
  readonly credentialRef: string | null
  readonly timeouts: Timeouts
}

export interface Target {
  /** `provider/upstreamModel`, unique in a snapshot; the breaker's key together with the credential. */
  readonly id: string
  readonly provider: ProviderInfo
  /** Our name of the model. */
  readonly model: string
  readonly upstreamModel: string
  readonly secure: boolean
  readonly weight: number
  readonly rates: Rates | null
  /** Output tokens per choice that the model can give, if known. */
  readonly maxOutput?: number | null
}
