import assert from 'node:assert/strict'
import fc from 'fast-check'
import { adminEventOf, exchangeOf, frameAt, frameBound, framesIn, writeFrame } from '../../../core/record/frame.ts'
import { adminLines, bounded, exchangeLines, MAX_TEXT_CHARS } from '../../../core/record/lines.ts'
import type { ExchangeRows } from '../../../core/record/port.ts'
import { adminEvent, exchange } from './rows.ts'

const place = { nodeId: 'node-a', segment: 'boot-000000001', seq: 7 }

function frameOf(rows: ExchangeRows, seq = 7): Buffer {
  const lines = exchangeLines(rows, place)
  const buffer = Buffer.alloc(frameBound(lines))
  return buffer.subarray(0, writeFrame(buffer, 0, { kind: 'closed', seq, openedSeq: 3, time: 1234.5 }, lines))
}

describe('a frame', () => {
  it('gives back the rows and the head that went in', () => {
    const frame = frameAt(frameOf(exchange('r1')), 0)!
    assert.deepEqual([frame.kind, frame.seq, frame.openedSeq, frame.time], ['closed', 7, 3, 1234.5])
    assert.deepEqual(exchangeOf(frame), exchange('r1'))
  })

  it('gives back an admin event', () => {
    const lines = adminLines(adminEvent('key_1'), place)
    const buffer = Buffer.alloc(frameBound(lines))
    writeFrame(buffer, 0, { kind: 'admin', seq: 1, openedSeq: 0, time: 0 }, lines)
    assert.deepEqual(adminEventOf(frameAt(buffer, 0)!), adminEvent('key_1'))
  })

  it('is refused when any one byte has changed', () => {
    const whole = frameOf(exchange('r1'))
    for (let at = 0; at < whole.length; at += at < 60 ? 1 : 37) {
      const damaged = Buffer.from(whole)
      damaged[at]! ^= 0x41
      assert.equal(frameAt(damaged, 0), null, `byte ${at}`)
    }
  })

  it('is found up to the tear, wherever the file was cut', () => {
    const frames = [frameOf(exchange('r1'), 1), frameOf(exchange('r2'), 2), frameOf(exchange('r3'), 3)]
    const whole = Buffer.concat(frames)
    for (let cut = 0; cut <= whole.length; cut += 11) {
      const expected = [frames[0]!.length, frames[0]!.length * 2, whole.length].filter((end) => end <= cut).length
      assert.equal([...framesIn(whole.subarray(0, cut))].length, expected, `cut at ${cut}`)
    }
  })

  it('carries any text well-formed and bounded', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        const row = exchangeOf(frameAt(frameOf(exchange('r', { user_agent: text, metadata: 'x'.repeat(9000) })), 0)!).request
        assert.equal(row.user_agent, text.toWellFormed())
        assert.equal(row.metadata.length, MAX_TEXT_CHARS)
      }),
      { seed: 1, numRuns: process.env['SALLYPORT_TEST_LONG'] ? 1000 : 100 },
    )
  })

  it('repairs lone surrogates in short rows too, and a pair that the cut halves', () => {
    const row = exchangeOf(frameAt(frameOf(exchange('r', { user_agent: 'a\ud83db', warnings: ['\udc00'] })), 0)!).request
    assert.deepEqual([row.user_agent, row.warnings], ['a\ufffdb', ['\ufffd']])
    assert.equal((bounded('x'.repeat(MAX_TEXT_CHARS - 2) + '😀'.repeat(9)) as string).isWellFormed(), true)
  })
})
