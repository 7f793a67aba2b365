// When the client leaves, the upstream connection closes at once, in every phase; and a slow client slows the upstream down.
import assert from 'node:assert/strict'
import { createHttpTransport } from '../../../core/upstream/index.ts'
import {
  chunk,
  makeUpstream,
  plan,
  ROLE,
  sendJson,
  sse,
  startMute,
  startUpstream,
  target,
  WHOLE,
  type TestPlan,
  type TestUpstream,
} from './support.ts'
import type { Dispatched, Upstream } from '../../../core/upstream/port.ts'
import type { StreamEvent } from '../../../core/model/answer.ts'

/** Less than any time limit of the plans here, so that only the client's leaving closes anything. */
const AT_ONCE_MS = 4000

describe('abort', () => {
  let upstream: Upstream
  let server: TestUpstream
  beforeEach(() => {
    upstream = makeUpstream()
  })
  afterEach(async () => {
    await upstream.close()
    await server.stop()
  })

  async function leave(plans: TestPlan, pending: Promise<Dispatched>): Promise<Dispatched> {
    const leftAt = performance.now()
    plans.controller.abort()
    const result = await pending
    assert.ok(performance.now() - leftAt < AT_ONCE_MS, 'the result came too late')
    assert.ok((await server.closed()) - leftAt < AT_ONCE_MS, 'the connection closed too late')
    return result
  }

  /** Resolves when the upstream has seen a request. */
  function whenAsked(answer: Parameters<typeof startUpstream>[0] = () => {}): Promise<void> {
    return new Promise((resolve, reject) => {
      startUpstream((request, response, n) => {
        answer(request, response, n)
        setImmediate(resolve)
      }).then((started) => {
        server = started
        ready()
      }, reject)
    })
  }
  let ready = (): void => {}
  function serving(answer?: Parameters<typeof startUpstream>[0]): Promise<{ asked: Promise<void> }> {
    return new Promise((resolve) => {
      const asked = whenAsked(answer)
      ready = () => resolve({ asked })
    })
  }

  it('closes a connection that is still being opened', async () => {
    server = await startMute()
    // TLS to a server that never answers: connected for TCP, not for us.
    const plans = plan([target(server.url.replace('http:', 'https:'))])
    const pending = upstream.dispatch(plans)
    await new Promise((resolve) => setTimeout(resolve, 30))
    assert.deepEqual(await leave(plans, pending), { kind: 'aborted', dispatched: false })
  })

  it('closes while headers are awaited', async () => {
    const { asked } = await serving()
    const plans = plan([target(server.url)])
    const pending = upstream.dispatch(plans)
    await asked
    assert.deepEqual(await leave(plans, pending), { kind: 'aborted', dispatched: true })
  })

  it('closes while the first token is awaited', async () => {
    const { asked } = await serving((_request, response) => void response.write(sse(ROLE)))
    const plans = plan([target(server.url)], { stream: true })
    const pending = upstream.dispatch(plans)
    await asked
    assert.deepEqual(await leave(plans, pending), { kind: 'aborted', dispatched: true })
    assert.equal(plans.rows.length, 1)
  })

  for (const how of ['the signal', 'the source'] as const) {
    it(`closes in the middle of a stream through ${how}, without another event`, async () => {
      await serving((_request, response) => void response.write(sse(chunk({ content: 'a' }))))
      const plans = plan([target(server.url)], { stream: true })
      const result = (await upstream.dispatch(plans)) as Extract<Dispatched, { kind: 'stream' }>
      const events: StreamEvent[] = []
      result.source.start((batch) => events.push(...batch))
      const leftAt = performance.now()
      if (how === 'the signal') plans.controller.abort()
      else result.source.abort()
      assert.ok((await server.closed()) - leftAt < AT_ONCE_MS)
      assert.deepEqual(
        events.map(({ type }) => type),
        ['chunk'],
      )
    })
  }

  it('makes no call for a client that has left already', async () => {
    server = await startUpstream((_request, response) => sendJson(response, WHOLE))
    const plans = plan([target(server.url)])
    plans.controller.abort()
    assert.deepEqual(await upstream.dispatch(plans), { kind: 'aborted', dispatched: false })
    assert.equal(server.requests.length, 0)
  })

  it('goes on to no other target', async () => {
    const { asked } = await serving()
    const plans = plan([target(server.url), target(server.url)])
    const pending = upstream.dispatch(plans)
    await asked
    await leave(plans, pending)
    assert.equal(server.requests.length, 1)
  })

  it('keeps an aborted call from the connections of others', async () => {
    await upstream.close()
    upstream = makeUpstream({ connections: 1 })
    const { asked } = await serving((_request, response, n) => void (n > 1 && sendJson(response, WHOLE)))
    const [first, second, third] = [plan([target(server.url)]), plan([target(server.url)]), plan([target(server.url)])]
    const pending = [first, second, third].map((one) => upstream.dispatch(one))
    await asked
    second.controller.abort()
    assert.deepEqual(await pending[1], { kind: 'aborted', dispatched: false })
    first.controller.abort()
    assert.equal((await pending[2])!.kind, 'answer')
    assert.equal(server.requests.length, 2)
  })
})

