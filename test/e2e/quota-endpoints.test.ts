// Limits hold on every endpoint. The endpoints come from the table of routes: a new one fails here until it is covered.
import assert from 'node:assert/strict'
import { baseConfig, startGateway, type RunningGateway } from '../support/gateway.ts'
import { errorCode } from '../support/chat.ts'
import { GOVERNED } from '../../core/server/routes.ts'
import { answer, startUpstream, type UpstreamServer } from '../support/upstream/index.ts'

/** A request that each endpoint takes, and whether it streams too. An endpoint that sends nothing to anybody takes nothing of a limit. */
const COVERED: { readonly [route: string]: { readonly body: object; readonly streams: boolean } } = {
  'POST /v1/chat/completions': { body: { messages: [{ role: 'user', content: 'hello' }], max_tokens: 20 }, streams: true },
  'POST /v1/decide': { body: { messages: [{ role: 'user', content: 'hello' }], max_tokens: 20 }, streams: false },
}

/** A limit that the first request passes and the second does not, and its code. The answer uses 1,000 tokens. */
const LIMITS: readonly (readonly [limit: string, code: string])[] = [
  ['requests to 1 per minute by key.id', 'rate_limited'],
  ['requests to 1 per hour by tenant.id', 'quota_exceeded'],
  ['requests to 1 per day by session.id', 'quota_exceeded'],
  ['requests to 1 per month by feature.name', 'quota_exceeded'],
  ['tokens to 600 per minute by user.id', 'rate_limited'],
  ['tokens to 600 per hour by tenant.id, feature.name', 'quota_exceeded'],
  ['tokens to 600 per day by user.id', 'quota_exceeded'],
  ['tokens to 600 per month by key.id', 'quota_exceeded'],
  ['money to 0.0012 per day by tenant.id', 'budget_exceeded'],
  ['money to 0.0012 per month by session.id', 'budget_exceeded'],
  ['concurrent to 0 by tenant.id', 'too_many_concurrent'],
  ['cost to 0.000001', 'max_cost_exceeded'],
]
const policies = LIMITS.map(
  ([limit], i) => `policy coverage.l${i} "Limit ${i}" {
  on     request
  when   feature.name == "f${i}" and session.id exists and user.id exists and key.id exists
  limit  ${limit}
}`,
)

describe('limits', function () {
  this.timeout(120_000)
  let upstream: UpstreamServer
  let gateway: RunningGateway
  let key: string

  before(async () => {
    upstream = await startUpstream()
    gateway = await startGateway({
      config: { ...baseConfig(upstream.url), features: LIMITS.map((_, i) => ({ name: `f${i}` })) },
      policies: { 'ends.policy': ['module coverage', ...policies, ''].join('\n') },
    })
    key = await gateway.key(['--tenant', 'acme', '--scopes', 'chat,decide,act-as-user'])
  })
  beforeEach(() => {
    upstream.reset()
    upstream.always(answer({ pieces: ['fine'], usage: { prompt: 500, completion: 500 } }))
  })
  after(async () => {
    await gateway.remove()
    await upstream.close()
  })

  it('know every endpoint', () => assert.deepEqual(Object.keys(COVERED), [...GOVERNED.keys()]))

  for (const [route, { dispatches }] of GOVERNED) {
    const { body, streams } = COVERED[route] ?? { body: {}, streams: false }
    for (const stream of streams ? [false, true] : [false]) {
      for (const [i, [limit, code]] of LIMITS.entries()) {
        const ask = async (who: string): Promise<Response> => {
          const [method, path] = route.split(' ')
          return fetch(gateway.url + path, {
            method: method!,
            headers: {
              authorization: `Bearer ${key}`,
              'content-type': 'application/json',
              'x-sallyport-feature': `f${i}`,
              'x-sallyport-user': who,
              'x-sallyport-session': who,
            },
            body: JSON.stringify({ model: 'gpt-test', stream, ...body }),
          })
        }
        const isAtOnce = /concurrent|cost/.test(limit)
        const title = `${route}${stream ? ' as a stream' : ''}`
        if (!dispatches) {
          it(`take nothing for ${title}: ${limit}`, async () => {
            for (let n = 0; n < 3; n++) assert.equal((await ask('decider')).status, 200)
            assert.equal(upstream.calls.length, 0)
          })
          continue
        }
        it(`hold on ${title}: ${limit}`, async () => {
          const who = `jo-${stream}`
          // Counters of the tenant, the key and the feature were used up when the endpoint was asked before.
          const isUsed = isAtOnce || (stream && !/user|session/.test(limit))
          if (!isUsed) assert.match(await (await ask(who)).text(), /fine/)
          const refused = await ask(who)
          assert.equal(refused.status, 429)
          assert.equal(await errorCode(refused), code)
          assert.equal(upstream.calls.length, isUsed ? 0 : 1)
        })
      }
    }
  }
})
