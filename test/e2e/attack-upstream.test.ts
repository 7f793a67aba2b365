// Upstreams that lie: their bytes are untrusted input, and what they say never holds what we must keep.
import assert from 'node:assert/strict'
import { gzipSync } from 'node:zlib'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import { baseConfig, startGateway, type RunningGateway } from '../support/gateway.ts'
import { filesBelow } from '../support/files.ts'
import { answerText, errorCode, postChat, readStream } from '../support/chat.ts'
import { chunks, raw, startUpstream, status, type Behaviour, type UpstreamServer } from '../support/upstream/index.ts'

/** Looks like no key that a pattern would know. */
const CREDENTIAL = 'Zq9-wonderful+secret/value=='
const ANSWER = answerWith({})

function answerWith(members: object): string {
  const choices = [{ index: 0, message: { role: 'assistant', content: 'fine' }, finish_reason: 'stop' }]
  return JSON.stringify({
    id: 'x',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices,
    usage: { prompt_tokens: 3, completion_tokens: 2 },
    ...members,
  })
}

describe('a hostile upstream', function () {
  this.timeout(120_000)
  let upstream: UpstreamServer
  let bytes: RawUpstream
  let gateway: RunningGateway
  let key: string

  before(async () => {
    upstream = await startUpstream()
    bytes = await startRawUpstream()
    const base = baseConfig(upstream.url)
    const provider = { zone: 'us', credential: { env: 'TEST_UPSTREAM_KEY' } }
    const timeouts = { firstTokenMs: 3000, idleMs: 3000, totalMs: 3000 }
    gateway = await startGateway({
      config: {
        ...base,
        providers: [
          ...(base.providers as object[]),
          { name: 'bytes', type: 'openai', endpoint: `${bytes.url}/v1`, timeouts, ...provider },
          { name: 'claude', type: 'anthropic', endpoint: `${upstream.url}/v1`, ...provider },
        ],
        models: [
          ...(base.models as object[]),
          { name: 'bytes', targets: [{ provider: 'bytes', model: 'm' }] },
          { name: 'claude', targets: [{ provider: 'claude', model: 'm' }] },
        ],
        plugins: { failover: { attempts: 1, breaker: { minRequests: 100_000 } } },
      },
      env: { TEST_UPSTREAM_KEY: CREDENTIAL },
    })
    key = await gateway.key()
  })
  beforeEach(() => upstream.reset())
  after(async () => {
    await gateway.remove()
    await upstream.close()
    await bytes.close()
  })

  const ask = (behaviour: Behaviour, body: object = {}): Promise<Response> => {
    upstream.next(behaviour)
    return postChat(gateway, key, body)
  }
  const askRaw = (answer: readonly string[], body: object = {}, ending: 'end' | 'open' = 'end'): Promise<Response> => {
    bytes.answer(answer, ending)
    return postChat(gateway, key, { model: 'bytes', ...body })
  }

  it('gives our credential to nobody, in whatever way it repeats it', async () => {
    const message = `the key ${CREDENTIAL} is wrong`
    const cut = [940, 970, 990, 1960, 1980].map((length) => `${'no '.repeat(length / 3)}${CREDENTIAL}`)
    const encoded = `${encodeURIComponent(CREDENTIAL)} ${Buffer.from(CREDENTIAL).toString('base64')}`
    const event = `data: ${JSON.stringify({ error: { message, code: 'context_length_exceeded' } })}\n\n`
    const content = 'data: {"choices":[{"index":0,"delta":{"content":"well, that is all."}}]}\n\n'
    const anthropic = `event: error\ndata: ${JSON.stringify({ type: 'error', error: { type: 'invalid_request_error', message } })}\n\n`
    const calls: [Behaviour, object?][] = [
      ...[400, 401, 403, 404, 409, 413, 418, 422, 429, 500, 503].map((code): [Behaviour] => [
        status(code, { message, headers: { 'x-request-id': CREDENTIAL } }),
      ]),
      ...cut.map((text): [Behaviour] => [status(400, { message: text })]),
      [status(400, { message: encoded })],
      [raw([`plain ${CREDENTIAL}`], { status: 400 })],
      [raw([JSON.stringify({ error: message })], { status: 400 })],
      [raw([JSON.stringify({ error: { message, code: 'context_length_exceeded' } })])],
      [raw([event]), { stream: true }],
      [raw([content, event]), { stream: true }],
      [raw([JSON.stringify({ type: 'error', error: { type: 'invalid_request_error', message } })], { status: 400 }), { model: 'claude' }],
      [raw([anthropic]), { model: 'claude', stream: true }],
    ]
    const told = [CREDENTIAL, ...encoded.split(' '), CREDENTIAL.slice(0, 8)]
    for (const [behaviour, body] of calls) {
      const response = await ask(behaviour, body)
      const seen = JSON.stringify([...response.headers]) + (await response.text())
      for (const form of told) assert.ok(!seen.includes(form), seen)
    }
    await gateway.admin('/reload', { method: 'POST' })
    assert.ok(
      upstream.calls.every(({ headers }) => JSON.stringify(headers).includes(CREDENTIAL)),
      'it was sent',
    )
    for (const form of told) {
      assert.ok(!gateway.output().includes(form), 'not in the log')
      assert.deepEqual(filesWith(join(gateway.folder, 'data'), form), [], 'not in the record')
    }
  })

  it('sends us nowhere: a redirect is no answer', async () => {
    for (const code of [300, 301, 302, 303, 304, 307, 308]) {
      const before = bytes.requests
      const response = await ask(raw([''], { status: code, headers: { location: `${bytes.url}/v1/chat/completions` } }))
      assert.equal(await errorCode(response), 'upstream_malformed', String(code))
      assert.equal(bytes.requests, before)
    }
  })

  it('is believed in no usage that cannot be, and bills nothing by it', async () => {
    const estimated = [
      '{"prompt_tokens":-5,"completion_tokens":-1}',
      '{"prompt_tokens":1e300,"completion_tokens":1}',
      '{"prompt_tokens":1e999,"completion_tokens":1}',
      '{"prompt_tokens":9007199254740991,"completion_tokens":9007199254740991}',
      '{"prompt_tokens":12,"completion_tokens":4294967296}',
      '{"prompt_tokens":1.5,"completion_tokens":"7"}',
      '{"prompt_tokens":{"__proto__":1}}',
      '[]',
      '7',
    ]
    for (const usage of estimated) {
      const response = await ask(raw([ANSWER.replace(/"usage":\{[^}]*\}/, `"usage":${usage}`)]))
      assert.equal(response.headers.get('x-sallyport-warnings'), 'usage_estimated', usage)
      assert.ok(Number.parseFloat(response.headers.get('x-sallyport-price')!) < 0.001, usage)
    }
  })

  it('breaks nothing with odd choices', async () => {
    const choices: unknown[][] = [
      [
        { index: 5, message: { content: 'a' } },
        { index: 0, message: { content: 'b' } },
      ],
      [{ index: 1e15, message: { content: 'a', tool_calls: [{ index: 1e9, function: null }] } }],
      [{ index: '__proto__', message: { content: 'a', tool_calls: [null] } }],
      [{ index: -1, message: { role: 7, content: [null, { type: 'text' }], refusal: {} }, finish_reason: {} }],
      [{ message: null }],
      [null],
    ]
    for (const list of choices) {
      assert.ok([200, 502].includes((await ask(raw([answerWith({ choices: list })]))).status))
      const deltas = list.map((choice) => choice && { ...choice, delta: (choice as { message: unknown }).message })
      const end = { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], usage: { prompt_tokens: 1, completion_tokens: 1 } }
      const response = await ask(chunks([{ choices: deltas }, end]), { stream: true })
      if (response.status === 200) assert.ok((await readStream(response)).done)
      else assert.equal(await errorCode(response), 'upstream_malformed')
    }
  })

  it('cannot hide behind a wrong type, a wrong encoding or no content', async () => {
    const malformed: [string, Behaviour, object?][] = [
      ['gzip, declared', raw([gzipSync(ANSWER)], { headers: { 'content-encoding': 'gzip' } })],
      ['gzip, undeclared', raw([gzipSync(ANSWER)])],
      ['no content', raw([''], { status: 204 })],
      ['NaN', raw([ANSWER.replace('"prompt_tokens":3', '"prompt_tokens":NaN')])],
      ['events instead of an answer', chunks([{ choices: [] }])],
    ]
    for (const [title, behaviour, body] of malformed) assert.equal(await errorCode(await ask(behaviour, body)), 'upstream_malformed', title)
    for (const answer of [ANSWER, '<html>', ''])
      assert.equal((await ask(raw([answer], { headers: { 'content-type': 'text/html' } }), { stream: true })).status, 502)
    assert.equal(await answerText(await ask(raw([ANSWER], { headers: { 'content-type': 'text/html' } }))), 'fine')
  })

  it('tears no character and no line, however it cuts', async () => {
    const stream = Buffer.from(
      ['{"choices":[{"index":0,"delta":{"content":"a€b😀"}}]}', '{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}', '[DONE]']
        .map((data) => `data: ${data}\r\n\r\n`)
        .join(''),
    )
    const single = [...stream].map((byte) => ({ bytes: Buffer.from([byte]), after: 0 }))
    assert.deepEqual(await readStream(await ask(raw(single), { stream: true })), { text: 'a€b😀', arguments: '', error: null, done: true })
    const broken = [
      Buffer.from('data: {"choices":[{"index":0,"delta":{"content":"a\xe2', 'latin1'),
      Buffer.from('\x28b"}}]}\n\ndata: [DONE]\n\n'),
    ]
    assert.equal((await readStream(await ask(raw(broken), { stream: true }))).text, 'a\ufffd(b')
  })

  describe('in bytes', () => {
    const whole = (body = ANSWER, head = ''): string => `HTTP/1.1 200 OK\r\n${head}content-length: ${body.length}\r\n\r\n${body}`
    const chunked = `transfer-encoding: chunked\r\n\r\n${ANSWER.length.toString(16)}\r\n${ANSWER}\r\n0\r\n`

    const fine: [string, string][] = [
      ['early hints', `HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n${whole()}`],
      ['trailers', `HTTP/1.1 200 OK\r\n${chunked}x-a: b\r\n\r\n`],
      ['odd header values', whole(ANSWER, 'x-request-id: \xff\xfe\tz\r\nset-cookie: a=b\r\nset-cookie: c=d\r\nretry-after: \xe9\r\n')],
      ['a body until the end of the connection', `HTTP/1.1 200 OK\r\n\r\n${ANSWER}`],
    ]
    for (const [title, answer] of fine) {
      it(`is understood: ${title}`, async () => {
        const response = await askRaw([answer])
        assert.equal(response.headers.get('set-cookie'), null)
        assert.equal(await answerText(response), 'fine')
      })
    }

    const failures: [string, string][] = [
      ['a switch of protocols', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\nfoo'],
      ['a body shorter than announced', whole().slice(0, -5)],
      ['a body longer than announced', whole().replace(/content-length: (\d+)/, (_, length) => `content-length: ${Number(length) - 5}`)],
      ['two lengths', `HTTP/1.1 200 OK\r\ncontent-length: 5\r\n${whole().slice(17)}`],
      ['length and chunks', `HTTP/1.1 200 OK\r\ncontent-length: 5\r\n${chunked}\r\n`],
      ['headers without end', `HTTP/1.1 200 OK\r\nx-a: ${'a'.repeat(80_000)}\r\n\r\n`],
      ['no HTTP', 'SSH-2.0-OpenSSH_9.9\r\n'],
      ['a status that is none', whole().replace('200', '999')],
    ]
    for (const [title, answer] of failures) {
      it(`is a failure: ${title}`, async () => {
        assert.equal((await askRaw([answer])).status, 502)
      })
    }

    it('answers nobody with what came behind an answer', async () => {
      const evil = whole(ANSWER.replace('fine', 'evil'))
      assert.equal(await answerText(await askRaw([whole() + evil], {}, 'open')), 'fine')
      assert.equal(await answerText(await askRaw([whole()])), 'fine')
    })

    it('cannot keep us busy: an endless line, endless comments, an answer in drops', async () => {
      const head = 'HTTP/1.1 200 OK\r\n\r\n'
      const mib = 'x'.repeat(1 << 20)
      assert.equal(await errorCode(await askRaw([`${head}data: `, ...Array<string>(24).fill(mib)], { stream: true })), 'upstream_malformed')
      const comments = Array<string>(20).fill(': ping\n\n'.repeat(10_000))
      assert.equal(await errorCode(await askRaw([head, ...comments], { stream: true })), 'upstream_malformed')
      bytes.drip(head, ' ')
      assert.equal(await errorCode(await postChat(gateway, key, { model: 'bytes' })), 'upstream_timeout')
      bytes.drip(`${head}data: {"choices":[{"index":0,"delta":{"content":"hi there"}}]}\n\n`, ': ping\n\n')
      const { error, done } = await readStream(await postChat(gateway, key, { model: 'bytes', stream: true }))
      assert.deepEqual([error?.code, done], ['upstream_timeout', false])
    })
  })

  it('left the gateway whole', async () => {
    assert.equal(gateway.process.exitCode, null)
    assert.doesNotMatch(gateway.output(), /nobody foresaw/)
  })
})

