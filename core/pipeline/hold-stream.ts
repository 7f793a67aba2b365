// A policy on `response` that is not on `stream` judges streamed answers too: the stream is held, judged whole, and then released.
// So a client cannot dodge a policy by asking for a stream.
import { GatewayError } from '../errors/gateway-error.ts'
import { errorFor } from './upstream-errors.ts'
import { judgeAnswer, judgeUnread } from './judge-answer.ts'
import { encodingOfChannel, locationOfChannel } from '../policy/stream-channel.ts'
import { isPromise, then, type Awaitable } from '../model/maybe-promise.ts'
import { noteSeen, progress } from './progress.ts'
import { wireFor } from '../wire/index.ts'
import type { Committed } from './dispatch.ts'
import type { Enacted } from './enact.ts'
import type { Exchange } from './exchange.ts'
import type { Part } from '../model/content.ts'
import type { StreamEvent } from '../model/answer.ts'
import type { StreamSource } from '../upstream/port.ts'
import type { StreamWriter, TextGuard } from '../wire/port.ts'
import type { TargetView } from '../plugin/contract.ts'

type Stream = Extract<Committed, { kind: 'stream' }>

/** UTF-16 units of text a held stream may have; beyond, the `on error` of the policies decides. */
const MAX_HELD_CHARS = 4 * 1024 * 1024
/** The same of everything that came, sounds and pictures with it: as much as a whole answer may have. */
const MAX_HELD_PAYLOAD = 64 * 1024 * 1024

/** Could a policy that judges whole answers still fire? Decided on what is known before the answer. */
export function mustHold(exchange: Exchange, { judge, prompt }: Enacted, view: TargetView): Awaitable<boolean> {
  const { needsWholeAnswer } = exchange.snapshot.bound
  if (!needsWholeAnswer.includes(true)) return false
  return then(judge.foresee('response', view, prompt), ({ fired, open }) => [...fired, ...open].some((index) => needsWholeAnswer[index]))
}

/**
 * Reads the stream to its end and judges it; gives back its events and the texts that may be released. Of a stream that is too long to be
 * read and may flow all the same, `guard` is null: nothing in it was judged.
 */
export async function gatherStream(
  exchange: Exchange,
  enacted: Enacted,
  view: TargetView,
  stream: Stream,
): Promise<{ source: StreamSource; guard: TextGuard | null } | GatewayError> {
  const texts = new Map<string, string>()
  const writer = recordingWriter(enacted, stream, texts)
  const held = new HeldSource(stream.source)
  const reached = await readAll(exchange, held, writer)
  noteSeen(exchange, writer.seen, exchange.clientGone ? 'estimated_on_abort' : 'estimated')
  if (reached instanceof GatewayError) return reached
  if (reached === 'too long') {
    texts.clear()
    const refusal = await judgeUnread(exchange, enacted, view)
    if (!refusal) return { source: held, guard: null }
    held.abort()
    return refusal
  }
  const channels = [...texts.keys()]
  const parts = channels.map((channel): Part => ({
    location: locationOfChannel(channel),
    text: texts.get(channel)!,
    path: [channel],
    rewritable: true,
    encoding: encodingOfChannel(channel),
  }))
  const facts = {
    finishReason: writer.seen.finishReason,
    completionTokens: exchange.usage.completion,
    unscanned: exchange.answerUnscanned,
  }
  const edits = await judgeAnswer(exchange, enacted, { ...view, ...facts }, parts)
  if (edits instanceof GatewayError) return edits
  for (const { path, text } of edits) texts.set(String(path[0]), text)
  return { source: held, guard: releaseAtEnd(texts) }
}

/** A writer that writes nothing and only learns the text of each channel. */
function recordingWriter(enacted: Enacted, stream: Stream, texts: Map<string, string>): StreamWriter {
  const guard: TextGuard = {
    transparent: false,
    push(channel, text) {
      texts.set(channel, (texts.get(channel) ?? '') + text)
      return ''
    },
    end: () => '',
  }
  return wireFor(enacted.view.request.dialect).openStream({ guard, wantsUsage: true, model: stream.target.model })
}

