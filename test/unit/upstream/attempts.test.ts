// The loop over targets: one committed answer, whatever goes wrong before it.
import assert from 'node:assert/strict'
import { GatewayError } from '../../../core/errors/gateway-error.ts'
import {
  goOn,
  makeUpstream,
  plan,
  ROLE,
  chunk,
  sendJson,
  sse,
  startMute,
  startUpstream,
  target,
  WHOLE,
  type TestUpstream,
  adapter,
} from './support.ts'
import type { Dispatched, StreamSource, Upstream } from '../../../core/upstream/port.ts'
import type { StreamEvent } from '../../../core/model/answer.ts'

type Answering = Parameters<typeof startUpstream>[0]

describe('attempt loop', () => {
  const servers: TestUpstream[] = []
  let upstream: Upstream
  beforeEach(() => {
    upstream = makeUpstream()
  })
  afterEach(async () => {
    await upstream.close()
    await Promise.all(servers.splice(0).map((server) => server.stop()))
  })

  async function serve(answer: Answering): Promise<TestUpstream> {
    const server = await startUpstream(answer)
    servers.push(server)
    return server
  }
  const serveWhole = (): Promise<TestUpstream> => serve((_request, response) => sendJson(response, WHOLE))
  const serveStream = (...bodies: Parameters<typeof sse>): Promise<TestUpstream> =>
    serve((_request, response) => void response.end(sse(...bodies)))

  it('returns a whole answer with the target that gave it', async () => {
    const server = await serveWhole()
    const plans = plan([target(server.url)])
    const result = await upstream.dispatch(plans)
    assert.equal(result.kind, 'answer')
    assert.deepEqual((result as Extract<Dispatched, { kind: 'answer' }>).answer.body, WHOLE)
    assert.deepEqual(
      plans.rows.map(({ n, kind, status, failure }) => ({ n, kind, status, failure })),
      [{ n: 1, kind: 'first', status: 200, failure: null }],
    )
    assert.equal(plans.rows[0]!.upstreamRequestId, 'up-1')
  })

  const faults: [string, Answering, string][] = [
    ['answers 500', (_request, response) => sendJson(response, { error: {} }, 500), 'server_error'],
    ['says nothing in time', () => {}, 'first_token_timeout'],
    ['hangs up', (request) => void request.socket.destroy(), 'connection_lost'],
    [
      'breaks off in the middle of a body',
      (_request, response) => void response.writeHead(200, { 'content-length': 1000 }).write('{', () => response.destroy()),
      'connection_lost',
    ],
    ['answers something else than JSON', (_request, response) => void response.end('<html>'), 'malformed'],
  ]
  for (const [what, answer, failureClass] of faults) {
    it(`answers from the secondary, once, when the primary ${what}`, async () => {
      const [primary, secondary] = [await serve(answer), await serveWhole()]
      const plans = plan([target(primary.url, { firstTokenMs: 500 }), target(secondary.url, {}, 'two')])
      const result = await upstream.dispatch(plans)
      assert.equal(result.kind, 'answer')
      assert.equal((result as Extract<Dispatched, { kind: 'answer' }>).target.provider.name, 'two')
      assert.deepEqual(
        plans.rows.map(({ kind, failure }) => [kind, failure?.class]),
        [
          ['first', failureClass],
          ['failover', undefined],
        ],
      )
      assert.equal(primary.requests.length + secondary.requests.length, 2)
    })
  }

  it('names the reason when nothing listens', async () => {
    const server = await startMute()
    await server.stop()
    const result = await upstream.dispatch(plan([target(server.url)]))
    assert.equal(result.kind === 'failed' && result.failure.class, 'connect_failed')
    assert.equal(result.kind === 'failed' && result.dispatched, false)
  })

  const earlyDeaths: [string, Answering, string][] = [
    [
      'an error is the first event',
      (_request, response) => void response.end(sse(ROLE, { error: { message: 'overloaded' } })),
      'overloaded',
    ],
    [
      'the connection dies before content',
      (_request, response) => void response.write(sse(ROLE), () => response.destroy()),
      'connection_lost',
    ],
    ['the stream ends before content', (_request, response) => void response.end(sse(ROLE)), 'connection_lost'],
    ['the stream is done before content', (_request, response) => void response.end(sse(ROLE, '[DONE]')), 'malformed'],
    ['only the role comes in time', (_request, response) => void response.write(sse(ROLE)), 'first_token_timeout'],
  ]
  for (const [what, answer, failureClass] of earlyDeaths) {
    it(`streams from the secondary when ${what}`, async () => {
      const [primary, secondary] = [await serve(answer), await serveStream(ROLE, chunk({ content: 'hi' }), chunk({}, 'stop'), '[DONE]')]
      const plans = plan([target(primary.url, { firstTokenMs: 500 }), target(secondary.url)], { stream: true })
      const result = await upstream.dispatch(plans)
      assert.equal(plans.rows[0]!.failure?.class, failureClass)
      const events = await collect(result)
      assert.deepEqual(
        events.map(({ type }) => type),
        ['chunk', 'chunk', 'chunk', 'done'],
      )
    })
  }

  it('delivers what came before the first content first', async () => {
    const server = await serveStream(ROLE, chunk({ content: 'a' }), chunk({ content: 'b' }), chunk({}, 'stop'), '[DONE]')
    const events = await collect(await upstream.dispatch(plan([target(server.url)], { stream: true })))
    assert.deepEqual(
      events.map((event) => (event.type === 'chunk' ? event.body : event.type)),
      [ROLE, chunk({ content: 'a' }), chunk({ content: 'b' }), chunk({}, 'stop'), 'done'],
    )
  })

  it('takes an answer without text for an answer', async () => {
    const server = await serveStream(ROLE, chunk({}, 'stop'), '[DONE]')
    const events = await collect(await upstream.dispatch(plan([target(server.url)], { stream: true })))
    assert.equal(events.at(-1)!.type, 'done')
  })

  it('ends a stream that dies after content with an error, and asks nobody else', async () => {
    const dying = await serve(
      (_request, response) => void response.write(sse(chunk({ content: 'a' })), () => setImmediate(() => response.destroy())),
    )
    const other = await serveStream(chunk({ content: 'b' }), '[DONE]')
    const events = await collect(await upstream.dispatch(plan([target(dying.url), target(other.url)], { stream: true })))
    assert.deepEqual(
      events.map((event) => (event.type === 'error' ? event.failure.class : event.type)),
      ['chunk', 'connection_lost'],
    )
    assert.equal(other.requests.length, 0)
  })

  it('ends a stream that falls silent after content with an error, and hangs up', async () => {
    const server = await serve((_request, response) => void response.write(sse(chunk({ content: 'a' }))))
    const events = await collect(await upstream.dispatch(plan([target(server.url, { idleMs: 50 })], { stream: true })))
    assert.deepEqual(
      events.map((event) => (event.type === 'error' ? event.failure.class : event.type)),
      ['chunk', 'idle_timeout'],
    )
    await server.closed()
  })

  it('passes nothing on after the last event', async () => {
    const server = await serveStream(chunk({ content: 'a' }), '[DONE]', chunk({ content: 'late' }))
    const events = await collect(await upstream.dispatch(plan([target(server.url)], { stream: true })))
    assert.deepEqual(
      events.map(({ type }) => type),
      ['chunk', 'done'],
    )
  })

  it('keeps the total time also while the answer flows', async () => {
    const server = await serve((_request, response) => {
      response.write(sse(chunk({ content: 'a' })))
      const timer = setInterval(() => response.write(sse(chunk({ content: 'a' }))), 10)
      response.on('close', () => clearInterval(timer))
    })
    const events = await collect(await upstream.dispatch(plan([target(server.url, { totalMs: 500 })], { stream: true })))
    const last = events.at(-1)!
    assert.equal(last.type === 'error' && last.failure.class, 'total_timeout')
  })

  it('does not go on without a hook that says so', async () => {
    const [primary, secondary] = [await serve((_request, response) => sendJson(response, {}, 500)), await serveWhole()]
    const result = await upstream.dispatch(plan([target(primary.url), target(secondary.url)], { around: [] }))
    assert.equal(result.kind, 'failed')
    assert.equal(secondary.requests.length, 0)
  })

  it('never makes more calls than the plan allows', async () => {
    const server = await serve((_request, response) => sendJson(response, {}, 500))
    const plans = plan([target(server.url), target(server.url), target(server.url)], { maxAttempts: 2 })
    const result = await upstream.dispatch(plans)
    assert.equal(result.kind === 'failed' && result.failure.class, 'server_error')
    assert.equal(server.requests.length, 2)
  })

  it('refuses a second call after the commit', async () => {
    const server = await serveWhole()
    const greedy = async (_attempt: unknown, next: (kind: 'first' | 'retry') => Promise<{ ok: true }>): Promise<{ ok: true }> => {
      await next('first')
      return next('retry')
    }
    await assert.rejects(upstream.dispatch(plan([target(server.url)], { around: [greedy as never] })), /after the answer was committed/)
    assert.equal(server.requests.length, 1)
  })

  it('says that every breaker was open', async () => {
    const open = async (): Promise<never> => ({ ok: false, failure: { class: 'breaker_open' }, tryNext: true }) as never
    const result = await upstream.dispatch(plan([target('http://127.0.0.1:9'), target('http://127.0.0.1:9')], { around: [open] }))
    assert.equal(result.kind === 'failed' && result.allOpen, true)
    assert.equal(result.kind === 'failed' && result.dispatched, false)
  })

  it('reports the real failure when other targets were kept away', async () => {
    const server = await serve((_request, response) => sendJson(response, {}, 500))
    const hook = async (attempt: { position: number }, next: Parameters<typeof goOn>[1]): Promise<never> =>
      (attempt.position === 0 ? goOn(attempt as never, next) : { ok: false, failure: { class: 'breaker_open' }, tryNext: true }) as never
    const result = await upstream.dispatch(plan([target(server.url), target(server.url)], { around: [hook] }))
    assert.equal(result.kind === 'failed' && result.failure.class, 'server_error')
    assert.equal(result.kind === 'failed' && result.allOpen, false)
  })

  it('names a missing credential and calls nobody', async () => {
    const server = await serveWhole()
    const without = makeUpstream({
      credential: () => {
        throw new GatewayError('no_providers_available', { message: 'the environment variable SOME_KEY is not set' })
      },
    })
    const plans = plan([target(server.url)])
    const result = await without.dispatch(plans)
    assert.equal(result.kind === 'failed' && result.failure.class, 'bad_credentials')
    assert.match(result.kind === 'failed' ? result.failure.message : '', /SOME_KEY/)
    assert.deepEqual([server.requests.length, plans.rows.length], [0, 0])
    const demanding = makeUpstream({ adapters: new Map([['test', { ...adapter, needsCredential: true }]]) })
    assert.equal(
      ((await demanding.dispatch(plan([target(server.url)]))) as { failure: { class: string } }).failure.class,
      'bad_credentials',
    )
  })

  it('takes an answer in an encoding nobody asked for as malformed', async () => {
    const server = await serve((_request, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'))
    const result = await upstream.dispatch(plan([target(server.url)]))
    assert.equal(result.kind === 'failed' && result.failure.class, 'malformed')
  })

  it('bounds the size of a unary answer', async () => {
    const megabyte = Buffer.alloc(1024 * 1024, 32)
    const server = await serve((_request, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(megabyte));
      }
      response.on('drain', more)
      more()
    })
    const result = await upstream.dispatch(plan([target(server.url)]))
    assert.equal(result.kind === 'failed' && result.failure.class, 'malformed')
    await server.closed()
  })
})

/** Starts the stream and resolves with all events once the last one has come. */
function collect(result: Dispatched): Promise<StreamEvent[]> {
  assert.equal(result.kind, 'stream')
  const source: StreamSource = (result as Extract<Dispatched, { kind: 'stream' }>).source
  return new Promise((resolve) => {
    const all: StreamEvent[] = []
    source.start((events) => {
      all.push(...events)
      if (events.at(-1)!.type !== 'chunk') resolve(all)
    })
  })
}
