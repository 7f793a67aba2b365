// Whoever wants more than a limit gives: clients that vanish, streams that flood, numbers that are none, reloads in between. Afterwards nothing
// is held any more, and what was counted is what the record says. Then the addresses of clients, and the control plane, under hostile input.
import assert from 'node:assert/strict'
import { request } from 'node:http'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import {
  answer,
  dieAfter,
  hang,
  hangAfter,
  startUpstream,
  status,
  text,
  toolCalls,
  type Behaviour,
  type UpstreamServer,
} from '../support/upstream/index.ts'
import { baseConfig, eventually, startGateway, type RunningGateway } from '../support/gateway.ts'
import { TestRedis } from '../support/redis.ts'
import { postChat } from '../support/chat.ts'

type Loose = ReturnType<typeof JSON.parse>

const SLOTS = 8
const POLICIES = `module greedy
policy greedy.tokens "Tokens a day" {
  on     request
  limit  tokens to TOKENS per day by tenant.id
}
policy greedy.money "Money a month" {
  on     request
  when   key.id exists
  limit  money to 50 per month by key.id
}
policy greedy.slots "At a time" {
  on     request
  limit  concurrent to ${SLOTS} by tenant.id
}
policy greedy.requests "Requests an hour" {
  on     request
  limit  requests to 100000 per hour by tenant.id, request.model
}
`
const policiesOf = (tokens: number): string => POLICIES.replace('TOKENS', String(tokens))

