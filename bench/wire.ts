// What the wire costs per request and per streamed chunk, in microseconds: medians of rounds in one process. `node bench/wire.ts`
import { GatewayError } from '../core/errors/gateway-error.ts'
import { openaiChat } from '../core/wire/openai-chat/index.ts'
import { openAiChatReader } from '../core/wire/index.ts'
import type { InboundRequest } from '../core/model/request.ts'
import type { Target } from '../core/model/target.ts'
import type { TextGuard } from '../core/wire/port.ts'

const ROUNDS = 9
const TARGET = {} as Target

function measure(what: string, limitUs: number | null, times: number, work: () => void, units = 1): void {
  const rounds: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now()
    for (let i = 0; i < times; i++) work()
    rounds.push(((performance.now() - start) * 1000) / times / units)
  }
  const median = rounds.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)]!
  console.log(`${what.padEnd(58)} ${median.toFixed(2).padStart(8)} µs${limitUs === null ? '' : `   (limit ${limitUs})`}`)
}

function conversation(): Buffer {
  const parameters = {
    type: 'object',
    properties: { query: { type: 'string', description: 'What to look for' }, limit: { type: 'integer' } },
    required: ['query'],
  }
  const tools = ['find', 'read', 'send'].map((name) => ({
    type: 'function',
    function: { name, description: 'Looks something up in the catalogue and returns it.', parameters },
  }))
  const turns = Array.from({ length: 11 }, (_, i) => ({
    role: i % 2 ? 'assistant' : 'user',
    content: `This is what was said in turn ${i}, in ordinary words. `.repeat(5),
  }))
  return Buffer.from(
    JSON.stringify({
      model: 'gpt-4.1-mini',
      messages: [{ role: 'system', content: 'You are helpful. '.repeat(12) }, ...turns],
      tools,
      temperature: 0.2,
      stream: true,
    }),
  )
}

function understood(raw: Buffer): InboundRequest {
  const inbound = openaiChat.parse(raw)
  if (inbound instanceof GatewayError) throw inbound
  return inbound
}

const short = Buffer.from('{"model":"gpt-4.1-mini","messages":[{"role":"user","content":"What is the capital of France, please?"}]}')
const long = conversation()
measure(`parse a short chat (${short.length} bytes)`, 4, 50_000, () => openaiChat.parse(short))
measure(`parse a conversation (${long.length} bytes)`, 25, 5000, () => openaiChat.parse(long))
measure('  of which JSON.parse', null, 5000, () => JSON.parse(long.toString('latin1')))
const inbound = understood(long)
const set = { model: 'upstream-model', stream_options: { include_usage: true } }
measure('render it: splice two members', null, 20_000, () => openaiChat.render({ inbound, edits: [], params: {}, headers: {} }).bytes(set))
const edits = [{ path: ['messages', 3, 'content'], text: 'redacted' }]
measure('render it with one edit', null, 5000, () => openaiChat.render({ inbound, edits, params: {}, headers: {} }).bytes(set))

const answer = Buffer.from(
  JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'up',
    choices: [
      { index: 0, message: { role: 'assistant', content: 'word '.repeat(200), refusal: null }, logprobs: null, finish_reason: 'stop' },
    ],
    usage: { prompt_tokens: 900, completion_tokens: 200, total_tokens: 1100 },
  }),
)
const reply = { status: 200, header: () => null, body: answer }
measure('read a unary answer of 200 tokens', null, 20_000, () => openAiChatReader.unary(reply, TARGET))

const open: TextGuard = { transparent: true, push: (_channel, text) => text, end: () => '' }
const passing: TextGuard = { transparent: false, push: (_channel, text) => text, end: () => '' }
const delta = (content: string): Buffer =>
  Buffer.from(
    `data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1760000000,"model":"gpt-4.1-mini-2025-04-14","service_tier":"default","system_fingerprint":"fp_1","choices":[{"index":0,"delta":{"content":"${content}"},"logprobs":null,"finish_reason":null}],"usage":null}\n\n`,
  )
const chunks = Array.from({ length: 200 }, (_, i) => delta(` word${i}`))
for (const [what, guard, limit] of [
  ['transparent', open, 3],
  ['under a guard', passing, null],
] as const) {
  measure(
    `a chunk through reader and writer, ${what}`,
    limit,
    20,
    () => {
      const reader = openAiChatReader.openStream(TARGET)
      const writer = openaiChat.openStream({ guard, wantsUsage: false, model: 'ours' })
      for (const bytes of chunks) for (const event of reader.push(bytes)) if (event.type === 'chunk') writer.chunk(event)
    },
    chunks.length,
  )
}
