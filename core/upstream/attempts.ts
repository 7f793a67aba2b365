// The attempt loop: tries the planned targets in order until one has committed itself to an answer. There is never a second one.
// Who may be tried again is decided by the `aroundAttempt` hooks; the kernel counts, keeps the single answer, and ends on abort.
import { UpstreamCall, type CallOutcome } from './call.ts'
import { makeFailure } from './failures.ts'
import { redactorFor, type Redactor } from './redact.ts'
import { createHttpTransport, type HttpTransport, type HttpTransportOptions } from './transport.ts'
import type { AnswerReader, Attempt, AttemptKind, AttemptResult, Clock, HttpCall, ProviderAdapter } from '../plugin/contract.ts'
import type { DispatchPlan, Dispatched, PlannedTarget, Upstream, UpstreamOptions } from './port.ts'
import type { Target } from '../model/target.ts'
import type { UpstreamFailure } from '../model/answer.ts'

export interface CreateUpstreamOptions extends UpstreamOptions, HttpTransportOptions {
  readonly clock: Clock
  /** Reads OpenAI's chat completion format, for adapters without a reader of their own. */
  readonly defaultReader: AnswerReader
}

export function createUpstream(options: CreateUpstreamOptions): Upstream {
  const http = createHttpTransport(options)
  return {
    dispatch: (plan) => new Dispatch(options, http, plan).run(),
    close: () => http.close(),
  }
}

/** Key of a target's breaker: provider, credential, upstream model. */
export function breakerKey(target: Target): string {
  return `${target.provider.name}|${target.provider.credentialRef ?? ''}|${target.upstreamModel}`
}

interface PreparedCall {
  readonly call: HttpCall
  readonly redact: Redactor
}

type Committed = Extract<CallOutcome, { kind: 'answer' | 'stream' }>

/** The attempts of one exchange. */
class Dispatch {
  readonly #options: CreateUpstreamOptions
  readonly #http: HttpTransport
  readonly #plan: DispatchPlan
  readonly #startedAt: number
  #calls = 0
  #dispatched = false
  #committed: Dispatched | null = null
  #lastFailure: UpstreamFailure | null = null

  constructor(options: CreateUpstreamOptions, http: HttpTransport, plan: DispatchPlan) {
    this.#options = options
    this.#http = http
    this.#plan = plan
    this.#startedAt = options.clock.monotonic()
  }

