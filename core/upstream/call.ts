// One upstream call: from the first byte that leaves to a whole answer, the first content of a stream, or a classified failure.
// It has exactly one outcome; a call whose client left ends as `aborted`, with its connection closed in the same turn.
import { Deadline, type TimeoutClass } from './deadline.ts'
import { failureOfTimeout, failureOfTransport, makeFailure } from './failures.ts'
import { StreamIntake, type StreamOwner } from './stream.ts'
import type { Redactor } from './redact.ts'
import type {
  AnswerReader,
  Clock,
  HttpCall,
  StreamReader,
  Transport,
  TransportCall,
  TransportSink,
  UpstreamReply,
} from '../plugin/contract.ts'
import type { Answer, StreamEvent, UpstreamFailure } from '../model/answer.ts'
import type { StreamSource } from './port.ts'
import type { Target } from '../model/target.ts'

export interface CallOptions {
  readonly call: HttpCall
  readonly target: Target
  readonly stream: boolean
  readonly reader: AnswerReader
  readonly transport: Transport
  /** True for the kernel's transport, which says itself when a request begins to leave. */
  readonly transportReportsSent: boolean
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Keeps the credential of this call out of what its failures say. */
  readonly redact: Redactor
}

export type CallOutcome =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'stream'; readonly source: StreamSource }
  | { readonly kind: 'failed'; readonly failure: UpstreamFailure }
  | { readonly kind: 'aborted' }

type Headers = { readonly [name: string]: string | string[] | undefined }

const MAX_ANSWER_BYTES = 64 * 1024 * 1024
/** Of an error page more than this says nothing new. */
const MAX_ERROR_BYTES = 64 * 1024
/** How long a connection may take to end after its stream said `done`. */
const DRAIN_MS = 1000

export class UpstreamCall implements TransportSink, StreamOwner {
  readonly #options: CallOptions
  readonly #startedAt: number
  readonly #deadline: Deadline
  readonly #onAbort = (): void => this.#leave()
  #resolve: (outcome: CallOutcome) => void = () => {}
  #running: TransportCall | null = null
  #headers: Headers = {}
  #chunks: Buffer[] = []
  #bytes = 0
  #intake: StreamIntake | null = null
  #streamReader: StreamReader | null = null
  #settled = false
  #over = false

  /** HTTP status, or 0 while there is none. */
  status = 0
  /** True once a byte may have reached the provider. */
  sent = false
  /** Milliseconds from the start to the headers (unary) or the first content (stream). */
  ttftMs: number | null = null

  constructor(options: CallOptions) {
    this.#options = options
    this.#startedAt = options.clock.monotonic()
    this.sent = !options.transportReportsSent
    this.#deadline = new Deadline(options.clock, options.target.provider.timeouts, (reason) => this.#expire(reason))
  }

