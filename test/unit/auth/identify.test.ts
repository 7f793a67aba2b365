// Who is let in with which key, and who is not, with what code.
import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { setImmediate as turn } from 'node:timers/promises'
import {
  GatewayError,
  NOT_MINE,
  type Credentials,
  type Host,
  type KeyRow,
  type KeyStore,
  type Log,
  type Principal,
} from '../../../core/plugin/index.ts'
import { hashKey, makeKey, prefixOfKey } from '../../../core/model/key-material.ts'
import { Identifier } from '../../../plugins/auth/identify.ts'
import { ManualClock, silentLog } from '../state/manual-clock.ts'

const PEPPER = Buffer.alloc(32, 7)
const { key: KEY, prefix: PREFIX } = makeKey()

function rowOf(more: Partial<KeyRow> = {}): KeyRow {
  return {
    id: 'key_1',
    tenant: 'acme',
    prefix: PREFIX,
    hash: hashKey(KEY, PEPPER),
    scopes: ['chat'],
    models: null,
    features: null,
    allowedIps: null,
    expires: null,
    createdAt: null,
    revokedAt: null,
    ...more,
  }
}

interface Place {
  readonly clock?: ManualClock
  readonly configured?: readonly KeyRow[]
  readonly stored?: KeyRow[]
  readonly keys?: Partial<KeyStore>
  readonly log?: Log
  /** In place of `stored` and `keys`: the store of several identifiers. */
  readonly state?: object
}

function identifierAt({ clock = new ManualClock(), configured = [], stored = [], keys = {}, log = silentLog(), state }: Place): Identifier {
  const findByPrefix = (prefix: string): readonly KeyRow[] => stored.filter((row) => row.prefix === prefix)
  return new Identifier({
    clock,
    log,
    secret: () => PEPPER,
    state: state ?? { keys: { findByPrefix, noteUsed: () => {}, ...keys } },
    directory: {
      keys: configured,
      tenants: new Map([['acme', {}]]),
      users: new Map([
        ['jo', { id: 'jo', tenant: 'acme', roles: ['fraud-analyst'] }],
        ['eve', { id: 'eve', tenant: 'other', roles: ['admin'] }],
      ]),
    },
  } as unknown as Host)
}

function shown(secret: string | null, more: Partial<Credentials> & { readonly user?: string } = {}): Credentials {
  return {
    secret,
    scope: 'chat',
    clientIp: '203.0.113.7',
    header: (name) => (name === 'x-sallyport-user' ? (more.user ?? null) : null),
    ...more,
  }
}

async function codeFor(identifier: Identifier, credentials: Credentials): Promise<string> {
  const result = await identifier.identify(credentials)
  return result === NOT_MINE ? 'not mine' : result instanceof GatewayError ? result.code : 'ok'
}

async function principalFor(row: Partial<KeyRow>, credentials = shown(KEY)): Promise<Principal> {
  const result = await identifierAt({ stored: [rowOf(row)] }).identify(credentials)
  assert.ok(result !== NOT_MINE && !(result instanceof GatewayError))
  return result
}

/** The key with one character of its secret changed, so that its check digits no longer fit. */
const MISTYPED = KEY.slice(0, 30) + (KEY[30] === 'A' ? 'B' : 'A') + KEY.slice(31)

