import assert from 'node:assert/strict'
import fc from 'fast-check'
import { createDetection } from '../../../core/detect/index.ts'
import type { Finding } from '../../../core/model/content.ts'
import type { ScanResult, StreamScanner, TextEncoding } from '../../../core/detect/port.ts'
import { ALL, detector, standardDetection } from './standard.ts'
import { proseOf, randomOf } from './prose.ts'

const RUNS = process.env['SALLYPORT_TEST_LONG'] ? 5000 : 500

const standard = standardDetection({ inlineChars: Infinity })
const scan = (text: string, encoding: TextEncoding = 'text'): readonly Finding[] =>
  (standard.scan([text], ALL, 1000, [encoding]) as ScanResult).findings[0]!
const found = (text: string): string[] =>
  scan(text).map(({ detector, start, end, decoded }) => `${detector.split('.').at(-1)} ${decoded ?? '-'}: ${text.slice(start, end)}`)

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const base64url = (text: string): string => Buffer.from(text).toString('base64url')
const hex = (text: string): string => Buffer.from(text).toString('hex')
const escapes = (text: string): string => text.replaceAll(/[^]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)
const bytes = (text: string): string => hex(text).replaceAll(/../g, '\\x$&')
const entities = (text: string): string => text.replaceAll(/[^]/g, (one) => `&#${one.charCodeAt(0)};`)
const inLines = (text: string): string => base64(text).replaceAll(/.{16}/g, '$&\n')
const inStrings = (text: string): string => `'${hex(text).replaceAll(/.{12}/g, "$&' +\n  '")}'`
const inPieces = (text: string): string => text.replaceAll(/.{5}/gs, `$&" + "`).replaceAll(/o/g, 'o<b></b>')
const inCodes = (text: string): string => Array.from(Buffer.from(text)).join(', ')
const percent = (text: string): string => hex(text).replaceAll(/../g, '%$&')

