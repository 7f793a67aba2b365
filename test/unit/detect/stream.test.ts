import assert from 'node:assert/strict'
import fc from 'fast-check'
import { boundOf, createDetection } from '../../../core/detect/index.ts'
import type { Detection, ScanResult, StreamScanner } from '../../../core/detect/port.ts'
import type { Finding } from '../../../core/model/content.ts'
import { ALL, detector, samples, specs, standardDetection } from './standard.ts'
import { proseOf, tokensOf } from './prose.ts'

const RUNS = process.env['SALLYPORT_TEST_LONG'] ? 10_000 : 340

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

function sliced(text: string, size: number): readonly string[] {
  return Array.from({ length: Math.ceil(text.length / size) }, (_, i) => text.slice(i * size, (i + 1) * size))
}

const MODULE = 'standard.detectors.'
const HEADER = '-----BEGIN RSA PRIVATE KEY-----\n'
const JWT = `eyJhbGciOiJIUzI1NiJ9.${Buffer.from(JSON.stringify({ sub: 'x'.repeat(900) })).toString('base64url')}.abc`

/** A key in PEM form of about so many characters; its body is random and the same in every run. */
function keyOf(length: number): string {
  let seed = 7
  const body = Buffer.from(Array.from({ length: (length * 48) / 65 }, () => (seed = (seed * 48_271) % 2_147_483_647) & 255)).toString(
    'base64',
  )
  return `${HEADER}${body.replaceAll(/.{64}/g, '$&\n')}\n-----END RSA PRIVATE KEY-----`
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

  // Twenty-four of dates in a row, which may be a number, and the sign behind them that may begin an escape.
  it('holds back the current word of ordinary prose, never more than 25 characters', () => {
    for (let seed = 100; seed < 140; seed++) {
      const stream = standard.openStream(ALL)
      const tokens = tokensOf(proseOf(seed, 5000))
      let sum = 0
      for (const token of tokens) {
        stream.push(token)
        assert(stream.held <= 25, `${stream.held} characters held`)
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

  it('never holds more than its bound, whatever is written', () => {
    const bound = boundOf(specs.filter(({ name }) => standard.members(`${MODULE}secret`).includes(name)))!
    assert(bound > 0 && bound <= 2048, String(bound))
    const hostile = fc.array(
      fc.oneof(
        { weight: 4, arbitrary: fc.tuple(pieces, fc.nat({ max: 40 })).map(([piece, times]) => piece.repeat(times)) },
        { weight: 1, arbitrary: fc.constantFrom(HEADER, keyOf(3000), `${HEADER}${JWT}`, `${'4111 '.repeat(900)}x`, 'QUtJ'.repeat(700)) },
        { weight: 1, arbitrary: fc.string({ unit: fc.constantFrom(...'eyJhbGciOi.-_=+/AKIAQ7 \n%41\\x'), maxLength: 3000 }) },
      ),
      { maxLength: 12 },
    )
    fc.assert(
      fc.property(hostile, fc.constantFrom(ALL, [`${MODULE}secret`]), fc.integer({ min: 1, max: 3000 }), (parts, names, size) => {
        const stream = standard.openStream(names)
        const text = parts.join('').replaceAll(/[^\0-\u00ff]/g, '')
        for (let at = 0; at < text.length; at += size) {
          stream.push(text.slice(at, at + size))
          assert(stream.held <= 2048, `${stream.held} held at ${at} of ${JSON.stringify(text)}`)
        }
      }),
      { numRuns: RUNS / 5, seed: 11 },
    )
  })

  it('parts findings that overlap in a chain, each part protected', () => {
    const chain = createDetection([detector('a', { patterns: ['<a{1,30}>'] }), detector('b', { patterns: ['a>{1,3} ?<a'] })], new Map(), {
      workers: 1,
    })
    const text = '<aa>'.repeat(2000)
    const { findings } = run(chain.openStream(['a', 'b']), cut(text, []))
    assert(findings.some(({ continues }) => continues))
    const covered = new Uint8Array(text.length)
    for (const { start, end } of findings) covered.fill(1, start, end)
    assert(covered.every((one) => one === 1))
    for (const size of [1, 7, 1000, 2048, 2049]) assert.deepEqual(run(chain.openStream(['a', 'b']), sliced(text, size)).findings, findings)
  })

  for (const length of [1000, 1999, 2048, 2100, 3270, 6500, 12_800, 70_000]) {
    it(`lets no character of a private key of ${length} pass, for any chunking, and holds at most 2,048`, () => {
      const text = `Here:\n${keyOf(length)}\nDone.`
      const from = text.indexOf('-----BEGIN')
      const to = text.lastIndexOf('-----') + 5
      let expected: readonly Finding[] | null = null
      for (const size of [1, 5, 333, 2047, 2048, 2049, 100_000]) {
        const { findings } = run(standard.openStream([`${MODULE}secret`]), sliced(text, size))
        const keys = findings.filter(({ detector }) => detector === `${MODULE}private_key`)
        assert.deepEqual([keys[0]!.start, keys.at(-1)!.end], [from, to])
        keys.forEach(({ start, continues }, i) => {
          assert.equal(continues, i === 0 ? undefined : true)
          if (i > 0) assert.equal(start, keys[i - 1]!.end)
        })
        assert.deepEqual(findings, (expected ??= findings))
      }
      const stream = standard.openStream([`${MODULE}secret`])
      for (const character of text) {
        stream.push(character)
        assert(stream.held <= 2048, `${stream.held} held`)
      }
    })
  }

  for (const [title, wrap] of [
    ['in one word', (base64: string) => base64],
    ['in lines', (base64: string) => base64.replaceAll(/.{76}/g, '$&\n')],
  ] as const) {
    it(`lets no character of a long private key pass that is written in base64 ${title}`, () => {
      const key = wrap(Buffer.from(keyOf(6500)).toString('base64'))
      const text = `data: ${key} and so on`
      const whole = unary(standard, [`${MODULE}private_key`], text)
      const covered = new Uint8Array(text.length)
      for (const { start, end } of whole.findings) covered.fill(1, start, end)
      const open = text.split('').filter((character, i) => covered[i] === 0 && character !== '\n')
      // The last line may be too short to be taken for base64; it holds the last letters of the end line, and nothing of the key.
      const rest = /^data: (.{0,15}) and so on$/.exec(open.join(''))
      assert(rest && '-----END RSA PRIVATE KEY-----'.endsWith(Buffer.from(rest[1]!, 'base64').toString()), open.join(''))
      assert.equal(whole.findings.filter(({ continues }) => !continues).length, 1)
      for (const size of [1, 100, 2048, 100_000])
        assert.deepEqual(run(standard.openStream([`${MODULE}private_key`]), sliced(text, size)), whole)
    })
  }

  it('finds a long private key in a whole text too', () => {
    const text = `a ${keyOf(70_000)} b`
    const { findings } = unary(standard, [`${MODULE}private_key`], text)
    assert.deepEqual([findings[0]!.start, findings.at(-1)!.end], [2, text.length - 2])
  })

  it('waits for the words that may raise a score, and no longer', () => {
    const stream = standard.openStream(['standard.detectors.payment_card'])
    assert.equal(stream.push('pay 4111111111111111 ').text, 'pay ')
    assert.equal(stream.push('x'.repeat(39)).text, '')
    const { text, findings } = stream.push(' yes ')
    assert.equal(text, `4111111111111111 ${'x'.repeat(39)} yes `)
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
