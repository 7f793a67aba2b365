import assert from 'node:assert/strict'
import { callFor, rewriteText, type SpanCall } from '../../../core/policy/spans.ts'
import { QuoteState } from '../../../core/policy/json-text.ts'
import type { EffectCall, Verb } from '../../../core/plugin/contract.ts'
import type { Finding } from '../../../core/model/content.ts'

type Severity = EffectCall['severity']

const span = (
  verb: string,
  strength: number,
  detector: string,
  options: { severity?: Severity; policy?: string; text?: string } = {},
): SpanCall => ({
  call: { verb, phrase: '', policy: options.policy ?? 'p', severity: options.severity ?? 'medium', operands: {} },
  verb: { acts: 'spans', join: { kind: 'span', strength }, rewrite: () => options.text ?? `[${detector}]` } as unknown as SpanCall['verb'] &
    Verb,
  detectors: new Set([detector]),
  locations: new Set(['prompt.user', 'prompt.arguments']),
})

const hit = (detector: string, start: number, end: number) => ({ detector, start, end, score: 1, checks: [] })
const USER = { location: 'prompt.user', encoding: 'text' } as const
const ARGUMENTS = { location: 'prompt.arguments', encoding: 'json' } as const

describe('rewriting spans', () => {
  it('replaces findings and leaves the rest', () => {
    const rewritten = rewriteText('mail a@b.c now', [hit('email', 5, 10)], USER, [span('redact', 2, 'email')])
    assert.equal(rewritten?.text, 'mail [email] now')
    assert.deepEqual(
      rewritten.applied.map(({ verb }) => verb),
      ['redact'],
    )
  })

  it('leaves a location alone that no call names', () => {
    assert.equal(
      rewriteText('a@b.c', [hit('email', 0, 5)], { location: 'prompt.system', encoding: 'text' }, [span('redact', 2, 'email')]),
      null,
    )
  })

  it('puts nothing in the place of a piece that continues the one before', () => {
    const pieces = [hit('x', 2, 5), { ...hit('x', 5, 8), continues: true as const }]
    assert.equal(rewriteText('0123456789', pieces, USER, [span('redact', 2, 'x')])?.text, '01[x]89')
    assert.equal(rewriteText('"123456789"', pieces, ARGUMENTS, [span('redact', 2, 'x')])?.text, '"1[x]89"')
  })

  it('merges overlapping findings under the strongest verb', () => {
    const calls = [span('redact', 2, 'a'), span('mask', 1, 'b')]
    assert.equal(rewriteText('0123456789', [hit('b', 1, 6), hit('a', 4, 8)], USER, calls)?.text, '0[a]89')
  })

  it('names a merged span by its longest finding, and of two on the same characters by the one that a check proved, then by the surer', () => {
    const named = (name: string, from: number, to: number, checks: readonly string[], score = 1) => ({
      ...hit(name, from, to),
      checks,
      score,
    })
    const calls = ['named', 'proved', 'whole', 'surer'].map((name) => ({
      ...span('redact', 3, name),
      verb: {
        ...span('redact', 3, name).verb,
        rewrite: (_: string, { detector }: { detector: string }) => `[${detector}]`,
      } as SpanCall['verb'],
    }))
    const become = (...hits: readonly ReturnType<typeof named>[]): string | undefined => rewriteText('0123456789', hits, USER, calls)?.text
    assert.equal(become(named('named', 2, 6, []), named('proved', 2, 6, ['us_ssn'], 0.7)), '01[proved]6789')
    assert.equal(become(named('proved', 2, 6, ['us_ssn'], 0.7), named('surer', 2, 6, [])), '01[proved]6789')
    assert.equal(become(named('named', 2, 6, [], 0.7), named('surer', 2, 6, [], 0.8)), '01[surer]6789')
    assert.equal(become(named('whole', 1, 7, []), named('proved', 2, 6, ['us_ssn'])), '0[whole]789')
  })

  it('names a span by what was read from further left, where the longer is a mere shape that begins in the middle of that', () => {
    const calls = ['value', 'shape'].map((name) => ({
      ...span('redact', 3, name),
      verb: {
        ...span('redact', 3, name).verb,
        rewrite: (_: string, { detector }: { detector: string }) => `[${detector}]`,
      } as SpanCall['verb'],
    }))
    const become = (...hits: readonly Finding[]): string | undefined => rewriteText('0123456789', hits, USER, calls)?.text
    const value = { ...hit('value', 3, 5), before: 2 }
    assert.equal(become(hit('shape', 3, 9), value), '012[value]9', 'all of the shape goes as well')
    assert.equal(become(value, hit('shape', 4, 9)), '012[value]9')
    assert.equal(become(hit('shape', 2, 9), value), '01[value]9')
    assert.equal(become(hit('shape', 1, 9), value), '0[shape]9', 'the shape saw the words before the value too')
    assert.equal(become({ ...hit('shape', 3, 9), before: 3 }, value), '012[shape]9', 'so did its own match')
    assert.equal(become({ ...hit('shape', 3, 9), checks: ['luhn'] }, value), '012[shape]9', 'a check proves it')
    assert.equal(become(hit('shape', 3, 9), hit('value', 3, 5)), '012[shape]9', 'it stands alone')
  })

  it('lets a reversible verb yield where a check proves the whole to be something that is taken out for good, and nowhere else', () => {
    const token = span('tokenize', 2, 'phone', { text: '<phone>' })
    const phone = { ...token, verb: { ...token.verb, reversible: true } as SpanCall['verb'] }
    const proved = { ...hit('iban', 1, 8), checks: ['iban'] }
    const mask = span('mask', 1, 'iban', { text: '****' })
    assert.equal(rewriteText('0123456789', [proved, hit('phone', 3, 6)], USER, [phone, mask])?.text, '0****89')
    assert.equal(
      rewriteText('0123456789', [hit('iban', 1, 8), hit('phone', 3, 6)], USER, [phone, mask])?.text,
      '0<phone>89',
      'nothing proves it',
    )
    assert.equal(rewriteText('0123456789', [proved, hit('phone', 3, 9)], USER, [phone, mask])?.text, '0<phone>9', 'it reaches beyond')
    assert.equal(
      rewriteText('0123456789', [proved, hit('phone', 3, 6)], USER, [phone])?.text,
      '012<phone>6789',
      'nobody protects the whole',
    )
    const redact = span('redact', 3, 'phone', { text: '[phone]' })
    assert.equal(
      rewriteText('0123456789', [proved, hit('phone', 3, 6)], USER, [redact, mask])?.text,
      '0[phone]89',
      'redact stays the strongest',
    )
  })

  it('takes the text of the highest severity, then of the smallest policy id', () => {
    const low = span('redact', 2, 'x', { severity: 'low', text: 'low' })
    const high = span('redact', 2, 'x', { severity: 'high', text: 'high', policy: 'z' })
    const finding = hit('x', 0, 1)
    assert.equal(callFor(finding, 'prompt.user', [high, low]), high)
  })

  it('hands a verb every call on the span, strongest first, and a reversible one to whoever issues tokens', () => {
    const seen: unknown[] = []
    const issue = (value: string, _: unknown, calls: readonly EffectCall[]): string => {
      seen.push([value, calls.map(({ policy }) => policy)])
      return '<>'
    }
    const token = span('tokenize', 2, 'x')
    const verb = { ...token.verb, reversible: true } as typeof token.verb
    const calls = ['a', 'b', 'c'].map((policy) => ({ ...token, verb, call: { ...token.call, policy } }))
    const mask = span('mask', 1, 'x')
    const hits = [hit('x', 0, 2), hit('x', 1, 3)]
    assert.equal(rewriteText('0123', hits, USER, [...calls, mask], undefined, issue)?.text, '<>3')
    assert.deepEqual(seen, [['012', ['a', 'b', 'c']]])
    assert.equal(rewriteText('0123', hits, USER, calls)?.text, '[x]3')
  })

  it('shows verbs the value and not its escapes in JSON', () => {
    const source = '{"to":"jo\\u0040x.com"}'
    const calls = [span('mask', 1, 'x')]
    const verb = { ...calls[0]!.verb, rewrite: (text: string) => `"${text}"` } as SpanCall['verb']
    const rewritten = rewriteText(source, [hit('x', 7, 20)], ARGUMENTS, [{ ...calls[0]!, verb }])!
    assert.deepEqual(JSON.parse(rewritten.text), { to: '"jo@x.com"' })
  })

  it('escapes what it puts into a JSON string, and quotes what takes the place of a number', () => {
    const calls = [span('redact', 2, 'card', { text: '["x"]' })]
    const inString = '{"card":"4111"}'
    const asNumber = '{"card":4111}'
    for (const [text, start] of [
      [inString, 9],
      [asNumber, 8],
    ] as const) {
      const rewritten = rewriteText(text, [hit('card', start, start + 4)], ARGUMENTS, calls)!
      assert.deepEqual(JSON.parse(rewritten.text), { card: '["x"]' })
    }
  })
})

describe('quote state', () => {
  it('knows whether it stands inside a JSON string, also across pieces and escapes', () => {
    const text = String.raw`{"a\"b":"c\\","d":1}`
    const whole = new QuoteState()
    const pieces = new QuoteState()
    whole.read(text.slice(0, 9))
    for (const unit of text.slice(0, 9)) pieces.read(unit)
    assert.equal(whole.inString, true)
    assert.equal(pieces.inString, whole.inString)
    whole.read(text.slice(9))
    assert.equal(whole.inString, false)
  })
})
