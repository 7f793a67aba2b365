// The OpenAI provider against a real server on loopback: what leaves, and what comes back when things go wrong.
import assert from 'node:assert/strict'
import { openAiAdapter } from '../../../plugins/provider.openai/index.ts'
import { answerOf, call, chat, eventsOf, failureOf, gather, render, targetOf } from './helpers.ts'
import {
  closedPort,
  dieAfter,
  dieBeforeContent,
  die,
  drip,
  endAfter,
  errorEvent,
  garbage,
  hangAfter,
  malformed,
  oddButLegal,
  startUpstream,
  status,
  text,
  toolCalls,
  type UpstreamServer,
} from '../../support/upstream/index.ts'

describe('provider.openai', () => {
  let upstream: UpstreamServer
  before(async () => void (upstream = await startUpstream()))
  after(() => upstream.close())
  beforeEach(() => upstream.reset())
  const target = (): ReturnType<typeof targetOf> => targetOf('openai', `${upstream.url}/v1`, 'gpt-up')
  const stream = (rest: object = {}): object => chat('hi', { stream: true, ...rest })

  describe('sends', () => {
    const bytesOf = (body: object, params = {}): string =>
      openAiAdapter.prepare(render(body, {}, params), targetOf('openai', null, 'up'), 'k').body.toString()

    it("the client's bytes with nothing but the model changed", () => {
      assert.equal(
        bytesOf({ model: 'ours', messages: [{ role: 'user', content: 'é' }], seed: 1 }),
        '{"model":"up","messages":[{"role":"user","content":"é"}],"seed":1}',
      )
      const same = render({ model: 'up', messages: [{ role: 'user', content: 'x' }] })
      assert.equal(openAiAdapter.prepare(same, targetOf('openai', null, 'up'), 'k').body, same.bytes({}))
    })

    it('the wish for usage with every stream, also where the client has options of its own', () => {
      assert.deepEqual(JSON.parse(bytesOf(stream())).stream_options, { include_usage: true })
      assert.deepEqual(
        JSON.parse(bytesOf(stream({ stream_options: { include_usage: false, include_obfuscation: false } }))).stream_options,
        { include_usage: true, include_obfuscation: false },
      )
      assert.equal(JSON.parse(bytesOf(chat('hi'))).stream_options, undefined)
    })

    it('one output bound, the smaller, when a policy added the other', () => {
      const { max_tokens: older, max_completion_tokens: newer } = JSON.parse(
        bytesOf(chat('x', { max_tokens: 50 }), { max_completion_tokens: 20 }),
      )
      assert.deepEqual([older, newer], [undefined, 20])
    })

    it('the credential, and of other headers only those that are allowed', () => {
      const headers = {
        'OpenAI-Organization': 'org',
        'x-team': 'red',
        authorization: 'Bearer stolen',
        cookie: 'c',
        host: 'h',
        'x-forwarded-for': '1.1.1.1',
        'x-api-key': 'k',
        connection: 'close',
      }
      const prepared = openAiAdapter.prepare(render(chat('x'), headers), targetOf('openai', null, 'up'), 'cred')
      assert.equal(prepared.url, 'https://api.openai.com/v1/chat/completions')
      assert.deepEqual(prepared.headers, {
        'content-type': 'application/json',
        accept: 'application/json',
        'accept-encoding': 'identity',
        'user-agent': 'sallyport',
        'openai-organization': 'org',
        'x-team': 'red',
        authorization: 'Bearer cred',
      })
    })
  })

  it('answers unary and passes the bytes on', async () => {
    upstream.next(text('Hello there'))
    const answer = await answerOf(openAiAdapter, target(), chat('hi'))
    assert.deepEqual(
      answer.parts.map((part) => part.text),
      ['Hello there'],
    )
    assert.deepEqual([answer.usage?.prompt, answer.raw !== null], [12, true])
    const { path, headers, model } = upstream.calls[0]!
    assert.deepEqual([path, headers.authorization, model], ['/v1/chat/completions', 'Bearer secret-credential', 'gpt-up'])
  })

  it('streams text, tool calls and usage', async () => {
    upstream.next(text('Hello there'), toolCalls({ name: 'f', arguments: '{"a":1}' }, { name: 'g', arguments: '{}' }))
    const first = gather(await eventsOf(openAiAdapter, target(), stream()))
    assert.deepEqual([first.text, first.finishReason, first.usage.prompt_tokens, first.last], ['Hello there', 'stop', 12, 'done'])
    const second = gather(await eventsOf(openAiAdapter, target(), stream()))
    assert.deepEqual(
      second.calls.map(({ name, arguments: source }) => [name, source]),
      [
        ['f', '{"a":1}'],
        ['g', '{}'],
      ],
    )
  })

  it('reads odd but legal streams, whatever they are cut through', async () => {
    upstream.next(oddButLegal('héllo wörld'), drip('héllo wörld 🙂', 1))
    assert.deepEqual(gather(await eventsOf(openAiAdapter, target(), stream())).text, 'héllo wörld')
    const dripped = gather(await eventsOf(openAiAdapter, target(), stream()))
    assert.deepEqual([dripped.text, dripped.last], ['héllo wörld 🙂', 'done'])
  })

  const failures: readonly (readonly [string, ReturnType<typeof status>, boolean, string])[] = [
    ['500', status(500), false, 'server_error'],
    ['429', status(429, { code: 'rate_limit_exceeded', headers: { 'retry-after': '2' } }), false, 'rate_limited'],
    ['a quota that is used up', status(429, { code: 'insufficient_quota' }), true, 'quota_exhausted'],
    ['a cut before the header', die(), false, 'connection_lost'],
    ['a unary answer cut short', dieBeforeContent(), false, 'connection_lost'],
    ['a stream cut before content', dieBeforeContent(), true, 'connection_lost'],
    ['a stream that ends before content', endAfter(0), true, 'connection_lost'],
    ['a stream whose first event is an error', errorEvent({ code: 'server_error' }), true, 'server_error'],
    ['malformed JSON', malformed(), false, 'malformed'],
    ['malformed JSON in a stream', malformed(), true, 'malformed'],
    ['garbage', garbage(), false, 'malformed'],
    ['a stream of garbage', garbage(), true, 'connection_lost'],
  ]
  for (const [what, behaviour, isStream, expected] of failures) {
    it(`${what} is ${expected}`, async () => {
      upstream.next(behaviour)
      assert.equal((await failureOf(openAiAdapter, target(), isStream ? stream() : chat('hi'))).class, expected)
    })
  }

  it('a refused connection is connect_failed', async () => {
    assert.equal((await failureOf(openAiAdapter, targetOf('openai', `${await closedPort()}/v1`, 'm'), chat('hi'))).class, 'connect_failed')
  })

  for (const [what, behaviour] of [
    ['cut', dieAfter(2)],
    ['closed', endAfter(2)],
  ] as const) {
    it(`a stream that is ${what} after content ends with connection_lost and never with done`, async () => {
      upstream.next(behaviour)
      const { text: said, last } = gather(await eventsOf(openAiAdapter, target(), stream()))
      assert.deepEqual([said, last], ['one two ', 'connection_lost'])
    })
  }

  it('closes the connection when the client leaves in the middle of a stream', async () => {
    upstream.next(hangAfter(2))
    const client = new AbortController()
    const running = call(openAiAdapter, target(), stream(), client.signal).catch(() => {})
    const received = await upstream.call(0)
    setImmediate(() => client.abort())
    assert.equal(await received.closed, 'client_left')
    await running
  })
})