  async run(): Promise<Dispatched> {
    const { targets, signal, maxAttempts } = this.#plan
    let tried = 0
    let open = 0
    for (const planned of targets) {
      if (signal.aborted || this.#calls >= maxAttempts) break
      const result = await this.#tryTarget(planned, tried++)
      if (result.ok || this.#committed !== null) return this.#conclude(result)
      if (result.failure.class === 'breaker_open') open++
      else this.#lastFailure = result.failure
      if (!result.tryNext) break
    }
    if (signal.aborted) return { kind: 'aborted', dispatched: this.#dispatched }
    const failure = this.#lastFailure ?? makeFailure('breaker_open', 'every provider of this model is kept away by its breaker')
    return { kind: 'failed', failure, allOpen: tried > 0 && open === tried && this.#calls === 0, dispatched: this.#dispatched }
  }

  /** The hooks have had their say; what they make of a committed answer can only be to pass it on or to drop it. */
  #conclude(result: AttemptResult): Dispatched {
    const committed = this.#committed
    if (committed === null) throw new Error('an `aroundAttempt` hook reported success although no call had succeeded')
    if (committed.kind === 'stream' && (!result.ok || this.#plan.signal.aborted)) committed.source.abort()
    if (!result.ok) return { kind: 'failed', failure: result.failure, allOpen: false, dispatched: true }
    return committed.kind === 'stream' && this.#plan.signal.aborted ? { kind: 'aborted', dispatched: true } : committed
  }

  #tryTarget(planned: PlannedTarget, position: number): Promise<AttemptResult> {
    const attempt = this.#describe(planned.target, position)
    let next = (kind: AttemptKind): Promise<AttemptResult> => this.#call(planned, attempt.key, kind)
    for (const hook of this.#plan.around.toReversed()) {
      const inner = next
      next = () => hook(attempt, inner)
    }
    return next(position === 0 ? 'first' : 'failover')
  }

  #describe(target: Target, position: number): Attempt {
    return new TargetAttempt(this.#plan, target, position, () => this.#plan.maxAttempts - this.#calls)
  }

  async #call(planned: PlannedTarget, key: string, kind: AttemptKind): Promise<AttemptResult> {
    if (this.#committed !== null) throw new Error('an `aroundAttempt` hook called `next` after the answer was committed')
    if (this.#plan.signal.aborted) return failed(makeFailure('connection_lost', 'the client left'))
    if (this.#calls >= this.#plan.maxAttempts) return failed(this.#lastFailure ?? makeFailure('breaker_open', 'no attempt is left'))
    const adapter = this.#options.adapters.get(planned.target.provider.type)
    if (adapter === undefined)
      return failed(makeFailure('bad_request', `no plugin speaks the provider type ${planned.target.provider.type}`))
    const prepared = this.#prepare(adapter, planned)
    if ('class' in prepared) return failed(prepared)
    return this.#send(prepared, adapter, planned.target, key, kind)
  }

  /** Builds the call; a missing credential or an adapter that can not express the request ends the attempt before anything leaves. */
  #prepare(adapter: ProviderAdapter, { target, request }: PlannedTarget): PreparedCall | UpstreamFailure {
    let credential: string | null
    try {
      credential = this.#options.credential(target.provider)
    } catch (error) {
      return makeFailure('bad_credentials', messageOf(error))
    }
    if (credential === null && adapter.needsCredential) {
      const reference = target.provider.credentialRef ?? 'none is configured'
      return makeFailure('bad_credentials', `the provider ${target.provider.name} needs a credential, and there is none (${reference})`)
    }
    try {
      return { call: adapter.prepare(request, target, credential), redact: redactorFor(credential) }
    } catch (error) {
      return makeFailure('bad_request', `the request can not be expressed for ${target.provider.name}: ${messageOf(error)}`)
    }
  }

  async #send(
    { call, redact }: PreparedCall,
    adapter: ProviderAdapter,
    target: Target,
    key: string,
    kind: AttemptKind,
  ): Promise<AttemptResult> {
    const n = ++this.#calls
    const upstreamCall = new UpstreamCall({
      call,
      redact,
      target,
      stream: this.#plan.stream,
      reader: adapter.reader ?? this.#options.defaultReader,
      transport: adapter.transport ?? this.#http,
      transportReportsSent: adapter.transport === undefined,
      clock: this.#options.clock,
      signal: this.#plan.signal,
    })
    const outcome = await upstreamCall.run()
    this.#dispatched ||= upstreamCall.sent
    const failure = failureOf(outcome)
    this.#plan.onAttempt({
      n,
      kind,
      target,
      key,
      status: upstreamCall.status,
      failure,
      upstreamRequestId: failure?.upstreamRequestId ?? upstreamCall.upstreamRequestId,
      latencyMs: upstreamCall.latencyMs,
      ttftMs: upstreamCall.ttftMs,
    })
    if (failure !== null) return failed((this.#lastFailure = failure))
    this.#commit(outcome as Committed, target, key)
    return { ok: true }
  }

  #commit(outcome: Committed, target: Target, key: string): void {
    const ttftMs = this.#options.clock.monotonic() - this.#startedAt
    this.#committed =
      outcome.kind === 'answer'
        ? { kind: 'answer', answer: outcome.answer, target, key, ttftMs }
        : { kind: 'stream', source: outcome.source, target, key, ttftMs }
  }
}

function failureOf(outcome: CallOutcome): UpstreamFailure | null {
  if (outcome.kind === 'failed') return outcome.failure
  return outcome.kind === 'aborted' ? makeFailure('connection_lost', 'the client left') : null
}

/** Without a plugin that says otherwise a failure is final. */
function failed(failure: UpstreamFailure): AttemptResult {
  return { ok: false, failure, tryNext: false }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** What `aroundAttempt` hooks see of a target's turn. */
class TargetAttempt implements Attempt {
  readonly exchangeId: string
  readonly target: Target
  readonly key: string
  readonly position: number
  readonly targetsLeft: number
  readonly signal: AbortSignal
  readonly #attemptsLeft: () => number

  constructor({ exchangeId, targets, signal }: DispatchPlan, target: Target, position: number, attemptsLeft: () => number) {
    this.exchangeId = exchangeId
    this.target = target
    this.key = breakerKey(target)
    this.position = position
    this.targetsLeft = targets.length - position - 1
    this.signal = signal
    this.#attemptsLeft = attemptsLeft
  }

  get attemptsLeft(): number {
    return this.#attemptsLeft()
  }
}
