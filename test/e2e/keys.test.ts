// Keys on the control plane and what follows on the data plane: made, narrowed, rotated, ended, and recorded.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { connect } from 'node:net'
import { join } from 'node:path'
import { baseConfig, eventually, startGateway, type RunningGateway } from '../support/gateway.ts'
import { filesBelow } from '../support/files.ts'
import { door, PEPPER, prepared, untilRefused, type Loose } from '../support/keys.ts'
import { hashKey } from '../../core/model/key-material.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream/index.ts'

const VIEWER = 'viewer-token'

/** Every letter: of small ones alone a key may have none else at its beginning, and would be shown twice. */
const inOtherCase = (text: string): string =>
  text.replaceAll(/[a-z]/gi, (letter) => (letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase()))

describe('keys on the control plane', function () {
  this.timeout(120_000)
  let upstream: UpstreamServer
  let gateway: RunningGateway
  let yamlKey: string
  let call: ReturnType<typeof door>['call']
  let chat: ReturnType<typeof door>['chat']
  /** Every secret that was handed out. */
  const secrets: string[] = []

  const create = async (more: object = {}): Promise<Loose> => {
    const { status, body } = await call('POST', '', { tenant: 'acme', ...more })
    assert.equal(status, 201, JSON.stringify(body))
    secrets.push(body.key)
    return body
  }

  before(async () => {
    upstream = await startUpstream()
    const place = prepared()
    yamlKey = place.yamlKey
    secrets.push(yamlKey)
    const admins = [{ id: 'vi', role: 'viewer', hash: createHash('sha256').update(VIEWER).digest('hex') }]
    const config = { ...baseConfig(upstream.url), admins, keys: place.rows, features: [{ name: 'support' }] }
    gateway = await startGateway({ config, folder: place.folder, recorder: true })
    ;({ call, chat } = door(gateway))
  })
  after(async () => {
    await gateway?.remove()
    await upstream.close()
  })

  it('makes a key that works at once, and tells its secret once', async () => {
    const made = await create({
      name: 'Käse 🧀',
      scopes: ['chat', 'debug'],
      models: ['gpt-test'],
      expires: '30d',
      budget: '25.5',
      quota: { rpm: 60 },
    })
    assert.match(made.key, /^sp_live_/)
    assert.deepEqual([made.name, made.quota, made.status, made.from], ['Käse 🧀', { rpm: 60, monthly: '25.5' }, 'active', 'state'])
    assert.equal((await chat(made.key)).status, 200)
    const { body: again } = await call('GET', `/${made.id}`)
    const { key: _key, ...rest } = made
    assert.deepEqual({ ...again, last_used_at: null }, rest)
    assert.ok(!('key' in again || 'hash' in again))
  })
  it('lists the keys of file and store, by tenant and status, page by page', async () => {
    const { body } = await call('GET', '?tenant=acme&limit=1000')
    assert.deepEqual([body.data[0].id, body.data[0].from, body.data[0].name], ['key_yaml', 'config', 'In the file'])
    assert.ok(!JSON.stringify(body).includes('hash'))
    assert.deepEqual((await call('GET', '?tenant=nobody')).body.data, [])
    await create()
    const ids: string[] = []
    let after = ''
    for (;;) {
      const { body: page } = await call('GET', `?limit=1${after}`)
      ids.push(...page.data.map(({ id }: Loose) => id))
      if (!page.has_more) break
      after = `&after=${page.last_id}`
    }
    assert.ok(ids.length >= 3 && new Set(ids).size === ids.length)
    const ended = await create()
    await call('POST', `/${ended.id}/revoke`)
    assert.deepEqual(
      (await call('GET', '?status=revoked')).body.data.map(({ id }: Loose) => id),
      [ended.id],
    )
  })
  it('shows when a key was last used', async () => {
    const { id, key } = await create()
    assert.equal((await call('GET', `/${id}`)).body.last_used_at, null)
    const before = Date.now()
    await chat(key)
    await chat(yamlKey)
    // The snapshot that a reload replaces keeps what it knows.
    await gateway.admin('/reload', { method: 'POST' })
    const used = await eventually(async () => (await call('GET', `/${id}`)).body.last_used_at ?? undefined)
    assert.ok(Date.parse(used) >= before && Date.parse(used) <= Date.now())
    await eventually(async () => (await call('GET', '/key_yaml')).body.last_used_at !== null)
  })
  it('narrows a key within a second', async () => {
    const { id, key } = await create({ name: 'wide' })
    assert.equal((await chat(key)).status, 200)
    const { status, body } = await call('PATCH', `/${id}`, { allowed_ips: ['192.0.2.0/24'], name: null })
    assert.deepEqual([status, body.allowed_ips, body.name, body.scopes], [200, ['192.0.2.0/24'], null, ['chat']])
    assert.equal((await untilRefused(chat, key)).body.error.code, 'ip_not_allowed')
    await call('PATCH', `/${id}`, { allowed_ips: null })
    assert.ok(await eventually(async () => (await chat(key)).status === 200))
  })
  it('rotates with an overlap: both keys work, then the new one alone', async () => {
    const old = await create({ name: 'r', models: ['gpt-test'] })
    const { status, body: made } = await call('POST', `/${old.id}/rotate`, { overlap_seconds: 5 })
    secrets.push(made.key)
    assert.deepEqual([status, made.rotated_from, made.models, made.name], [201, old.id, ['gpt-test'], 'r'])
    assert.deepEqual([(await chat(old.key)).status, (await chat(made.key)).status], [200, 200])
    const { body: shown } = await call('GET', `/${old.id}`)
    assert.deepEqual([shown.status, shown.rotated_to, shown.expires], ['rotating', made.id, made.old_key_expires])
    assert.equal((await untilRefused(chat, old.key)).status, 401)
    assert.equal((await call('GET', `/${old.id}`)).body.status, 'expired')
    assert.equal((await chat(made.key)).status, 200)
  })
  it('rotates without an overlap when it is asked to', async () => {
    const old = await create()
    assert.equal((await chat(old.key)).status, 200)
    const { body: made } = await call('POST', `/${old.id}/rotate`, { overlap_seconds: 0 })
    secrets.push(made.key)
    assert.equal((await untilRefused(chat, old.key)).status, 401)
    assert.equal((await chat(made.key)).status, 200)
  })
  it('gives a successor no fresh budget: both count as one key', async () => {
    const old = await create({ quota: { rpm: 3 } })
    const { body: second } = await call('POST', `/${old.id}/rotate`)
    const { body: third } = await call('POST', `/${second.id}/rotate`)
    secrets.push(second.key, third.key)
    const codes: string[] = []
    for (const key of [old.key, second.key, third.key, third.key, old.key]) {
      const { status, body } = await chat(key)
      codes.push(status === 200 ? '200' : body.error.code)
    }
    assert.deepEqual(codes, ['200', '200', '200', 'rate_limited', 'rate_limited'])
  })
  it('lets one of several rotations win that come at once', async () => {
    const { id } = await create()
    const answers = await Promise.all(Array.from({ length: 8 }, () => call('POST', `/${id}/rotate`)))
    assert.deepEqual(
      answers.map(({ status }) => status).toSorted((a, b) => a - b),
      [201, ...Array.from({ length: 7 }, () => 409)],
    )
    const { body } = await call('GET', '?limit=1000')
    assert.equal(body.data.filter((key: Loose) => key.rotated_from === id).length, 1)
    for (const { body: made } of answers) if (made.key) secrets.push(made.key)
  })
  it('ends a key for good, whatever happens to it at the same time', async () => {
    for (let i = 0; i < 5; i++) {
      const { id, key } = await create()
      const [revoked, rotated, changed] = await Promise.all([
        call('POST', `/${id}/revoke`),
        call('POST', `/${id}/rotate`),
        call('PATCH', `/${id}`, { scopes: ['chat', 'debug'] }),
        gateway.cli('keys', 'revoke', id),
      ])
      if (rotated.body.key) secrets.push(rotated.body.key)
      assert.equal(revoked.status, 200)
      assert.ok([201, 409].includes(rotated.status) && [200, 409].includes(changed.status))
      assert.equal((await call('GET', `/${id}`)).body.status, 'revoked')
      assert.equal((await untilRefused(chat, key)).status, 401)
      assert.equal((await call('PATCH', `/${id}`, { expires: null })).status, 409)
      assert.equal((await call('POST', `/${id}/rotate`)).status, 409)
    }
  })

  const WRONG: readonly [method: string, path: string, body: unknown, status: number, message: RegExp][] = [
    ['POST', '', undefined, 400, /must be a JSON object/],
    ['POST', '', [], 400, /must be a JSON object/],
    ['POST', '', {}, 400, /`tenant`: is missing/],
    ['POST', '', { tenant: 'acne' }, 400, /no tenant "acne" is configured; did you mean "acme"\?/],
    ['POST', '', { tenant: '__proto__' }, 400, /no tenant/],
    ['POST', '', { tenant: 'acme', modles: [] }, 400, /`modles`: is unknown; did you mean "models"\?/],
    ['POST', '', { tenant: 'acme', models: ['gpt-tset'] }, 400, /`models\[0\]`: no model "gpt-tset".*did you mean "gpt-test"/],
    ['POST', '', { tenant: 'acme', features: ['suport'] }, 400, /did you mean "support"/],
    ['POST', '', { tenant: 'acme', scopes: [] }, 400, /`scopes`: must name at least one/],
    ['POST', '', { tenant: 'acme', scopes: ['chat', 'a b'] }, 400, /`scopes\[1\]`: "a b" is no scope/],
    ['POST', '', { tenant: 'acme', scopes: 'chat' }, 400, /`scopes`: must be a list of texts/],
    ['POST', '', { tenant: 'acme', allowed_ips: ['10.0.0.0/33'] }, 400, /`allowed_ips\[0\]`: .*write 203.0.113.7/],
    ['POST', '', { tenant: 'acme', allowed_ips: ['fe80::1%eth0'] }, 400, /is no address/],
    ['POST', '', { tenant: 'acme', allowed_ips: [] }, 400, /`allowed_ips`: must name at least one network; write null/],
    ['POST', '', { tenant: 'acme', expires: '2020-01-01T00:00:00Z' }, 400, /`expires`: is in the past/],
    ['POST', '', { tenant: 'acme', expires: '2099-02-30T00:00:00Z' }, 400, /`expires`: is no moment/],
    ['POST', '', { tenant: 'acme', expires: '2099-01-01T00:00:00' }, 400, /`expires`: is no moment/],
    ['POST', '', { tenant: 'acme', expires: 4e12 }, 400, /`expires`: is no moment/],
    ['POST', '', { tenant: 'acme', budget: '1e9' }, 400, /`budget`: must be an amount/],
    ['POST', '', { tenant: 'acme', budget: 1, quota: { monthly: 2 } }, 400, /keep one of them/],
    ['POST', '', { tenant: 'acme', quota: { rpm: 1.5 } }, 400, /`quota.rpm`: must be a whole number/],
    ['POST', '', { tenant: 'acme', quota: { requests: 5 } }, 400, /`quota.requests`: is unknown; there are hourly_tokens/],
    ['POST', '', { tenant: 'acme', name: 'a\r\nx-evil: 1' }, 400, /`name`: must be a text/],
    ['POST', '', { tenant: 'acme', name: 'x'.repeat(10_000) }, 400, /1 to 100 characters/],
    [
      'POST',
      '',
      { tenant: 'acme', scopes: Array.from({ length: 100 }, (_, i) => `scope-${'x'.repeat(50)}-${i}`) },
      400,
      /longer than 4000/,
    ],
    ['PATCH', '/KEY', {}, 400, /names nothing to change/],
    ['PATCH', '/KEY', { tenant: 'other' }, 400, /`tenant`: cannot be changed: create another key/],
    ['POST', '/KEY/rotate', { overlap_seconds: -1 }, 400, /`overlap_seconds`: must be a whole number/],
    ['POST', '/KEY/rotate', { overlap: '24h' }, 400, /`overlap`: is unknown/],
    ['GET', '?limit=0', undefined, 400, /`limit`: must be a number from 1 to 1000/],
    ['GET', '?after=nobody', undefined, 400, /`after`: names no key/],
    ['GET', '?status=old', undefined, 400, /`status`: must be one of/],
    ['GET', '/key_nobody', undefined, 404, /no key "key_nobody"/],
    ['GET', `/${'x'.repeat(4000)}`, undefined, 404, /There is no key of this id/],
    ['GET', '/%00%0d%0aset-cookie:%20x', undefined, 404, /There is no key of this id/],
    ['GET', '/__proto__', undefined, 404, /no key/],
    ['POST', '/key_nobody/revoke', undefined, 404, /no key/],
    ['PATCH', '/key_yaml', { name: 'x' }, 409, /it stands in the configuration/],
    ['POST', '/key_yaml/rotate', undefined, 409, /it stands in the configuration/],
    ['POST', '/key_yaml/revoke', undefined, 409, /it stands in the configuration/],
  ]
  it('refuses what is not clear, and says what to do', async () => {
    const { id } = await create()
    // When a key was used is written a second later, whatever is asked meanwhile.
    const all = async (): Promise<Loose> => (await call('GET', '?limit=1000')).body.data.map(({ last_used_at: _, ...rest }: Loose) => rest)
    const before = await all()
    for (const [method, path, body, status, message] of WRONG) {
      const answer = await call(method, path.replace('KEY', id), body)
      assert.equal(
        answer.status,
        status,
        `${method} ${path.slice(0, 40)} ${JSON.stringify(body)?.slice(0, 80)}: ${JSON.stringify(answer.body)}`,
      )
      assert.match(answer.body.error.message, message)
    }
    assert.deepEqual(await all(), before)
  })
  it('lets those look who may only look', async () => {
    const { id } = await create()
    assert.equal((await call('GET', `/${id}`, undefined, VIEWER)).status, 200)
    for (const [method, path] of [
      ['POST', ''],
      ['PATCH', `/${id}`],
      ['POST', `/${id}/rotate`],
      ['POST', `/${id}/revoke`],
    ] as const)
      assert.equal((await call(method, path, { tenant: 'acme' }, VIEWER)).status, 403)
  })
  it('answers 401 to keys of every odd form, and slows who tries again', async () => {
    const send = (key: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const { port } = new URL(gateway.url)
        const socket = connect(Number(port), '127.0.0.1', () => {
          socket.write(
            Buffer.from(`GET /v1/models HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\nconnection: close\r\n\r\n`, 'latin1'),
          )
        })
        let text = ''
        socket.on('data', (data) => (text += data.toString()))
        socket.on('end', () => resolve(text))
        socket.on('error', reject)
      })
    const codes: string[] = []
    for (const key of [
      'sp_',
      'sp_live_',
      'sp_live_é\xff\x80',
      `sp_live_${'a'.repeat(10_000)}`,
      `${yamlKey}x`,
      `sp_live_${inOtherCase(yamlKey.slice(8))}`,
      'sp_live_%0d%0ax:1',
    ])
      codes.push((await send(key)).slice(9, 12))
    assert.deepEqual(new Set(codes), new Set(['401']))
    assert.match(await send('sp_live_a\r\nx-evil: 1'), /^HTTP\/1\.1 401 [^]*invalid_api_key/)
    // Waits double, so that even a slow machine comes too early once.
    const slowed = await eventually(async (saw) => {
      const answer = saw(await send('sp_live_'))
      return !answer.startsWith('HTTP/1.1 401') && answer
    })
    assert.match(slowed, /^HTTP\/1\.1 429 [^]*x-should-retry: false[^]*retry-after: \d+/i)
    assert.equal((await chat(yamlKey)).status, 200, 'a good key from the same address')
  })
  it('has written every change, by whom, and no secret anywhere', async () => {
    const { id, key } = JSON.parse(await gateway.cli('keys', 'create', '--tenant', 'acme', '--json')) as Loose
    secrets.push(key)
    await gateway.cli('keys', 'revoke', id)
    const read = async (): Promise<Loose[]> => [...(await gateway.sql(`SELECT * FROM admin_events WHERE action LIKE 'key %' ORDER BY ts`))]
    const { data } = (await call('GET', '?limit=1000')).body
    const ids: string[] = data.filter(({ from }: Loose) => from === 'state').map((row: Loose) => row.id)
    // Commands and gateway have spools of their own, which the recorder ships in no particular order.
    const events = await eventually(async (saw) => {
      const rows = saw(await read())
      const missing = ids.filter((each) => !rows.some(({ target, after }) => target === each || after.includes(each)))
      return missing.length === 0 && rows.some((row) => row.target === id && row.action === 'key revoked') && rows
    })
    assert.deepEqual(new Set(events.map(({ action }) => action)), new Set(['key created', 'key changed', 'key rotated', 'key revoked']))
    const ours = events.filter(({ target }) => target === id)
    assert.deepEqual(
      ours.map(({ actor, action, tenant }) => [actor.split(':')[0], action, tenant]),
      [
        ['cli', 'key created', 'acme'],
        ['cli', 'key revoked', 'acme'],
      ],
    )
    const changed = events.find(({ action, after }) => action === 'key changed' && after.includes('192.0.2.0/24'))
    assert.deepEqual([changed.actor, changed.ip, JSON.parse(changed.before).name], ['bootstrap', '127.0.0.1', 'wide'])
    const files = filesBelow(join(gateway.folder, 'data/spool')).values()
    const everything = [gateway.output(), JSON.stringify(events), ...files.map((bytes) => bytes.toString('latin1'))]
    for (const secret of secrets) {
      const hash = hashKey(secret, PEPPER)
      for (const text of everything) assert.ok(!text.includes(secret.slice(19)) && !text.includes(hash))
    }
  })
})
