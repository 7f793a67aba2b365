// Short ways to write requests, chunks and guards in the tests of the wire.
import assert from 'node:assert/strict'
import { GatewayError } from '../../../core/errors/gateway-error.ts'
import { openaiChat } from '../../../core/wire/openai-chat/index.ts'
import type { InboundRequest } from '../../../core/model/request.ts'
import type { StreamEvent } from '../../../core/model/answer.ts'
import type { StreamWriterOptions, TextGuard } from '../../../core/wire/port.ts'

export const RUNS = process.env.SALLYPORT_TEST_LONG ? 5000 : 500
export const SEED = 20_260_101

export function request(members: object = {}): object {
  return { model: 'gpt-4.1-mini', messages: [{ role: 'user', content: 'Hello' }], ...members }
}

export function parsed(body: unknown): InboundRequest {
  const result = openaiChat.parse(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)))
  assert.ok(!(result instanceof GatewayError), result instanceof GatewayError ? result.message : '')
  return result
}

export function refused(body: unknown): GatewayError {
  const raw = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  const result = openaiChat.parse(raw)
  assert.ok(result instanceof GatewayError, 'the body was taken')
  assert.equal(result.code, 'invalid_request')
  return result
}

export function textsAt(inbound: InboundRequest, location: string): readonly string[] {
  return inbound.parts.filter((part) => part.location === location).map(({ text }) => text)
}

/** What JSON.parse gives: tests look into it freely. */
export type Loose = ReturnType<typeof JSON.parse>

type Delta = { readonly [name: string]: unknown }

export function chunk(delta: Delta, finishReason: string | null = null, index = 0): { [name: string]: unknown } {
  return { id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'up', choices: [{ index, delta, finish_reason: finishReason }] }
}

/** Writes chunks through a guard and gives back what a client would parse, `[DONE]` left out. */
export function writeThrough(
  chunks: readonly object[],
  options: Partial<StreamWriterOptions> = {},
): readonly { readonly [name: string]: Loose }[] {
  const writer = openaiChat.openStream({ guard: open, wantsUsage: true, model: 'ours', ...options })
  let out = ''
  for (const body of chunks)
    out += writer.chunk({ type: 'chunk', body, raw: JSON.stringify(body) } as Extract<StreamEvent, { type: 'chunk' }>)
  return payloadsOf(out + writer.finish()).map((payload) => JSON.parse(payload) as { [name: string]: Loose })
}

export function payloadsOf(sse: string): readonly string[] {
  const events = sse.split('\n\n').filter((event) => event !== '')
  assert.equal(events.at(-1), 'data: [DONE]')
  return events.slice(0, -1).map((event) => event.replace(/^data: /, ''))
}

/** Lets everything pass as it is. */
export const open: TextGuard = { transparent: true, push: (_channel, text) => text, end: () => '' }

/** Holds the last `held` characters of each channel and replaces a word wherever it stands, however it was cut. */
export function replacing(word: string, by: string, held = word.length - 1): TextGuard & { readonly ended: string[] } {
  const rest = new Map<string, string>()
  const ended: string[] = []
  return {
    transparent: false,
    ended,
    push(channel, text) {
      const all = ((rest.get(channel) ?? '') + text).replaceAll(word, by)
      const cut = Math.max(0, all.length - held)
      rest.set(channel, all.slice(cut))
      return all.slice(0, cut)
    },
    end(channel) {
      const all = rest.get(channel) ?? ''
      rest.delete(channel)
      ended.push(channel)
      return all
    },
  }
}
