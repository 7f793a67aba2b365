// Messages events -> chat completion chunks. The stream is whole only when `message_stop` was seen.
import { failureOfEvent } from './failure.ts'
import { finishReasonOf } from './answer.ts'
import { isObject, isText, parseOrUndefined } from './json.ts'
import { mergeUsage, usageBody } from './usage.ts'
import {
  SseParser,
  type FailureClass,
  type Json,
  type JsonObject,
  type StreamEvent,
  type StreamReader,
  type Usage,
} from '../../core/plugin/index.ts'

/** A tool call that is open: its number among the calls, and whether any of its arguments came. */
interface OpenCall {
  readonly index: number
  readonly input: Json
  hasArguments: boolean
}

export class MessagesStreamReader implements StreamReader {
  readonly #parser = new SseParser((data) => this.#read(data))
  readonly #created: number
  readonly #calls = new Map<Json | undefined, OpenCall>()
  #head: JsonObject = {}
  #events: StreamEvent[] = []
  #usage: Usage | null = null
  #callCount = 0
  #isOver = false
  #isEnding = false

  constructor(nowSeconds: number) {
    this.#created = nowSeconds
  }

  push(bytes: Buffer): readonly StreamEvent[] {
    if (!this.#isOver) this.#feed(() => this.#parser.push(bytes))
    return this.#take()
  }

  end(): readonly StreamEvent[] {
    this.#isEnding = true
    if (!this.#isOver) this.#feed(() => this.#parser.end())
    if (!this.#isOver) this.#fail('connection_lost', 'the provider ended its stream before the answer was whole')
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
      this.#fail('malformed', error.message)
    }
  }

  #take(): readonly StreamEvent[] {
    const events = this.#events
    if (events.length > 0) this.#events = []
    return events
  }

  #fail(failureClass: FailureClass, message: string): void {
    this.#isOver = true
    this.#events.push({
      type: 'error',
      failure: { class: failureClass, status: 200, message, retryAfterMs: null, upstreamRequestId: null },
    })
  }

  #read(data: string): void {
    if (this.#isOver) return
    const event = parseOrUndefined(data)
    if (!isObject(event)) return this.#fail(this.#isEnding ? 'connection_lost' : 'malformed', 'an event of the stream is no JSON object')
    // New types of events may come at any time and are to be ignored, says the API.
    if (event.type === 'message_start') this.#start(event.message)
    else if (event.type === 'content_block_start') this.#startBlock(event)
    else if (event.type === 'content_block_delta') this.#continueBlock(event)
    else if (event.type === 'content_block_stop') this.#stopBlock(event)
    else if (event.type === 'message_delta') this.#finish(event)
    else if (event.type === 'message_stop') this.#stop()
    else if (event.type === 'error') {
      this.#isOver = true
      this.#events.push({ type: 'error', failure: failureOfEvent(event.error) })
    }
  }

  #start(message: Json | undefined): void {
    if (!isObject(message)) return this.#fail('malformed', '`message_start` has no message')
    this.#head = { id: message.id ?? '', object: 'chat.completion.chunk', created: this.#created, model: message.model ?? '' }
    this.#usage = mergeUsage(null, message.usage)
    this.#emit({ role: 'assistant', content: '', refusal: null })
  }

  #startBlock({ index, content_block: block }: JsonObject): void {
    if (!isObject(block)) return this.#fail('malformed', '`content_block_start` has no block')
    if (block.type === 'text' && isText(block.text) && block.text !== '') this.#emit({ content: block.text })
    if (block.type === 'thinking' && isText(block.thinking) && block.thinking !== '') this.#emit({ reasoning_content: block.thinking })
    if (block.type !== 'tool_use') return
    const call: OpenCall = { index: this.#callCount++, input: block.input ?? {}, hasArguments: false }
    this.#calls.set(index, call)
    this.#emit({
      tool_calls: [{ index: call.index, id: block.id ?? '', type: 'function', function: { name: block.name ?? '', arguments: '' } }],
    })
  }

  #continueBlock({ index, delta }: JsonObject): void {
    if (!isObject(delta)) return this.#fail('malformed', '`content_block_delta` has no delta')
    if (delta.type === 'text_delta' && isText(delta.text)) this.#emit({ content: delta.text })
    else if (delta.type === 'thinking_delta' && isText(delta.thinking)) this.#emit({ reasoning_content: delta.thinking })
    else if (delta.type === 'input_json_delta' && isText(delta.partial_json)) this.#emitArguments(index, delta.partial_json)
  }

  /** A call without arguments has the input `{}` and no deltas. */
  #stopBlock({ index }: JsonObject): void {
    const call = this.#calls.get(index)
    if (call !== undefined && !call.hasArguments) this.#emitArguments(index, JSON.stringify(call.input))
    this.#calls.delete(index)
  }

  #emitArguments(block: Json | undefined, source: string): void {
    const call = this.#calls.get(block)
    if (call === undefined || source === '') return
    call.hasArguments = true
    this.#emit({ tool_calls: [{ index: call.index, function: { arguments: source } }] })
  }

  #finish({ delta, usage }: JsonObject): void {
    this.#usage = mergeUsage(this.#usage, usage)
    if (isObject(delta) && isText(delta.stop_reason)) this.#emit({}, finishReasonOf(delta.stop_reason))
  }

  #stop(): void {
    this.#isOver = true
    if (this.#usage !== null) this.#push({ ...this.#head, choices: [], usage: usageBody(this.#usage) })
    this.#events.push({ type: 'done' })
  }

  #emit(delta: JsonObject, finishReason: string | null = null): void {
    this.#push({ ...this.#head, choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }] })
  }

  #push(body: JsonObject): void {
    this.#events.push({ type: 'chunk', body, raw: null })
  }
}