interface RawUpstream {
  readonly url: string
  readonly requests: number
  /** What the next requests get, in these pieces. */
  answer(pieces: readonly string[], ending: 'end' | 'open'): void
  /** `head`, then `drop` every 20 ms until the caller has enough. */
  drip(head: string, drop: string): void
  close(): Promise<void>
}

/** Answers a request with exactly these bytes (latin1). */
async function startRawUpstream(): Promise<RawUpstream> {
  let play: (socket: Socket) => void = () => {}
  let requests = 0
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    let received = ''
    socket.on('error', () => {})
    socket.on('data', (data) => {
      received += data.toString('latin1')
      const end = received.indexOf('\r\n\r\n')
      const length = Number(/content-length: (\d+)/i.exec(received)?.[1] ?? 0)
      if (end < 0 || received.length < end + 4 + length) return
      received = ''
      requests++
      play(socket)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get requests() {
      return requests
    },
    answer(pieces, ending) {
      play = (socket) => {
        for (const piece of pieces) socket.write(piece, 'latin1')
        if (ending === 'end') socket.end()
      }
    },
    drip(head, drop) {
      play = (socket) => {
        socket.write(head, 'latin1')
        const timer = setInterval(() => socket.write(drop), 20)
        socket.on('close', () => clearInterval(timer))
      }
    },
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

function filesWith(folder: string, text: string): readonly string[] {
  return [...filesBelow(folder)].filter(([, bytes]) => bytes.includes(text)).map(([path]) => path)
}
