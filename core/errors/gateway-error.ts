// A refusal or a failure that a client will see. It travels as a value until the pipeline's one exit turns it into the client's dialect.
import { CATALOGUE, type ErrorCode } from './catalogue.ts'

export interface GatewayErrorDetails {
  /** Replaces the catalogue's sentence; says what is wrong in the caller's terms. */
  readonly message?: string
  readonly resolution?: string
  /** The policy's own code behind `policy_denied`, e.g. `pci.card_to_external`. */
  readonly reason?: string
  readonly policy?: string
  readonly status?: number
  /** Seconds that a client should wait. The catalogue's own are told only where a repeat may help. */
  readonly retryAfterSeconds?: number
  /** Overrides the catalogue: may the same request succeed when it is repeated? */
  readonly shouldRetry?: boolean
  /** The parameter at fault, e.g. `messages[0].content`. */
  readonly param?: string
  /** Headers of the answer, names in lower case. */
  readonly headers?: { readonly [name: string]: string }
  readonly cause?: unknown
}

export class GatewayError extends Error {
  readonly code: ErrorCode
  readonly status: number
  readonly resolution: string
  readonly shouldRetry: boolean
  readonly reason: string | null
  readonly policy: string | null
  readonly param: string | null
  readonly retryAfterSeconds: number | null
  readonly headers: { readonly [name: string]: string } | null

  constructor(code: ErrorCode, details: GatewayErrorDetails = {}) {
    const entry = CATALOGUE[code]
    super(details.message ?? entry.message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'GatewayError'
    this.code = code
    this.status = details.status ?? entry.status
    this.resolution = details.resolution ?? entry.resolution
    this.shouldRetry = details.shouldRetry ?? entry.shouldRetry
    this.retryAfterSeconds = details.retryAfterSeconds ?? (this.shouldRetry ? (entry.retryAfterSeconds ?? null) : null)
    this.reason = details.reason ?? null
    this.policy = details.policy ?? null
    this.param = details.param ?? null
    this.headers = details.headers ?? null
  }
}
