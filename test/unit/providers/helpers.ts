// Calls a provider as the kernel does: rendered by the wire, sent by the real upstream, read by the adapter's own reader.
import assert from 'node:assert/strict'
import { createUpstream } from '../../../core/upstream/index.ts'
import { GatewayError } from '../../../core/errors/gateway-error.ts'
import { openaiChat } from '../../../core/wire/openai-chat/index.ts'
import { openAiChatReader } from '../../../core/wire/index.ts'
import type { Answer, StreamEvent, UpstreamFailure } from '../../../core/model/answer.ts'
import type { Clock, ProviderAdapter, RenderedRequest } from '../../../core/plugin/contract.ts'
import type { Json } from '../../../core/model/value.ts'
import type { Target } from '../../../core/model/target.ts'

export const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms).unref()
    return () => clearTimeout(timer)
  },
}

export function targetOf(type: string, endpoint: string | null, upstreamModel: string): Target {
  const timeouts = { connectMs: 1000, firstTokenMs: 5000, idleMs: 5000, totalMs: 10_000 }
  const provider = { name: type, type, zone: 'us', region: null, endpoint, credentialRef: 'env:KEY', timeouts }
  return { id: `${type}/${upstreamModel}`, provider, model: 'ours', upstreamModel, secure: false, weight: 1, rates: null }
}

export function render(
  body: object,
  headers: { readonly [name: string]: string } = {},
  params: { readonly [name: string]: Json } = {},
): RenderedRequest {
  const inbound = openaiChat.parse(Buffer.from(JSON.stringify(body)))
  if (inbound instanceof GatewayError) throw inbound
  return openaiChat.render({ inbound, edits: [], params, headers })
}

export type Result = { readonly answer: Answer } | { readonly events: readonly StreamEvent[] } | { readonly failure: UpstreamFailure }

export async function call(
  adapter: ProviderAdapter,
  target: Target,
  body: object,
  signal: AbortSignal = new AbortController().signal,
): Promise<Result> {
  const request = render(body)
  const upstream = createUpstream({
    adapters: new Map([[adapter.type, adapter]]),
    credential: () => 'secret-credential',
    clock,
    defaultReader: openAiChatReader,
  })
  try {
    const result = await upstream.dispatch({
      exchangeId: 'x',
      targets: [{ target, request }],
      stream: request.stream,
      maxAttempts: 1,
      around: [],
      signal,
      onAttempt() {},
    })
    if (result.kind === 'answer') return { answer: result.answer }
    if (result.kind === 'failed') return { failure: result.failure }
    if (result.kind === 'aborted') throw new Error('aborted')
    const events: StreamEvent[] = []
    await new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve())
      result.source.start((batch) => {
        events.push(...batch)
        if (batch.some(({ type }) => type !== 'chunk')) resolve()
      })
    })
    return { events }
  } finally {
    await upstream.close()
  }
}

export async function answerOf(...args: Parameters<typeof call>): Promise<Answer> {
  const result = await call(...args)
  assert.ok('answer' in result, JSON.stringify(result))
  return result.answer
}

export async function eventsOf(...args: Parameters<typeof call>): Promise<readonly StreamEvent[]> {
  const result = await call(...args)
  assert.ok('events' in result, JSON.stringify(result))
  return result.events
}

export async function failureOf(...args: Parameters<typeof call>): Promise<UpstreamFailure> {
  const result = await call(...args)
  assert.ok('failure' in result, JSON.stringify(result))
  return result.failure
}

/** What JSON.parse gives: tests look into it freely. */
export type Loose = ReturnType<typeof JSON.parse>

interface Gathered {
  text: string
  reasoning: string
  readonly calls: { id: string; name: string; arguments: string }[]
  finishReason: string | null
  usage: Loose
  last: string
}

/** What a client's SDK makes of the chunks. */
export function gather(events: readonly StreamEvent[]): Gathered {
  const out: Gathered = { text: '', reasoning: '', calls: [], finishReason: null, usage: null, last: '' }
  for (const event of events) {
    out.last = event.type === 'error' ? event.failure.class : event.type
    if (event.type !== 'chunk') continue
    const body = event.body as Loose
    out.usage = body.usage ?? out.usage
    for (const { delta, finish_reason: finishReason } of body.choices) {
      out.text += delta.content ?? ''
      out.reasoning += delta.reasoning_content ?? ''
      out.finishReason = finishReason ?? out.finishReason
      for (const one of delta.tool_calls ?? []) {
        const known = (out.calls[one.index] ??= { id: '', name: '', arguments: '' })
        known.id += one.id ?? ''
        known.name += one.function?.name ?? ''
        known.arguments += one.function?.arguments ?? ''
      }
    }
  }
  return out
}

export const chat = (content: unknown, rest: object = {}): object => ({ model: 'ours', messages: [{ role: 'user', content }], ...rest })
