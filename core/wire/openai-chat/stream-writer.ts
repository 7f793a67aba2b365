// Writes a streamed answer. While the guard is transparent the upstream's payloads pass as they came; else every text in a chunk
// goes through the guard, and what it still holds is written before the choice ends.
import { SILENT } from './answer-words.ts'
import { ChunkRewriter, headOf } from './chunk-rewriter.ts'
import { isArray, isGiven, isObject } from './json.ts'
import { noteUnscanned } from './unscanned.ts'
import { usageOf } from './usage.ts'
import type { Json, JsonObject } from '../../model/value.ts'
import type { StreamEvent, Usage } from '../../model/answer.ts'
import type { StreamSummary, StreamWriter, StreamWriterOptions } from '../port.ts'

type ChunkEvent = Extract<StreamEvent, { type: 'chunk' }>

export function openStream(options: StreamWriterOptions): StreamWriter {
  return new OpenaiStreamWriter(options)
}

class OpenaiStreamWriter implements StreamWriter {
  readonly #options: StreamWriterOptions
  readonly #summary = new Summary()
  readonly #rewriter: ChunkRewriter
  /** The latest chunk, whose id and model those that we add take over. */
  #head: JsonObject = {}

  constructor(options: StreamWriterOptions) {
    this.#options = options
    this.#rewriter = new ChunkRewriter(options.guard)
  }

  get seen(): StreamSummary {
    return this.#summary
  }

  chunk({ body, raw }: ChunkEvent): string {
    const { guard, wantsUsage, onChunk } = this.#options
    this.#head = body
    this.#summary.note(body)
    const hidesUsage = !wantsUsage && isGiven(body.usage)
    if (hidesUsage && isUsageOnly(body)) return ''
    if (guard.transparent && !this.#rewriter.isHolding && !hidesUsage) {
      onChunk?.(body)
      return raw === null ? eventOf(body) : `data: ${raw}\n\n`
    }
    return this.#write(this.#rewriter.rewrite(hidesUsage ? withoutUsage(body) : body))
  }

  finish(): string {
    const rest = this.#write(this.#rewriter.flush(this.#head))
    if (this.#options.guard.isStopped) return rest
    const extra = this.#options.extra?.() ?? null
    const last = extra === null ? '' : this.#write([{ ...headOf(this.#head), choices: [], sallyport: extra }])
    return `${rest}${last}data: [DONE]\n\n`
  }

  #write(chunks: readonly JsonObject[]): string {
    let out = ''
    for (const chunk of chunks) {
      this.#options.onChunk?.(chunk)
      out += eventOf(chunk)
    }
    return out
  }
}

class Summary implements StreamSummary {
  usage: Usage | null = null
  finishReason: string | null = null
  choices = 0
  toolCalls = 0
  textChars = 0
  readonly unscanned = new Set<string>()
  /** Calls seen per choice: `index` of the choice, then of the call. */
  readonly #calls = new Map<number, Set<number>>()

  note(body: JsonObject): void {
    if (isGiven(body.usage)) this.usage = usageOf(body.usage) ?? this.usage
    noteUnscanned(body, this.unscanned)
    if (!isArray(body.choices)) return
    for (const choice of body.choices as readonly JsonObject[]) this.#noteChoice(choice)
  }

  #noteChoice(choice: JsonObject): void {
    const index = typeof choice.index === 'number' ? choice.index : 0
    if (index >= this.choices) this.choices = index + 1
    if (typeof choice.finish_reason === 'string') this.finishReason ??= choice.finish_reason
    this.textChars += lengthOf(choice.text)
    const delta = choice.delta as JsonObject | null | undefined
    if (delta === null || delta === undefined) return
    for (const name in delta) {
      const value = delta[name]!
      if (typeof value === 'string') this.textChars += name === 'role' ? 0 : value.length
      else if (name === 'tool_calls' && isArray(value)) for (const call of value) this.#noteCall(index, call as JsonObject)
      else if (name === 'function_call' && value !== null) this.#noteCall(index, { function: value })
      else if (typeof value === 'object') this.textChars += charsIn(value)
    }
  }

  #noteCall(choice: number, call: JsonObject | null): void {
    if (call === null) return
    let calls = this.#calls.get(choice)
    if (calls === undefined) this.#calls.set(choice, (calls = new Set()))
    const before = calls.size
    calls.add(typeof call.index === 'number' ? call.index : 0)
    this.toolCalls += calls.size - before
    this.textChars +=
      lengthOf((call.function as JsonObject | undefined)?.arguments) + lengthOf((call.custom as JsonObject | undefined)?.input)
  }
}

/** Texts below a member: contents of several kinds, details of reasoning, transcripts. */
function charsIn(value: Json): number {
  let chars = 0
  if (isArray(value)) for (const item of value) chars += typeof item === 'string' ? item.length : charsIn(item)
  else if (isObject(value)) {
    for (const name in value) {
      const member = value[name]!
      if (typeof member !== 'string') chars += charsIn(member)
      else if (!SILENT.has(name)) chars += member.length
    }
  }
  return chars
}

function lengthOf(value: Json | undefined): number {
  return typeof value === 'string' ? value.length : 0
}

function eventOf(chunk: JsonObject): string {
  return `data: ${JSON.stringify(chunk)}\n\n`
}

function isUsageOnly(body: JsonObject): boolean {
  return !isArray(body.choices) || body.choices.length === 0
}

function withoutUsage(body: JsonObject): JsonObject {
  const { usage: _, ...rest } = body
  return rest
}
