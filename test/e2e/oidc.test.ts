// Tokens of an OpenID provider at a real gateway: whom they let in and whom not, what happens while the provider is away or talks nonsense, and
// what each role of an administrator may do, on every route that the routers have.
import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, type JWK } from 'jose'
import { Router } from 'express'
import { adminRouter } from '../../core/server/admin/index.ts'
import { createLog } from '../../core/telemetry/log.ts'
import { createMetrics } from '../../core/telemetry/metrics.ts'
import { loadConfig } from '../../core/config/load.ts'
import { startGateway as startInProcess } from '../../core/cli/start.ts'
import { baseConfig, eventually, startGateway, type RunningGateway } from '../support/gateway.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream/index.ts'

type Pair = Awaited<ReturnType<typeof generateKeyPair>>
type Loose = ReturnType<typeof JSON.parse>

const GROUPS = { owner: 'g-own', operator: 'g-ops', auditor: 'g-audit', viewer: 'g-view' } as const
type Role = keyof typeof GROUPS

/** An OpenID provider on a loopback port, that can be away or answer with something else. */
class Provider {
  readonly #server: Server
  readonly keys: JWK[] = []
  mood: 'well' | 'failing' | 'nonsense' | 'half' = 'well'
  asked = 0
  url = ''

  constructor() {
    this.#server = createServer((request, response) => {
      this.asked++
      const good = JSON.stringify(request.url === '/jwks' ? { keys: this.keys } : { issuer: this.url, jwks_uri: `${this.url}/jwks` })
      response.writeHead(this.mood === 'failing' ? 502 : 200, { 'content-type': 'application/json' })
      if (this.mood === 'half') response.write(good.slice(0, 5), () => response.destroy())
      else response.end(this.mood === 'nonsense' ? '<html>Sign in to the network</html>' : good)
    })
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async newKey(kid: string): Promise<Pair> {
    const pair = await generateKeyPair('ES256', { extractable: true })
    this.keys.push({ ...(await exportJWK(pair.publicKey)), kid, alg: 'ES256', use: 'sig' })
    return pair
  }

  stop(): Promise<void> {
    this.#server.closeAllConnections()
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }
}

