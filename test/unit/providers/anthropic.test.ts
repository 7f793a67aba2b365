// Chat completions over Anthropic's Messages API: what leaves, what comes back, unary and streamed.
import assert from 'node:assert/strict'
import { anthropicAdapter } from '../../../plugins/provider.anthropic/index.ts'
import { answerOf, chat, eventsOf, failureOf, gather, render, targetOf, type Loose } from './helpers.ts'
import {
  dieAfter,
  drip,
  endAfter,
  errorEvent,
  malformed,
  raw,
  startUpstream,
  status,
  text,
  toolCalls,
  answer as answering,
  type UpstreamServer,
} from '../../support/upstream/index.ts'

const adapter = anthropicAdapter(() => 1_700_000_000_000)
const sent = (body: object): Loose =>
  JSON.parse(adapter.prepare(render(body), targetOf('anthropic', null, 'claude-up'), 'k').body.toString())
const event = (data: { type: string; [name: string]: unknown }): string => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`

describe('provider.anthropic', () => {
  describe('sends', () => {
    it('the call that the API wants', () => {
      const prepared = adapter.prepare(render(chat('hi'), { 'anthropic-beta': 'b', cookie: 'c' }), targetOf('anthropic', null, 'up'), 'k')
      assert.equal(prepared.url, 'https://api.anthropic.com/v1/messages')
      assert.deepEqual(
        [prepared.headers['x-api-key'], prepared.headers['anthropic-version'], prepared.headers['anthropic-beta'], prepared.headers.cookie],
        ['k', '2023-06-01', 'b', undefined],
      )
    })

    it('system texts apart, and messages in turns', () => {
      const body = sent({
        model: 'ours',
        messages: [
          { role: 'system', content: 'a' },
          { role: 'user', content: 'hi' },
          { role: 'developer', content: [{ type: 'text', text: 'b' }] },
          { role: 'user', content: 'there' },
          { role: 'assistant', content: 'yes' },
        ],
      })
      assert.deepEqual(body, {
        model: 'claude-up',
        max_tokens: 4096,
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'hi' },
              { type: 'text', text: 'there' },
            ],
          },
          { role: 'assistant', content: [{ type: 'text', text: 'yes' }] },
        ],
        system: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      })
    })

    it('parallel tool calls and their results in one turn each', () => {
      const calls = ['f', 'g'].map((name, i) => ({
        id: `call_${i}`,
        type: 'function',
        function: { name, arguments: i === 0 ? '{"a":1}' : '' },
      }))
      const { messages } = sent({
        model: 'ours',
        messages: [
          { role: 'user', content: 'go' },
          { role: 'assistant', content: '', tool_calls: calls },
          { role: 'tool', tool_call_id: 'call_0', content: 'r0' },
          { role: 'tool', tool_call_id: 'call_1', content: [{ type: 'text', text: 'r1' }] },
          { role: 'user', content: 'and?' },
        ],
      })
      assert.deepEqual(messages.slice(1), [
        {
          role: 'assistant',
          content: [
            { type: 'tool_use', id: 'call_0', name: 'f', input: { a: 1 } },
            { type: 'tool_use', id: 'call_1', name: 'g', input: {} },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'call_0', content: [{ type: 'text', text: 'r0' }] },
            { type: 'tool_result', tool_use_id: 'call_1', content: [{ type: 'text', text: 'r1' }] },
            { type: 'text', text: 'and?' },
          ],
        },
      ])
    })

    it('tools and the choice among them', () => {
      const tools = [
        {
          type: 'function',
          function: { name: 'f', description: 'd', parameters: { type: 'object', properties: { a: {} } }, strict: true },
        },
        { type: 'function', function: { name: 'g' } },
      ]
      const body = sent(chat('x', { tools, tool_choice: 'required', parallel_tool_calls: false }))
      assert.deepEqual(body.tools, [
        { name: 'f', description: 'd', input_schema: { type: 'object', properties: { a: {} } } },
        { name: 'g', input_schema: { type: 'object', properties: {} } },
      ])
      assert.deepEqual(body.tool_choice, { type: 'any', disable_parallel_tool_use: true })
      assert.deepEqual(sent(chat('x', { tools, tool_choice: { type: 'function', function: { name: 'g' } } })).tool_choice, {
        type: 'tool',
        name: 'g',
      })
      assert.deepEqual(sent(chat('x', { tools, tool_choice: 'none' })).tool_choice, { type: 'none' })
      assert.equal(sent(chat('x', { tools })).tool_choice, undefined)
    })

    it('images and files by data and by URL', () => {
      const { messages } = sent(
        chat([
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
          { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
          { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,BBBB' } },
        ]),
      )
      assert.deepEqual(messages[0].content, [
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } },
        { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } },
        { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'BBBB' }, title: 'a.pdf' },
      ])
    })

    it('parameters that have a counterpart, and none that have not', () => {
      const body = sent(
        chat('x', {
          max_tokens: 9,
          max_completion_tokens: 7,
          temperature: 1.7,
          top_p: 0.5,
          stop: ['END', ' '],
          user: 'u',
          seed: 1,
          frequency_penalty: 1,
          logit_bias: {},
          n: 1,
          stream: true,
          stream_options: { include_usage: true },
        }),
      )
      const { messages: _, ...rest } = body
      assert.deepEqual(rest, {
        model: 'claude-up',
        max_tokens: 7,
        stream: true,
        temperature: 1,
        top_p: 0.5,
        stop_sequences: ['END'],
        metadata: { user_id: 'u' },
      })
      assert.match(
        sent(chat('x', { response_format: { type: 'json_schema', json_schema: { schema: { title: 'S' } } } })).system[0].text,
        /JSON Schema[^]*"title":"S"/,
      )
    })

    for (const [what, body] of [
      ['several choices', chat('x', { n: 2 })],
      ['audio', chat([{ type: 'input_audio', input_audio: { data: 'A', format: 'wav' } }])],
      ['files of another provider', chat([{ type: 'file', file: { file_id: 'file-1' } }])],
      [
        'arguments that are no object',
        { model: 'm', messages: [{ role: 'assistant', tool_calls: [{ id: 'call_1', function: { name: 'f', arguments: '[1]' } }] }] },
      ],
    ] as const)
      it(`refuses ${what} rather than answer another question`, () => assert.throws(() => sent(body), /Anthropic models/))
  })

  describe('reads', () => {
    let upstream: UpstreamServer
    before(async () => void (upstream = await startUpstream()))
    after(() => upstream.close())
    beforeEach(() => upstream.reset())
    const target = (): ReturnType<typeof targetOf> => targetOf('anthropic', `${upstream.url}/v1`, 'claude-up')
    const stream = (): object => chat('hi', { stream: true })

    it('a unary answer, with cached tokens inside the prompt', async () => {
      upstream.next(
        answering({
          pieces: ['Hello', ' there'],
          toolCalls: [{ name: 'f', arguments: '{"a":1}' }],
          usage: { prompt: 100, completion: 7, cached: 60 },
        }),
      )
      const answer = await answerOf(adapter, target(), chat('hi'))
      assert.deepEqual(
        answer.parts.map(({ location, text: part }) => [location, part]),
        [
          ['completion.text', 'Hello there'],
          ['completion.arguments', 'f'],
          ['completion.arguments', '{"a":1}'],
        ],
      )
      assert.deepEqual(
        [answer.finishReason, answer.toolCalls, answer.usage?.prompt, answer.usage?.cached, answer.usage?.completion],
        ['tool_calls', 1, 100, 60, 7],
      )
      const body = answer.body as Loose
      assert.deepEqual(
        [body.object, body.created, body.usage.total_tokens, body.choices[0].message.tool_calls[0].function],
        ['chat.completion', 1_700_000_000, 107, { name: 'f', arguments: '{"a":1}' }],
      )
      for (const { path, text: part } of answer.parts)
        assert.equal(
          path.reduce<Loose>((at, step) => at[step], body),
          part,
        )
      assert.equal(upstream.calls[0]!.path, '/v1/messages')
    })

    it('reasoning and stop reasons', () => {
      const read = (content: object[], stopReason: string): Loose =>
        adapter.reader!.unary(
          { status: 200, header: () => null, body: Buffer.from(JSON.stringify({ type: 'message', content, stop_reason: stopReason })) },
          target(),
        )
      const thinking = read(
        [
          { type: 'thinking', thinking: 'hm', signature: 's' },
          { type: 'text', text: 'yes' },
        ],
        'end_turn',
      )
      assert.deepEqual(
        [thinking.body.choices[0].message.reasoning_content, thinking.body.choices[0].message.content, thinking.usage],
        ['hm', 'yes', null],
      )
      const reasons = ['end_turn', 'stop_sequence', 'max_tokens', 'tool_use', 'refusal', 'toString'].map(
        (reason) => read([], reason).finishReason,
      )
      assert.deepEqual(reasons, ['stop', 'stop', 'length', 'tool_calls', 'content_filter', 'stop'])
    })

    it('a stream of text, cut anywhere', async () => {
      upstream.next(text('Hello there'), drip('héllo 🙂', 3))
      const { text: said, finishReason, usage, last } = gather(await eventsOf(adapter, target(), stream()))
      assert.deepEqual([said, finishReason, usage.prompt_tokens, usage.completion_tokens, last], ['Hello there', 'stop', 12, 2, 'done'])
      assert.equal(gather(await eventsOf(adapter, target(), stream())).text, 'héllo 🙂')
    })

    it('a stream of parallel tool calls, one without arguments', async () => {
      const empty = [
        event({ type: 'content_block_start', index: 0, content_block: { type: 'tool_use', id: 't9', name: 'h', input: {} } }),
        event({ type: 'content_block_stop', index: 0 }),
      ]
      upstream.next(
        toolCalls({ name: 'f', arguments: '{"a":"0123456789"}' }, { name: 'g', arguments: '{"b":2}' }),
        raw([
          event({ type: 'message_start', message: { id: 'm', model: 'c', usage: { input_tokens: 1, output_tokens: 1 } } }),
          ...empty,
          event({ type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 5 } }),
          event({ type: 'message_stop' }),
        ]),
      )
      const { calls, finishReason } = gather(await eventsOf(adapter, target(), stream()))
      assert.deepEqual(
        [calls, finishReason],
        [
          [
            { id: 'toolu_0', name: 'f', arguments: '{"a":"0123456789"}' },
            { id: 'toolu_1', name: 'g', arguments: '{"b":2}' },
          ],
          'tool_calls',
        ],
      )
      assert.deepEqual(gather(await eventsOf(adapter, target(), stream())).calls, [{ id: 't9', name: 'h', arguments: '{}' }])
    })

    it('thinking, pings and events that nobody knows yet', async () => {
      upstream.next(
        raw([
          event({
            type: 'message_start',
            message: {
              id: 'm',
              model: 'c',
              usage: { input_tokens: 10, cache_read_input_tokens: 5, cache_creation_input_tokens: 3, output_tokens: 1 },
            },
          }),
          event({ type: 'ping' }) + event({ type: 'novelty', x: 1 }),
          event({ type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '' } }),
          event({ type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'hm' } }) +
            event({ type: 'content_block_delta', index: 0, delta: { type: 'signature_delta', signature: 's' } }),
          event({ type: 'content_block_start', index: 1, content_block: { type: 'text', text: '' } }) +
            event({ type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: 'yes' } }),
          event({ type: 'message_delta', delta: { stop_reason: 'max_tokens' }, usage: { output_tokens: 9 } }) +
            event({ type: 'message_stop' }),
        ]),
      )
      const { reasoning, text: said, finishReason, usage } = gather(await eventsOf(adapter, target(), stream()))
      assert.deepEqual([reasoning, said, finishReason], ['hm', 'yes', 'length'])
      assert.deepEqual(
        [usage.prompt_tokens, usage.completion_tokens, usage.prompt_tokens_details],
        [18, 9, { cached_tokens: 5, cache_write_tokens: 3 }],
      )
    })

    for (const [what, behaviour] of [
      ['cut', dieAfter(2)],
      ['closed', endAfter(2)],
    ] as const) {
      it(`a stream that is ${what} after content as connection_lost`, async () => {
        upstream.next(behaviour)
        const { text: said, last } = gather(await eventsOf(adapter, target(), stream()))
        assert.deepEqual([said, last], ['one two ', 'connection_lost'])
      })
    }

    const failures: readonly (readonly [number, string, string, string])[] = [
      [529, 'overloaded_error', '', 'overloaded'],
      [429, 'rate_limit_error', '', 'rate_limited'],
      [401, 'authentication_error', '', 'bad_credentials'],
      [403, 'permission_error', '', 'bad_credentials'],
      [404, 'not_found_error', 'model: claude-9', 'model_missing'],
      [400, 'invalid_request_error', 'prompt is too long: 9 tokens > 8', 'context_too_long'],
      [400, 'invalid_request_error', 'Your credit balance is too low', 'quota_exhausted'],
      [400, 'invalid_request_error', 'messages: bad', 'bad_request'],
      [413, 'request_too_large', '', 'context_too_long'],
      [500, 'api_error', '', 'server_error'],
    ]
    for (const [code, type, message, expected] of failures) {
      it(`${code} ${type} ${message} as ${expected}`, async () => {
        upstream.next(status(code, { code: type, message, headers: { 'retry-after': '4' } }))
        const failure = await failureOf(adapter, target(), chat('hi'))
        assert.deepEqual([failure.class, failure.status, failure.retryAfterMs], [expected, code, 4000])
      })
    }

    it('an error event and malformed answers as failures', async () => {
      upstream.next(errorEvent({ code: 'overloaded_error' }), malformed(), malformed())
      assert.equal((await failureOf(adapter, target(), stream())).class, 'overloaded')
      assert.equal((await failureOf(adapter, target(), stream())).class, 'malformed')
      assert.equal((await failureOf(adapter, target(), chat('hi'))).class, 'malformed')
    })
  })
})
