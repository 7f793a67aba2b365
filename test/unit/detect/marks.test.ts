import assert from 'node:assert/strict'
import fc from 'fast-check'
import { allMarksOf, marksInSteps, marksOf } from '../../../core/detect/marks.ts'
import { createDetection } from '../../../core/detect/index.ts'
import { detector } from './standard.ts'
import type { Finding } from '../../../core/model/content.ts'
import type { ScanResult } from '../../../core/detect/port.ts'

const RUNS = process.env['SALLYPORT_TEST_LONG'] ? 5000 : 170
const SPECS = [
  { ...detector('hidden', { patterns: ['(?:^|[^*t])(t{2,100})', '(t{15,100})', '([zf]{3,50})'] }), normalize: 'marks', group: 1 },
  detector('word', { patterns: [String.raw`\bword\b`, String.raw`\bw[a-z]{1,6}7\b`] }),
]
const NAMES = SPECS.map(({ name }) => name)
const open = (inlineChars?: number) =>
  createDetection(SPECS, new Map(), { workers: 1, ...(inlineChars === undefined ? {} : { inlineChars }) })
const tagged = (text: string): string => String.fromCodePoint(...text.split('').map((unit) => 0xe0000 + unit.charCodeAt(0)))
const plainOf = (findings: readonly Finding[]) => findings.map(({ detector: name, start, end }) => [name, start, end])

const text = fc.string({
  unit: fc.constantFrom('w', 'o', 'r', 'd', 'word', ' ', '7', '\u200b', '\u200d', '\u{e0061}', '😊', '🏴', '中', '\ud83d', '\udb40'),
  maxLength: 24,
})

describe('a text in marks', () => {
  it('has one mark for each unit, and says what each character is', () => {
    assert.equal(allMarksOf('a 中!می❤\ufe0f👩\u200d\u00ad\u202e\u200e\u3164\u{e0061}\u{e0101}'), '. . ,,*v**zsodfttvv')
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (any) => assert.equal(allMarksOf(any).length, any.length)),
      { numRuns: RUNS, seed: 11 },
    )
  })

  it('is the same for a long one, which is read in steps, wherever pairs stand', async () => {
    for (const before of ['', 'a']) {
      const long = `${before}${'\u{1f600}b\u{e0061}\u200b'.repeat(30_000)}`
      assert.equal(await marksInSteps(long), marksOf(long))
    }
    assert.equal(await marksInSteps('plain '.repeat(20_000)), null)
  })

  it('is not made where nothing is hidden', () => {
    for (const shown of ['plain', 'café, 中文, עברית, 😊']) assert.equal(marksOf(shown), null)
    for (const hidden of ['a\u200bb', tagged('a'), 'x\u{e0101}', '\u202e', 'a\u00adb']) assert.notEqual(marksOf(hidden), null)
  })

  it('does not depend on how many characters a text has before', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (a, b) =>
        assert.equal(allMarksOf(a + b), allMarksOf(a) + allMarksOf(b)),
      ),
      { numRuns: RUNS, seed: 12 },
    )
  })
})

describe('detectors that read marks', () => {
  it('find what is hidden at its place, beside those that read the folded text', () => {
    const [found] = (open().scan([`a word${tagged('hi')} and \u200b\u200c\u200b`], NAMES, 1000) as ScanResult).findings
    assert.deepEqual(plainOf(found!), [
      ['word', 2, 6],
      ['hidden', 6, 10],
      ['hidden', 15, 18],
    ])
  })

  it('find it when they are asked for alone, and nothing when they are not asked for', () => {
    const hidden = `word ${tagged('hi')}`
    assert.deepEqual(plainOf((open().scan([hidden], ['hidden'], 1000) as ScanResult).findings[0]!), [['hidden', 5, 9]])
    assert.deepEqual(plainOf((open().scan([hidden], ['word'], 1000) as ScanResult).findings[0]!), [['word', 0, 4]])
  })

  it('find it in long texts too, which are scanned aside', async () => {
    const detection = open(10)
    try {
      const texts = ['nothing is hidden here', `word ${tagged('long enough')} and more`, 'a word and more words']
      const { findings, failed } = await detection.scan(texts, NAMES, 10_000)
      assert.deepEqual(failed, [])
      assert.deepEqual(findings.map(plainOf), [
        [],
        [
          ['word', 0, 4],
          ['hidden', 5, 27],
        ],
        [['word', 2, 6]],
      ])
    } finally {
      await detection.close()
    }
  })

  it('do not take marks between hidden runs for emphasis that joins them', () => {
    const [found] = (open().scan([`${tagged('aa')}😊${tagged('aa')}`], NAMES, 1000) as ScanResult).findings
    assert.deepEqual(plainOf(found!), [['hidden', 0, 4]])
  })

  it('find it behind the escapes of JSON source', () => {
    const source = String.raw`{"q":"a\u200b\u200b\u200bb"}`
    const [found] = (open().scan([source], NAMES, 1000, ['json']) as ScanResult).findings
    assert.deepEqual(plainOf(found!), [['hidden', 7, 25]])
  })

  it('find in a stream what they find in the whole, however it is cut', () => {
    const detection = open()
    fc.assert(
      fc.property(text, fc.array(fc.nat(24), { maxLength: 6 }), (whole, places) => {
        const cuts = [0, ...places.filter((at) => at < whole.length).sort((a, b) => a - b), whole.length]
        const stream = detection.openStream(NAMES)
        const released: string[] = []
        const found: unknown[] = []
        const take = ({ text: part, findings }: { text: string; findings: readonly Finding[] }): void => {
          const from = released.join('').length
          for (const { detector: name, start, end } of findings) found.push([name, start + from, end + from])
          released.push(part)
        }
        for (let i = 1; i < cuts.length; i++) take(stream.push(whole.slice(cuts[i - 1], cuts[i])))
        take(stream.end())
        assert.equal(released.join(''), whole)
        assert.equal(stream.held, 0)
        assert.deepEqual(found, plainOf((detection.scan([whole], NAMES, 1000) as ScanResult).findings[0]!))
      }),
      { numRuns: RUNS, seed: 13, examples: [[`${tagged('a')}😊${tagged('a')}`, []]] },
    )
  })

  it('are refused where a bundle names a way of reading that is not known', () => {
    const unknown = { ...detector('other', { patterns: ['a'] }), normalize: 'backwards' }
    assert.throws(() => createDetection([unknown], new Map(), { workers: 1 }), /read as `backwards`/)
  })
})