/** Resolves at the end, at the most that is held, or with the error that ended it. What comes is covered by the reservations as it comes. */
function readAll(exchange: Exchange, source: HeldSource, writer: StreamWriter): Promise<'end' | 'too long' | GatewayError> {
  return new Promise((resolve, reject) => {
    let isOver = false
    const end = (reached: 'end' | 'too long' | GatewayError): void => {
      isOver = true
      resolve(reached)
    }
    const stop = (error: GatewayError): void => {
      source.abort()
      end(error)
    }
    const fail = (error: unknown): void => {
      isOver = true
      source.abort()
      reject(error as Error)
    }
    const left = (): void => stop(new GatewayError('upstream_error', { status: 499 }))
    if (exchange.clientGone) return left()
    exchange.abort.signal.addEventListener('abort', left)
    const take = (events: readonly StreamEvent[]): void => {
      for (const event of events) {
        if (event.type === 'done') return end('end')
        if (event.type === 'error') {
          exchange.failure = event.failure
          return end(errorFor(event.failure, false))
        }
        writer.chunk(event)
        if (writer.seen.textChars <= MAX_HELD_CHARS && source.payload <= MAX_HELD_PAYLOAD) continue
        source.hold()
        return end('too long')
      }
      const refusal = progress(exchange, writer.seen)
      if (!isPromise(refusal)) return refusal ? stop(refusal) : undefined
      source.wait()
      refusal.then((error) => isOver || (error ? stop(error) : source.goOn())).catch(fail)
    }
    source.read((events) => {
      if (isOver) return
      try {
        take(events)
      } catch (error) {
        fail(error)
      }
    })
  })
}

/** Keeps the events of a stream while they are read, gives them all to who starts it, and goes on from there. */
class HeldSource implements StreamSource {
  readonly #source: StreamSource
  #kept: StreamEvent[] = []
  #onEvents: (events: readonly StreamEvent[]) => void = () => {}
  #isHeld = false
  #isPaused = false
  /** UTF-16 units of JSON that are kept. */
  payload = 0

  constructor(source: StreamSource) {
    this.#source = source
  }

  read(onEvents: (events: readonly StreamEvent[]) => void): void {
    this.#onEvents = (events) => {
      for (const event of events) this.#keep(event)
      if (!this.#isHeld) onEvents(events)
    }
    this.#source.start((events) => this.#onEvents(events))
  }

  #keep(event: StreamEvent): void {
    this.#kept.push(event)
    if (event.type === 'chunk') this.payload += event.raw?.length ?? JSON.stringify(event.body).length
  }

  /** What still comes waits with what was kept. */
  hold(): void {
    this.#isHeld = true
    this.#source.pause()
  }

  /** Nothing more should come before `goOn`. */
  wait(): void {
    this.#source.pause()
  }

  goOn(): void {
    this.#source.resume()
  }

  start(onEvents: (events: readonly StreamEvent[]) => void): void {
    const kept = this.#kept
    this.#kept = []
    this.#onEvents = onEvents
    onEvents(kept)
    if (this.#isHeld && !this.#isPaused) this.#source.resume()
  }

  pause(): void {
    this.#isPaused = true
    this.#source.pause()
  }

  resume(): void {
    this.#isPaused = false
    this.#source.resume()
  }

  abort(): void {
    this.#source.abort()
  }
}

/** Holds everything and releases the judged text when its channel ends. */
function releaseAtEnd(texts: ReadonlyMap<string, string>): TextGuard {
  const open = new Set(texts.keys())
  return {
    transparent: false,
    push: () => '',
    end: (channel) => (open.delete(channel) ? (texts.get(channel) ?? '') : ''),
  }
}
