// Limits hold under parallel requests, and what was reserved comes back on every path.
import assert from 'node:assert/strict'
import { baseConfig, eventually, startGateway, type RunningGateway } from '../support/gateway.ts'
import { errorCode, postChat, user } from '../support/chat.ts'
import { hang, startUpstream, status, text, type UpstreamServer } from '../support/upstream/index.ts'

const LIMITS = `module acme.limits
policy acme.daily "Ten a day" {
  on     request
  when   feature.name == "daily"
  limit  requests to 10 per day by tenant.id
}
policy acme.slots "Ten at once" {
  on     request
  when   feature.name == "slots"
  limit  concurrent to 10 by tenant.id
}
policy acme.one "One at once" {
  on     request
  when   feature.name == "one"
  limit  concurrent to 1 by tenant.id
}
policy acme.tokens "A thousand tokens a day" {
  on     request
  when   feature.name == "tokens"
  limit  tokens to 1000 per day by tenant.id
}
`

describe('quotas', function () {
  this.timeout(120_000)
  let upstream: UpstreamServer
  let gateway: RunningGateway
  let key: string

  before(async () => {
    upstream = await startUpstream()
    const features = ['daily', 'slots', 'one', 'tokens'].map((name) => ({ name }))
    gateway = await startGateway({
      config: { ...baseConfig(upstream.url), features, plugins: { failover: { attempts: 1 } } },
      policies: { 'limits.policy': LIMITS },
    })
    key = await gateway.key()
  })
  beforeEach(() => upstream.reset())
  after(async () => {
    await gateway.remove()
    await upstream.close()
  })

  const ask = (feature: string, body: object = user('hi'), signal?: AbortSignal): Promise<Response> =>
    postChat(gateway, key, body, { headers: { 'x-sallyport-feature': feature }, ...(signal ? { signal } : {}) })

  it('lets exactly 10 of 200 parallel requests pass a limit of 10 a day', async () => {
    const responses = await Promise.all(Array.from({ length: 200 }, () => ask('daily')))
    assert.equal(responses.filter((response) => response.status === 200).length, 10)
    assert.equal(upstream.calls.length, 10)
    const refused = responses.find((response) => response.status === 429)!
    assert.equal(refused.headers.get('x-should-retry'), 'false')
    const codes = await Promise.all(responses.filter((response) => response.status === 429).map(errorCode))
    assert.deepEqual([...new Set(codes)], ['quota_exceeded'])
  })

  it('lets exactly 10 of 200 parallel requests into 10 slots', async () => {
    const { promise: release, resolve } = Promise.withResolvers<void>()
    upstream.always(text('done', { hold: release }))
    const pending = Array.from({ length: 200 }, () => ask('slots').then((response) => response.status))
    await eventually(async () => {
      const settled = await Promise.all(pending.map((code) => Promise.race([code, Promise.resolve(-1)])))
      return settled.filter((code) => code === 429).length === 190
    })
    resolve()
    const statuses = await Promise.all(pending)
    assert.equal(statuses.filter((code) => code === 200).length, 10)
    assert.equal(upstream.calls.length, 10)
  })

  it('frees a slot when the client leaves, and when the upstream fails', async () => {
    upstream.always(hang())
    const leave = new AbortController()
    const gone = ask('one', user('hi'), leave.signal)
    gone.catch(() => {})
    await upstream.call(0)
    assert.equal((await ask('one')).status, 429)
    leave.abort()
    upstream.always(status(500))
    const failed = await eventually(async () => {
      const response = await ask('one')
      return response.status !== 429 && response
    })
    assert.equal(failed.status, 502)
    upstream.always(text('fine'))
    assert.equal((await ask('one')).status, 200)
  })

  it('settles a token reservation to what was used, so that failures cost nothing', async () => {
    upstream.always(status(500))
    for (let i = 0; i < 5; i++) assert.equal((await ask('tokens', { ...user('hi'), max_tokens: 900 })).status, 502)
    upstream.always(text('fine'))
    assert.equal((await ask('tokens', { ...user('hi'), max_tokens: 900 })).status, 200)
  })

  it('takes a megabyte of one letter and refuses it for what it is: too many tokens', async () => {
    const response = await ask('tokens', { ...user('a'.repeat(1_000_000)), max_tokens: 1 })
    assert.equal(response.status, 429)
    assert.equal(await errorCode(response), 'quota_exceeded')
  })
})
