// Answers of OpenAI-format upstreams: understood whole, or a classified failure. Never half of one for the whole.
import assert from 'node:assert/strict'
import { GatewayError } from '../../../core/errors/gateway-error.ts'
import { modelBody, modelListBody } from '../../../core/wire/models.ts'
import { openaiChat } from '../../../core/wire/openai-chat/index.ts'
import { openAiChatReader } from '../../../core/wire/index.ts'
import { chunk } from './helpers.ts'
import type { Answer, StreamEvent, UpstreamFailure } from '../../../core/model/answer.ts'
import type { Target } from '../../../core/model/target.ts'
import type { UpstreamReply } from '../../../core/plugin/contract.ts'

const TARGET = {} as Target
const USAGE = {
  prompt_tokens: 10,
  completion_tokens: 5,
  total_tokens: 15,
  prompt_tokens_details: { cached_tokens: 4, audio_tokens: 1 },
  completion_tokens_details: { reasoning_tokens: 2 },
}

function reply(status: number, body: unknown, headers: { readonly [name: string]: string } = {}): UpstreamReply {
  return { status, header: (name) => headers[name] ?? null, body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)) }
}

const completion = (message: object, rest: object = {}): object => ({
  id: 'c',
  object: 'chat.completion',
  model: 'up',
  choices: [{ index: 0, message, finish_reason: 'stop' }],
  usage: USAGE,
  ...rest,
})

function answer(body: unknown): Answer {
  const read = openAiChatReader.unary(reply(200, body), TARGET)
  assert.ok(!('class' in read), JSON.stringify(read))
  return read
}

function fault(body: unknown): UpstreamFailure {
  const read = openAiChatReader.unary(reply(200, body), TARGET)
  assert.ok('class' in read)
  return read
}

function stream(pieces: readonly string[]): readonly StreamEvent[] {
  const reader = openAiChatReader.openStream(TARGET)
  return [...pieces.flatMap((piece) => reader.push(Buffer.from(piece))), ...reader.end()]
}

const event = (body: unknown): string => `data: ${typeof body === 'string' ? body : JSON.stringify(body)}\n\n`
const lastOf = (events: readonly StreamEvent[]): string => {
  const last = events.at(-1)!
  return last.type === 'error' ? last.failure.class : last.type
}

