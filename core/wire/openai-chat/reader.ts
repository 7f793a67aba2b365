// Reads answers of upstreams that speak OpenAI's chat completion format. Their bytes are untrusted input like the client's:
// what has not the shape of an answer is the failure `malformed`, never an exception and never half an answer.
import { answerParts } from './answer-parts.ts'
import { countMembers, scanLayout } from './layout.ts'
import { failureFrom } from '../../model/provider-failure.ts'
import { failureOf, failureOfEvent } from './failure.ts'
import { isArray, isGiven, isObject } from './json.ts'
import { SseParser } from '../../model/sse.ts'
import { usageOf } from './usage.ts'
import type { Answer, StreamEvent, UpstreamFailure, Usage } from '../../model/answer.ts'
import type { AnswerReader, StreamReader, UpstreamReply } from '../../plugin/contract.ts'
import type { Json, JsonObject } from '../../model/value.ts'

const MAX_DEPTH = 128

/** The kernel's reader, for adapters without one of their own. */
export const openAiChatReader: AnswerReader = {
  unary: readAnswer,
  openStream: () => new OpenaiStreamReader(),
  failure: failureOf,
}

function readAnswer(reply: UpstreamReply): Answer | UpstreamFailure {
  const malformed = (why: string): UpstreamFailure => failureFrom(reply, 'malformed', `the provider's answer is no chat completion: ${why}`)
  const layout = scanLayout(reply.body.toString('latin1'), MAX_DEPTH)
  if (!layout.isShallow) return malformed('it nests too deeply')
  const body = parseOrUndefined(reply.body.toString())
  if (!isObject(body)) return malformed('it is no JSON object')
  if (isGiven(body.error) && body.choices === undefined) return { ...failureOfEvent(body.error), status: reply.status }
  const fault = faultOf(body)
  if (fault !== null) return malformed(fault)
  return answerOf(body, layout.members === countMembers(body) ? reply.body : null)
}

/** The answer in a body whose shape is known to be right. */
export function answerOf(body: JsonObject, raw: Buffer | null): Answer {
  const choices = body.choices as readonly JsonObject[]
  let finishReason: string | null = null
  let toolCalls = 0
  for (const choice of choices) {
    if (typeof choice.finish_reason === 'string') finishReason ??= choice.finish_reason
    const calls = (choice.message as JsonObject).tool_calls
    if (isArray(calls)) toolCalls += calls.length
  }
  return { body, raw, parts: answerParts(body), usage: usageOf(body.usage), finishReason, choices: choices.length, toolCalls }
}

function faultOf(body: JsonObject): string | null {
  if (!isArray(body.choices) || body.choices.length === 0) return '`choices` is missing or empty'
  for (const choice of body.choices) {
    if (!isObject(choice) || !isObject(choice.message)) return 'a choice has no message'
    const { content, tool_calls: calls } = choice.message
    if (isGiven(content) && typeof content !== 'string' && !isArray(content)) return 'the content of a message is no text'
    if (isGiven(calls) && !isArray(calls)) return '`tool_calls` is no array'
  }
  return null
}

function parseOrUndefined(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}

/** One streamed answer. After `done` or an error nothing more is read. */
class OpenaiStreamReader implements StreamReader {
  readonly #parser = new SseParser((data) => this.#read(data))
  #events: StreamEvent[] = []
  #usage: Usage | null = null
  #hasFinished = false
  #isOver = false
  #isEnding = false

  push(bytes: Buffer): readonly StreamEvent[] {
    if (!this.#isOver) this.#feed(() => this.#parser.push(bytes))
    return this.#take()
  }

  end(): readonly StreamEvent[] {
    this.#isEnding = true
    if (!this.#isOver) this.#feed(() => this.#parser.end())
    // Some servers never send `[DONE]`; with finish reason and usage there is nothing left that could be missing.
    if (!this.#isOver) this.#last(this.#hasFinished && this.#usage !== null ? { type: 'done' } : lost())
    return this.#take()
  }

  usage(): Usage | null {
    return this.#usage
  }

  #feed(read: () => void): void {
    try {
      read()
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      this.#last(malformed(error.message))
    }
  }

  #take(): readonly StreamEvent[] {
    const events = this.#events
    if (events.length > 0) this.#events = []
    return events
  }

  #last(event: StreamEvent): void {
    this.#isOver = true
    this.#events.push(event)
  }

  #read(data: string): void {
    if (this.#isOver) return
    if (data === '[DONE]') return this.#last({ type: 'done' })
    const body = parseOrUndefined(data)
    if (!isObject(body)) return this.#last(this.#isEnding ? lost() : malformed('an event of the stream is no JSON object'))
    if (isGiven(body.error)) return this.#last({ type: 'error', failure: failureOfEvent(body.error) })
    if (!this.#note(body)) return this.#last(malformed('an event of the stream is no chat completion chunk'))
    this.#events.push({ type: 'chunk', body, raw: isFaithful(data, body) ? data : null })
  }

  /** False if the chunk has not the shape of one. */
  #note(body: JsonObject): boolean {
    if (isGiven(body.usage)) this.#usage = usageOf(body.usage) ?? this.#usage
    const choices = body.choices
    if (!isGiven(choices)) return true
    if (!isArray(choices)) return false
    for (const choice of choices) {
      if (!isObject(choice)) return false
      const delta = choice.delta
      if (isGiven(delta) && !isObject(delta)) return false
      if (isGiven(delta?.tool_calls) && !isArray(delta.tool_calls)) return false
      if (typeof choice.finish_reason === 'string') this.#hasFinished = true
    }
    return true
  }
}

/** Data over several lines cannot be written behind one `data:` again, and with a member named twice it says more than the body. */
function isFaithful(data: string, body: JsonObject): boolean {
  if (data.includes('\n')) return false
  const members = countMembers(body)
  // Every member has its colon, so as many colons as members are proof enough; most chunks need no scan.
  return countColons(data) === members || scanLayout(data, MAX_DEPTH).members === members
}

function countColons(text: string): number {
  let count = 0
  for (let at = text.indexOf(':'); at >= 0; at = text.indexOf(':', at + 1)) count++
  return count
}

function lost(): StreamEvent {
  return errorEvent('connection_lost', 'the provider ended its stream before the answer was whole')
}

function malformed(message: string): StreamEvent {
  return errorEvent('malformed', message)
}

function errorEvent(failureClass: UpstreamFailure['class'], message: string): StreamEvent {
  return { type: 'error', failure: { class: failureClass, status: 200, message, retryAfterMs: null, upstreamRequestId: null } }
}