describe('encoded text', () => {
  const mail = 'write to jo@example.com soon'
  const cases: readonly (readonly [why: string, text: string, expected: readonly string[]])[] = [
    ['base64', `see ${base64(mail)} now`, [`email base64: ${base64(mail)}`]],
    ['base64 of a bare address', `x=${base64('jo@example.com')}`, [`email base64: ${base64('jo@example.com')}`]],
    ['base64url behind a path', `https://x.example/a/${base64url(mail)}?q=1`, [`email base64: ${base64url(mail)}`]],
    ['hex', `0x${hex(mail)}`, [`email hex: ${hex(mail)}`]],
    ['hex in capitals', hex(mail).toUpperCase(), [`email hex: ${hex(mail).toUpperCase()}`]],
    ['a URL-encoded address', 'https://x.example/?a=1&mail=jo%40example.com&b=2', ['email url: jo%40example.com']],
    ['a whole sentence URL-encoded', encodeURIComponent(mail), [`email url: ${encodeURIComponent(mail)}`]],
    ['every character URL-encoded', percent('4111111111111111'), [`payment_card url: ${percent('4111111111111111')}`]],
    ['escapes in source code', `"${escapes('jo@example.com')}"`, [`email escape: ${escapes('jo@example.com')}`]],
    ['base64 in base64', base64(`see ${base64(mail)}`), [`email base64: ${base64(`see ${base64(mail)}`)}`]],
    ['base64 that is URL-encoded', percent(base64(mail)), [`email url: ${percent(base64(mail))}`]],
    ['UTF-16', Buffer.from(mail, 'utf16le').toString('base64'), [`email base64: ${Buffer.from(mail, 'utf16le').toString('base64')}`]],
    ['a number of nine digits in base64', `ssn=${base64('536-90-4399')}`, [`us_ssn base64: ${base64('536-90-4399')}`]],
    ['a short number in hex', hex('536-90-4399'), [`us_ssn hex: ${hex('536-90-4399')}`]],
    ['an address of seven characters', base64('a@bc.de'), [`email base64: ${base64('a@bc.de').replace('==', '')}==`]],
    [
      'base64 in lines whose last is short',
      base64(`${'so '.repeat(17)}jo@example.com`).replaceAll(/.{76}/g, '$&\n'),
      [`email base64: ${base64(`${'so '.repeat(17)}jo@example.com`).replaceAll(/.{76}/g, '$&\n')}`],
    ],
    ['a plus sign URL-encoded', percent('+63 917 123 4567'), [`phone url: ${percent('+63 917 123 4567')}`]],
    ['what encoders of URLs leave', encodeURIComponent("to: 'jo@example.com'"), ["email url: to%3A%20'jo%40example.com"]],
    ['an escape behind a long name', `${'name-'.repeat(14)}jo%40example.com`, ['email url: %40example.com']],
    ['bytes of UTF-8 in escapes', bytes('\u00fcjo@example.com'), [`email escape: ${bytes('\u00fcjo@example.com')}`]],
    ['entities of HTML', `<b>${entities('jo@example.com')}</b>`, [`email escape: ${entities('jo@example.com')}`]],
    ['an entity in the middle', 'write jo&#x40;example.com, soon', ['email escape: jo&#x40;example.com']],
    ['a fourth level, which is too deep', base64(base64(base64(base64(mail)))), []],
    ['what decodes to no text', Buffer.from([...mail].flatMap((one) => [200, one.charCodeAt(0), 3])).toString('base64'), []],
  ]
  for (const [why, text, expected] of cases) it(`is seen through: ${why}`, () => assert.deepEqual(found(text), expected))

  it('is seen through in lines, and over the end of a piece of a long run', () => {
    const long = `${proseOf(1, 1530)} jo@example.com ${proseOf(2, 3000)}`
    for (const text of [base64(long), base64(long).replaceAll(/.{76}/g, '$&\n'), hex(long)]) {
      const findings = scan(text)
      assert.equal(findings.length, 1, text.slice(0, 80))
      assert(text.slice(findings[0]!.start, findings[0]!.end).length <= 2048)
    }
  })

  it('is judged in the pool as on the event loop', async () => {
    const pooled = standardDetection({ inlineChars: 10 })
    const text = `${proseOf(3, 3000)} ${base64(`a ${base64(mail)}`)} and ${hex(mail)}`
    assert.deepEqual((await pooled.scan([text], ALL, 20_000)).findings[0], scan(text))
    assert.equal(scan(text).length, 2)
    await pooled.close()
  })

  it('is nothing in identifiers, digests, and paths', () => {
    const random = randomOf(7)
    const some = (alphabet: string, length: number): string =>
      Array.from({ length }, () => alphabet[Math.floor(random() * alphabet.length)]).join('')
    const words = Array.from({ length: 3000 }, (_, i) =>
      i % 2 === 0 ? some('0123456789abcdef', 40) : some('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/_', 30),
    )
    assert.deepEqual(scan(words.join('\n')), [])
  })

  const word = fc.oneof(
    fc.constantFrom(
      'jo@example.com',
      '4111 1111 1111 1111',
      ' ',
      '/',
      '-',
      '.',
      '=',
      '%',
      '\\',
      '\n',
      'AKIAQ3EGRIF7XN2TZ5KM',
      '%4',
      '&',
      '&#6',
      "'",
      '\\u00',
      '" + "',
      '<b>',
      '**',
      '&amp;#64;',
      'é',
    ),
    fc.string({ maxLength: 6 }),
  )
  const plain = fc.array(word, { maxLength: 6 }).map((words) => words.join(''))
  const encoded = fc
    .tuple(
      plain,
      fc.array(
        fc.constantFrom(
          base64,
          base64url,
          hex,
          encodeURIComponent,
          escapes,
          percent,
          entities,
          bytes,
          inLines,
          inStrings,
          inPieces,
          inCodes,
        ),
        {
          maxLength: 3,
        },
      ),
    )
    .filter(([text]) => text.isWellFormed())
    .map(([text, ways]) => ways.reduce((inner, way) => way(inner), text))
  const texts = fc.array(fc.oneof(plain, encoded), { maxLength: 5 }).map((parts) => parts.join(''))
  const places = fc.array(fc.nat(), { maxLength: 12 })

  for (const encoding of ['text', 'json'] as const) {
    it(`is found in streams of ${encoding} as in whole texts, for any chunking, inside the text`, () => {
      fc.assert(
        fc.property(texts, places, (text, places) => {
          const whole = scan(text, encoding)
          for (const { start, end } of whole) assert(start >= 0 && start < end && end <= text.length)
          const streamed = run(standard.openStream(ALL, encoding), cut(text, places))
          assert.deepEqual(
            { ...streamed, findings: whole.some(({ continues }) => continues) ? streamed.findings : rejoined(streamed.findings) },
            { text, findings: whole },
          )
        }),
        { numRuns: RUNS, seed: 29 },
      )
    })
  }

  it('is seen through in codes behind a word that opens a group of another kind', () => {
    const codes = inCodes('4111111111111111')
    for (const before of ['2024, ', '0x78\u200b68, ', '6a6f 6a6f '])
      assert.deepEqual(found(`${before}${codes};`), [`payment_card escape: ${codes}`], before)
  })

  it('covers the run and no more: a finding is what its run decodes to', () => {
    fc.assert(
      fc.property(fc.constantFrom(base64, hex, percent), fc.nat(30), fc.nat(30), (way, before, after) => {
        const run = way(`${'a '.repeat(before)}jo@example.com${' b'.repeat(after)}`)
        assert.deepEqual(
          scan(`see ${run} there`).map(({ start, end }) => [start, end]),
          [[4, 4 + run.length]],
        )
      }),
      { numRuns: RUNS, seed: 31 },
    )
  })

  it('holds a stream back for no more than the word that may be a run', () => {
    const stream = standard.openStream(ALL)
    let most = 0
    for (const piece of `${base64(proseOf(5, 9000))} ${'Zm9v'.repeat(3000)}`.match(/.{1,7}/gs)!) {
      stream.push(piece)
      most = Math.max(most, stream.held)
    }
    assert(most <= 2048 + 7, String(most))
  })
})