describe('wire: answers of OpenAI-format upstreams', () => {
  it('finds texts, tool calls, reasoning and usage', () => {
    const read = answer(
      completion({
        role: 'assistant',
        content: 'hi',
        refusal: 'no',
        reasoning_content: 'hm',
        tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'f', arguments: '{"a":1}' } }],
        annotations: [{ type: 'url_citation', url_citation: { title: 'T', url: 'u' } }],
      }),
    )
    assert.deepEqual(
      read.parts.map(({ location, text, encoding }) => [location, text, encoding]),
      [
        ['completion.text', 'hi', 'text'],
        ['completion.text', 'no', 'text'],
        ['completion.reasoning', 'hm', 'text'],
        ['completion.arguments', 'f', 'text'],
        ['completion.arguments', '{"a":1}', 'json'],
        ['completion.text', 'T', 'text'],
        ['completion.text', 'u', 'text'],
      ],
    )
    assert.deepEqual(read.usage, { prompt: 10, completion: 5, cached: 4, cacheWrite: 0, reasoning: 2, audio: 1, image: 0 })
    assert.deepEqual([read.finishReason, read.choices, read.toolCalls], ['stop', 1, 1])
  })

  it("passes the upstream's bytes on, and writes them anew where something changed", () => {
    const body = completion({ role: 'assistant', content: 'my secret' }, { x: 1 })
    const read = answer(JSON.stringify(body, null, 2))
    assert.equal(openaiChat.writeAnswer(read, [], 'ours', null).bytes, read.raw)
    const extra = openaiChat.writeAnswer(read, [], 'ours', { warnings: [] })
    assert.deepEqual(JSON.parse(extra.bytes.toString()), { ...body, sallyport: { warnings: [] } })
    const edited = openaiChat.writeAnswer(read, [{ path: read.parts[0]!.path, text: 'my [X]' }], 'ours', null)
    assert.deepEqual(JSON.parse(edited.bytes.toString()), completion({ role: 'assistant', content: 'my [X]' }, { x: 1 }))
    assert.deepEqual(edited.body, JSON.parse(edited.bytes.toString()))
  })

  it('forwards no bytes in which a member stands twice', () => {
    const read = answer('{"choices":[{"index":0,"message":{"role":"assistant","content":"secret","content":"x"}}]}')
    assert.equal(read.raw, null)
    assert.doesNotMatch(openaiChat.writeAnswer(read, [], 'ours', null).bytes.toString(), /secret/)
  })

  it('takes log probabilities away where the text was rewritten', () => {
    const read = answer({
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'secret' },
          logprobs: { content: [{ token: 'secret' }] },
          finish_reason: 'stop',
        },
      ],
    })
    assert.doesNotMatch(openaiChat.writeAnswer(read, [{ path: read.parts[0]!.path, text: 'X' }], 'ours', null).bytes.toString(), /secret/)
  })

  for (const [what, body] of [
    ['no JSON', '<html>'],
    ['half a JSON', '{"choices":[{'],
    ['an array', []],
    ['no choices', { id: 'x' }],
    ['empty choices', { choices: [] }],
    ['a choice without a message', { choices: [{ index: 0 }] }],
    ['content that is a number', { choices: [{ message: { content: 5 } }] }],
    ['deep nesting', `{"choices":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
  ] as const)
    it(`calls an answer malformed: ${what}`, () => assert.equal(fault(body).class, 'malformed'))

  it('takes wrong usage for none', () => {
    for (const usage of [null, 'x', {}, { prompt_tokens: -1, completion_tokens: 'a' }])
      assert.equal(answer(completion({ content: 'x' }, { usage })).usage, null)
  })

  describe('streams', () => {
    const finished = chunk({}, 'stop')
    const usage = { choices: [], usage: USAGE }
    const cases: readonly (readonly [string, readonly string[], string])[] = [
      ['`[DONE]` ends it', [event(chunk({ content: 'x' })), event('[DONE]')], 'done'],
      ['`[DONE]` without its blank line ends it', [event(chunk({ content: 'x' })), 'data: [DONE]'], 'done'],
      ['without `[DONE]` it is whole only with finish reason and usage', [event(finished), event(usage)], 'done'],
      ['a finish reason alone is not enough', [event(finished)], 'connection_lost'],
      ['usage alone is not enough', [event(chunk({ content: 'x' })), event(usage)], 'connection_lost'],
      ['cut within an event', [event(chunk({ content: 'x' })), 'data: {"choi'], 'connection_lost'],
      ['nothing at all', [], 'connection_lost'],
      ['an error event', [event({ error: { message: 'busy', type: 'server_error' } })], 'server_error'],
      ['an error event with a code', [event({ error: { message: 'slow down', code: 'rate_limit_exceeded' } })], 'rate_limited'],
      ['an error that is a text', [event({ error: 'broken' })], 'server_error'],
      ['no JSON', [event('{"choices":'), event('[DONE]')], 'malformed'],
      ['choices that are no array', [event({ choices: {} })], 'malformed'],
      ['a delta that is a text', [event({ choices: [{ delta: 'x' }] })], 'malformed'],
    ]
    for (const [what, pieces, expected] of cases) it(`${what}: ${expected}`, () => assert.equal(lastOf(stream(pieces)), expected))

    it('gives nothing behind the last event', () => {
      const events = stream([event('[DONE]') + event(chunk({ content: 'late' })), event('[DONE]')])
      assert.deepEqual(events, [{ type: 'done' }])
    })

    it('keeps the payload as it came', () => {
      const raw = '{"choices":[{"index":0,"delta":{"content":"é"}}], "x":1.0}'
      assert.deepEqual(stream([event(raw)])[0], { type: 'chunk', body: JSON.parse(raw), raw })
    })

    it('has no payload for data over several lines', () => {
      assert.equal((stream(['data: {"choices":\ndata: []}\n\n'])[0] as { raw: string | null }).raw, null)
    })

    it('has no payload where a member stands twice, so that a client reads what the guards read', () => {
      assert.equal((stream([event('{"choices":[{"delta":{"content":"secret","content":"x"}}]}')])[0] as { raw: string | null }).raw, null)
    })

    it('reports usage seen so far', () => {
      const reader = openAiChatReader.openStream(TARGET)
      reader.push(Buffer.from(event({ ...chunk({ content: 'x' }), usage: null })))
      assert.equal(reader.usage(), null)
      reader.push(Buffer.from(event(usage)))
      assert.equal(reader.usage()?.cached, 4)
    })
  })

  describe('failures', () => {
    const error = (fields: object): object => ({ error: { message: 'm', type: 't', param: null, code: null, ...fields } })
    const cases: readonly (readonly [number, unknown, string])[] = [
      [429, error({ code: 'insufficient_quota' }), 'quota_exhausted'],
      [429, error({ code: 'rate_limit_exceeded' }), 'rate_limited'],
      [429, '', 'rate_limited'],
      [401, error({ code: 'invalid_api_key' }), 'bad_credentials'],
      [403, error({}), 'bad_credentials'],
      [402, error({}), 'quota_exhausted'],
      [404, error({ code: 'model_not_found' }), 'model_missing'],
      [404, error({ message: 'The model `x` does not exist' }), 'model_missing'],
      [404, 'not found', 'bad_request'],
      [400, error({ code: 'context_length_exceeded' }), 'context_too_long'],
      [400, error({ message: "This model's maximum context length is 8192 tokens" }), 'context_too_long'],
      [400, error({ code: 'content_filter' }), 'content_filtered'],
      [400, error({}), 'bad_request'],
      [422, { detail: [] }, 'bad_request'],
      [408, '', 'server_error'],
      [409, '', 'server_error'],
      [500, error({ type: 'server_error' }), 'server_error'],
      [500, error({ code: 'invalid_api_key' }), 'server_error'],
      [502, '<html>bad gateway</html>', 'server_error'],
      [503, error({}), 'overloaded'],
      [529, '', 'overloaded'],
      [302, '', 'malformed'],
    ]
    for (const [status, body, expected] of cases) {
      it(`${status} ${typeof body === 'string' ? body : JSON.stringify(body).slice(0, 70)} is ${expected}`, () =>
        assert.equal(openAiChatReader.failure(reply(status, body)).class, expected))
    }

    it('reads how long to wait', () => {
      const wait = (headers: { readonly [name: string]: string }): number | null =>
        openAiChatReader.failure(reply(429, '', headers)).retryAfterMs
      assert.equal(wait({ 'retry-after': '3' }), 3000)
      assert.equal(wait({ 'retry-after-ms': '250', 'retry-after': '3' }), 250)
      assert.equal(wait({ 'retry-after': new Date(Date.now() - 60_000).toUTCString() }), 0)
      assert.ok(wait({ 'retry-after': new Date(Date.now() + 60_000).toUTCString() })! > 50_000)
      for (const odd of ['soon', '-1', '1e9', '']) assert.equal(wait({ 'retry-after': odd }), null)
      assert.equal(wait({}), null)
    })

    it('keeps credentials and length out of what it says', () => {
      const message = `Incorrect API key provided: sk-proj-${'a1'.repeat(20)}. Header was Bearer abcdef123456. ${'x '.repeat(2000)}`
      const failure = openAiChatReader.failure(reply(401, error({ message }), { 'x-request-id': 'req_9' }))
      assert.doesNotMatch(failure.message, /sk-proj|a1a1|abcdef/)
      assert.match(failure.message, /Incorrect API key provided: \[credential\]/)
      assert.ok(failure.message.length <= 1000)
      assert.equal(failure.upstreamRequestId, 'req_9')
    })
  })

  it('writes errors in the form that SDKs read', () => {
    const error = new GatewayError('policy_denied', { reason: 'pci.card', policy: 'pci.no_cards', param: 'messages[0].content' })
    const { error: body } = JSON.parse(openaiChat.writeError(error, 'req_1').toString()) as { error: object }
    assert.deepEqual(body, {
      message: error.message,
      type: 'permission_error',
      code: 'policy_denied',
      param: 'messages[0].content',
      request_id: 'req_1',
      resolution: error.resolution,
      reason: 'pci.card',
      policy: 'pci.no_cards',
    })
  })

  it('writes models as OpenAI lists them', () => {
    assert.deepEqual(modelListBody(['a', 'b']), { object: 'list', data: [modelBody('a'), modelBody('b')] })
    assert.deepEqual(Object.keys(modelBody('a')), ['id', 'object', 'created', 'owned_by'])
  })
})
