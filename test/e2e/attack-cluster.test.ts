// Ends and starts at the worst moment: connections that hold a drain, signals while starting, a taken port, no file descriptors left, and
// workers and primaries that are killed while a reload is under way.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { baseConfig, startGateway, type RunningGateway } from '../support/gateway.ts'
import { startUpstream, text, type UpstreamServer } from '../support/upstream/index.ts'
import { postChat } from '../support/chat.ts'

/** Longer than any test here may take: what waits for the end of a drain fails. */
const DRAIN_SECONDS = 600

describe('draining', function () {
  this.timeout(20_000)
  let upstream: UpstreamServer
  let gateway: RunningGateway
  let key: string
  const sockets: Socket[] = []

  before(async () => void (upstream = await startUpstream()))
  beforeEach(async () => {
    const base = baseConfig(upstream.url)
    gateway = await startGateway({ config: { ...base, server: { port: 0, drainSeconds: DRAIN_SECONDS } } })
    key = await gateway.key()
  })
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy()
    await gateway.remove()
    upstream.reset()
  })
  after(() => upstream.close())

  async function open(bytes = ''): Promise<Socket> {
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1')
    socket.on('error', () => undefined)
    sockets.push(socket)
    await once(socket, 'connect')
    socket.write(bytes)
    return socket
  }
  const ask = (): string => {
    const body = JSON.stringify({ model: 'gpt-test', messages: [{ role: 'user', content: 'hello' }] })
    const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\n`
    return `${head}content-length: ${body.length}\r\n\r\n${body}`
  }

  it('does not wait for connections on which nothing was ever said', async () => {
    for (let i = 0; i < 5; i++) await open()
    assert.equal((await postChat(gateway, key, {})).status, 200)
    await gateway.stop('SIGTERM')
  })
  it('does not wait for connections that are kept alive, nor for those with a second request half sent', async () => {
    const [idle, half] = [await open(ask()), await open(ask())]
    await Promise.all([idle, half].map((socket) => once(socket, 'data')))
    half.write('POST /v1/chat/comp')
    await gateway.stop('SIGTERM')
  })
  it('does not wait for streams whose clients have left', async () => {
    const never = new Promise<void>(() => undefined)
    upstream.always(text(['one ', 'two '], { hold: never, holdAt: 2 }))
    const leaving = new AbortController()
    const streams = await Promise.all(Array.from({ length: 8 }, () => postChat(gateway, key, { stream: true }, { signal: leaving.signal })))
    await Promise.all(streams.map((stream) => stream.body!.getReader().read()))
    const ended = gateway.stop('SIGTERM')
    leaving.abort()
    await ended
  })
})
