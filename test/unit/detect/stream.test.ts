import assert from 'node:assert/strict'
import fc from 'fast-check'
import { createDetection } from '../../../core/detect/index.ts'
import type { Detection, ScanResult, StreamScanner } from '../../../core/detect/port.ts'
import type { Finding } from '../../../core/model/content.ts'
import { ALL, detector, samples, standardDetection } from './standard.ts'
import { proseOf, tokensOf } from './prose.ts'

const RUNS = process.env['SALLYPORT_TEST_LONG'] ? 10_000 : 1000

const standard = standardDetection({ inlineChars: Infinity })

const own = createDetection(
  [
    detector('word', { patterns: [String.raw`\b[ab]{2,5}\b`] }),
    detector('pair', { patterns: ['a-b', 'b{1,3} ?1'], near: [{ words: ['ab', '1'], withinChars: 4, adds: 0.2 }] }),
    detector('line', { patterns: ['^a.{1,4}', '[^ ]{1,3}$'] }),
    detector('many', { patterns: ['1+'] }),
    detector('group', { patterns: ['a(1{1,2})b?'], group: 1 }),
    detector('term', { terms: ['ab', 'b 1'] }),
  ],
  new Map(),
  { workers: 1 },
)
const OWN = ['word', 'pair', 'line', 'many', 'group', 'term']

interface Streamed {
  readonly text: string
  readonly findings: readonly Finding[]
}

/** Feeds the chunks, moves findings to their place in the whole text, and checks that no piece cuts a finding. */
function run(stream: StreamScanner, chunks: readonly string[]): Streamed {
  let text = ''
  let received = 0
  const findings: Finding[] = []
  const take = (released: Streamed): void => {
    for (const finding of released.findings) {
      assert(finding.start >= 0 && finding.end <= released.text.length, 'a finding is cut')
      findings.push({ ...finding, start: finding.start + text.length, end: finding.end + text.length })
    }
    text += released.text
    assert.equal(stream.held, received - text.length)
  }
  for (const chunk of chunks) {
    received += chunk.length
    take(stream.push(chunk))
  }
  take(stream.end())
  return { text, findings }
}

function unary(detection: Detection, detectors: readonly string[], text: string): Streamed {
  return { text, findings: (detection.scan([text], detectors, 1000) as ScanResult).findings[0]! }
}

function cut(text: string, places: readonly number[]): readonly string[] {
  const sorted = [0, ...places.map((place) => place % (text.length + 1)).sort((a, b) => a - b), text.length]
  return sorted.slice(1).map((end, i) => text.slice(sorted[i], end))
}

const places = fc.array(fc.nat(), { maxLength: 12 })
const pieces = fc.constantFrom(
  ...samples.flatMap(({ examples, never }) => [...examples, ...never]),
  ' ',
  '\n',
  'card ',
  'ssn ',
  '-',
  '1',
  '4111',
  'AKIA',
  '@',
  '.',
  '\u200b',
  '\u{1d7d2}',
  '\ud835',
  'é',
  'call ',
  'eyJ',
  '５',
)

describe('the stream scanner', () => {
  it('releases the text and the findings of one scan, for any chunking, with detectors of all kinds', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '1', ' ', '-', '\u200b', '\u{1d7cf}', '\ud835', '\udfcf'), maxLength: 60 })
    fc.assert(
      fc.property(text, places, (text, places) => assert.deepEqual(run(own.openStream(OWN), cut(text, places)), unary(own, OWN, text))),
      { numRuns: RUNS, seed: 3 },
    )
  })

  it('does so with the standard detectors over what they look for', () => {
    const text = fc
      .array(fc.oneof({ weight: 3, arbitrary: pieces }, { weight: 1, arbitrary: fc.string({ maxLength: 4 }) }), { maxLength: 12 })
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(text, places, (text, places) =>
        assert.deepEqual(run(standard.openStream(ALL), cut(text, places)), unary(standard, ALL, text)),
      ),
      { numRuns: RUNS, seed: 5 },
    )
  })

  it('does so when every character comes alone', () => {
    const text = samples.flatMap(({ examples }) => examples).join(' and ')
    const expected = unary(standard, ALL, text)
    assert(expected.findings.length >= 30, String(expected.findings.length))
    assert.deepEqual(run(standard.openStream(ALL), text.split('')), expected)
  })

  it('finds a credential that is split over chunks', () => {
    const { text, findings } = run(standard.openStream(['standard.detectors.secret']), ['use AKIAQ3EG', 'RIF7XN2TZ5KM now'])
    assert.equal(text, 'use AKIAQ3EGRIF7XN2TZ5KM now')
    assert.deepEqual(
      findings.map(({ detector, start, end }) => [detector, text.slice(start, end)]),
      [['standard.detectors.api_key', 'AKIAQ3EGRIF7XN2TZ5KM']],
    )
  })

  it('holds back the current word of ordinary prose, never more than 24 characters', () => {
    for (let seed = 100; seed < 140; seed++) {
      const stream = standard.openStream(ALL)
      const tokens = tokensOf(proseOf(seed, 5000))
      let sum = 0
      for (const token of tokens) {
        stream.push(token)
        assert(stream.held <= 24, `${stream.held} characters held`)
        sum += stream.held
      }
      assert(sum / tokens.length < 8)
    }
  })

  it('releases a candidate that has grown longer than the longest match', () => {
    const stream = standard.openStream(['standard.detectors.email'])
    assert.equal(stream.push('x'.repeat(64)).text, '')
    assert.equal(stream.push('x'.repeat(10)).text.length, 74)
    assert.equal(stream.held, 0)
  })

  it('waits for the words that may raise a score, and no longer', () => {
    const stream = standard.openStream(['standard.detectors.payment_card'])
    assert.equal(stream.push('pay 4111111111111111 ').text, 'pay ')
    assert.equal(stream.push('x'.repeat(39)).text, '')
    const { text, findings } = stream.push(' y ')
    assert.equal(text, `4111111111111111 ${'x'.repeat(39)} y `)
    assert.deepEqual(
      findings.map(({ start, end, score }) => [start, end, score]),
      [[0, 16, 0.6]],
    )
  })

  it('never parts the two halves of a character', () => {
    const stream = standard.openStream(ALL)
    assert.equal(stream.push('ok \ud83d').text, 'ok ')
    assert.equal(stream.push('\ude00 ').text, '\u{1f600} ')
  })

  it('passes everything on at once when no detector is asked for', () => {
    const stream = standard.openStream([])
    assert.deepEqual(stream.push('4111'), { text: '4111', findings: [] })
    assert.equal(stream.held, 0)
  })
})
