// The packs as an operator turns them on: a folder more in `policies.paths`, or a copy below the own policies.
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { tmpdir } from 'node:os'
import { baseConfig, startGateway, type RunningGateway } from '../support/gateway.ts'
import { postChat, user } from '../support/chat.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream/index.ts'

const PACKS = resolve(import.meta.dirname, '../../policies')
const TOKEN = `glpat-${'aB3dE5gH7jK9mN1pQ3sT'}`
const PASSPORT = 'passport number X1234567'
const HOST = 'build01.lan'

const OWN_POLICY = `module own
import enterprise.network as network
import standard.access

policy own.hosts "Hosts are labelled" {
  on    request
  when  prompt contains network.internal_host
  label "internal-host"
  warn  "own.host"
}

test "a host" {
  message user "ping ${HOST}"
  expect  warn "own.host"
}
`

describe('policy packs in a gateway', function () {
  this.timeout(120_000)
  let upstream: UpstreamServer
  const gateways: RunningGateway[] = []

  before(async () => {
    upstream = await startUpstream()
  })
  beforeEach(() => upstream.reset())
  afterEach(async () => {
    for (const gateway of gateways.splice(0)) await gateway.remove()
  })
  after(() => upstream.close())

  async function start(
    paths: readonly string[],
    policies: { readonly [file: string]: string } = {},
    standard = true,
  ): Promise<RunningGateway> {
    const config = { ...baseConfig(upstream.url), features: [{ name: 'open', pii: 'allow' }], policies: { standard, paths } }
    const gateway = await startGateway({ config, policies })
    gateways.push(gateway)
    return gateway
  }

  async function ask(
    gateway: RunningGateway,
    content: string,
  ): Promise<{ status: number; reason: string | null; warnings: string; sent: string | null }> {
    const sentBefore = upstream.calls.length
    const response = await postChat(gateway, await gateway.key(), user(content), { headers: { 'x-sallyport-feature': 'open' } })
    const body = (await response.json()) as { error?: { reason?: string } }
    const call = upstream.calls[sentBefore]
    return {
      status: response.status,
      reason: body.error?.reason ?? null,
      warnings: response.headers.get('x-sallyport-warnings') ?? '',
      sent: call ? (JSON.parse(call.body.toString()) as { messages: { content: string }[] }).messages[0]!.content : null,
    }
  }

  it('are off until their folder is named', async () => {
    const gateway = await start(['./policies'])
    const { sent } = await ask(gateway, `${TOKEN}, ${PASSPORT}, ${HOST}`)
    assert.equal(sent, `${TOKEN}, ${PASSPORT}, ${HOST}`)
  })

  it('judge beside each other once their folders are named', async () => {
    const gateway = await start(['./policies', ...['secrets', 'personal', 'enterprise'].map((pack) => join(PACKS, pack))])
    const seen = await ask(gateway, `clone from ${HOST} with ${TOKEN}, ${PASSPORT}`)
    assert.equal(seen.sent, 'clone from [INTERNAL_HOST] with [GITLAB_TOKEN], passport number [PASSPORT]')
    assert.deepEqual(seen.warnings.split(',').sort(), ['personal.identity', 'secrets.in_prompt'])

    const refused = await ask(gateway, '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC')
    assert.deepEqual([refused.status, refused.reason, refused.sent], [403, 'secrets.master_key', null])
    const ordinary = await ask(gateway, 'Please explain how passports, tokens and local hosts work.')
    assert.deepEqual([ordinary.status, ordinary.warnings], [200, ''])
  })

  it('can be copied below the own policies, and their detectors imported', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-pack-'))
    try {
      cpSync(join(PACKS, 'enterprise'), join(folder, 'enterprise'), { recursive: true })
      const gateway = await start(['./policies', folder], { 'own.policy': OWN_POLICY })
      const seen = await ask(gateway, `ping ${HOST}`)
      assert.equal(seen.sent, 'ping [INTERNAL_HOST]')
      assert.equal(seen.warnings, 'own.host')
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it('find the standard detectors where the standard policies are off', async () => {
    const text = `module own
import standard.detectors as std
policy own.chat "Chat" { on request allow }
policy own.mail "Mail" { on request redact std.email in prompt }
`
    const gateway = await start(['./policies'], { 'own.policy': text }, false)
    const response = await postChat(gateway, await gateway.key(), user('to jo@example.com, card 4111 1111 1111 1111'))
    assert.equal(response.status, 200)
    const { messages } = JSON.parse(upstream.calls[0]!.body.toString()) as { messages: { content: string }[] }
    assert.equal(messages[0]!.content, 'to [EMAIL], card 4111 1111 1111 1111')
  })
})
