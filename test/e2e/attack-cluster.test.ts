// Ends and starts at the worst moment: connections that hold a drain, signals while starting, a taken port, no file descriptors left, and
// workers and primaries that are killed while a reload is under way.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { stringify } from 'yaml'
import { baseConfig, eventually, startGateway, type RunningGateway } from '../support/gateway.ts'
import { freePort } from '../support/free-port.ts'
import { policyOf, sendChat, workerPids } from '../support/cluster.ts'
import { TestRedis } from '../support/redis.ts'
import { startUpstream, text, type UpstreamServer } from '../support/upstream/index.ts'
import { postChat } from '../support/chat.ts'

const MAIN = resolve(import.meta.dirname, '../../core/main.ts')
/** Longer than any test here may take: what waits for the end of a drain fails. */
const DRAIN_SECONDS = 600

describe('draining', function () {
  this.timeout(120_000)
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

// Minutes on a machine of two cores.
const inLongRun = process.env['SALLYPORT_TEST_LONG'] ? describe : (): void => {}

inLongRun('several workers at the worst moment', function () {
  this.timeout(120_000)
  let redis: TestRedis
  let upstream: UpstreamServer
  let gateway: RunningGateway
  let second: RunningGateway | null = null
  let key: string

  before(async () => {
    ;[redis, upstream] = await Promise.all([TestRedis.start(), startUpstream()])
    const config = { ...baseConfig(upstream.url), state: { driver: 'redis', url: redis.url, commandTimeoutMs: 5000 } }
    gateway = await startGateway({ config, policies: { 'house.policy': policyOf('house.0') }, args: ['--workers', '2'] })
    key = await gateway.key()
  })
  after(async () => {
    await second?.stop('SIGKILL')
    await gateway?.remove()
    await Promise.all([redis.stop(), upstream.close()])
  })

  const codes = async (url = gateway.url): Promise<readonly string[]> =>
    [...new Set(await Promise.all(Array.from({ length: 18 }, async () => (await sendChat(url, key, 'forbidden')).code)))].sort()
  /** In one step, as whoever brings files to a running gateway has to: a worker that starts in the middle of a write would read half a policy. */
  const change = (code: string): void => {
    const file = join(gateway.folder, 'policies/house.policy')
    writeFileSync(`${file}.new`, policyOf(code))
    renameSync(`${file}.new`, file)
  }
  const reload = async (): Promise<unknown> => (await gateway.admin('/reload', { method: 'POST' })).json()

  it('a worker killed in the middle of reloads leaves all of them with the last policy', async () => {
    for (let round = 1; round <= 2; round++) {
      change(`house.${round}`)
      const asked = [reload(), reload()].map((answer) => answer.catch(() => undefined))
      process.kill(workerPids(gateway)[round - 1]!, 'SIGKILL')
      await Promise.all(asked)
    }
    // The worker that was asked may be the one that was killed.
    const metrics = (): Promise<string> =>
      fetch(`${gateway.url}/metrics`).then(
        (response) => response.text(),
        () => '',
      )
    await eventually(async () => /^sallyport_workers 2$/m.test(await metrics()))
    await reload()
    assert.deepEqual(await codes(), ['house.2'])
  })
  it('a reload in the middle of a rolling restart reaches old workers and new ones', async () => {
    gateway.process.kill('SIGUSR2')
    const replaced = (): boolean => gateway.output().includes('all workers were replaced')
    let last = 2
    while (!replaced()) {
      assert.doesNotMatch(gateway.output(), /a new worker does not start/)
      change(`house.${++last}`)
      await reload().catch(() => undefined)
    }
    assert.ok(last > 3, 'there was more than one reload')
    assert.deepEqual(await codes(), [`house.${last}`])
  })
  it('a second primary on the same folder, with another port, serves beside the first, and each ends by itself', async () => {
    second = await startGateway({ folder: gateway.folder, args: ['--workers', '2', '--port', String(await freePort())] })
    const [here, there] = await Promise.all([codes(), codes(second.url)])
    assert.deepEqual(here, there)
    await second.stop('SIGTERM')
    assert.equal(second.process.exitCode, 0)
    assert.deepEqual(await codes(), here)
  })
  it('says in a sentence that its port is taken, and leaves no worker behind', async () => {
    const { port } = new URL(gateway.url)
    await assert.rejects(startGateway({ folder: gateway.folder, args: ['--workers', '2', '--port', port] }), (error: Error) => {
      assert.match(error.message, new RegExp(`port ${port} on \\S+ is taken`))
      assert.doesNotMatch(error.message, /\n\s+at /)
      return true
    })
    assert.equal((await codes()).length, 1)
  })
})

describe('one process at the worst moment', function () {
  this.timeout(120_000)
  let upstream: UpstreamServer
  const folders: string[] = []

  before(async () => void (upstream = await startUpstream()))
  after(async () => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    await upstream.close()
  })

  it('ends when it is told to while it starts, and starts again from what that left', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-start-'))
    folders.push(folder)
    writeFileSync(join(folder, 'sallyport.yaml'), stringify(baseConfig(upstream.url)))
    mkdirSync(join(folder, 'policies'))
    for (const delayMs of [0, 350, 600]) {
      const child = spawn(process.execPath, [MAIN, 'serve', '--no-recorder'], { cwd: folder, stdio: 'ignore' })
      const ended = once(child, 'exit')
      setTimeout(() => child.kill('SIGTERM'), delayMs)
      const [code, signal] = (await ended) as [number | null, string | null]
      assert.ok(code === 0 || signal === 'SIGTERM', `${delayMs} ms: ${code} ${signal}`)
    }
    const gateway = await startGateway({ folder })
    assert.equal((await postChat(gateway, await gateway.key(), {})).status, 200)
    await gateway.stop()
  })

  it('goes on when file descriptors run out, and as before when there are some again', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-files-'))
    folders.push(folder)
    const config = baseConfig(upstream.url)
    const gateway = await startGateway({ folder, config })
    const key = await gateway.key()
    const sockets: Socket[] = []
    const { pid } = gateway.process
    const open = readdirSync(`/proc/${pid}/fd`).length
    assert.equal(spawnSync('prlimit', ['--pid', String(pid), `--nofile=${open + 20}:4096`]).status, 0)
    for (let i = 0; i < 60; i++) {
      const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1')
      socket.on('error', () => undefined)
      sockets.push(socket)
    }
    const meanwhile = await Promise.allSettled(
      Array.from({ length: 20 }, () => postChat(gateway, key, {}, { signal: AbortSignal.timeout(1000) })),
    )
    for (const one of meanwhile)
      if (one.status === 'fulfilled') assert.ok([200, 502, 503].includes(one.value.status), String(one.value.status))
    for (const socket of sockets) socket.destroy()
    await eventually(async () => {
      const response = await postChat(gateway, key, {}).catch(() => null)
      return response?.status === 200
    })
    assert.equal(gateway.process.exitCode, null)
    await gateway.stop('SIGTERM')
    assert.equal(gateway.process.exitCode, 0)
  })
})