const TABLE: readonly [title: string, row: Partial<KeyRow>, credentials: Credentials, code: string][] = [
  ['a good key', {}, shown(KEY), 'ok'],
  ['no key', {}, shown(null), 'invalid_api_key'],
  ['a credential of another kind', {}, shown('eyJhbGciOi.e30.x'), 'not mine'],
  ['a mistyped key', {}, shown(MISTYPED), 'invalid_api_key'],
  ['a key that is cut', {}, shown(KEY.slice(0, -1)), 'invalid_api_key'],
  ['a key nobody made', {}, shown(makeKey().key), 'invalid_api_key'],
  ['a known prefix with another secret', { hash: hashKey(makeKey().key, PEPPER) }, shown(KEY), 'invalid_api_key'],
  ['a stored hash that is none', { hash: 'zz' }, shown(KEY), 'invalid_api_key'],
  ['a revoked key', { revokedAt: '2026-01-01T00:00:00Z' }, shown(KEY), 'invalid_api_key'],
  ['a key that expired this moment', { expires: '2026-01-15T12:00:00Z' }, shown(KEY), 'invalid_api_key'],
  ['a key that expires in a millisecond', { expires: '2026-01-15T12:00:00.001Z' }, shown(KEY), 'ok'],
  ['a key of a tenant that is gone', { tenant: 'gone' }, shown(KEY), 'invalid_api_key'],
  ['a key whose expiry cannot be read', { expires: 'soon' }, shown(KEY), 'invalid_api_key'],
  ['a key whose networks cannot be read', { allowedIps: ['10.0.0.0/40'] }, shown(KEY), 'invalid_api_key'],
  ['a key without the scope', { scopes: ['embeddings'] }, shown(KEY), 'scope_missing'],
  ['an address in the network', { allowedIps: ['10.0.0.0/8', '203.0.113.0/24'] }, shown(KEY), 'ok'],
  ['an address outside the network', { allowedIps: ['203.0.112.0/24'] }, shown(KEY), 'ip_not_allowed'],
  ['an empty list of networks', { allowedIps: [] }, shown(KEY), 'ip_not_allowed'],
  ['a single address', { allowedIps: ['203.0.113.7'] }, shown(KEY), 'ok'],
  ['an IPv4 address in IPv6 clothes', { allowedIps: ['203.0.113.0/24'] }, shown(KEY, { clientIp: '::ffff:203.0.113.7' }), 'ok'],
  ['a network in IPv6 clothes', { allowedIps: ['::ffff:203.0.113.0/120'] }, shown(KEY), 'ok'],
  ['an IPv6 address in its network', { allowedIps: ['2001:db8::/32'] }, shown(KEY, { clientIp: '2001:db8:1::1' }), 'ok'],
  ['an IPv6 address outside', { allowedIps: ['2001:db8::/32'] }, shown(KEY, { clientIp: '2001:db9::1' }), 'ip_not_allowed'],
  ['an address that is none', { allowedIps: ['0.0.0.0/0'] }, shown(KEY, { clientIp: 'unknown' }), 'ip_not_allowed'],
]

