// Odd streams pass unharmed, guarded and not, however the network cuts them.
import assert from 'node:assert/strict'
import { bindText, streamThrough } from '../../support/stream-path.ts'
import { ODD_STREAMS, piecesOf } from '../../support/odd-streams.ts'
import { readAnswer } from '../../support/stream-client.ts'

const GUARDED = `
module odd
import standard.detectors as std
policy odd.secrets "Secrets stay here" {
  on     stream
  redact std.secret, std.personal in completion
}
`
const TRANSPARENT = 'module odd\n'

for (const [mode, text] of [
  ['guarded', GUARDED],
  ['transparent', TRANSPARENT],
] as const) {
  describe(`an odd stream, ${mode}`, () => {
    const bound = bindText(text)
    after(() => bound.detection.close())

    for (const { title, bytes, texts, finish = [], usage = 0, holds } of ODD_STREAMS) {
      it(`passes unharmed: ${title}`, () => {
        for (const size of [1, 2, 7, 64, 100_000]) {
          const { sse, hits, failures } = streamThrough(bound, piecesOf(bytes, size))
          const read = readAnswer(sse)
          for (const [place, expected] of Object.entries(texts)) assert.equal(read.texts[place], expected, `${place} in pieces of ${size}`)
          assert.deepEqual(read.finish[0] ?? [], finish)
          assert.equal(read.usage.length, usage)
          assert.deepEqual([read.done, read.error, hits.length, failures.length], [true, null, 0, 0])
          if (holds !== undefined) assert.ok(sse.includes(holds), sse)
          const unasked = readAnswer(streamThrough(bound, piecesOf(bytes, size), false).sse)
          assert.deepEqual([unasked.usage, unasked.texts], [[], read.texts])
        }
      })
    }
  })
}
