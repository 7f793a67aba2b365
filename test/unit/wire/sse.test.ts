// Server-sent events come out the same however the network cuts them.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { SseParser } from '../../../core/model/sse.ts'
import { RUNS, SEED } from './helpers.ts'

function eventsOf(pieces: readonly (string | Buffer)[], maxBytes?: number): readonly (readonly [string, string])[] {
  const events: [string, string][] = []
  const parser = new SseParser((data, type) => events.push([type, data]), maxBytes)
  for (const piece of pieces) parser.push(Buffer.from(piece))
  parser.end()
  return events
}

const data = (text: string): readonly string[] => eventsOf([text]).map((event) => event[1])

describe('wire: SSE', () => {
  const cases: readonly (readonly [string, string, readonly string[]])[] = [
    ['LF', 'data: a\n\ndata: b\n\n', ['a', 'b']],
    ['CRLF', 'data: a\r\n\r\ndata: b\r\n\r\n', ['a', 'b']],
    ['CR', 'data: a\r\rdata: b\r\r', ['a', 'b']],
    ['mixed line ends', 'data: a\r\n\ndata: b\n\r\ndata: c\r\r\n', ['a', 'b', 'c']],
    ['a byte order mark', '\uFEFFdata: a\n\n', ['a']],
    ['a byte order mark later on is no mark', 'data: a\n\n\uFEFFdata: b\n\ndata: c\n\n', ['a', 'c']],
    ['comments', ': hello\n\n:\n: \ndata: a\n: in between\n\n', ['a']],
    ['data over several lines', 'data: a\ndata: b\ndata\ndata: c\n\n', ['a\nb\n\nc']],
    ['no space, and only one space taken', 'data:a\n\ndata:  b\n\n', ['a', ' b']],
    ['unknown fields', 'id: 1\nretry: 5\ndatax: no\ndat: no\ndata: a\n\n', ['a']],
    ['empty data is no event', 'data\n\ndata:\n\nevent: x\n\ndata: a\n\n', ['a']],
    ['a last event without its blank line', 'data: a\n\ndata: [DONE]', ['a', '[DONE]']],
  ]
  for (const [what, text, expected] of cases) it(what, () => assert.deepEqual(data(text), expected))

  it('names the type of an event, and forgets it behind', () => {
    assert.deepEqual(eventsOf(['event: ping\ndata: 1\n\ndata: 2\n\n']), [
      ['ping', '1'],
      ['message', '2'],
    ])
  })

  it('gives the same events for any cutting', () => {
    const line = fc.oneof(
      fc.constantFrom('', ': c', 'data', 'data:', 'event: e', 'id: 7', 'x'),
      fc.string({ unit: 'grapheme', maxLength: 6 }).map((text) => `data: ${text.replaceAll(/[\r\n]/g, '')}`),
    )
    const source = fc.array(fc.tuple(line, fc.constantFrom('\n', '\r', '\r\n')), { maxLength: 14 }).map((lines) => lines.flat().join(''))
    fc.assert(
      fc.property(source, fc.array(fc.nat(40), { maxLength: 10 }), fc.boolean(), (text, cuts, hasMark) => {
        const bytes = Buffer.from(hasMark ? `\uFEFF${text}` : text)
        const pieces: Buffer[] = []
        let at = 0
        for (const cut of cuts) pieces.push(bytes.subarray(at, (at = Math.min(bytes.length, at + cut))))
        pieces.push(bytes.subarray(at))
        assert.deepEqual(eventsOf(pieces), eventsOf([bytes]))
        assert.deepEqual(eventsOf([...bytes].map((byte) => Buffer.from([byte]))), eventsOf([bytes]))
      }),
      { numRuns: RUNS, seed: SEED },
    )
  })

  it('bounds an event, whether it comes as one line, as many, or in crumbs', () => {
    assert.throws(() => eventsOf([`data: ${'x'.repeat(200)}\n\n`], 100), RangeError)
    assert.throws(() => eventsOf(['data: xxxxxxxx\n'.repeat(30)], 100), RangeError)
    assert.throws(
      () =>
        eventsOf(
          Array.from({ length: 200 }, () => 'x'),
          100,
        ),
      RangeError,
    )
    assert.equal(eventsOf([': keep-alive\n\n'.repeat(100), 'data: a\n\n'.repeat(50)], 100).length, 50)
  })

  it('keeps no view of a buffer that the transport may use again', () => {
    const events: string[] = []
    const parser = new SseParser((text) => events.push(text))
    const bytes = Buffer.from('data: abc')
    parser.push(bytes)
    bytes.fill(0)
    parser.push(Buffer.from('def\n\n'))
    assert.deepEqual(events, ['abcdef'])
  })
})
