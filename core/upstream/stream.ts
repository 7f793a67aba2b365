// A streamed answer on its way in: events are kept until the first content commits the exchange, then handed on read by read.
// After the commit there is exactly one last event, `done` or `error`, and nothing ever follows it.
import { hasContent } from './content.ts'
import { makeFailure } from './failures.ts'
import type { StreamEvent, UpstreamFailure } from '../model/answer.ts'
import type { StreamSource } from './port.ts'

/** What the stream tells, and asks of, the call that feeds it. */
export interface StreamOwner {
  /** The first content has arrived. */
  onCommitted(): void
  /** The stream failed before any content. */
  onFailedEarly(failure: UpstreamFailure): void
  /** The last event was seen; `clean` for `done`. */
  onLastEvent(clean: boolean): void
  resumeTransport(): void
  abortTransport(): void
}

/** Bytes that may arrive before the first content; role chunks and pings are far smaller. */
const MAX_EARLY_BYTES = 1024 * 1024

export class StreamIntake implements StreamSource {
  readonly #owner: StreamOwner
  #waiting: StreamEvent[] = []
  #earlyBytes = 0
  #committed = false
  #closed = false
  #paused = true
  #listener: ((events: readonly StreamEvent[]) => void) | null = null

  constructor(owner: StreamOwner) {
    this.#owner = owner
  }

  get committed(): boolean {
    return this.#committed
  }

  /** True while the transport should hold back: nobody listens yet, or the listener asked for a pause. */
  get wantsPause(): boolean {
    return this.#committed && this.#paused && !this.#closed
  }

  /** Events of one read of `bytes` bytes. */
  accept(events: readonly StreamEvent[], bytes: number): void {
    if (this.#closed) return
    const last = events.findIndex((event) => event.type !== 'chunk')
    const batch = last < 0 || last === events.length - 1 ? events : events.slice(0, last + 1)
    if (this.#committed) this.#deliver(batch)
    else this.#acceptEarly(batch, bytes)
    if (last >= 0 && this.#committed) this.#close(batch[last]!.type === 'done')
  }

  /** Ends the stream with a failure: an `error` event after the commit, a failed attempt before it. */
  fail(failure: UpstreamFailure): void {
    if (this.#closed) return
    if (!this.#committed) return this.#failEarly(failure)
    this.#deliver([{ type: 'error', failure }])
    this.#close(false)
  }

  /** The connection has ended; a stream that is still open then was cut off. */
  end(): void {
    this.fail(makeFailure('connection_lost', 'the provider closed the connection in the middle of its answer'))
  }

  /** The client left: not another event. */
  silence(): void {
    this.#closed = true
    this.#waiting = []
    this.#listener = null
  }

  start(onEvents: (events: readonly StreamEvent[]) => void): void {
    this.#listener = onEvents
    this.resume()
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    if (this.#waiting.length > 0) {
      const events = this.#waiting
      this.#waiting = []
      this.#listener?.(events)
    }
    if (!this.#paused && !this.#closed) this.#owner.resumeTransport()
  }

  abort(): void {
    this.silence()
    this.#owner.abortTransport()
  }

  #acceptEarly(batch: readonly StreamEvent[], bytes: number): void {
    this.#earlyBytes += bytes
    for (const event of batch) {
      if (event.type === 'error') return this.#failEarly(event.failure)
      if (event.type === 'done') return this.#failEarly(makeFailure('malformed', 'the provider ended its stream without any content'))
      if (hasContent(event.body)) return this.#commit(batch)
    }
    if (this.#earlyBytes > MAX_EARLY_BYTES)
      return this.#failEarly(makeFailure('malformed', 'the provider sent a megabyte without any content'))
    this.#waiting.push(...batch)
  }

  #commit(batch: readonly StreamEvent[]): void {
    this.#committed = true
    this.#waiting.push(...batch)
    this.#owner.onCommitted()
  }

  #failEarly(failure: UpstreamFailure): void {
    this.silence()
    this.#owner.onFailedEarly(failure)
  }

  #deliver(batch: readonly StreamEvent[]): void {
    if (batch.length === 0) return
    if (this.#paused || this.#listener === null) this.#waiting.push(...batch)
    else this.#listener(batch)
  }

  #close(clean: boolean): void {
    if (this.#closed) return
    this.#closed = true
    this.#owner.onLastEvent(clean)
  }
}