// With Redis in the long run.
for (const driver of process.env['SALLYPORT_TEST_LONG'] ? (['embedded', 'redis'] as const) : (['embedded'] as const))
  describe(`limits under clients that want more, state: ${driver}`, function () {
    this.timeout(240_000)
    let redis: TestRedis | null = null
    let upstream: UpstreamServer
    let dear: UpstreamServer
    let gateway: RunningGateway
    let key: string

    before(async () => {
      ;[upstream, dear] = await Promise.all([startUpstream(), startUpstream()])
      if (driver === 'redis') redis = await TestRedis.start()
      const base = { ...baseConfig(upstream.url), ...(redis ? { state: { driver, url: redis.url, commandTimeoutMs: 5000 } } : {}) } as Loose
      const config = {
        ...base,
        providers: [...base.providers, { ...base.providers[0], name: 'dear', endpoint: `${dear.url}/v1` }],
        models: [
          {
            ...base.models[0],
            targets: [
              { provider: 'primary', model: 'gpt-upstream' },
              { provider: 'dear', model: 'gpt-dear', rates: { currency: 'USD', input: 50, cachedInput: 50, output: 100 } },
            ],
          },
        ],
        tenants: [{ id: 'acme' }, { id: 'leaving' }],
        plugins: { cache: { enabled: true } },
      }
      gateway = await startGateway({ config, policies: { 'greedy.policy': policiesOf(1_000_000) }, recorder: true })
      key = await gateway.key(['--tenant', 'acme', '--scopes', 'chat,decide'])
    })
    after(async () => {
      await gateway?.remove()
      await Promise.all([upstream.close(), dear.close(), redis?.stop()])
    })

    const shown = async (): Promise<Loose[]> => ((await (await gateway.admin('/quotas?limit=1000')).json()) as Loose).data
    const nothingHeld = (): Promise<true> => eventually(async () => (await shown()).every(({ reserved }) => Number(reserved) === 0))
    const settings = (change: (config: Loose) => void): void => {
      const file = join(gateway.folder, 'sallyport.yaml')
      const config = parse(readFileSync(file, 'utf8')) as Loose
      change(config)
      writeFileSync(file, stringify(config))
    }
    const reload = async (): Promise<void> => void (await (await gateway.admin('/reload', { method: 'POST' })).json())
    let asked = 0
    const chat = (body: object, signal?: AbortSignal, by = key): Promise<Response> =>
      postChat(gateway, by, { messages: [{ role: 'user', content: `question ${asked++}` }], ...body }, signal ? { signal } : {})

    it('takes no number for a bound that is none', async () => {
      for (const max_tokens of [-1, 0, 1.5, 1e300, 2 ** 53, '5', true, [], {}]) {
        const response = await chat({ max_tokens })
        const body = (await response.json()) as Loose
        if (response.status === 200)
          assert.ok(Number.isSafeInteger((JSON.parse(upstream.calls.at(-1)!.body.toString()) as Loose).max_tokens ?? 1), String(max_tokens))
        else
          assert.ok(
            [400, 402, 403, 422, 429].includes(response.status),
            `${String(max_tokens)}: ${response.status} ${JSON.stringify(body)}`,
          )
      }
      for (const n of [-1, 0, 1.5, 1e9, 2 ** 53, '2', null]) {
        const { status: code } = await chat({ n, max_tokens: 10 })
        assert.ok(code < 500, `n ${String(n)}: ${code}`)
      }
      await nothingHeld()
    })

    it('reserves nothing for what is only asked about', async () => {
      const before = await shown()
      for (let i = 0; i < 30; i++) {
        const response = await fetch(`${gateway.url}/v1/decide`, {
          method: 'POST',
          headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
          body: JSON.stringify({ model: 'gpt-test', messages: [{ role: 'user', content: `decide ${i}` }], max_tokens: 1000 }),
        })
        assert.equal(response.status, 200)
      }
      assert.deepEqual(await shown(), before)
    })

    it('holds nothing after clients that vanish, providers that break, and reloads meanwhile; the counters are the record’s', async () => {
      const flood = 'word '.repeat(4000)
      const behaviours: readonly Behaviour[] = [
        text('a short answer'),
        answer({ pieces: [flood, flood], usage: { prompt: 10, completion: 8000 } }),
        answer({ pieces: Array.from({ length: 50 }, () => 'word '.repeat(40)) }),
        toolCalls({ name: 'f', arguments: JSON.stringify({ flood }) }),
        dieAfter(2),
        hangAfter(1),
        hang(),
        status(500),
        status(429),
        answer({ pieces: ['cached'], usage: { prompt: 10, completion: 3, cached: 8 } as Loose }),
      ]
      let seed = 7
      const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below
      upstream.always((arrived) => behaviours[random(behaviours.length)]!(arrived))
      dear.always(text('a dear answer'))
      const leavingKey = await gateway.key(['--tenant', 'leaving', '--scopes', 'chat'])

      const zones = ['Pacific/Kiritimati', 'Pacific/Pago_Pago', 'UTC']
      const reloads = (async () => {
        for (let i = 0; i < 4; i++) {
          writeFileSync(join(gateway.folder, 'policies/greedy.policy'), policiesOf(1_000_000 - i))
          settings((config) => {
            config.tenants = [{ id: 'acme', timeZone: zones[i % 3] }, ...(i % 2 === 0 ? [] : [{ id: 'leaving' }])]
          })
          await Promise.all([reload(), reload()])
        }
      })()
      const one = async (i: number): Promise<void> => {
        const leaving = new AbortController()
        const stream = random(3) > 0
        const patience = setTimeout(() => leaving.abort(), 20 + random(300))
        try {
          const body = { stream, ...(random(2) ? { max_tokens: 1 + random(3000) } : {}), ...(random(4) ? {} : { n: 1 + random(4) }) }
          const response = await chat(body, leaving.signal, i % 9 === 0 ? leavingKey : key)
          const reader = response.body!.getReader()
          for (let read = await reader.read(); !read.done; read = await reader.read()) if (random(12) === 0) return leaving.abort()
        } catch (error) {
          assert.ok(leaving.signal.aborted, String(error))
        } finally {
          clearTimeout(patience)
        }
      }
      await Promise.all(
        Array.from({ length: 12 }, async (_, lane) => {
          for (let i = 0; i < 12; i++) await one(lane * 12 + i)
        }),
      )
      await reloads
      settings((config) => void (config.tenants = [{ id: 'acme' }, { id: 'leaving' }]))
      await reload()
      // On a slow machine every client may have lost patience so far.
      upstream.always(answer({ pieces: [flood], usage: { prompt: 10, completion: 4000 } }))
      assert.equal((await chat({ max_tokens: 5000 })).status, 200)
      await nothingHeld()

      // What the counters say, window by window, is what the rows of the record say.
      const counted = await shown()
      const windows = counted.filter(({ window }) => ['hour', 'day', 'month'].includes(window))
      assert.ok(windows.length >= 4, JSON.stringify(counted))
      await eventually(async (saw) => {
        const rows: readonly Loose[] = await gateway.sql(
          "SELECT b.1 AS counter, toString(sum(b.2)) AS used FROM requests ARRAY JOIN CAST(booked, 'Array(Tuple(String, Int64))') AS b GROUP BY counter",
        )
        const total = (unit: string): bigint =>
          rows.filter(({ counter }) => counter.includes(unit)).reduce((sum, { used }) => sum + BigInt(used), 0n)
        const nano = (money: string): bigint => {
          const [whole, part = ''] = money.split('.') as [string, string?]
          return BigInt(whole) * 1_000_000_000n + BigInt(part.padEnd(9, '0').slice(0, 9))
        }
        const shownTotal = (unit: string): bigint =>
          windows.filter((one) => one.unit === unit).reduce((sum, { used }) => sum + (unit === 'money' ? nano(used) : BigInt(used)), 0n)
        const differing = ['tokens', 'money', 'requests'].filter((unit) => total(unit) !== shownTotal(unit))
        saw(differing.map((unit) => [unit, total(unit), shownTotal(unit)]))
        return differing.length === 0 && total('tokens') > 1000n
      })
      assert.equal(gateway.process.exitCode, null)
    })
  })

