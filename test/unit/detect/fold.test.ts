import assert from 'node:assert/strict'
import fc from 'fast-check'
import { createDetection } from '../../../core/detect/index.ts'
import { foldTable, foldText, foldWithOffsets } from '../../../core/detect/fold.ts'
import { exampleMatcher } from '../../../dsl/evaluate/match.ts'
import type { CompiledDetector } from '../../../dsl/compile/bundle.ts'
import type { ScanResult } from '../../../core/detect/port.ts'
import type { Vocabulary } from '../../../dsl/vocabulary/vocabulary.ts'
import { detector, standardDetection } from './standard.ts'

const RUNS = process.env['SALLYPORT_TEST_LONG'] ? 5000 : 500

const own = createDetection(
  [
    detector('mail', { patterns: [String.raw`\b[a-z.]{1,64}@[a-z.]{1,60}\.[a-z]{2,9}\b`] }),
    detector('key', { patterns: [String.raw`\bpassword[=:] ?([a-zA-Z0-9]{4,20})`], group: 1 }),
    detector('plain', { patterns: ['OFFICE'] }),
    detector('files', { patterns: [String.raw`\boffice\b`] }),
    detector('passport', { patterns: [String.raw`[А-Я]{2}\d{6}`], near: [{ words: ['паспорт'], withinChars: 20, adds: 0.3 }] }),
    detector('term', { terms: ['蓝鸟计划', 'Größe', 'ペンギン計画', 'แผนนก', '카드', 'план', 'card'] }),
    detector('near', { patterns: [String.raw`\d{6}`], near: [{ words: ['卡号', 'card'], withinChars: 12, adds: 0.3 }] }),
  ],
  new Map(),
  { workers: 1 },
)
const findings = (text: string, ...names: string[]) => (own.scan([text], names, 1000) as ScanResult).findings[0]!
const found = (text: string, ...names: string[]): string[] => findings(text, ...names).map(({ start, end }) => text.slice(start, end))