describe('tokens of an OpenID provider', function () {
  this.timeout(120_000)
  let provider: Provider
  let other: Provider
  let far: Provider
  let upstream: UpstreamServer
  let gateway: RunningGateway
  let pair: Pair
  let key: string

  before(async () => {
    ;[provider, other, far] = [new Provider(), new Provider(), new Provider()]
    await Promise.all([provider.start(), other.start(), far.start()])
    ;[pair] = await Promise.all([provider.newKey('k1'), other.newKey('k1'), far.newKey('k1')])
    upstream = await startUpstream()
    const issuer = (url: string): object => ({
      issuer: url,
      audience: ['sallyport'],
      clockToleranceSeconds: 0,
      tenant: { claim: 'org' },
      admin: { claim: 'groups', roles: Object.fromEntries(Object.entries(GROUPS).map(([role, group]) => [group, role])) },
    })
    const config = {
      ...baseConfig(upstream.url),
      plugins: { 'auth.jwt': { issuers: [provider, other, far].map(({ url }) => issuer(url)) } },
    }
    gateway = await startGateway({ config })
    key = await gateway.key()
  })
  after(async () => {
    await gateway?.remove()
    await Promise.all([provider.stop(), other.stop(), far.stop(), upstream.close()])
  })
  const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds
  interface Token {
    readonly claims?: object
    readonly header?: object
    readonly key?: Pair['privateKey'] | Uint8Array
  }
  const token = ({ claims = {}, header = {}, key: by = pair.privateKey }: Token = {}): Promise<string> =>
    new SignJWT({ iss: provider.url, aud: 'sallyport', sub: 'jo', org: 'acme', exp: inSeconds(600), ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: 'k1', ...header })
      .sign(by)
  const admin = (role: Role, sub: string = role): Promise<string> => token({ claims: { sub, groups: ['unknown', GROUPS[role]] } })
  const bearer = (secret: string): Record<string, string> => ({ authorization: `Bearer ${secret}` })
  const chat = (headers: Record<string, string>): Promise<Response> =>
    fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ model: 'gpt-test', messages: [{ role: 'user', content: 'hello' }] }),
    })
  const outcome = async (response: Response): Promise<string> => {
    const body = (await response.json()) as Loose
    return response.ok ? '200' : `${response.status} ${body.error.code}`
  }
  const control = (path: string, secret: string, method = 'GET', body?: string): Promise<Response> =>
    fetch(`${gateway.url}/admin/v1${path}`, { method, headers: bearer(secret), ...(body === undefined ? {} : { body }) })

  it('open the gateway in either header, and where two are sent one alone decides', async () => {
    const good = await token()
    assert.equal(await outcome(await chat(bearer(good))), '200')
    assert.equal(await outcome(await chat({ 'x-api-key': good })), '200')
    assert.equal(await outcome(await chat({ ...bearer(good), 'x-api-key': 'sp_live_wrong' })), '200')
    assert.match(await outcome(await chat({ ...bearer('sp_live_wrong'), 'x-api-key': good })), /^(401|429) /)
    assert.equal(await outcome(await chat({ 'x-api-key': key, authorization: `Basic ${btoa('a:b')}` })), '200')
  })
  it('open nothing when they are forged', async () => {
    const eve = await generateKeyPair('ES256', { extractable: true })
    const published = new TextEncoder().encode(JSON.stringify(provider.keys[0]))
    const claims = { iss: provider.url, aud: 'sallyport', sub: 'jo', org: 'acme', exp: inSeconds(600) }
    const good = await token()
    const [head, , signature] = good.split('.') as [string, string, string]
    const forged: readonly string[] = [
      new UnsecuredJWT(claims).encode(),
      await token({ header: { alg: 'HS256' }, key: published }),
      await token({ key: eve.privateKey }),
      await token({ key: eve.privateKey, header: { jwk: await exportJWK(eve.publicKey) } }),
      await token({ key: eve.privateKey, header: { kid: '../../k1' } }),
      // A key of one issuer vouches for no token of another.
      await token({ claims: { iss: other.url } }),
      `${head}.${Buffer.from(JSON.stringify({ ...claims, org: 'else' })).toString('base64url')}.${signature}`,
      await token({ claims: { aud: 'else' } }),
      await token({ claims: { exp: undefined } }),
      await token({ claims: { nbf: inSeconds(60) } }),
      await token({ claims: { org: 'else' } }),
      await token({ claims: { org: ['acme'] } }),
      await token({ claims: { sub: 7 } }),
      `${good}.`,
      `${good}, ${good}`,
    ]
    for (const [i, secret] of forged.entries())
      assert.equal(await outcome(await chat(bearer(secret))), '401 invalid_api_key', `forged ${i}`)
    assert.equal(await outcome(await chat(bearer(await token({ claims: { scope: 'embed' } })))), '403 scope_missing')
    assert.equal(await outcome(await chat(bearer(good))), '200')
  })
  it('end with their time, remembered or not', async () => {
    const short = await token({ claims: { exp: inSeconds(5) } })
    assert.equal(await outcome(await chat(bearer(short))), '200')
    await eventually(async () => (await outcome(await chat(bearer(short)))) === '401 invalid_api_key')
    assert.equal(await outcome(await chat(bearer(short))), '401 invalid_api_key')
  })
  it('that cannot be judged are nobody’s fault: 503 while the provider is away or talks nonsense, and keys go on', async () => {
    const eve = await generateKeyPair('ES256')
    const remote = (): Promise<string> => token({ claims: { iss: far.url, sub: `s${Math.random()}` }, key: eve.privateKey })
    for (const mood of ['failing', 'nonsense', 'half'] as const) {
      far.mood = mood
      const before = far.asked
      // An issuer that was just found to be away is left alone for a second.
      await eventually(async () => {
        const response = await chat(bearer(await remote()))
        assert.ok(response.headers.has('retry-after'), mood)
        assert.equal(await outcome(response), '503 state_unavailable', mood)
        return far.asked > before
      })
      assert.equal(await outcome(await chat(bearer(key))), '200')
      assert.equal(await outcome(await chat(bearer(await token({ claims: { sub: mood } })))), '200')
    }
    far.mood = 'well'
    await eventually(async () => (await outcome(await chat(bearer(await remote())))) === '401 invalid_api_key')
  })
  it('give administrators their role, and nobody a role by the claims of a stranger', async () => {
    for (const role of Object.keys(GROUPS) as Role[]) {
      const me = await control('/me', await admin(role))
      assert.deepEqual(await me.json(), { id: role, role })
    }
    assert.equal((await control('/me', await token())).status, 403)
    assert.equal((await control('/me', await token({ claims: { groups: 'constructor __proto__' } }))).status, 403)
    assert.equal((await control('/me', key)).status, 401)
  })
  it('that failed slow nobody down who shows another one from the same address', async () => {
    const expired = await token({ claims: { exp: inSeconds(-60), groups: [GROUPS.viewer] } })
    for (let i = 0; i < 4; i++) assert.ok([401, 429].includes((await control('/me', expired)).status))
    // Waits double, so that even a slow machine comes too early once.
    await eventually(async (saw) => saw((await control('/me', expired)).status) === 429)
    assert.equal((await control('/me', await admin('owner', 'fresh'))).status, 200)
  })

  it('let each role do what it may on every route that there is', async () => {
    const forOwners: readonly string[] = ['POST /token/rotate']
    const all = await routes(gateway.folder)
    for (const one of [
      'GET /me',
      'POST /keys/:id/rotate',
      'POST /quotas/raises',
      'GET /breakers',
      'POST /policies/preview/',
      'POST /reload',
    ])
      assert.ok(
        all.some(({ method, path }) => `${method} ${path}` === one),
        `${one} in ${JSON.stringify(all)}`,
      )
    for (const { method, path } of all) {
      const url = path.replace(/:\w+/g, 'nothing-of-this-name').replace(/\/$/, '')
      const isRead = method === 'GET'
      const isOwners = forOwners.includes(`${method} ${path}`)
      for (const role of ['viewer', 'auditor', 'operator', 'owner'] as const) {
        const { status } = await control(url, await admin(role), method, isRead ? undefined : '')
        const may = isRead || role === 'owner' || (role === 'operator' && !isOwners)
        assert.equal(status !== 403, may, `${method} ${path} as ${role}: ${status}`)
        assert.ok(status < 500, `${method} ${path} as ${role}: ${status}`)
      }
      assert.equal((await fetch(`${gateway.url}/admin/v1${url}`, { method })).status, 401)
    }
  })
})