describe('addresses and the control plane under hostile input', function () {
  this.timeout(240_000)
  let upstream: UpstreamServer
  let gateway: RunningGateway

  before(async () => {
    upstream = await startUpstream()
    const config = {
      ...baseConfig(upstream.url),
      server: { port: 0, trustProxy: ['127.0.0.1', '10.0.0.0/8', 'fd00::/8'] },
      users: [{ id: 'jo', tenant: 'acme', roles: ['lead'] }],
    }
    gateway = await startGateway({ config })
  })
  after(async () => {
    await gateway?.remove()
    await upstream.close()
  })

  it('an allow-list of addresses holds, whatever a client writes before what the proxy adds', async () => {
    const key = await gateway.key(['--tenant', 'acme', '--scopes', 'chat', '--ips', '203.0.113.0/24,2001:db8::/32'])
    const from = async (forwarded: string): Promise<number> =>
      (await postChat(gateway, key, {}, { headers: { 'x-forwarded-for': forwarded } })).status
    for (const good of [
      '203.0.113.7',
      '::ffff:203.0.113.7',
      '2001:db8::7',
      '6.6.6.6, 203.0.113.7',
      '203.0.113.7, 10.1.2.3',
      '203.0.113.7, fd00::1',
      '203.0.113.7:80',
      '[2001:db8::7]',
    ])
      assert.equal(await from(good), 200, good)
    for (const bad of [
      '203.0.113.7, 6.6.6.6',
      '203.0.113.7, nonsense',
      '203.0.113.7, ',
      '203.0.113.7,',
      '203.0.113.7, 6.6.6.6:80',
      '203.0.113.7%eth0',
      '2001:db8::7%eth0',
      '203.0.113.7, [2001:db9::7]:80',
      '203.0.113.07',
      '3405803783',
      '0xcb007107',
      '::ffff:6.6.6.6',
      '203.0.113.7\t6',
      '203.0.113.7 6.6.6.6',
      '',
    ])
      assert.equal(await from(bad), 403, bad)
  })

  it('a user is vouched for by the scope alone', async () => {
    const plain = await gateway.key(['--tenant', 'acme', '--scopes', 'chat'])
    const acting = await gateway.key(['--tenant', 'acme', '--scopes', 'chat,act-as-user'])
    for (const user of ['jo', 'x'.repeat(256), '__proto__', 'constructor'])
      for (const key of [plain, acting])
        assert.equal((await postChat(gateway, key, {}, { headers: { 'x-sallyport-user': user } })).status, 200)
    assert.equal((await postChat(gateway, acting, {}, { headers: { 'x-sallyport-user': 'x'.repeat(257) } })).status, 400)
  })

  /** A request with whatever headers and chunks, answered even while it still sends. */
  const raw = (
    method: string,
    path: string,
    headers: Loose,
    chunks: Iterable<Buffer | string> = [],
  ): Promise<{ status: number; headers: Loose; body: string }> =>
    new Promise((resolve, reject) => {
      const url = new URL(gateway.url)
      const call = request({
        host: url.hostname,
        port: url.port,
        method,
        path,
        headers: { authorization: `Bearer ${gateway.adminToken}`, ...headers },
      })
      call.on('error', reject)
      call.on('response', (response) => {
        let body = ''
        response.on('data', (chunk: Buffer) => (body += chunk.toString()))
        response.on('error', reject)
        response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }))
      })
      void (async () => {
        for (const chunk of chunks) if (!call.write(chunk)) await new Promise((next) => call.once('drain', next))
        call.end()
      })()
    })
  const CHANGES: readonly (readonly [string, string])[] = [
    ['POST', '/keys'],
    ['PATCH', '/keys/key_nobody'],
    ['POST', '/keys/key_nobody/rotate'],
    ['POST', '/quotas/raises'],
    ['POST', '/policies/preview'],
  ]

  it('bodies without end, and JSON without bottom, get an answer and cost nothing', async () => {
    const huge = function* (): Generator<Buffer> {
      for (let i = 0; i < 160; i++) yield Buffer.alloc(64 * 1024, 32)
    }
    for (const [method, path] of CHANGES) {
      assert.equal((await raw(method, `/admin/v1${path}`, {}, huge())).status, 413, path)
      const deep = await raw(method, `/admin/v1${path}`, {}, ['['.repeat(6000) + ']'.repeat(6000)])
      assert.equal(deep.status < 500 && deep.status >= 400, true, `${path}: ${deep.status}`)
      const members = `{"a":${'{"a":'.repeat(3000)}1${'}'.repeat(3000)}}`
      const nested = await raw(method, `/admin/v1${path}`, {}, [members])
      assert.equal(nested.status < 500 && nested.status >= 400, true, `${path}: ${nested.status}`)
    }
  })
  it('a page of another site can do nothing: no cookie counts, no origin is let in, no form or GET changes anything', async () => {
    const site = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
    const asked = await raw('OPTIONS', '/admin/v1/keys', { ...site, 'access-control-request-method': 'POST' })
    const listed = await raw('GET', '/admin/v1/keys', site)
    for (const { headers } of [asked, listed])
      for (const name of Object.keys(headers)) assert.ok(!name.startsWith('access-control-') && name !== 'set-cookie', name)
    const withCookie = {
      authorization: `Basic ${btoa(`x:${gateway.adminToken}`)}`,
      cookie: `token=${gateway.adminToken}; authorization=Bearer ${gateway.adminToken}`,
    }
    assert.equal((await raw('POST', `/admin/v1/keys?token=${gateway.adminToken}`, withCookie, ['tenant=acme'])).status, 401)
    for (const path of ['/reload', '/token/rotate', '/keys/key_nobody/revoke'])
      assert.equal((await raw('GET', `/admin/v1${path}`, {})).status, 404, path)
    assert.equal((await raw('GET', '/admin/v1/reload', { 'x-http-method-override': 'POST' })).status, 404)
    assert.equal((await raw('POST', '/admin/v1/keys?_method=DELETE', {}, ['a=b'])).status, 400)
  })
  it('nothing in a path, a query or a body becomes a header or a file', async () => {
    for (const path of [
      '/keys/%0d%0ax-evil:1',
      '/keys/..%2f..%2fme',
      '/keys/%00',
      '/keys/%',
      '/approvals/%0d%0aset-cookie:a',
      '/quotas?limit=%0d%0a',
      '/keys?after=%0d%0a',
      '/keys?tenant[]=a',
      '/keys?__proto__=a',
      '/quotas?tenant=a&tenant=b',
    ]) {
      const { status: code, headers } = await raw('GET', `/admin/v1${path}`, {})
      assert.ok(code === 400 || code === 404 || code === 200, `${path}: ${code}`)
      assert.equal(headers['x-evil'], undefined)
      assert.equal(headers['set-cookie'], undefined)
    }
    const name = await raw('POST', '/admin/v1/keys', {}, [JSON.stringify({ tenant: 'acme', name: 'a\r\nx-evil: 1' })])
    assert.equal(name.status, 400)
    for (const body of [
      '{"tenant":"acme","__proto__":{"scopes":["admin"]}}',
      '{"tenant":"acme","constructor":1}',
      '{"tenant":"__proto__"}',
      'null',
      '[]',
      '"x"',
      '\u0000',
    ])
      assert.equal((await raw('POST', '/admin/v1/keys', {}, [body])).status, 400, body)
  })
  it('raises that come at once all count, and together stay a number', async () => {
    const most = {
      tenant: 'acme',
      policy: 'standard.quotas.daily_tokens',
      unit: 'tokens',
      add: 999_999_999_999_999,
      for: '1h',
      reason: 'all of it',
    }
    const made = await Promise.all(Array.from({ length: 30 }, () => raw('POST', '/admin/v1/quotas/raises', {}, [JSON.stringify(most)])))
    assert.deepEqual(new Set(made.map(({ status: code }) => code)), new Set([201]))
    const { data } = JSON.parse((await raw('GET', '/admin/v1/quotas/raises', {})).body) as Loose
    assert.equal(new Set(data.map(({ id }: Loose) => id)).size, 30)
    const file = join(gateway.folder, 'sallyport.yaml')
    const config = parse(readFileSync(file, 'utf8')) as Loose
    writeFileSync(file, stringify({ ...config, tenants: [{ id: 'acme', quota: { dailyTokens: 1, monthly: 9_999_999 } }] }))
    assert.equal((await raw('POST', '/admin/v1/reload', {})).status, 200)
    const key = await gateway.key()
    assert.equal((await postChat(gateway, key, {})).status, 200)
    assert.equal((await raw('GET', '/admin/v1/quotas', {})).status, 200)
    const ended = await Promise.all([...data, ...data].map(({ id }: Loose) => raw('DELETE', `/admin/v1/quotas/raises/${id}`, {})))
    assert.ok(ended.every(({ status: code }) => code === 200 || code === 404))
    assert.equal((await postChat(gateway, key, {})).status, 429)
  })
})
