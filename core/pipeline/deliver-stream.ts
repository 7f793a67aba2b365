// Hands a streamed answer to the client as the guards release it. Text that was sent cannot be taken back, so a stream that
// breaks or is stopped ends with the dialect's error event, never with a clean end.
import { GatewayError } from '../errors/gateway-error.ts'
import { errorFor } from './upstream-errors.ts'
import { gatherStream, mustHold } from './hold-stream.ts'
import { isPromise, type Awaitable } from '../model/maybe-promise.ts'
import { noteDecision, refusalOf } from './decide.ts'
import { keepingAlive } from './keep-alive.ts'
import { noteHit } from './findings.ts'
import { notifyAnswer } from './notify.ts'
import { noteSeen, progress } from './progress.ts'
import { settle } from './settle.ts'
import { StreamRestoring } from './restore.ts'
import { bodyMetadata, streamHeaders } from './headers.ts'
import { StreamGovernor } from '../policy/stream-governor.ts'
import { wireFor } from '../wire/index.ts'
import type { Committed } from './dispatch.ts'
import type { Enacted } from './enact.ts'
import type { Exchange } from './exchange.ts'
import type { JsonObject } from '../model/value.ts'
import type { StreamEvent, UpstreamFailure } from '../model/answer.ts'
import type { StreamFilter } from '../plugin/contract.ts'
import type { StreamWriter, TextGuard } from '../wire/port.ts'

type Stream = Extract<Committed, { kind: 'stream' }>

/** Chunks kept for `onAnswer`; longer answers are not offered to plugins. */
const MAX_KEPT_CHUNKS = 5000

export async function deliverStream(exchange: Exchange, enacted: Enacted, stream: Stream): Promise<GatewayError | null> {
  const view = { ...enacted.view, target: stream.target }
  const judge = enacted.judge.fork()
  const foreseen = await judge.foresee('stream', view, enacted.prompt)
  const governor = new StreamGovernor(
    exchange.snapshot.bound,
    judge,
    foreseen,
    (hit) => noteHit(exchange, hit),
    (error) => exchange.kernel.log.error({ request_id: exchange.id, err: error }, 'a detector failed in a streamed answer'),
  )
  if (!(await mustHold(exchange, enacted, view))) return new StreamDelivery(exchange, enacted, stream, governor, governor).run()
  const heldFrom = exchange.kernel.clock.monotonic()
  const held = await keepingAlive(exchange, () => gatherStream(exchange, enacted, view, stream))
  exchange.upstreamMs += exchange.kernel.clock.monotonic() - heldFrom
  if (held instanceof GatewayError) return held
  const guard = held.guard ? governed(held.guard, governor) : governor
  return new StreamDelivery(exchange, enacted, { ...stream, source: held.source }, governor, guard).run()
}

/** What was held and judged whole still goes past the policies on `stream`. */
function governed(held: TextGuard, governor: StreamGovernor): TextGuard {
  return {
    transparent: false,
    get isStopped() {
      return governor.isStopped
    },
    push: (channel, text) => held.push(channel, text),
    end: (channel) => governor.push(channel, held.end(channel)) + governor.end(channel),
  }
}

class StreamDelivery {
  readonly #exchange: Exchange
  readonly #stream: Stream
  readonly #governor: StreamGovernor
  readonly #writer: StreamWriter
  readonly #chunks: JsonObject[] = []
  /** Null while no placeholder can stand in this answer. */
  readonly #restoring: StreamRestoring | null
  #ended = false
  #isAccounted = false
  /** The client reads slower than the provider writes. */
  #isFull = false
  /** Events that came while an extension of the reservation was asked for; null: none is. */
  #behind: StreamEvent[] | null = null
  /** Since when nothing but waiting was done. */
  #waitsSince = 0
  #resolve: (refusal: GatewayError | null) => void = () => {}
  #reject: (error: unknown) => void = () => {}

