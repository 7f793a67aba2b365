// Hostile HTTP from clients, on raw sockets where `fetch` would be too polite: what is no request gets no further, and what is one is read once.
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { baseConfig, eventually, startGateway, type RunningGateway } from '../support/gateway.ts'
import { answerText, errorCode, postChat, user } from '../support/chat.ts'
import { startUpstream, text, type UpstreamServer } from '../support/upstream/index.ts'

const BODY = JSON.stringify({ model: 'gpt-test', messages: [{ role: 'user', content: 'hello' }] })
/** Long enough for eight megabytes on a busy machine. */
const RECEIVE_MS = 2000

describe('a hostile client', function () {
  this.timeout(120_000)
  let upstream: UpstreamServer
  let gateway: RunningGateway
  let key: string

  before(async () => {
    upstream = await startUpstream()
    const base = baseConfig(upstream.url)
    const named = { name: 'modell-ü-日本', targets: [{ provider: 'primary', model: 'gpt-upstream' }] }
    gateway = await startGateway({
      config: { ...base, server: { port: 0, receiveTimeoutMs: RECEIVE_MS }, models: [...(base.models as object[]), named] },
    })
    key = await gateway.key()
  })
  beforeEach(() => upstream.reset())
  after(async () => {
    await gateway.remove()
    await upstream.close()
  })

  /** A request in bytes; `head` comes behind the usual headers, `body` without a length of its own if `head` says one. */
  const request = (line = 'POST /v1/chat/completions HTTP/1.1', head = '', body = BODY): string =>
    `${line}\r\nhost: x\r\nauthorization: Bearer ${key}\r\n${head}` +
    (/content-length|transfer-encoding/i.test(head) ? '' : `content-length: ${Buffer.byteLength(body)}\r\n`) +
    `\r\n${body}`

  /** Sends bytes and gives the statuses that came back, until the gateway closes or `count` answers are there. */
  function statuses(bytes: string, count = 1): Promise<number[]> {
    return new Promise((resolve) => {
      const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1')
      let out = ''
      const seen = (): number[] => [...out.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))
      socket.setEncoding('latin1')
      socket.on('data', (data: string) => {
        out += data
        if (seen().filter((status) => status !== 100).length >= count) socket.end()
      })
      socket.on('error', () => {})
      socket.on('close', () => resolve(seen()))
      socket.write(bytes, 'latin1')
    })
  }

  describe('cannot smuggle a request', () => {
    const chunked = `${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`
    const hidden = `0\r\n\r\n${'GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n'}`
    const shapes: [string, () => string][] = [
      ['two lengths', () => request(undefined, 'content-length: 5\r\ncontent-length: 6\r\n')],
      ['length and chunks', () => request(undefined, `transfer-encoding: chunked\r\ncontent-length: ${hidden.length}\r\n`, hidden)],
      ['an unknown transfer encoding', () => request(undefined, 'transfer-encoding: xchunked\r\n', chunked)],
      ['a transfer encoding that nobody undoes', () => request(undefined, 'transfer-encoding: gzip, chunked\r\n', chunked)],
      ['a length that is no number', () => request(undefined, 'content-length: +77\r\n')],
      ['lines that end with LF alone', () => request().replaceAll('\r\n', '\n')],
      ['a folded header', () => request(undefined, 'x-a: b\r\n c\r\n')],
      ['a space before the colon', () => request(undefined, 'x-sallyport-user : root\r\n')],
    ]
    for (const [title, bytes] of shapes) {
      it(`with ${title}`, async () => {
        assert.deepEqual(await statuses(bytes()), [400])
        assert.equal(upstream.calls.length, 0)
      })
    }
    it('behind an error on the same connection: the next request is read from its own beginning', async () => {
      const bad = [request(undefined, '', '{'), request(undefined, 'content-encoding: gzip\r\n'), request().replace('Bearer ', 'Bearer x')]
      for (const first of bad) {
        const [error, answer] = await statuses(first + request(), 2)
        assert.ok(error === 400 || error === 401, String(error))
        assert.equal(answer, 200)
      }
      assert.equal(upstream.calls.length, bad.length)
    })
  })

  it('gets pipelined answers in the order of its requests', async () => {
    upstream.next(text('slow', { delayMs: 40 }), text('fast'))
    assert.deepEqual(await statuses(request() + request(undefined, '', '{') + request(), 3), [200, 400, 200])
  })

  it('may write the whole URL, as the RFC says, and no other spelling of the path', async () => {
    assert.deepEqual(await statuses(request('POST http://elsewhere.example/v1/chat/completions?a=b HTTP/1.1')), [200])
    for (const path of [
      '//v1/chat/completions',
      '/v1/%63hat/completions',
      '/v1/chat%2Fcompletions',
      '/v1/./chat/completions',
      '/V1/chat/completions',
    ])
      assert.deepEqual(await statuses(request(`POST ${path} HTTP/1.1`)), [404], path)
    for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH'])
      assert.deepEqual(await statuses(request(`${method} /v1/chat/completions HTTP/1.1`)), [404], method)
    assert.equal(upstream.calls.length, 1)
  })

  it('is told to go on when it asks first, and nothing else when it expects what nobody knows', async () => {
    assert.deepEqual(await statuses(request(undefined, 'expect: 100-continue\r\n')), [100, 200])
    assert.deepEqual(await statuses(request(undefined, 'expect: 200-ok\r\n')), [417])
  })

  it('is bounded in headers', async () => {
    assert.deepEqual(await statuses(request(undefined, `x-a: ${'a'.repeat(20_000)}\r\n`)), [431])
  })

  it('opens no tunnel', async () => {
    assert.deepEqual(await statuses(request('CONNECT 127.0.0.1:22 HTTP/1.1')), [])
  })

  it('is judged by the first of two credentials, and by one alone', async () => {
    assert.deepEqual(await statuses(request(undefined, 'authorization: Bearer sp_live_other\r\n')), [200])
    assert.deepEqual(await statuses(request().replace('authorization: ', 'authorization: Bearer sp_live_wrong\r\nauthorization: ')), [401])
  })

  it('holds no connection by sending slowly: header, body, chunks, nothing at all', async () => {
    const starts: [string, string][] = [
      ['POST /v1/chat/completions HTTP/1.1\r\nx-a: ', 'a'],
      [request(undefined, 'content-length: 100000\r\n', ''), ' '],
      [request(undefined, 'transfer-encoding: chunked\r\n', ''), '1\r\n \r\n'],
      [request('POST /v1/nonsense HTTP/1.1', 'content-length: 100000\r\n', ''), ' '],
      ['', ''],
    ]
    const ended = starts.map(
      ([first, more]) =>
        new Promise<void>((resolve) => {
          const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1', () => socket.write(first))
          const drip = setInterval(() => socket.write(more), 40)
          socket.on('error', () => {})
          socket.resume().on('close', () => resolve(clearInterval(drip)))
        }),
    )
    await Promise.all(ended)
    assert.equal(upstream.calls.length, 0)
  })

  it('reads its answer where the body was not read, also outside the governed endpoints', async () => {
    for (let round = 0; round < 8; round++) {
      const response = await fetch(`${gateway.url}/v1/nonsense`, { method: 'POST', body: Buffer.alloc(8 << 20) })
      assert.equal(await errorCode(response), 'unknown_endpoint')
    }
  })

  it('ends its exchange when it closes its half of the connection', async () => {
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1', () => socket.end(request()))
    await new Promise((resolve) => socket.resume().on('close', resolve))
    assert.equal((await postChat(gateway, key, user('next'))).status, 200)
  })

  it('gets names of models in headers that are ASCII, whatever the model is called', async () => {
    const response = await postChat(gateway, key, { model: 'modell-ü-日本' })
    assert.equal(response.status, 200)
    assert.equal(decodeURIComponent(response.headers.get('x-sallyport-model')!), 'modell-ü-日本')
  })

  it('injects nothing through what is reflected', async () => {
    const name = 'nope\r\nx-injected: 1\u0000日本\ud800'
    const response = await postChat(gateway, key, { model: name })
    assert.equal(await errorCode(response), 'model_not_found')
    assert.equal(response.headers.get('x-injected'), null)
    const feature = `x-sallyport-feature: caf\xe9 "\t\xff\r\ntraceparent: 00-\xff\r\nx-request-id: a\xff\r\n`
    assert.deepEqual(await statuses(request(undefined, feature)), [403])
    assert.deepEqual(await statuses(request(undefined, 'x-sallyport-session: \xe9\xff\r\nuser-agent: \xff\xfe\r\n')), [200])
  })

  it('finds no prototype behind `__proto__` and `constructor`, wherever they stand', async () => {
    const bodies = [
      '{"model":"__proto__","messages":[{"role":"user","content":"a"}]}',
      '{"model":"constructor","messages":[{"role":"user","content":"a"}]}',
      '{"model":"gpt-test","messages":[{"role":"__proto__","content":"a","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}]}',
      '{"model":"gpt-test","metadata":{"__proto__":"x","constructor":"y"},"stream_options":{"__proto__":{"include_usage":true}},"messages":[{"role":"user","content":"a"}]}',
      '{"model":"gpt-test","tools":[{"type":"function","function":{"name":"__proto__","parameters":{"__proto__":{"type":"object"}}}}],"tool_choice":{"__proto__":1},"messages":[{"role":"user","content":"a"}]}',
      '{"model":"gpt-test","messages":[{"role":"user","content":[{"type":"constructor","constructor":"x"},{"type":"__proto__","__proto__":"y"}]}]}',
    ]
    const metadata = { 'x-sallyport-metadata': '{"__proto__":{"polluted":1},"constructor":1,"toString":null,"hasOwnProperty":null}' }
    for (const body of bodies) {
      const response = await fetch(`${gateway.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, ...metadata },
        body,
      })
      assert.ok([200, 400, 403, 404].includes(response.status), `${response.status} ${await response.text()}`)
    }
    const headers = { 'x-sallyport-feature': '__proto__', 'x-sallyport-user': 'constructor', 'x-sallyport-session': '__proto__' }
    assert.equal(await errorCode(await postChat(gateway, key, {}, { headers })), 'feature_not_enabled')
    assert.equal(await answerText(await postChat(gateway, key, user('still clean'))), 'Hello from the mock upstream.')
  })

  it('answers requests of many messages, parts, tools, findings, members', async () => {
    const many = (one: (i: number) => unknown, length = 15_000): unknown[] => Array.from({ length }, (_, i) => one(i))
    const bodies: [string, object][] = [
      ['messages', { messages: many((i) => ({ role: 'user', content: `message ${i}` })) }],
      ['parts', { messages: [{ role: 'user', content: many((i) => ({ type: 'text', text: `part ${i}` })) }] }],
      ['tools', { tools: many((i) => ({ type: 'function', function: { name: `f${i}` } })) }],
      ['members', Object.fromEntries(many((i) => [`x${i}`, i]) as [string, number][])],
      ['findings in one text', user(many((i) => `a${i}@b.com`, 120_000).join(' '))],
    ]
    for (const [title, body] of bodies) {
      assert.equal((await postChat(gateway, key, body)).status, 200, title)
    }
  })

  it('leaves nothing behind', async () => {
    await eventually(async (saw) => /\n\S*in_flight\S* 0\n/.test(saw(await (await fetch(`${gateway.url}/metrics`)).text())))
    assert.doesNotMatch(gateway.output(), /"level":"(error|fatal)"/)
  })
})