describe('JSON source', () => {
  const spans = (source: string): string[] => scan(source, 'json').map(({ start, end }) => source.slice(start, end))

  it('is read through its escapes, and findings cover whole escapes', () => {
    assert.deepEqual(spans(String.raw`{"to":"jo\u0040example.com\nbye"}`), [String.raw`jo\u0040example.com`])
    assert.deepEqual(spans(String.raw`{"to":"\u006ao@example.co\u006d"}`), [String.raw`\u006ao@example.co\u006d`])
    assert.deepEqual(spans(String.raw`{"card":"see\n4111111111111111\t"}`), ['4111111111111111'])
  })

  it('is read to its end when the last escape is torn', () => {
    for (const source of ['"jo@example.com \\', '"jo@example.com \\u00', '"jo@example.com \\u00zz'])
      assert.deepEqual(spans(source), ['jo@example.com'])
  })

  it('keeps the places of findings when nothing is escaped', () => {
    const own = createDetection([detector('d', { patterns: ['a{3}'] })], new Map(), { workers: 1 })
    const result = own.scan(['{"x":"aaa"}', 'aaa'], ['d'], 1000, ['json', 'text']) as ScanResult
    assert.deepEqual(
      result.findings.map((found) => found.map(({ start, end }) => [start, end])),
      [[[6, 9]], [[0, 3]]],
    )
  })
})

function run(stream: StreamScanner, chunks: readonly string[]): { text: string; findings: readonly Finding[] } {
  let text = ''
  const findings: Finding[] = []
  for (const [i, chunk] of [...chunks, ''].entries()) {
    const released = i < chunks.length ? stream.push(chunk) : stream.end()
    for (const finding of released.findings) {
      assert(finding.start >= 0 && finding.end <= released.text.length, 'a finding is cut')
      findings.push({ ...finding, start: finding.start + text.length, end: finding.end + text.length })
    }
    text += released.text
  }
  return { text, findings }
}

/** A finding that leaves a full stream in parts, as one. */
function rejoined(findings: readonly Finding[]): readonly Finding[] {
  const parts = findings.filter(({ continues }) => continues)
  return findings.flatMap((finding): readonly Finding[] => {
    if (finding.continues) return []
    let { end } = finding
    for (const part of parts) if (part.detector === finding.detector && part.start === end) end = part.end
    return [{ ...finding, end }]
  })
}

function cut(text: string, places: readonly number[]): readonly string[] {
  const sorted = [0, ...places.map((place) => place % (text.length + 1)).sort((a, b) => a - b), text.length]
  return sorted.slice(1).map((end, i) => text.slice(sorted[i], end))
}
