// A stream that is judged whole is kept in memory until it ends: whatever it is made of, there is an end to that.
import assert from 'node:assert/strict'
import { openHouse, type House } from '../../support/in-process.ts'
import type { JsonObject } from '../../../core/plugin/index.ts'

const POLICY = `module held
import standard.detectors as std

policy held.accounts "No account numbers in answers, judged whole" {
  on response
  when completion contains std.iban
  deny "held.iban"
}
`
const chunk = (delta: object, finish: string | null = null): JsonObject =>
  ({ choices: [{ index: 0, delta, finish_reason: finish }] }) as JsonObject
const streamOf = (chunks: readonly JsonObject[]): string[] => [
  ...[...chunks, chunk({}, 'stop')].map((one) => `data: ${JSON.stringify(one)}\n\n`),
  'data: [DONE]\n\n',
]
const ASKED = { stream: true, messages: [{ role: 'user', content: 'hello' }] }

describe('a stream that is held', function () {
  this.timeout(120_000)
  let house: House
  before(async () => {
    house = await openHouse(POLICY)
  })
  after(() => house.close())

  it('is refused when its bytes, which no guard counts as text, are more than a whole answer may have', async () => {
    const data = 'A'.repeat(14_000_000)
    house.provide = () => ({ pieces: streamOf(Array.from({ length: 5 }, () => chunk({ audio: { id: 'a', data } }))) })
    const { status, body } = await house.ask(ASKED)
    assert.equal(status, 403, body.slice(0, 1000))
    assert.match(body, /policy\.scan_failed/)
  })

  it('is refused when its text is too long, wherever in a delta that stands', async () => {
    const text = 'ordinary words '.repeat(60_000)
    for (const delta of [{ content: text }, { content: [{ type: 'text', text }] }, { thinking_blocks: [{ index: 0, thinking: text }] }]) {
      house.provide = () => ({ pieces: streamOf(Array.from({ length: 5 }, () => chunk(delta))) })
      const { status, body } = await house.ask(ASKED)
      assert.equal(status, 403, body.slice(0, 1000))
      assert.match(body, /policy\.scan_failed/)
    }
  })

  it('is estimated by all of its text where the provider reports no usage, like a whole answer', async () => {
    const text = 'ordinary words '.repeat(100)
    const said = [{ content: text }, { content: [{ type: 'text', text }] }, { audio: { id: 'a', data: 'AAAA', transcript: text } }]
    const completions: number[] = []
    for (const delta of said)
      for (const streamed of [true, false]) {
        const whole = { choices: [{ index: 0, message: { role: 'assistant', ...delta }, finish_reason: 'stop' }] }
        house.kept.length = 0
        house.provide = () => ({ pieces: streamed ? streamOf([chunk(delta)]) : [JSON.stringify(whole)] })
        assert.equal((await house.ask({ ...ASKED, stream: streamed })).status, 200)
        completions.push(Number(/"completion_tokens":([1-9]\d*)/.exec(house.kept.join())?.[1]))
      }
    assert.ok(completions[0]! > 100)
    assert.deepEqual(new Set(completions).size, 1, String(completions))
  })
})
