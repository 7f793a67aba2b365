// Delivers simulated answers as a provider's connection would: never within `send`, piece by piece at a pace, with pauses when the
// reader asks for them, and not a byte after an abort.
import { simulate, type SimAnswer, type SimPace } from './answer.ts'
import type { JsonObject, Transport, TransportCall, TransportSink } from '../../core/plugin/index.ts'

export function simTransport(pace: SimPace, nowMs: () => number): Transport {
  return {
    send(call, sink) {
      const body = JSON.parse(call.body.toString()) as JsonObject
      return new SimulatedCall(simulate(body, pace, Math.floor(nowMs() / 1000)), sink)
    },
  }
}

class SimulatedCall implements TransportCall {
  readonly #answer: SimAnswer
  readonly #sink: TransportSink
  #next = 0
  #isOver = false
  #isPaused = false
  #timer: NodeJS.Timeout | undefined

  constructor(answer: SimAnswer, sink: TransportSink) {
    this.#answer = answer
    this.#sink = sink
    setImmediate(() => this.#begin())
  }

  abort(): void {
    this.#isOver = true
    clearTimeout(this.#timer)
  }

  resume(): void {
    if (this.#isOver || !this.#isPaused) return
    this.#isPaused = false
    this.#schedule()
  }

  #begin(): void {
    if (this.#isOver) return
    this.#sink.onSent?.()
    if (this.#answer.status > 0) this.#sink.onHeaders(this.#answer.status, this.#answer.headers)
    this.#deliver()
  }

  /** All pieces that are due at once go out in this turn. */
  #deliver(): void {
    const { pieces } = this.#answer
    while (!this.#isOver && !this.#isPaused && this.#next < pieces.length) {
      this.#isPaused = !this.#sink.onData(pieces[this.#next++]!.bytes)
      if ((pieces[this.#next]?.afterMs ?? 0) > 0) break
    }
    if (!this.#isOver && !this.#isPaused) this.#schedule()
  }

  #schedule(): void {
    const piece = this.#answer.pieces[this.#next]
    if (piece === undefined) return this.#end()
    this.#timer = setTimeout(() => this.#deliver(), piece.afterMs)
  }

  #end(): void {
    this.#isOver = true
    if (this.#answer.isWhole) this.#sink.onEnd()
    else this.#sink.onError(new Error('the simulated connection broke'))
  }
}