describe('identify', () => {
  for (const [title, row, credentials, code] of TABLE) {
    it(`answers ${code} to ${title}`, async () => {
      assert.equal(await codeFor(identifierAt({ stored: [rowOf(row)] }), credentials), code)
    })
  }

  it('says the same of every key that is not right', async () => {
    const messages = new Set<string>()
    for (const [, row, credentials, code] of TABLE) {
      if (code !== 'invalid_api_key') continue
      const error = await identifierAt({ stored: [rowOf(row)] }).identify(credentials)
      messages.add((error as GatewayError).message)
    }
    assert.equal(messages.size, 1)
  })
  it('knows the keys of the configuration, without asking the store', async () => {
    const identifier = identifierAt({ configured: [rowOf()], keys: { findByPrefix: () => assert.fail('asked') } })
    assert.equal(await codeFor(identifier, shown(KEY)), 'ok')
  })
  it('does not start with a configured key it cannot understand', () => {
    assert.throws(
      () => identifierAt({ configured: [rowOf({ allowedIps: ['10.0.0.0/99'] })] }),
      /key_1: not a network or an address: 10\.0\.0\.0\/99/,
    )
  })
  it('asks the store once a second for one key, and sees a revocation then', async () => {
    const clock = new ManualClock()
    const stored = [rowOf()]
    let asked = 0
    const identifier = identifierAt({
      clock,
      keys: {
        findByPrefix: () => {
          asked++
          return [...stored]
        },
      },
    })
    for (let i = 0; i < 5; i++) assert.equal(await codeFor(identifier, shown(KEY)), 'ok')
    assert.equal(asked, 1)
    stored[0] = rowOf({ revokedAt: '2026-01-15T12:00:00Z' })
    clock.advance(999)
    assert.equal(await codeFor(identifier, shown(KEY)), 'ok')
    clock.advance(1)
    assert.equal(await codeFor(identifier, shown(KEY)), 'invalid_api_key')
  })
  it('sees a key that was made after it was refused', async () => {
    const stored: KeyRow[] = []
    const identifier = identifierAt({ stored })
    assert.equal(await codeFor(identifier, shown(KEY)), 'invalid_api_key')
    stored.push(rowOf())
    assert.equal(await codeFor(identifier, shown(KEY)), 'ok')
  })
  it('judges time, address and scope of a remembered key anew', async () => {
    const clock = new ManualClock()
    const identifier = identifierAt({ clock, stored: [rowOf({ expires: '2026-01-15T12:00:00.500Z', allowedIps: ['203.0.113.7'] })] })
    assert.equal(await codeFor(identifier, shown(KEY)), 'ok')
    assert.equal(await codeFor(identifier, shown(KEY, { clientIp: '203.0.113.8' })), 'ip_not_allowed')
    assert.equal(await codeFor(identifier, shown(KEY, { scope: 'embeddings' })), 'scope_missing')
    clock.advance(500)
    assert.equal(await codeFor(identifier, shown(KEY)), 'invalid_api_key')
  })
  it('counts the second of a memory from when the look-up began, not from when its answer came', async () => {
    const clock = new ManualClock()
    const stored = [rowOf()]
    const waiting: (() => void)[] = []
    const findByPrefix = (): Promise<readonly KeyRow[]> => {
      const rows = [...stored]
      return new Promise((resolve) => waiting.push(() => resolve(rows)))
    }
    const identifier = identifierAt({ clock, keys: { findByPrefix } })
    const first = codeFor(identifier, shown(KEY))
    clock.advance(250)
    stored[0] = rowOf({ revokedAt: '2026-01-15T12:00:00Z' })
    waiting[0]!()
    assert.equal(await first, 'ok')
    clock.advance(749)
    assert.equal(await codeFor(identifier, shown(KEY)), 'ok')
    clock.advance(1)
    const late = codeFor(identifier, shown(KEY))
    waiting[1]!()
    assert.equal(await late, 'invalid_api_key')
  })
  it('asks once for many requests that come while it asks', async () => {
    let asked = 0
    const identifier = identifierAt({ keys: { findByPrefix: async () => (asked++, [rowOf()]) } })
    const codes = await Promise.all(Array.from({ length: 50 }, () => codeFor(identifier, shown(KEY))))
    assert.deepEqual([new Set(codes), asked], [new Set(['ok']), 1])
  })
  it('knows a key for a second while the store is away, then blames the store; keys of the configuration go on', async () => {
    const clock = new ManualClock()
    const { key, prefix } = makeKey()
    let isAway = false
    const findByPrefix = async (): Promise<readonly KeyRow[]> => {
      if (isAway) throw new GatewayError('state_unavailable')
      return [rowOf()]
    }
    const configured = [rowOf({ id: 'key_yaml', prefix, hash: hashKey(key, PEPPER) })]
    const identifier = identifierAt({ clock, configured, keys: { findByPrefix } })
    assert.equal(await codeFor(identifier, shown(KEY)), 'ok')
    isAway = true
    clock.advance(999)
    assert.equal(await codeFor(identifier, shown(KEY)), 'ok')
    clock.advance(1)
    for (let i = 0; i < 3; i++) {
      assert.equal(await codeFor(identifier, shown(KEY)), 'state_unavailable', 'and never slowed')
      assert.equal(await codeFor(identifier, shown(key)), 'ok')
    }
    isAway = false
    assert.equal(await codeFor(identifier, shown(KEY)), 'ok', 'as soon as it is back')
  })
  it('refuses rows that are no keys, and finds the good one among them', async () => {
    const bad: unknown[] = [
      null,
      5,
      'x',
      {},
      { hash: 5 },
      { ...rowOf(), scopes: 'chat' },
      { ...rowOf(), scopes: ['chat', 5] },
      { ...rowOf(), revokedAt: undefined },
      { ...rowOf(), tenant: { toString: () => 'acme' } },
      { ...rowOf(), models: 'gpt' },
      { ...rowOf(), expires: 0 },
      { ...rowOf(), quota: { rpm: '1' } },
      { ...rowOf(), quota: { monthly: '1e99' } },
      { ...rowOf(), quota: { unknown: 1 } },
      JSON.parse('{"__proto__": {"hash": "00"}}'),
    ]
    for (const row of bad) {
      const place = { findByPrefix: () => [row] as KeyRow[] }
      assert.equal(await codeFor(identifierAt({ keys: place }), shown(KEY)), 'invalid_api_key', JSON.stringify(row))
    }
    const mixed = identifierAt({ keys: { findByPrefix: () => [...bad.slice(0, 5), rowOf()] as KeyRow[] } })
    assert.equal(await codeFor(mixed, shown(KEY)), 'ok')
  })
  it('says nothing of a secret, its hash or the pepper in what it logs or answers', async () => {
    const log = silentLog()
    const said: unknown[] = []
    for (const level of ['debug', 'info', 'warn', 'error'] as const) log[level] = (fields, message) => void said.push(fields, message)
    for (const row of [{ allowedIps: ['x'] }, { tenant: 'gone' }, { scopes: 'chat' as unknown as string[] }, { revokedAt: 'now' }])
      said.push(await identifierAt({ log, stored: [rowOf(row)] }).identify(shown(KEY)))
    const text = inspect(said, { depth: 9 })
    assert.ok(text.includes('key_1') && !text.includes(KEY.slice(19)) && !text.includes(hashKey(KEY, PEPPER)))
  })
  it('blames the store and not the key when the store cannot be read', async () => {
    const away = (): never => {
      throw new Error('away')
    }
    assert.equal(await codeFor(identifierAt({ keys: { findByPrefix: away } }), shown(KEY)), 'state_unavailable')
    assert.equal(await codeFor(identifierAt({ keys: { findByPrefix: async () => away() } }), shown(KEY)), 'state_unavailable')
  })
  it('hands on the lists of the key', async () => {
    const principal = await principalFor({ models: ['m'], features: [], scopes: ['chat', 'debug'] })
    assert.deepEqual(principal, { tenantId: 'acme', keyId: 'key_1', scopes: ['chat', 'debug'], models: ['m'], features: [], user: null })
  })

  describe('of wrong keys', () => {
    const wrong = makeKey().key
    const answer = async (identifier: Identifier, credentials: Credentials): Promise<string> => {
      const error = (await identifier.identify(credentials)) as GatewayError
      return error.code === 'rate_limited' ? `wait ${error.retryAfterSeconds}` : error.code
    }
    it('slows the next ones with the same beginning from the same address, a second, then two, up to a minute', async () => {
      const clock = new ManualClock()
      const identifier = identifierAt({ clock })
      const waits: string[] = []
      for (let i = 0; i < 8; i++) {
        assert.equal(await answer(identifier, shown(wrong)), 'invalid_api_key')
        waits.push(await answer(identifier, shown(wrong)))
        clock.advance(Number(waits.at(-1)!.slice(5)) * 1000)
      }
      assert.deepEqual(waits, ['wait 1', 'wait 2', 'wait 4', 'wait 8', 'wait 16', 'wait 32', 'wait 60', 'wait 60'])
    })
    it('lets others alone: another address, another key, and above all the right one', async () => {
      const identifier = identifierAt({ stored: [rowOf()] })
      const guess = KEY.slice(0, 20) + makeKey().key.slice(20)
      assert.equal(await answer(identifier, shown(guess)), 'invalid_api_key')
      assert.equal(await answer(identifier, shown(guess)), 'wait 1')
      assert.equal(await answer(identifier, shown(guess, { clientIp: '203.0.113.8' })), 'invalid_api_key')
      assert.equal(await answer(identifier, shown(wrong)), 'invalid_api_key')
      assert.equal(await codeFor(identifier, shown(KEY)), 'ok')
      assert.equal(await answer(identifier, shown(guess)), 'invalid_api_key', 'forgotten')
    })
    it('slows an address that tries many, but not for keys that are right', async () => {
      const identifier = identifierAt({ stored: [rowOf()] })
      const answers: string[] = []
      for (let i = 0; i < 23; i++) answers.push(await answer(identifier, shown(makeKey().key)))
      assert.deepEqual(answers.slice(19), ['invalid_api_key', 'invalid_api_key', 'wait 1', 'wait 1'])
      assert.equal(await codeFor(identifier, shown(KEY)), 'ok')
    })
    it('does not count what is no wrong key: none at all, another address, a missing scope', async () => {
      const identifier = identifierAt({ stored: [rowOf({ allowedIps: ['10.0.0.1'] })] })
      for (let i = 0; i < 3; i++) {
        assert.equal(await answer(identifier, shown(null)), 'invalid_api_key')
        assert.equal(await answer(identifier, shown(KEY)), 'ip_not_allowed')
        assert.equal(await answer(identifier, shown(KEY, { clientIp: '10.0.0.1', scope: 'images' })), 'scope_missing')
      }
    })
    it('remembers them over a reload', async () => {
      const state = { keys: { findByPrefix: () => [] } }
      assert.equal(await answer(identifierAt({ state }), shown(wrong)), 'invalid_api_key')
      assert.equal(await answer(identifierAt({ state }), shown(wrong)), 'wait 1')
    })
    it('tells a client not to repeat by itself', async () => {
      const identifier = identifierAt({})
      await identifier.identify(shown(wrong))
      assert.equal(((await identifier.identify(shown(wrong))) as GatewayError).shouldRetry, false)
    })
  })

  describe('and the last use of a key', () => {
    const used = (): { batches: [string, number][][]; noteUsed: (uses: ReadonlyMap<string, number>) => void } => {
      const batches: [string, number][][] = []
      return { batches, noteUsed: (uses) => void batches.push([...uses]) }
    }
    it('is kept every ten seconds and at the end, and not for requests that were refused', async () => {
      const clock = new ManualClock()
      const { batches, noteUsed } = used()
      const findByPrefix = (): KeyRow[] => [rowOf()]
      const identifier = identifierAt({ clock, keys: { findByPrefix, noteUsed } })
      const start = clock.now()
      await identifier.identify(shown(KEY, { scope: 'images' }))
      await identifier.identify(shown(makeKey().key))
      clock.advance(20_000)
      assert.deepEqual(batches, [])
      await identifier.identify(shown(KEY))
      clock.advance(3000)
      await identifier.identify(shown(KEY))
      clock.advance(7000)
      assert.deepEqual(batches, [[['key_1', start + 23_000]]])
      await identifier.identify(shown(KEY))
      await identifier.close()
      assert.deepEqual(batches[1], [['key_1', start + 30_000]])
      clock.advance(60_000)
      assert.equal(batches.length, 2)
    })
    it('fails no request when it cannot be kept, and is kept later', async () => {
      const clock = new ManualClock()
      let isAway = true
      const { batches, noteUsed } = used()
      const flaky = async (uses: ReadonlyMap<string, number>): Promise<void> => {
        if (isAway) throw new GatewayError('state_unavailable')
        noteUsed(uses)
      }
      const identifier = identifierAt({ clock, keys: { findByPrefix: () => [rowOf()], noteUsed: flaky } })
      assert.equal(await codeFor(identifier, shown(KEY)), 'ok')
      const at = clock.now()
      clock.advance(10_000)
      await turn()
      isAway = false
      clock.advance(10_000)
      await turn()
      assert.deepEqual(batches, [[['key_1', at]]])
    })
  })

  describe('of a user', () => {
    const scopes = ['chat', 'act-as-user']
    it('believes the header from a key with the scope act-as-user, with the roles of the configuration', async () => {
      assert.deepEqual((await principalFor({ scopes }, shown(KEY, { user: 'jo' }))).user, {
        id: 'jo',
        roles: ['fraud-analyst'],
        source: 'act-as-user',
      })
    })
    it('gives no roles to unknown users, and none of another tenant’s', async () => {
      for (const user of ['stranger', 'eve']) assert.deepEqual((await principalFor({ scopes }, shown(KEY, { user }))).user?.roles, [])
    })
    it('does not believe the header from other keys', async () => {
      assert.equal((await principalFor({}, shown(KEY, { user: 'jo' }))).user, null)
    })
    it('refuses a name without end', async () => {
      assert.equal(await codeFor(identifierAt({ stored: [rowOf({ scopes })] }), shown(KEY, { user: 'x'.repeat(257) })), 'invalid_request')
    })
  })
})

describe('a key', () => {
  it('has the form sp_live_<prefix>_<secret><check> and at least 192 bits', () => {
    assert.match(KEY, /^sp_live_[0-9A-Za-z]{10}_[0-9A-Za-z]{39}$/)
    assert.ok(33 * Math.log2(62) >= 192)
  })
  it('gives away its prefix, and any one wrong character', () => {
    assert.equal(prefixOfKey(KEY), PREFIX)
    for (let i = 0; i < KEY.length; i++) {
      const wrong = KEY.slice(0, i) + (KEY[i] === 'x' ? 'y' : 'x') + KEY.slice(i + 1)
      assert.equal(prefixOfKey(wrong), null, wrong)
    }
  })
})