interface Route {
  readonly method: string
  readonly path: string
}

/** Every route of the control plane as the routers have it, so that a new one is in the table without anybody's doing. */
async function routes(folder: string): Promise<readonly Route[]> {
  const config = join(folder, 'sallyport.yaml')
  const loaded = loadConfig(config)
  const elsewhere = mkdtempSync(join(tmpdir(), 'sallyport-routes-'))
  const started = await startInProcess({
    loaded: { ...loaded, baseDir: elsewhere },
    flags: { config, recorder: false },
    log: createLog('silent'),
    metrics: createMetrics('test'),
    metricsText: () => Promise.resolve(''),
    open: () => null,
  })
  try {
    const plugins = Router()
    for (const hook of started.gateway.current.plugins.routes) hook.call(plugins)
    return [...walk(adminRouter(started.gateway), ''), ...walk(plugins, '')]
  } finally {
    await started.stop()
    rmSync(elsewhere, { recursive: true, force: true, maxRetries: 5 })
  }
}

interface Layer {
  readonly route?: { readonly path: string; readonly stack: readonly { readonly method: string }[] }
  readonly handle: { readonly stack?: readonly Layer[] }
  match(path: string): boolean
}

/** Express keeps of a nested router only what matches, so its place is looked for among these; a new one has to be added. */
const MOUNTED: readonly string[] = ['/policies/preview', '/approvals', '/keys']

function walk(router: unknown, base: string): Route[] {
  return (router as { readonly stack: readonly Layer[] }).stack.flatMap((layer) => {
    if (layer.route) return layer.route.stack.map(({ method }) => ({ method: method.toUpperCase(), path: base + layer.route!.path }))
    if (!layer.handle.stack) return []
    const place = MOUNTED.find((path) => layer.match(path))
    assert.ok(place !== undefined, 'a router is mounted at a place that this test does not know')
    return walk(layer.handle, base + place)
  })
}
