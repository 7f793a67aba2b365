// The control plane: who gets in with which role, how guessing is slowed, the bootstrap token's end, approvals, and the rows behind all of it.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { baseConfig, eventually, startGateway, type Row, type RunningGateway } from '../support/gateway.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream/index.ts'

type Loose = ReturnType<typeof JSON.parse>

const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex')
const ROLES = ['owner', 'operator', 'auditor', 'viewer'] as const

const POLICY = `module house version "1"
detector transfer {
  pattern /transfer \\d{1,9}/
  examples "transfer 5"
  never "transfers"
}
policy house.approve "Large transfers need consent" {
  on      request
  when    prompt contains transfer
  require approval from "treasury"
}
`

describe('the control plane', function () {
  this.timeout(120_000)
  let upstream: UpstreamServer
  let gateway: RunningGateway

  before(async () => {
    upstream = await startUpstream()
    const admins = ROLES.map((role) => ({ id: `${role}-1`, role, hash: hashOf(`${role}-token`) }))
    gateway = await startGateway({
      config: { ...baseConfig(upstream.url), admins, server: { port: 0, trustProxy: ['127.0.0.0/8'] } },
      policies: { 'test.policy': POLICY },
      recorder: true,
    })
  })
  after(async () => {
    await gateway.remove()
    await upstream.close()
  })

  const as = async (token: string, path: string, init: RequestInit = {}): Promise<{ status: number; body: Loose; headers: Headers }> => {
    const response = await gateway.admin(path, { ...init, headers: { authorization: `Bearer ${token}`, ...init.headers } })
    const text = await response.text()
    return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) : text, headers: response.headers }
  }
  const events = (where: string): Promise<readonly Row[]> =>
    gateway.sql(`SELECT actor, action, target, result FROM admin_events WHERE ${where} ORDER BY ts`)

  it('knows its people by token', async () => {
    for (const role of ROLES) assert.deepEqual((await as(`${role}-token`, '/me')).body, { id: `${role}-1`, role })
    assert.deepEqual((await as(gateway.adminToken, '/me')).body, { id: 'bootstrap', role: 'owner' })
  })
  it('lets operators change things and owners alone rotate the bootstrap token', async () => {
    const statuses = await Promise.all(
      ['/reload', '/token/rotate'].map((path) =>
        Promise.all(ROLES.slice(1).map(async (role) => (await as(`${role}-token`, path, { method: 'POST' })).status)),
      ),
    )
    assert.deepEqual(statuses, [
      [200, 403, 403],
      [403, 403, 403],
    ])
  })
  it('slows whoever guesses, by address and beginning of the token, and says how long', async () => {
    const from = { 'x-forwarded-for': '203.0.113.7' }
    assert.equal((await as('guess-1234567890', '/me', { headers: from })).status, 401)
    // Waits double, so that even a slow machine comes too early once.
    const slowed = await eventually(async () => {
      const again = await as('guess-1234567890', '/me', { headers: from })
      return again.status !== 401 && again
    })
    assert.deepEqual([slowed.status, slowed.body.error.code], [429, 'rate_limited'])
    assert.match(slowed.headers.get('retry-after')!, /^[1-9]\d?$/)
    assert.equal((await as('viewer-token', '/me', { headers: from })).status, 200, 'another token from there')
    assert.equal((await as('guess-1234567890', '/me', { headers: { 'x-forwarded-for': '203.0.113.8' } })).status, 401, 'from elsewhere')
    await eventually(async (saw) => saw(await events(`action = 'login' AND result = 'refused'`)).length >= 2)
    assert.ok(!gateway.output().includes('guess-1234567890'))
  })
  it('asks nobody for consent when only the decision is asked for', async () => {
    const key = await gateway.key(['--tenant', 'acme', '--scopes', 'decide'])
    const body = JSON.stringify({ model: 'gpt-test', messages: [{ role: 'user', content: 'transfer 9' }] })
    const response = await fetch(`${gateway.url}/v1/decide`, { method: 'POST', headers: { authorization: `Bearer ${key}` }, body })
    assert.equal(((await response.json()) as Loose).error.code, 'approval_required')
    assert.deepEqual((await as('viewer-token', '/approvals')).body.data, [])
  })
  it('asks for consent once, follows the verdict, and lets that content through alone', async () => {
    const key = await gateway.key()
    const send = async (content: string, approval?: string): Promise<{ status: number; body: Loose }> => {
      const response = await fetch(`${gateway.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, ...(approval === undefined ? {} : { 'x-sallyport-approval': approval }) },
        body: JSON.stringify({ model: 'gpt-test', messages: [{ role: 'user', content }] }),
      })
      return { status: response.status, body: await response.json() }
    }
    const before = upstream.calls.length
    const refused = [await send('transfer 5'), await send('transfer 5')]
    assert.deepEqual(
      refused.map(({ status, body }) => [status, body.error.code]),
      [
        [409, 'approval_required'],
        [409, 'approval_required'],
      ],
    )
    const { data } = (await as('viewer-token', '/approvals')).body
    assert.equal(data.length, 1, 'asked once')
    const [{ id }] = data
    assert.ok(refused[0]!.body.error.message.includes(id))
    assert.equal((await as('viewer-token', `/approvals/${id}/approve`, { method: 'POST' })).status, 403)
    assert.equal((await as('operator-token', `/approvals/${id}/approve`, { method: 'POST' })).body.state, 'approved')
    assert.equal((await as('owner-token', `/approvals/${id}/reject`, { method: 'POST' })).status, 409, 'the first verdict stands')
    assert.equal((await send('transfer 5')).status, 409, 'only with the header')
    assert.equal(upstream.calls.length, before)
    assert.equal((await send('transfer 5', id)).status, 200)
    assert.equal((await send('transfer 5000', id)).status, 409, 'another content')
    await eventually(async (saw) => saw(await events(`target = '${id}'`)).length === 2)
    const passed = `SELECT count() AS n FROM requests WHERE approval_id = '${id}' AND status = 200`
    await eventually(async (saw) => saw(await gateway.sql(passed))[0]!.n === '1')
  })
  it('refuses a request whose approval was rejected', async () => {
    const key = await gateway.key()
    const send = (approval = ''): Promise<Response> =>
      fetch(`${gateway.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'x-sallyport-approval': approval },
        body: JSON.stringify({ model: 'gpt-test', messages: [{ role: 'user', content: 'transfer 7' }] }),
      })
    const { error } = (await (await send()).json()) as Loose
    const id = /apr_\w+/.exec(error.message)![0]
    assert.equal((await as('operator-token', `/approvals/${id}/reject`, { method: 'POST' })).body.state, 'rejected')
    const response = await send(id)
    const { error: last } = (await response.json()) as Loose
    assert.deepEqual([response.status, last.code, last.reason], [403, 'policy_denied', 'approval.rejected'])
  })
  // Last: it ends the token that the other tests use.
  it('ends the old bootstrap token at once when it is rotated, and keeps the new one to its owner', async () => {
    const { status, body } = await as(gateway.adminToken, '/token/rotate', { method: 'POST' })
    assert.equal(status, 200)
    assert.notEqual(body.token, gateway.adminToken)
    assert.equal((await as(gateway.adminToken, '/me')).status, 401)
    assert.equal((await as(body.token, '/me')).status, 200)
    assert.equal(statSync(join(gateway.folder, 'data/secrets/admin-token')).mode & 0o777, 0o600)
    assert.deepEqual((await eventually(async () => (await events(`action = 'admin token rotated'`))[0])).actor, 'bootstrap')
  })
})
