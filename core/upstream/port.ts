// The attempt loop seen from the pipeline: ordered targets in, a committed answer or a refusal out.
import type { Answer, StreamEvent, UpstreamFailure } from '../model/answer.ts'
import type { AttemptKind, AttemptResult, Attempt, ProviderAdapter, RenderedRequest } from '../plugin/contract.ts'
import type { Target } from '../model/target.ts'

/** A target with the request as it leaves for it (effects that depend on the target applied). */
export interface PlannedTarget {
  readonly target: Target
  readonly request: RenderedRequest
}

export interface DispatchPlan {
  readonly exchangeId: string
  readonly targets: readonly PlannedTarget[]
  readonly stream: boolean
  /** Upper bound of upstream calls for the exchange. */
  readonly maxAttempts: number
  readonly around: readonly ((attempt: Attempt, next: (kind: AttemptKind) => Promise<AttemptResult>) => Promise<AttemptResult>)[]
  /** Fires when the client leaves: aborts the upstream call in every phase. */
  readonly signal: AbortSignal
  /** One row for the record per upstream call, when the call has ended or was committed. */
  onAttempt(row: AttemptOutcome): void
}

export interface AttemptOutcome {
  readonly n: number
  readonly kind: AttemptKind
  readonly target: Target
  /** Breaker key. */
  readonly key: string
  readonly status: number
  readonly failure: UpstreamFailure | null
  readonly upstreamRequestId: string | null
  readonly latencyMs: number
  readonly ttftMs: number | null
}

export type Dispatched =
  | { readonly kind: 'answer'; readonly answer: Answer; readonly target: Target; readonly key: string; readonly ttftMs: number }
  | { readonly kind: 'stream'; readonly source: StreamSource; readonly target: Target; readonly key: string; readonly ttftMs: number }
  /** The last failure that counts; `allOpen` when every target was kept away by its breaker. */
  | { readonly kind: 'failed'; readonly failure: UpstreamFailure; readonly allOpen: boolean; readonly dispatched: boolean }
  /** The signal fired. */
  | { readonly kind: 'aborted'; readonly dispatched: boolean }

/** A committed stream: events that came before the commit are delivered first. */
export interface StreamSource {
  /** `onEvents` for every batch that one read gave; then exactly one `done` or `error` event comes last (an abort gives none). */
  start(onEvents: (events: readonly StreamEvent[]) => void): void
  pause(): void
  resume(): void
  abort(): void
}

export interface Upstream {
  dispatch(plan: DispatchPlan): Promise<Dispatched>
  close(): Promise<void>
}

export interface UpstreamOptions {
  readonly adapters: ReadonlyMap<string, ProviderAdapter>
  /** Value behind a provider's `credentialRef`; throws a GatewayError that names the reference when it is missing. */
  credential(provider: Target['provider']): string | null
}
