// Odd streams through a real gateway: guarded by the standard policies and transparent, in pieces that cut lines, characters and `\r\n`.
import assert from 'node:assert/strict'
import { baseConfig, startGateway, type RunningGateway } from '../support/gateway.ts'
import { ODD_STREAMS, piecesOf } from '../support/odd-streams.ts'
import { postChat, user } from '../support/chat.ts'
import { raw, startUpstream, type UpstreamServer } from '../support/upstream/index.ts'
import { readAnswer } from '../support/stream-client.ts'

describe('odd streams of an upstream', function () {
  this.timeout(120_000)
  let upstream: UpstreamServer
  let gateway: RunningGateway
  let key: string

  before(async () => {
    upstream = await startUpstream()
    const features = ['scrub', 'allow'].map((pii) => ({ name: pii, pii }))
    gateway = await startGateway({ config: { ...baseConfig(upstream.url), features } })
    key = await gateway.key()
  })
  after(async () => {
    await gateway.remove()
    await upstream.close()
  })

  for (const feature of ['scrub', 'allow']) {
    for (const { title, bytes, texts, finish = [], usage = 0 } of ODD_STREAMS) {
      it(`pass unharmed, ${feature === 'scrub' ? 'guarded' : 'transparent'}: ${title}`, async () => {
        for (const [size, wantsUsage] of [
          [11, true],
          [100_000, false],
        ] as const) {
          upstream.next(raw(piecesOf(bytes, size)))
          const body = { ...user('go'), stream: true, stream_options: { include_usage: wantsUsage } }
          const response = await postChat(gateway, key, body, { headers: { 'x-sallyport-feature': feature } })
          const read = readAnswer(await response.text())
          for (const [place, expected] of Object.entries(texts)) assert.equal(read.texts[place], expected, place)
          assert.deepEqual([read.finish[0] ?? [], read.done, read.error], [finish, true, null])
          assert.equal(read.usage.length, wantsUsage ? usage : 0)
        }
      })
    }
  }
})
