// A client that leaves takes its upstream call with it, in every phase.
import assert from 'node:assert/strict'
import { baseConfig, eventually, startGateway, type RunningGateway } from '../support/gateway.ts'
import { postChat, user } from '../support/chat.ts'
import { hang, hangAfter, hangAfterHeaders, startUpstream, type Behaviour, type UpstreamServer } from '../support/upstream/index.ts'

describe('a client that leaves', function () {
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

  const phases: [string, boolean, Behaviour][] = [
    ['before the header of a unary answer', false, hang()],
    ['during a unary answer', false, hangAfterHeaders()],
    ['before the header of a stream', true, hang()],
    ['before the first content', true, hangAfterHeaders()],
    ['in the middle of a stream', true, hangAfter(2)],
  ]
  for (const [title, stream, behaviour] of phases) {
    it(`closes the upstream connection: ${title}`, async () => {
      upstream.always(behaviour)
      const leave = new AbortController()
      const pending = postChat(gateway, key, { ...user('hi'), stream }, { signal: leave.signal }).then((response) => response.text())
      pending.catch(() => {})
      const call = await upstream.call(0)
      if (title.startsWith('in the middle')) await eventually(async () => call.closedAt === null)
      leave.abort()
      assert.equal(await call.closed, 'client_left')
      await assert.rejects(pending)
    })
  }
})