  /** `guard` is the governor, or what stands before it. */
  constructor(exchange: Exchange, enacted: Enacted, stream: Stream, governor: StreamGovernor, guard: TextGuard) {
    this.#exchange = exchange
    this.#stream = stream
    this.#governor = governor
    const view = { ...enacted.view, target: stream.target }
    const filtered = withFilters(exchange, view, guard)
    this.#restoring = StreamRestoring.behind(exchange, filtered)
    // Chunks with restored values are the client's alone.
    const keepsChunks = exchange.snapshot.plugins.onAnswer.length > 0 && exchange.answerable !== null && this.#restoring === null
    this.#writer = wireFor(enacted.view.request.dialect).openStream({
      guard: this.#restoring ?? filtered,
      wantsUsage: enacted.view.request.wantsUsage,
      model: stream.target.model,
      ...(keepsChunks ? { onChunk: (chunk: JsonObject) => this.#keep(chunk) } : {}),
      // What the last texts led to is told in the last chunk.
      extra: () => {
        this.#account('estimated')
        return bodyMetadata(exchange)
      },
    })
  }

  run(): Promise<GatewayError | null> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
      this.#exchange.abort.signal.addEventListener('abort', () => this.#await(this.#clientLeft()))
      if (this.#exchange.clientGone) return this.#await(this.#clientLeft())
      this.#waitsSince = this.#exchange.kernel.clock.monotonic()
      this.#stream.source.start((events) => {
        try {
          this.#waited()
          this.#take(events)
        } catch (error) {
          this.#await(this.#stop('', this.#fault(error)))
        }
      })
    })
  }

  /** Books the time since the last events as the upstream's. */
  #waited(): void {
    const now = this.#exchange.kernel.clock.monotonic()
    this.#exchange.upstreamMs += now - this.#waitsSince
    this.#waitsSince = now
  }

  #take(events: readonly StreamEvent[]): void {
    if (this.#ended) return
    if (this.#behind) return void this.#behind.push(...events)
    let out = ''
    for (const event of events) {
      if (event.type === 'chunk') {
        this.#restoring?.note(event.body)
        out += this.#writer.chunk(event)
      } else if (event.type === 'error') return this.#await(this.#broke(this.#progress() === null ? out : '', event.failure))
      else return this.#await(this.#last(out))
      if (this.#governor.isStopped) return this.#await(this.#stop(out, refusalOf(this.#governor.decision)!))
    }
    const refusal = this.#progress()
    if (isPromise(refusal)) return this.#await(this.#whenAllowed(out, refusal))
    this.#flow(out, refusal)
  }

  #flow(out: string, refusal: GatewayError | null): void {
    if (refusal) return this.#await(this.#stop('', refusal))
    if (out !== '') this.#write(out)
    this.#waitsSince = this.#exchange.kernel.clock.monotonic()
  }

  /** A reservation is being extended elsewhere: the text that it has to cover waits, and so does the upstream. */
  async #whenAllowed(out: string, pending: Promise<GatewayError | null>): Promise<void> {
    const behind: StreamEvent[] = (this.#behind = [])
    this.#stream.source.pause()
    const refusal = await pending
    this.#behind = null
    if (this.#ended) return
    this.#flow(out, refusal)
    if (behind.length > 0) this.#take(behind)
    if (!this.#ended && !this.#isFull && this.#behind === null) this.#stream.source.resume()
  }

  /** A filter or a verb of a plugin threw: what it would have changed must not leave. */
  #fault(error: unknown): GatewayError {
    this.#exchange.kernel.log.error({ request_id: this.#exchange.id, err: error }, 'a streamed answer could not be written')
    return error instanceof GatewayError
      ? error
      : new GatewayError('upstream_error', { message: 'The gateway failed to write the answer.' })
  }

  #await(ending: Promise<void>): void {
    ending.catch(this.#reject)
  }

  #write(out: string): void {
    const { reply } = this.#exchange
    if (!reply.isOpen) reply.open(200, streamHeaders(this.#exchange))
    this.#exchange.responseBytes += Buffer.byteLength(out)
    if (reply.write(out)) return
    this.#isFull = true
    this.#stream.source.pause()
    reply.onDrain(() => {
      this.#isFull = false
      if (this.#behind === null) this.#stream.source.resume()
    })
  }

  #progress(): Awaitable<GatewayError | null> {
    return progress(this.#exchange, this.#writer.seen)
  }

  /** The end is released when the reservation covers all that flowed. */
  #last(out: string): Promise<void> {
    const refusal = this.#progress()
    const end = (error: GatewayError | null): Promise<void> => (error ? this.#stop('', error) : this.#finish(out))
    return isPromise(refusal) ? refusal.then((error) => (this.#ended ? undefined : end(error))) : end(refusal)
  }

  async #finish(out: string): Promise<void> {
    const tail = out + this.#writer.finish()
    if (this.#governor.isStopped) return this.#stop(tail, refusalOf(this.#governor.decision)!)
    this.#ended = true
    this.#account('estimated')
    this.#exchange.outcome = 'completed'
    this.#exchange.status = 200
    this.#exchange.responseBytes += Buffer.byteLength(tail)
    await settle(this.#exchange)
    const { reply } = this.#exchange
    if (!reply.isOpen) reply.open(200, streamHeaders(this.#exchange))
    reply.end(tail)
    const chunks = this.#restoring !== null || this.#chunks.length > MAX_KEPT_CHUNKS ? null : this.#chunks
    notifyAnswer(this.#exchange, { model: this.#stream.target.model, provider: this.#stream.target.provider.name, body: null, chunks })
    this.#resolve(null)
  }

  /** The upstream broke after content: what the guards hold is not released, and the record says truncated. */
  #broke(out: string, failure: UpstreamFailure): Promise<void> {
    this.#exchange.failure = failure
    return this.#truncate(out, errorFor(failure, false))
  }

  #stop(out: string, refusal: GatewayError): Promise<void> {
    this.#stream.source.abort()
    return this.#truncate(out, refusal)
  }

  async #truncate(out: string, error: GatewayError): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    this.#account('estimated')
    this.#exchange.outcome = 'truncated'
    this.#exchange.status = this.#exchange.reply.isOpen || out !== '' ? 200 : error.status
    this.#exchange.error = error
    if (!this.#exchange.reply.isOpen && out === '') return this.#resolve(error)
    if (out !== '') this.#write(out)
    await settle(this.#exchange)
    this.#exchange.reply.end(wireFor(this.#exchange.incoming.governed.dialect).writeStreamError(error, this.#exchange.id).toString())
    this.#resolve(null)
  }

  async #clientLeft(): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    this.#waited()
    this.#stream.source.abort()
    this.#account('estimated_on_abort')
    this.#exchange.outcome = 'aborted'
    this.#exchange.status = 499
    await settle(this.#exchange)
    this.#resolve(null)
  }

  /** Once: usage as the provider reported it, else estimated from what was seen; and what the policies on `stream` have said. */
  #account(source: 'estimated' | 'estimated_on_abort'): void {
    if (this.#isAccounted) return
    this.#isAccounted = true
    const exchange = this.#exchange
    exchange.heldBackChars = this.#governor.heldMost
    noteDecision(exchange, this.#governor.decision)
    noteSeen(exchange, this.#writer.seen, source)
  }

  #keep(chunk: JsonObject): void {
    if (this.#chunks.length <= MAX_KEPT_CHUNKS) this.#chunks.push(chunk)
  }
}

/** The guard, followed by the filters of plugins in their order. */
function withFilters(
  exchange: Exchange,
  view: Parameters<NonNullable<Exchange['snapshot']['plugins']['openFilter'][number]['call']>>[0],
  guard: TextGuard,
): TextGuard {
  const filters: StreamFilter[] = exchange.snapshot.plugins.openFilter.map((hook) => hook.call(view))
  if (filters.length === 0) return guard
  return {
    transparent: false,
    get isStopped() {
      return guard.isStopped === true
    },
    push: (channel, text) => filters.reduce((released, filter) => filter.push(channel, released), guard.push(channel, text)),
    end: (channel) =>
      filters.reduce(
        (released, filter) => (released === '' ? '' : filter.push(channel, released)) + filter.end(channel),
        guard.end(channel),
      ),
  }
}