  run(): Promise<CallOutcome> {
    return new Promise((resolve) => {
      this.#resolve = resolve
      const { signal, transport, call, target } = this.#options
      if (signal.aborted) return this.#leave()
      signal.addEventListener('abort', this.#onAbort)
      const running = transport.send(call, this, target.provider.timeouts)
      this.#running = running
      if (this.#over) running.abort()
    })
  }

  get latencyMs(): number {
    return this.#options.clock.monotonic() - this.#startedAt
  }

  get upstreamRequestId(): string | null {
    const id = this.#header('x-request-id') ?? this.#header('request-id')
    return id === null ? null : this.#options.redact.text(id)
  }

  // ── what the transport delivers ──────────────────────────────────────────────────────────────────────────────────

  onSent(): void {
    this.sent = true
  }

  onHeaders(status: number, headers: Headers): void {
    if (this.#over) return
    this.sent = true
    this.status = status
    this.#headers = headers
    const encoding = this.#header('content-encoding')
    if (encoding !== null && encoding !== 'identity')
      return this.#fail(
        makeFailure('malformed', `the provider answered in the encoding ${encoding}, which was not asked for`, this.#facts()),
      )
    if (this.#options.stream && isSuccess(status)) return this.#openStream()
    this.ttftMs = this.latencyMs
    this.#deadline.touch()
  }

  onData(bytes: Buffer): boolean {
    if (this.#over) return true
    if (this.#intake !== null) return this.#onStreamData(this.#intake, bytes)
    this.#deadline.touch()
    this.#chunks.push(bytes)
    this.#bytes += bytes.length
    if (isSuccess(this.status)) {
      if (this.#bytes > MAX_ANSWER_BYTES) this.#fail(makeFailure('malformed', 'the answer is larger than 64 MiB', this.#facts()))
    } else if (this.#bytes > MAX_ERROR_BYTES) this.#fail(this.#readFailure())
    return true
  }

  onEnd(): void {
    if (this.#over) return this.#release()
    if (this.#intake !== null) return this.#onStreamEnd(this.#intake)
    if (!isSuccess(this.status)) return this.#fail(this.#readFailure())
    const answer = this.#guarded(() => this.#options.reader.unary(this.#reply(), this.#options.target))
    if ('class' in answer) return this.#fail(answer)
    this.#release()
    this.#settle({ kind: 'answer', answer })
  }

  onError(error: Error): void {
    if (this.#over) return this.#release()
    const failure = failureOfTransport(error)
    if (this.#intake !== null) this.#intake.fail({ ...failure, ...this.#facts() })
    else if (this.status !== 0 && !isSuccess(this.status)) this.#fail(this.#readFailure())
    else this.#fail({ ...failure, ...this.#facts() })
  }

  // ── what a stream asks for ───────────────────────────────────────────────────────────────────────────────────────

  onCommitted(): void {
    this.ttftMs = this.latencyMs
    this.#deadline.touch()
    this.#settle({ kind: 'stream', source: this.#intake! })
  }

  onFailedEarly(failure: UpstreamFailure): void {
    this.#fail(failure)
  }

  onLastEvent(clean: boolean): void {
    this.#options.signal.removeEventListener('abort', this.#onAbort)
    if (!clean) return this.#stop()
    this.#over = true
    this.#deadline.allow(DRAIN_MS)
    this.#running?.resume()
  }

  resumeTransport(): void {
    this.#deadline.touch()
    this.#running?.resume()
  }

  abortTransport(): void {
    this.#leave()
  }

  // ── inside ───────────────────────────────────────────────────────────────────────────────────────────────────────

  #openStream(): void {
    this.#intake = new StreamIntake(this)
    const opened = this.#guarded(() => this.#options.reader.openStream(this.#options.target))
    if ('class' in opened) this.#fail(opened)
    else this.#streamReader = opened
  }

  #onStreamData(intake: StreamIntake, bytes: Buffer): boolean {
    const events = this.#guarded(() => this.#streamReader!.push(bytes))
    if (intake.committed) this.#deadline.touch()
    if ('class' in events) intake.fail(events)
    else intake.accept(this.#redacted(events), bytes.length)
    if (this.#over || !intake.wantsPause) return true
    this.#deadline.suspend()
    return false
  }

  #onStreamEnd(intake: StreamIntake): void {
    const events = this.#guarded(() => this.#streamReader!.end())
    if ('class' in events) intake.fail(events)
    else {
      intake.accept(this.#redacted(events), 0)
      intake.end()
    }
    this.#release()
  }

  /** What a provider's adapter throws over an answer is the answer's fault. */
  #guarded<T extends object>(read: () => T): T | UpstreamFailure {
    try {
      return read()
    } catch (error) {
      return makeFailure('malformed', `the answer could not be read: ${String(error)}`, this.#facts())
    }
  }

  /** An error is the last event of a stream: most reads cost one look. */
  #redacted(events: readonly StreamEvent[]): readonly StreamEvent[] {
    const last = events.at(-1)
    return last?.type === 'error' ? [...events.slice(0, -1), { ...last, failure: this.#options.redact.failure(last.failure) }] : events
  }

  #reply(): UpstreamReply {
    const body = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks)
    return { status: this.status, header: (name) => this.#header(name), body }
  }

  #readFailure(): UpstreamFailure {
    return this.#guarded(() => this.#options.reader.failure(this.#reply()))
  }

  #header(name: string): string | null {
    const value = this.#headers[name]
    return value === undefined ? null : Array.isArray(value) ? value.join(', ') : value
  }

  #facts(): Pick<UpstreamFailure, 'status' | 'upstreamRequestId'> {
    return { status: this.status, upstreamRequestId: this.upstreamRequestId }
  }

  #expire(reason: TimeoutClass): void {
    if (this.#over) return this.#stop()
    const failure = { ...failureOfTimeout(reason), ...this.#facts() }
    if (this.#intake !== null) this.#intake.fail(failure)
    else this.#fail(failure)
  }

  #fail(failure: UpstreamFailure): void {
    this.#stop()
    this.#settle({ kind: 'failed', failure: this.#options.redact.failure(failure) })
  }

  #leave(): void {
    this.#intake?.silence()
    this.#stop()
    this.#settle({ kind: 'aborted' })
  }

  /** Ends the connection, if it has not ended by itself. */
  #stop(): void {
    this.#release()
    this.#running?.abort()
  }

  #release(): void {
    this.#over = true
    this.#chunks = []
    this.#deadline.cancel()
    this.#options.signal.removeEventListener('abort', this.#onAbort)
  }

  #settle(outcome: CallOutcome): void {
    if (this.#settled) return
    this.#settled = true
    this.#resolve(outcome)
  }
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300
}
