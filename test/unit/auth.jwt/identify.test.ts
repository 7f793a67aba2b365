// Who is let in with which token, and who is not. The issuer is a real one: it signs, publishes its keys over HTTP, and rotates them.
import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, type JWK } from 'jose'
import {
  GatewayError,
  NOT_MINE,
  type AdminIdentity,
  type Credentials,
  type Hooks,
  type Host,
  type Principal,
} from '../../../core/plugin/index.ts'
import { jwt } from '../../../plugins/auth.jwt/index.ts'
import type { Issuer } from '../../../plugins/auth.jwt/settings.ts'
import { ManualClock, silentLog } from '../state/manual-clock.ts'

type Pair = Awaited<ReturnType<typeof generateKeyPair>>

/** An OpenID provider on a loopback port. */
class Provider {
  readonly #server: Server
  readonly #published: JWK[] = []
  readonly asked: string[] = []
  status = 200
  url = ''

  constructor() {
    this.#server = createServer((request, response) => {
      this.asked.push(request.url!)
      response.writeHead(this.status, { 'content-type': 'application/json', location: `${this.url}/elsewhere` })
      response.end(JSON.stringify(request.url === '/jwks' ? { keys: this.#published } : { issuer: this.url, jwks_uri: `${this.url}/jwks` }))
    })
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async newKey(kid: string, alg = 'ES256'): Promise<Pair> {
    const pair = await generateKeyPair(alg, { extractable: true })
    this.#published.push({ ...(await exportJWK(pair.publicKey)), kid, alg, use: 'sig' })
    return pair
  }

  stop(): Promise<void> {
    this.#server.closeAllConnections()
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }
}

describe('auth.jwt', () => {
  let provider: Provider
  let pair: Pair
  let clock: ManualClock
  beforeEach(async () => {
    provider = new Provider()
    await provider.start()
    pair = await provider.newKey('k1')
    clock = new ManualClock()
  })
  afterEach(() => provider.stop())

  const hooksFor = (more: Partial<Issuer> = {}, state: object = {}): Hooks => {
    const issuer: Issuer = {
      issuer: provider.url,
      audience: ['sallyport'],
      algorithms: ['ES256'],
      clockToleranceSeconds: 30,
      tenant: { claim: 'org' },
      userClaim: 'sub',
      rolesClaim: 'roles',
      scopesClaim: 'scope',
      defaultScopes: ['chat'],
      ...more,
    }
    const directory = {
      tenants: new Map([['acme', {}]]),
      users: new Map([
        ['jo', { id: 'jo', tenant: 'acme', roles: ['fraud-analyst'] }],
        ['eve', { id: 'eve', tenant: 'other', roles: ['admin'] }],
      ]),
    }
    return jwt.setup({ issuers: [issuer] }, { clock, log: silentLog(), directory, state } as unknown as Host) as Hooks
  }

  interface Token {
    readonly claims?: object
    readonly header?: object
    readonly key?: Pair['privateKey'] | Uint8Array
  }
  const seconds = (): number => Math.floor(clock.now() / 1000)
  const token = ({ claims = {}, header = {}, key = pair.privateKey }: Token = {}): Promise<string> =>
    new SignJWT({ iss: provider.url, aud: 'sallyport', sub: 'jo', org: 'acme', exp: seconds() + 600, ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: 'k1', ...header })
      .sign(key)
  const shown = (secret: string | null, scope: string | null = 'chat'): Credentials => ({
    secret,
    scope,
    clientIp: '127.0.0.1',
    header: () => null,
  })
  const identify = async (secret: string, hooks = hooksFor(), scope?: string): Promise<Principal> => {
    const who = await hooks.identify!(shown(secret, scope ?? 'chat'))
    assert.ok(typeof who === 'object' && !(who instanceof GatewayError), String(who))
    return who
  }
  const refused = async (secret: string, hooks = hooksFor(), scope?: string): Promise<GatewayError> => {
    const who = await hooks.identify!(shown(secret, scope ?? 'chat'))
    assert.ok(who instanceof GatewayError, 'refused')
    return who
  }

  describe('lets in', () => {
    it('whom the issuer names: tenant, user, roles, scopes', async () => {
      const who = await identify(await token({ claims: { roles: ['analyst'], scope: 'chat decide' } }))
      assert.deepEqual(who, {
        tenantId: 'acme',
        keyId: null,
        scopes: ['chat', 'decide'],
        models: null,
        features: null,
        user: { id: 'jo', roles: ['analyst'], source: 'jwt' },
      })
    })
    it('with the roles of the directory where the token names none, of the own tenant alone', async () => {
      assert.deepEqual((await identify(await token())).user?.roles, ['fraud-analyst'])
      assert.deepEqual((await identify(await token({ claims: { sub: 'eve' } }))).user?.roles, [])
    })
    it('with claims from nested places and from names that hold dots', async () => {
      const nested = await identify(await token({ claims: { realm: { roles: ['a'] } } }), hooksFor({ rolesClaim: 'realm.roles' }))
      const dotted = await identify(
        await token({ claims: { 'https://x.example/roles': ['b'] } }),
        hooksFor({ rolesClaim: 'https://x.example/roles' }),
      )
      assert.deepEqual([nested.user?.roles, dotted.user?.roles], [['a'], ['b']])
    })
    it('with the tenant of a map, or of the issuer', async () => {
      const mapped = hooksFor({ tenant: { claim: 'org', map: { '7d0f': 'acme' } } })
      assert.equal((await identify(await token({ claims: { org: '7d0f' } }), mapped)).tenantId, 'acme')
      assert.equal((await identify(await token({ claims: { org: undefined } }), hooksFor({ tenant: 'acme' }))).tenantId, 'acme')
    })
    it('with features narrowed by a claim; one in another form allows nothing', async () => {
      const hooks = hooksFor({ featuresClaim: 'features' })
      assert.deepEqual((await identify(await token({ claims: { features: ['search'] } }), hooks)).features, ['search'])
      assert.deepEqual((await identify(await token({ claims: { features: { all: true } } }), hooks)).features, [])
    })
    it('the second time without asking anybody, until the token ends', async () => {
      const hooks = hooksFor()
      const secret = await token({ claims: { exp: seconds() + 20 } })
      await identify(secret, hooks)
      assert.ok(!(hooks.identify!(shown(secret)) instanceof Promise), 'known')
      clock.advance(51_000)
      assert.match((await refused(secret, hooks)).message, /has expired/)
    })
  })

  describe('refuses', () => {
    for (const [what, claims, says] of [
      ['a token for somebody else', { aud: 'other' }, /"aud"/],
      ['a token that has ended', { exp: 1 }, /expired/],
      ['a token that never ends', { exp: undefined }, /"exp"/],
      ['a token that has not begun', { nbf: 4_000_000_000 }, /"nbf"/],
      ['a tenant that is not configured', { org: 'evil' }, /tenant "evil"/],
      ['a tenant in another form', { org: ['acme'] }, /names no tenant/],
      ['a token without a user', { sub: undefined }, /"sub"/],
    ] as const)
      it(what, async () => {
        const error = await refused(await token({ claims }))
        assert.equal(error.code, 'invalid_api_key')
        assert.match(error.message, says)
      })
    it('a value that a map does not name, also one that every object has', async () => {
      const mapped = hooksFor({ tenant: { claim: 'org', map: { '7d0f': 'acme' } } })
      for (const org of ['acme', 'constructor', '__proto__'])
        assert.equal((await refused(await token({ claims: { org } }), mapped)).code, 'invalid_api_key')
    })
    it('a missing scope', async () => {
      assert.equal((await refused(await token({ claims: { scope: 'decide' } }))).code, 'scope_missing')
      assert.equal((await refused(await token({ claims: { scope: 7 } }))).code, 'scope_missing')
    })
    it('a signature of another key under the same id', async () => {
      const other = await generateKeyPair('ES256')
      assert.match((await refused(await token({ key: other.privateKey }))).message, /signature/)
    })
    it('claims that were changed after signing', async () => {
      const [head, , signature] = (await token()).split('.')
      const claims = Buffer.from(JSON.stringify({ iss: provider.url, aud: 'sallyport', sub: 'root', org: 'acme', exp: seconds() + 600 }))
      assert.match((await refused(`${head}.${claims.toString('base64url')}.${signature}`)).message, /signature/)
    })
    it('no signature at all, and one made with a public key as if it were a shared secret', async () => {
      const unsigned = new UnsecuredJWT({ iss: provider.url, aud: 'sallyport', sub: 'jo', org: 'acme', exp: seconds() + 600 }).encode()
      assert.equal((await refused(unsigned)).code, 'invalid_api_key')
      const secret = Buffer.from(JSON.stringify(await exportJWK(pair.publicKey)))
      assert.match((await refused(await token({ header: { alg: 'HS256' }, key: secret }))).message, /algorithm/)
    })
    it('a key that the token brings itself, in any of its headers', async () => {
      const own = await generateKeyPair('ES256', { extractable: true })
      const jwk = await exportJWK(own.publicKey)
      const header = { jwk, jku: `${provider.url}/own`, x5u: `${provider.url}/own`, kid: 'own' }
      assert.equal((await refused(await token({ header, key: own.privateKey }))).code, 'invalid_api_key')
      assert.ok(!provider.asked.includes('/own'))
    })
  })

  describe('leaves to others', () => {
    it('what is no token of a configured issuer', async () => {
      const hooks = hooksFor()
      const foreign = await token({ claims: { iss: 'https://elsewhere.example' } })
      for (const secret of [null, '', 'sp_live_x', 'eyJ.a.b', foreign, `eyJ${'a'.repeat(20_000)}.b.c`])
        assert.equal(hooks.identify!(shown(secret)), NOT_MINE)
      assert.deepEqual(provider.asked, [], 'nobody was asked')
    })
    it('everything, when no issuer is configured', () => {
      assert.deepEqual(jwt.setup({ issuers: [] }, { clock } as unknown as Host), {})
    })
  })

  describe('keys', () => {
    it('are found by discovery once, for many callers at once', async () => {
      const hooks = hooksFor()
      await Promise.all(['a', 'b', 'c'].map(async (sub) => identify(await token({ claims: { sub } }), hooks)))
      assert.deepEqual(provider.asked, ['/.well-known/openid-configuration', '/jwks'])
    })
    it('are looked for again when a token names a new one', async () => {
      const hooks = hooksFor({ jwksUri: `${provider.url}/jwks` })
      await identify(await token(), hooks)
      const next = await provider.newKey('k2')
      const renewed = await token({ header: { kid: 'k2' }, key: next.privateKey, claims: { sub: 'b' } })
      await refused(renewed, hooks)
      clock.advance(10_000)
      assert.equal((await identify(renewed, hooks)).user?.id, 'b')
    })
    it('that do not exist are not asked for by every forged token', async () => {
      const hooks = hooksFor({ jwksUri: `${provider.url}/jwks` })
      await identify(await token(), hooks)
      for (let i = 0; i < 20; i++) await refused(await token({ header: { kid: `forged-${i}` } }), hooks)
      assert.equal(provider.asked.length, 1)
    })
    it('are asked for once a second at most while their issuer is away, whatever comes', async () => {
      for (const hooks of [hooksFor(), hooksFor({ jwksUri: `${provider.url}/jwks` })]) {
        provider.asked.length = 0
        provider.status = 500
        for (let i = 0; i < 20; i++)
          assert.equal((await refused(await token({ header: { kid: `forged-${i}` } }), hooks)).code, 'state_unavailable')
        assert.equal(provider.asked.length, 1)
      }
    })
    it('that are known go on for an hour when they cannot be read again', async () => {
      const hooks = hooksFor()
      const ask = async (sub: string): Promise<string> => {
        const who = await hooks.identify!(shown(await token({ claims: { sub } })))
        return who instanceof GatewayError ? who.code : 'in'
      }
      assert.equal(await ask('a'), 'in')
      provider.status = 500
      clock.advance(11 * 60_000)
      assert.equal(await ask('b'), 'in')
      const asked = provider.asked.length
      for (const sub of ['c', 'd', 'e']) assert.equal(await ask(sub), 'in')
      assert.equal(provider.asked.length, asked, 'the issuer is left alone for a while')
      clock.advance(50 * 60_000)
      assert.equal(await ask('f'), 'state_unavailable')
    })
    it('that are known are not waited for again once their issuer is known to be away', async () => {
      const hooks = hooksFor()
      await identify(await token(), hooks)
      provider.status = 500
      clock.advance(11 * 60_000)
      await identify(await token({ claims: { sub: 'b' } }), hooks)
      clock.advance(10_000)
      const { fetch } = globalThis
      let isAsked = false
      globalThis.fetch = () => ((isAsked = true), new Promise(() => {}))
      try {
        assert.equal((await identify(await token({ claims: { sub: 'c' } }), hooks)).user?.id, 'c')
        assert.ok(isAsked, 'beside the request')
      } finally {
        globalThis.fetch = fetch
      }
    })
    it('outlive a reload', async () => {
      const state = {}
      await identify(await token(), hooksFor({}, state))
      provider.status = 500
      assert.equal((await identify(await token({ claims: { sub: 'b' } }), hooksFor({}, state))).user?.id, 'b')
    })
    it('are not looked for in a document that is no set of keys', async () => {
      const hooks = hooksFor({ jwksUri: `${provider.url}/other` })
      assert.equal((await refused(await token(), hooks)).code, 'state_unavailable')
    })
    it('that cannot be had are our failure: 503, and who comes a second later asks again', async () => {
      const hooks = hooksFor()
      for (const status of [500, 302]) {
        provider.status = status
        assert.equal((await refused(await token(), hooks)).code, 'state_unavailable')
        clock.advance(1000)
      }
      assert.ok(!provider.asked.includes('/elsewhere'), 'no redirect is followed')
      provider.status = 200
      await identify(await token(), hooks)
    })
  })

  describe('administrators', () => {
    const hooks = (): Hooks => hooksFor({ admin: { claim: 'roles', roles: { gw: 'operator', audit: 'auditor' } } })
    const admin = async (roles: unknown): Promise<AdminIdentity | GatewayError> =>
      (await hooks().identifyAdmin!(shown(await token({ claims: { roles } }), null))) as AdminIdentity | GatewayError

    it('have the strongest of their roles', async () => {
      assert.deepEqual(await admin(['audit', 'gw']), { id: 'jo', role: 'operator' })
    })
    it('are nobody without one', async () => {
      for (const roles of [[], 'constructor', { gw: true }, undefined]) {
        const answer = await admin(roles)
        assert.ok(answer instanceof GatewayError && answer.code === 'scope_missing')
      }
    })
  })
})
