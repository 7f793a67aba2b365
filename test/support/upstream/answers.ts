// Answers exactly as the two providers write them: OpenAI's chat completions and Anthropic's messages, unary and as events.
import type { Arrived } from './script.ts'

export interface ToolCall {
  readonly name: string
  /** JSON source. */
  readonly arguments: string
}

export interface AnswerSpec {
  /** Pieces of text; each becomes a chunk of a stream. */
  readonly pieces: readonly string[]
  readonly toolCalls?: readonly ToolCall[]
  readonly finishReason?: 'stop' | 'length' | 'tool_calls' | 'content_filter'
  readonly usage?: { readonly prompt: number; readonly completion: number; readonly cached?: number }
}

const CREATED = 1_760_000_000
const ANTHROPIC_REASONS = { stop: 'end_turn', length: 'max_tokens', tool_calls: 'tool_use', content_filter: 'refusal' } as const

export function usageOf(spec: AnswerSpec): { prompt: number; completion: number; cached: number } {
  return { prompt: 12, completion: Math.max(1, spec.pieces.length), cached: 0, ...spec.usage }
}

function reasonOf(spec: AnswerSpec): NonNullable<AnswerSpec['finishReason']> {
  return spec.finishReason ?? (spec.toolCalls?.length ? 'tool_calls' : 'stop')
}

// ── OpenAI ───────────────────────────────────────────────────────────────────────────────────────────────────────────

function openaiUsage(spec: AnswerSpec): object {
  const { prompt, completion, cached } = usageOf(spec)
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: cached, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0, accepted_prediction_tokens: 0, rejected_prediction_tokens: 0 },
  }
}

export function openaiUnary(spec: AnswerSpec, request: Arrived): string {
  const toolCalls = spec.toolCalls?.map((call, i) => ({
    id: `call_${i}`,
    type: 'function',
    function: { name: call.name, arguments: call.arguments },
  }))
  const message = {
    role: 'assistant',
    content: toolCalls && spec.pieces.length === 0 ? null : spec.pieces.join(''),
    refusal: null,
    ...(toolCalls ? { tool_calls: toolCalls } : {}),
  }
  const count = typeof request.json.n === 'number' ? request.json.n : 1
  const choices = Array.from({ length: count }, (_, index) => ({ index, message, logprobs: null, finish_reason: reasonOf(spec) }))
  return JSON.stringify({
    id: 'chatcmpl-mock',
    object: 'chat.completion',
    created: CREATED,
    model: request.model,
    choices,
    usage: openaiUsage(spec),
    service_tier: 'default',
  })
}

/** `data:` payloads, without the last `[DONE]`. */
export function openaiChunks(spec: AnswerSpec, request: Arrived): readonly string[] {
  const head = { id: 'chatcmpl-mock', object: 'chat.completion.chunk', created: CREATED, model: request.model, service_tier: 'default' }
  const options = request.json.stream_options as { include_usage?: boolean } | undefined
  const wantsUsage = options?.include_usage === true
  const chunk = (choices: readonly object[], usage: object | null = null): string =>
    JSON.stringify({ ...head, choices, ...(wantsUsage ? { usage } : {}) })
  const delta = (fields: object, finishReason: string | null = null): string =>
    chunk([{ index: 0, delta: fields, logprobs: null, finish_reason: finishReason }])
  const out = [delta({ role: 'assistant', content: '', refusal: null })]
  for (const piece of spec.pieces) out.push(delta({ content: piece }))
  for (const [index, call] of (spec.toolCalls ?? []).entries()) {
    out.push(delta({ tool_calls: [{ index, id: `call_${index}`, type: 'function', function: { name: call.name, arguments: '' } }] }))
    for (const piece of inPieces(call.arguments, 8)) out.push(delta({ tool_calls: [{ index, function: { arguments: piece } }] }))
  }
  out.push(delta({}, reasonOf(spec)))
  if (wantsUsage) out.push(chunk([], openaiUsage(spec)))
  return out
}

// ── Anthropic ────────────────────────────────────────────────────────────────────────────────────────────────────────

function anthropicContent(spec: AnswerSpec): readonly object[] {
  const text = spec.pieces.length > 0 ? [{ type: 'text', text: spec.pieces.join('') }] : []
  const tools = (spec.toolCalls ?? []).map((call, i) => ({
    type: 'tool_use',
    id: `toolu_${i}`,
    name: call.name,
    input: JSON.parse(call.arguments) as object,
  }))
  return [...text, ...tools]
}

function anthropicUsage(spec: AnswerSpec, outputTokens: number): object {
  const { prompt, cached } = usageOf(spec)
  return { input_tokens: prompt - cached, cache_creation_input_tokens: 0, cache_read_input_tokens: cached, output_tokens: outputTokens }
}

export function anthropicUnary(spec: AnswerSpec, request: Arrived): string {
  return JSON.stringify({
    id: 'msg_mock',
    type: 'message',
    role: 'assistant',
    model: request.model,
    content: anthropicContent(spec),
    stop_reason: ANTHROPIC_REASONS[reasonOf(spec)],
    stop_sequence: null,
    usage: anthropicUsage(spec, usageOf(spec).completion),
  })
}

/** Whole SSE events with their names. */
export function anthropicEvents(spec: AnswerSpec, request: Arrived): readonly string[] {
  const event = (data: { type: string; [key: string]: unknown }): string => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`
  const message = {
    id: 'msg_mock',
    type: 'message',
    role: 'assistant',
    model: request.model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: anthropicUsage(spec, 1),
  }
  const out = [event({ type: 'message_start', message })]
  let index = 0
  if (spec.pieces.length > 0) {
    out.push(event({ type: 'content_block_start', index, content_block: { type: 'text', text: '' } }), event({ type: 'ping' }))
    for (const text of spec.pieces) out.push(event({ type: 'content_block_delta', index, delta: { type: 'text_delta', text } }))
    out.push(event({ type: 'content_block_stop', index: index++ }))
  }
  for (const [i, call] of (spec.toolCalls ?? []).entries()) {
    out.push(
      event({ type: 'content_block_start', index, content_block: { type: 'tool_use', id: `toolu_${i}`, name: call.name, input: {} } }),
    )
    for (const piece of ['', ...inPieces(call.arguments, 8)])
      out.push(event({ type: 'content_block_delta', index, delta: { type: 'input_json_delta', partial_json: piece } }))
    out.push(event({ type: 'content_block_stop', index: index++ }))
  }
  out.push(
    event({
      type: 'message_delta',
      delta: { stop_reason: ANTHROPIC_REASONS[reasonOf(spec)], stop_sequence: null },
      usage: { output_tokens: usageOf(spec).completion },
    }),
  )
  out.push(event({ type: 'message_stop' }))
  return out
}

function inPieces(text: string, length: number): readonly string[] {
  return text.match(new RegExp(`[^]{1,${length}}`, 'gu')) ?? []
}
