// What a simulated model sends, as data: status, headers and pieces of bytes in OpenAI's format, each with its pause.
import { choose, isSimModel, promptTokens, type SimChoice, type SimModel } from './models.ts'
import { tokensOf } from './tokens.ts'
import type { JsonObject } from '../../core/plugin/index.ts'

export interface SimPace {
  /** Milliseconds between two tokens of a stream. */
  readonly tokenMs: number
  /** The same for `sim-slow`. */
  readonly slowTokenMs: number
}

export interface SimPiece {
  readonly afterMs: number
  readonly bytes: Buffer
}

export interface SimAnswer {
  /** 0: the connection is lost before any header. */
  readonly status: number
  readonly headers: { readonly [name: string]: string }
  readonly pieces: readonly SimPiece[]
  /** False: the connection is lost behind the last piece. */
  readonly isWhole: boolean
}

/** A choice cut to the client's bound. */
interface Bounded {
  readonly tokens: readonly string[]
  readonly callTokens: readonly string[]
  readonly name: string
  readonly finishReason: 'stop' | 'length' | 'tool_calls'
}

const DIES_AFTER_TOKENS = 8
const SSE = { 'content-type': 'text/event-stream; charset=utf-8' }
const JSON_TYPE = { 'content-type': 'application/json' }

export function simulate(body: JsonObject, pace: SimPace, nowSeconds: number): SimAnswer {
  const model = String(body.model)
  if (!isSimModel(model)) return refusal(404, 'model_not_found', `The model \`${model}\` does not exist.`)
  if (model === 'sim-error-500') return refusal(500, 'server_error', 'This simulated model always fails.')
  if (model === 'sim-error-429')
    return refusal(429, 'rate_limit_exceeded', 'This simulated model always limits the rate.', { 'retry-after': '1' })
  const head = { id: 'chatcmpl-sim', created: nowSeconds, model }
  const count = typeof body.n === 'number' ? body.n : 1
  const choices = Array.from({ length: count }, (_, index) => bound(choose(model, body, index), body))
  return body.stream === true ? streamed(model, head, choices, body, pace) : unary(model, head, choices, body)
}

function refusal(status: number, code: string, message: string, headers: { readonly [name: string]: string } = {}): SimAnswer {
  const body = JSON.stringify({ error: { message, type: status === 500 ? 'server_error' : 'invalid_request_error', param: null, code } })
  return { status, headers: { ...JSON_TYPE, ...headers }, pieces: [{ afterMs: 0, bytes: Buffer.from(body) }], isWhole: true }
}

function bound({ text, call }: SimChoice, body: JsonObject): Bounded {
  const bounds = [body.max_tokens, body.max_completion_tokens].filter((value) => typeof value === 'number')
  const most = Math.min(Infinity, ...bounds)
  const all = tokensOf(call?.arguments ?? text)
  const tokens = all.length > most ? all.slice(0, most) : all
  const finishReason = tokens.length < all.length ? 'length' : call === null ? 'stop' : 'tool_calls'
  return { tokens: call === null ? tokens : [], callTokens: call === null ? [] : tokens, name: call?.name ?? '', finishReason }
}

function usageOf(body: JsonObject, choices: readonly Bounded[]): JsonObject {
  const prompt = promptTokens(body)
  const completion = choices.reduce((sum, { tokens, callTokens }) => sum + tokens.length + callTokens.length, 0)
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0 },
  }
}

function unary(model: SimModel, head: JsonObject, choices: readonly Bounded[], body: JsonObject): SimAnswer {
  if (model === 'sim-dies') return { status: 0, headers: {}, pieces: [], isWhole: false }
  const answer = {
    ...head,
    object: 'chat.completion',
    choices: choices.map((choice, index) => ({
      index,
      message: messageOf(choice, index),
      logprobs: null,
      finish_reason: choice.finishReason,
    })),
    usage: usageOf(body, choices),
  }
  return { status: 200, headers: JSON_TYPE, pieces: [{ afterMs: 0, bytes: Buffer.from(JSON.stringify(answer)) }], isWhole: true }
}

function messageOf({ tokens, callTokens, name }: Bounded, index: number): JsonObject {
  if (name === '') return { role: 'assistant', content: tokens.join(''), refusal: null }
  const call = { id: `call_sim_${index}`, type: 'function', function: { name, arguments: callTokens.join('') } }
  return { role: 'assistant', content: null, refusal: null, tool_calls: [call] }
}

function streamed(model: SimModel, head: JsonObject, choices: readonly Bounded[], body: JsonObject, pace: SimPace): SimAnswer {
  const afterMs = model === 'sim-slow' ? pace.slowTokenMs : model === 'sim-chat' ? pace.tokenMs : 0
  const wantsUsage = (body.stream_options as JsonObject | undefined)?.include_usage === true
  const piece = (choice: number, delta: JsonObject, finishReason: string | null, wait: number): SimPiece => ({
    afterMs: wait,
    bytes: event({
      ...head,
      object: 'chat.completion.chunk',
      choices: [{ index: choice, delta, logprobs: null, finish_reason: finishReason }],
      ...(wantsUsage ? { usage: null } : {}),
    }),
  })
  const pieces = choices.flatMap((choice, index) =>
    deltasOf(choice, index).map(({ delta, isText }) => piece(index, delta, null, isText ? afterMs : 0)),
  )
  if (model === 'sim-dies') return { status: 200, headers: SSE, pieces: pieces.slice(0, DIES_AFTER_TOKENS + 1), isWhole: false }
  pieces.push(...choices.map(({ finishReason }, index) => piece(index, {}, finishReason, 0)))
  if (wantsUsage)
    pieces.push({ afterMs: 0, bytes: event({ ...head, object: 'chat.completion.chunk', choices: [], usage: usageOf(body, choices) }) })
  pieces.push({ afterMs: 0, bytes: Buffer.from('data: [DONE]\n\n') })
  return { status: 200, headers: SSE, pieces, isWhole: true }
}

function deltasOf(
  { tokens, callTokens, name }: Bounded,
  index: number,
): readonly { readonly delta: JsonObject; readonly isText: boolean }[] {
  const role = { delta: { role: 'assistant', content: name === '' ? '' : null, refusal: null }, isText: false }
  if (name === '') return [role, ...tokens.map((content) => ({ delta: { content }, isText: true }))]
  const start = {
    delta: { tool_calls: [{ index: 0, id: `call_sim_${index}`, type: 'function', function: { name, arguments: '' } }] },
    isText: false,
  }
  return [
    role,
    start,
    ...callTokens.map((source) => ({ delta: { tool_calls: [{ index: 0, function: { arguments: source } }] }, isText: true })),
  ]
}

function event(chunk: JsonObject): Buffer {
  return Buffer.from(`data: ${JSON.stringify(chunk)}\n\n`)
}
