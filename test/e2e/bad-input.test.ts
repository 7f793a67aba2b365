// Bad input gets a clear error, at the door and at boot, and the gateway goes on.
import assert from 'node:assert/strict'
import { createServer, type AddressInfo } from 'node:net'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { baseConfig, runCli, startGateway, type RunningGateway } from '../support/gateway.ts'
import { errorCode, postChat, user } from '../support/chat.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream/index.ts'
import { stringify } from 'yaml'

const MIB = 1024 * 1024

describe('bad input', function () {
  this.timeout(120_000)
  let upstream: UpstreamServer
  let gateway: RunningGateway
  let key: string

  before(async () => {
    upstream = await startUpstream()
    gateway = await startGateway({ config: baseConfig(upstream.url) })
    key = await gateway.key()
  })
  beforeEach(() => upstream.reset())
  after(async () => {
    await gateway.remove()
    await upstream.close()
  })

  const post = (body: string | Buffer, headers: { [name: string]: string } = {}): Promise<Response> =>
    fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      body: new Uint8Array(Buffer.from(body)),
      headers: { authorization: `Bearer ${key}`, ...headers },
    })

  const bodies: [string, string | Buffer, number, string][] = [
    ['no JSON', 'hello', 400, 'invalid_request'],
    ['JSON that is cut off', '{"model":"gpt-test","messages":[', 400, 'invalid_request'],
    ['no object', '[]', 400, 'invalid_request'],
    ['an empty body', '', 400, 'invalid_request'],
    ['messages of a wrong type', '{"model":"gpt-test","messages":"x"}', 400, 'invalid_request'],
    ['no messages', '{"model":"gpt-test","messages":[]}', 400, 'invalid_request'],
    ['deep nesting', `{"model":"gpt-test","messages":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 400, 'invalid_request'],
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 400, 'invalid_request'],
    ['more than the bound, announced', Buffer.alloc(17 * MIB, 32), 413, 'body_too_large'],
  ]
  for (const [title, body, status, code] of bodies) {
    it(`is refused with ${status} ${code}: ${title}`, async () => {
      const response = await post(body)
      assert.equal(response.status, status)
      assert.equal(await errorCode(response), code)
      assert.equal(upstream.calls.length, 0)
    })
  }

  it('names the parameter at fault', async () => {
    const { error } = (await (await post('{"model":"gpt-test","messages":[{"role":"user","content":7}]}')).json()) as {
      error: { param: string; resolution: string }
    }
    assert.match(error.param, /messages/)
    assert.ok(error.resolution)
  })

  it('is no way into prototypes', async () => {
    const response = await post(
      '{"model":"gpt-test","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"messages":[{"role":"user","content":"hi"}]}',
    )
    assert.equal(response.status, 200)
    assert.equal(({} as { polluted?: number }).polluted, undefined)
  })

  it('lets a lone surrogate pass and records it well-formed', async () => {
    const response = await post(String.raw`{"model":"gpt-test","messages":[{"role":"user","content":"a\ud800b"}]}`)
    assert.equal(response.status, 200)
  })

  it('refuses an encoding it does not read', async () => {
    assert.equal(await errorCode(await post('{}', { 'content-encoding': 'gzip' })), 'invalid_request')
  })

  it('answers an unknown endpoint in the dialect', async () => {
    const response = await fetch(`${gateway.url}/v1/nonsense`, { method: 'POST' })
    assert.equal(response.status, 404)
    assert.equal(await errorCode(response), 'unknown_endpoint')
  })

  it('stops reading a chunked body at the bound, and stays small', async () => {
    const { status, sent } = await sendEndless(gateway, key)
    assert.equal(status, 413)
    assert.ok(sent < 100 * MIB, `took ${sent} bytes`)
    assert.equal((await postChat(gateway, key, user('still there?'))).status, 200)
  })

  it('answers a wrong key before it reads the body', async () => {
    const { status, sent } = await sendEndless(gateway, 'sp_live_wrong')
    assert.equal(status, 401)
    assert.ok(sent < 16 * MIB, `took ${sent} bytes`)
  })
})

/** Writes until somebody answers, 100 MB at most. */
function sendEndless(gateway: RunningGateway, key: string): Promise<{ status: number; sent: number }> {
  const chunk = Buffer.alloc(256 * 1024, 32)
  return new Promise((resolve, reject) => {
    let sent = 0
    let status = 0
    const done = (): void => resolve({ status, sent })
    const call = request(
      `${gateway.url}/v1/chat/completions`,
      { method: 'POST', headers: { authorization: `Bearer ${key}` } },
      (response) => {
        status = response.statusCode ?? 0
        response.resume().on('close', done)
      },
    )
    call.on('error', () => (status === 0 ? reject(new Error('the connection broke before an answer')) : done()))
    const write = (): void => {
      while (status === 0 && sent < 100 * MIB) {
        sent += chunk.length
        if (!call.write(chunk)) return void call.once('drain', write)
      }
      call.end()
    }
    write()
  })
}

describe('a start that cannot work', function () {
  this.timeout(120_000)
  let folder: string
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'sallyport-boot-'))))
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  async function failure(config: object): Promise<string> {
    const path = join(folder, 'sallyport.yaml')
    writeFileSync(path, stringify(config))
    try {
      await runCli(['serve', '--no-recorder', '--config', path], { cwd: folder, env: { ...process.env, TEST_UPSTREAM_KEY: 'x' } })
    } catch (error) {
      const { code, stderr, stdout } = error as { code: number; stderr: string; stdout: string }
      assert.ok(code === 1 || code === 2, `exit code ${code}`)
      assert.ok(!stdout.includes('listens on'))
      return stderr
    }
    throw new Error('it should not have started')
  }
  const base = (): { [key: string]: unknown } => ({ ...baseConfig('http://127.0.0.1:9'), policies: { standard: true, paths: [] } })

  it('says which key of the configuration is unknown, and which was meant', async () => {
    assert.match(await failure({ ...base(), sever: { port: 1 } }), /sever.*server/s)
  })
  it('says which policies cannot be read', async () => {
    assert.match(await failure({ ...base(), policies: { standard: true, paths: ['./gone'] } }), /gone.*policies\.paths/s)
  })
  it('shows a broken policy with its place', async () => {
    writeFileSync(join(folder, 'broken.policy'), 'policy a.b "x" {\n  on request\n  dney "a.b"\n}\n')
    const message = await failure({ ...base(), policies: { standard: true, paths: ['./broken.policy'] } })
    assert.match(message, /broken\.policy:3:/)
    assert.match(message, /deny/)
  })
  it('says that the port is taken', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    try {
      assert.match(await failure({ ...base(), server: { port } }), new RegExp(`port ${port} .* is taken.*--port`, 's'))
    } finally {
      server.close()
    }
  })
})