describe('backpressure', () => {
  it('stops reading while the client does not, and goes on afterwards', async () => {
    const total = 16 * 1024 * 1024
    const piece = sse(chunk({ content: 'x'.repeat(32 * 1024) }))
    let written = 0
    const server = await startUpstream((_request, response) => {
      const more = (): void => {
        while (written < total) {
          written += piece.length
          if (!response.write(piece)) return
        }
        response.end(sse('[DONE]'))
      }
      response.on('drain', more)
      more()
    })
    const upstream = makeUpstream()
    try {
      const result = (await upstream.dispatch(plan([target(server.url, { idleMs: 1000 })], { stream: true }))) as Extract<
        Dispatched,
        { kind: 'stream' }
      >
      let received = 0
      let onLast = (_event: StreamEvent): void => {}
      const last = new Promise<StreamEvent>((resolve) => (onLast = resolve))
      result.source.start((events) => {
        received += events.length
        if (received === 1) result.source.pause()
        if (events.at(-1)!.type !== 'chunk') onLast(events.at(-1)!)
      })
      result.source.pause()
      // Longer than the provider may be silent: our own pause is not its silence.
      await new Promise((resolve) => setTimeout(resolve, 1200))
      const whilePaused = written
      assert.ok(whilePaused < total * 0.75, `the upstream got rid of ${whilePaused} bytes although nobody read`)
      result.source.resume()
      assert.equal((await last).type, 'done')
      assert.equal(received, Math.ceil(total / piece.length) + 1)
    } finally {
      await upstream.close()
      await server.stop()
    }
  })
})

describe('connections', () => {
  it('are kept and used again', async () => {
    const server = await startUpstream((_request, response) => sendJson(response, WHOLE))
    const upstream = makeUpstream()
    try {
      for (let i = 0; i < 3; i++) assert.equal((await upstream.dispatch(plan([target(server.url)]))).kind, 'answer')
      assert.equal(new Set(server.requests.map(({ socket }) => socket.remotePort)).size, 1)
    } finally {
      await upstream.close()
      await server.stop()
    }
  })

  it('time out when they do not come about', async () => {
    const server = await startMute()
    const transport = createHttpTransport()
    try {
      const error = await new Promise<Error>((resolve) => {
        const call = { method: 'POST', url: server.url.replace('http:', 'https:'), headers: {}, body: Buffer.from('{}') } as const
        const sink = { onHeaders() {}, onData: () => true, onEnd() {}, onError: resolve }
        transport.send(call, sink, { connectMs: 50, firstTokenMs: 1000, idleMs: 1000, totalMs: 1000 })
      })
      assert.match(error.message, /connectMs/)
    } finally {
      await transport.close()
      await server.stop()
    }
  })
})
