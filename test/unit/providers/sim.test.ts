// The simulated models: the same answer for the same request, in the exact format, through the real reader.
import assert from 'node:assert/strict'
import { simAdapter } from '../../../plugins/provider.sim/index.ts'
import { tokensOf } from '../../../plugins/provider.sim/tokens.ts'
import { answerOf, call, chat, eventsOf, failureOf, gather, targetOf, type Loose } from './helpers.ts'

const adapter = simAdapter({ tokenMs: 0, slowTokenMs: 60_000 }, () => 1_700_000_000_000)
const target = (model: string): ReturnType<typeof targetOf> => targetOf('sim', null, model)
const says = async (model: string, body: object): Promise<Loose> => (await answerOf(adapter, target(model), body)).body.choices
const TOOLS = [
  {
    type: 'function',
    function: { name: 'find', parameters: { type: 'object', properties: { query: { type: 'string' }, limit: { type: 'integer' } } } },
  },
]

describe('provider.sim', () => {
  it('sim-echo says the last user message again, unary and streamed', async () => {
    const body = {
      model: 'm',
      messages: [
        { role: 'user', content: 'first' },
        { role: 'user', content: [{ type: 'text', text: 'Hällo,  wörld!\n' }] },
        { role: 'assistant', content: 'x' },
      ],
    }
    assert.equal((await says('sim-echo', body))[0].message.content, 'Hällo,  wörld!\n')
    const { text, finishReason, last } = gather(await eventsOf(adapter, target('sim-echo'), { ...body, stream: true }))
    assert.deepEqual([text, finishReason, last], ['Hällo,  wörld!\n', 'stop', 'done'])
  })

  it('sim-chat answers the same prompt with the same prose, another with another', async () => {
    const [first] = await says('sim-chat', chat('What is rain?'))
    assert.deepEqual((await says('sim-chat', chat('What is rain?')))[0], first)
    assert.notEqual((await says('sim-chat', chat('What is snow?')))[0].message.content, first.message.content)
    assert.equal(gather(await eventsOf(adapter, target('sim-chat'), chat('What is rain?', { stream: true }))).text, first.message.content)
    for (let i = 0; i < 200; i++) {
      const { usage } = await answerOf(adapter, target('sim-chat'), chat(`Question ${i}`))
      assert.ok(usage!.completion >= 60 && usage!.completion <= 200, `${usage!.completion} tokens`)
    }
  }).timeout(30_000)

  it('honours max_tokens, n and include_usage, and counts what it said', async () => {
    const answer = await answerOf(adapter, target('sim-chat'), chat('hi there', { max_tokens: 5, n: 2 }))
    const choices = answer.body.choices as Loose[]
    assert.deepEqual([choices.length, choices[0].finish_reason, tokensOf(choices[0].message.content).length], [2, 'length', 5])
    assert.notEqual(choices[0].message.content, choices[1].message.content)
    assert.deepEqual([answer.usage?.prompt, answer.usage?.completion], [2, 10])
    const { usage } = gather(await eventsOf(adapter, target('sim-chat'), chat('hi there', { stream: true, max_tokens: 5 })))
    assert.deepEqual([usage.prompt_tokens, usage.completion_tokens, usage.total_tokens], [2, 5, 7])
  })

  it('calls a tool when it is asked to and the tool is offered', async () => {
    const [given] = await says('sim-chat', chat('call find {"query":"x"}', { tools: TOOLS }))
    assert.deepEqual(
      [given.finish_reason, given.message.content, given.message.tool_calls[0].function],
      ['tool_calls', null, { name: 'find', arguments: '{"query":"x"}' }],
    )
    assert.deepEqual(
      JSON.parse((await says('sim-chat', chat('call find', { tools: TOOLS })))[0].message.tool_calls[0].function.arguments),
      { query: 'sample query', limit: 1 },
    )
    const streamed = gather(await eventsOf(adapter, target('sim-chat'), chat('call find {"query":"x"}', { tools: TOOLS, stream: true })))
    assert.deepEqual(
      [streamed.calls[0]?.name, streamed.calls[0]?.arguments, streamed.finishReason],
      ['find', '{"query":"x"}', 'tool_calls'],
    )
    assert.equal((await says('sim-chat', chat('call other', { tools: TOOLS })))[0].finish_reason, 'stop')
  })

  it('fails as its names say', async () => {
    assert.equal((await failureOf(adapter, target('sim-error-500'), chat('x'))).class, 'server_error')
    const limited = await failureOf(adapter, target('sim-error-429'), chat('x', { stream: true }))
    assert.deepEqual([limited.class, limited.retryAfterMs], ['rate_limited', 1000])
    assert.equal((await failureOf(adapter, target('sim-dies'), chat('x'))).class, 'connection_lost')
    assert.equal((await failureOf(adapter, target('sim-nothing'), chat('x'))).class, 'model_missing')
    const { text, last } = gather(await eventsOf(adapter, target('sim-dies'), chat('x', { stream: true })))
    assert.deepEqual([tokensOf(text).length, last], [8, 'connection_lost'])
  })

  it('stops at once when the client leaves', async () => {
    const client = new AbortController()
    const running = call(adapter, target('sim-slow'), chat('x', { stream: true }), client.signal)
    setImmediate(() => setImmediate(() => client.abort()))
    await assert.rejects(running, /aborted/)
  })

  it('waits when the reader asks for a pause, and loses nothing', async () => {
    const received: string[] = []
    await new Promise<void>((resolve) => {
      const body = Buffer.from(JSON.stringify(chat('a b c d', { stream: true, model: 'sim-echo' })))
      const running = adapter.transport!.send(
        { method: 'POST', url: 'sim:', headers: {}, body },
        {
          onHeaders() {},
          onData(bytes) {
            received.push(bytes.toString())
            const seen = received.length
            setImmediate(() => {
              assert.equal(received.length, seen, 'more came during a pause')
              running.resume()
            })
            return false
          },
          onEnd: resolve,
          onError: assert.fail,
        },
      )
    })
    assert.equal(received.at(-1), 'data: [DONE]\n\n')
    assert.equal(received.length, 7)
  })
})