describe('how a text looks to detectors', () => {
  it('leaves Han, Yi and Hangul as Unicode has them: each sign its own normal form, no digit, no mark', () => {
    const table = foldTable()
    for (const [from, to] of [
      [0x3400, 0xa48c],
      [0xac00, 0xd7a3],
    ] as const)
      for (let unit = from; unit <= to; unit++) {
        const sign = String.fromCharCode(unit)
        assert.ok(table[unit] === unit && sign.normalize('NFKC') === sign && !/[\p{Nd}\p{M}\p{Cf}]/u.test(sign), unit.toString(16))
      }
  })

  const cases: readonly (readonly [why: string, detector: string, text: string, expected: string])[] = [
    ['Cyrillic letters that look Latin', 'mail', 'to jо@ехаmрlе.соm now', 'jо@ехаmрlе.соm'],
    ['Greek letters that look Latin', 'mail', 'to jο@example.cοm', 'jο@example.cοm'],
    ['mathematical Greek', 'mail', 'to j𝛐@example.com', 'j𝛐@example.com'],
    ['a boundary between Cyrillic and a Latin word', 'files', 'наoffice', 'office'],
    ['ligatures', 'files', 'the oﬃce here', 'oﬃce'],
    ['letters in black squares and circles', 'plain', 'my 🅾🅵🅵🅸🅲🅴', '🅾🅵🅵🅸🅲🅴'],
    ['accents on top', 'mail', 'to j\u0336o\u0336@ex\u0301ample.com\u0336!', 'j\u0336o\u0336@ex\u0301ample.com\u0336'],
    [
      'keycaps',
      'near',
      '4\ufe0f\u20e31\ufe0f\u20e31\ufe0f\u20e31\ufe0f\u20e31\ufe0f\u20e31\ufe0f\u20e3',
      '4\ufe0f\u20e31\ufe0f\u20e31\ufe0f\u20e31\ufe0f\u20e31\ufe0f\u20e31\ufe0f\u20e3',
    ],
    ['digits in circles, two in one', 'near', '①②③④⑫', '①②③④⑫'],
    ['dingbat digits', 'near', '❶❷❸➃➄➏', '❶❷❸➃➄➏'],
    ['a group behind look-alikes', 'key', 'раsswоrd=huntеr2', 'huntеr2'],
    ['a group that ends within a ligature’s word', 'key', 'password=traﬃc', 'traﬃc'],
    ['patterns in Cyrillic', 'passport', 'АБ123456', 'АБ123456'],
    ['Latin letters that look Cyrillic, in terms', 'term', 'плaн', 'плaн'],
    ['a term whose letter and accent come apart', 'term', 'die Gro\u0308ße', 'Gro\u0308ße'],
    ['a Chinese term between Chinese', 'term', '关于蓝鸟计划的预算', '蓝鸟计划'],
    ['a Japanese one', 'term', '次のペンギン計画について', 'ペンギン計画'],
    ['a Thai one', 'term', 'เกี่ยวกับแผนนกใหม่', 'แผนนก'],
    ['a Korean one with its particle', 'term', '카드를', '카드'],
  ]
  for (const [why, name, text, expected] of cases)
    it(`sees through ${why}`, () => assert.deepEqual(found(text, name), expected === '' ? [] : [expected]))

  it('takes a term in letters for a word of its own only', () => {
    assert.deepEqual(found('discard card, Größenwahn, cardé, große', 'term'), ['card'])
  })

  it('sees words nearby between letters of scripts without spaces, and in look-alikes', () => {
    for (const text of ['我的卡号是123456吗', 'my саrd 123456', 'ｃａｒｄ 123456'])
      assert.equal(findings(text, 'near')[0]!.score, 0.8, text)
    assert.equal(findings('discard 123456', 'near')[0]!.score, 0.5)
    assert.equal(findings('паспорт АБ123456', 'passport')[0]!.score, 0.8)
  })

  it('says the same about terms in examples as at run time', () => {
    const terms = ['蓝鸟计划', 'card', 'foo', '카드', 'größe']
    const live = createDetection([detector('t', { terms })], new Map(), { workers: 1 })
    const spec = { ...detector('t', { terms }), examples: [], never: [] } as unknown as CompiledDetector
    const matches = exampleMatcher([spec], { checks: [] } as unknown as Vocabulary)
    const piece = fc.constantFrom(...terms, 'x', ' ', '_', '-', '的', 'を', 'é', '1', '.')
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const text = pieces.join('')
        assert.equal(matches('t', text), (live.scan([text], ['t'], 1000) as ScanResult).findings[0]!.length > 0, text)
      }),
      { numRuns: RUNS, seed: 19 },
    )
  })

  it('finds in a text what it finds in the folded text, at places that lie inside', () => {
    const standard = standardDetection({ inlineChars: Infinity })
    const piece = fc.constantFrom(
      'jo@example.com',
      'ｊｏ@example.ｃｏｍ',
      '4111 1111 1111 1111',
      '①②',
      'ﬁ',
      '㎒',
      '\u200b',
      '\u0301',
      '🄐',
      ' ',
      '５',
      '+49 30 1234567',
      'ｓｋ',
      '𝟒',
    )
    const all = ['standard.detectors.email', 'standard.detectors.payment_card', 'standard.detectors.phone']
    const scan = (text: string) => (standard.scan([text], all, 1000) as ScanResult).findings[0]!
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const text = pieces.join('')
        const { text: folded, starts, ends } = foldWithOffsets(text)
        assert.equal(folded, foldText(folded))
        const here = scan(text)
        for (const { start, end } of here) assert(start >= 0 && start < end && end <= text.length)
        const there = scan(folded).map((finding) => ({ ...finding, start: starts[finding.start]!, end: ends[finding.end - 1]! }))
        assert.deepEqual(
          here.map(({ detector, start }) => [detector, start]),
          there.map(({ detector, start }) => [detector, start]),
        )
      }),
      { numRuns: RUNS, seed: 23 },
    )
  })
})
