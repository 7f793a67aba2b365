// Whatever the text: no exception, no stack overflow, no hang, and every span lies in the file.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { lex } from '../../../../dsl/syntax/lex.ts'
import { MAX_NESTING } from '../../../../dsl/syntax/nesting.ts'
import { bare, N, parseText } from './helpers.ts'

const sample = readFileSync(new URL('../../../fixtures/syntax/sample.policy', import.meta.url), 'utf8')
const tokens = lex({ path: 's', text: sample }).tokens
const words = tokens.map(({ image }) => image)
const seed = 20_261_121
const verbs = new Set('severity maps owner deny tokenize route log limit cap require mode redact warn until ticket text'.split(' '))

function assertSound(text: string): void {
  for (const verbs of [undefined, new Set(['deny', 'redact', 'log', 'limit'])]) {
    const { file, diagnostics } = parseText(text, verbs === undefined ? {} : { verbs })
    for (const { span, code, message, help } of diagnostics) {
      assert.ok(
        Number.isInteger(span.start) && span.start >= 0 && span.start <= span.end && span.end <= text.length,
        `${code} ${JSON.stringify(span)}`,
      )
      assert.ok(message.length > 0 && help !== undefined)
    }
    JSON.stringify(file, (_key, value: unknown) => {
      if (typeof value === 'object' && value !== null && 'start' in value && 'end' in value) {
        assert.ok(
          Number(value.start) >= 0 && Number(value.start) <= Number(value.end) && Number(value.end) <= text.length,
          JSON.stringify(value),
        )
      }
      return value
    })
  }
}

describe('robustness', () => {
  it('never throws on arbitrary text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), assertSound), { seed, numRuns: N(10_000) })
  })

  it('never throws on arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => assertSound(new TextDecoder().decode(bytes))),
      { seed, numRuns: N(5_000) },
    )
  })

  it('never throws on words of the language in any order', () => {
    const signs = fc.constantFrom(
      ...new Set(words),
      '=',
      '&&',
      ';',
      'then',
      '!',
      '"',
      '"""',
      '/',
      '\n',
      '#',
      '30 days',
      'status 422',
      '??',
      '%',
      '$',
      '“',
    )
    fc.assert(
      fc.property(fc.array(signs, { maxLength: 60 }), fc.constantFrom(' ', '\n', ''), (parts, gap) => assertSound(parts.join(gap))),
      { seed, numRuns: N(10_000) },
    )
  })

  it('never throws on the sample with a part cut out, doubled or moved', () => {
    const at = fc.nat(sample.length)
    fc.assert(
      fc.property(at, at, at, (from, length, to) => {
        const part = sample.slice(from, from + (length % 60))
        assertSound(sample.slice(0, from) + sample.slice(from + part.length))
        assertSound(sample.slice(0, to) + part + sample.slice(to))
      }),
      { seed, numRuns: N(500), examples: [[9, 3, sample.indexOf('when') + 4]] },
    )
  })

  it('gives a few messages, and at least one, when a token of the sample becomes a stray sign', () => {
    fc.assert(
      fc.property(fc.nat(words.length - 1), fc.constantFrom('@', ')', ']', '= ='), (at, sign) => {
        fc.pre(words[at] !== sign)
        const { startOffset = 0, endOffset = 0 } = tokens[at] ?? {}
        const { diagnostics } = parseText(`${sample.slice(0, startOffset)}${sign}${sample.slice(endOffset + 1)}`)
        assert.ok(
          diagnostics.length >= 1 && diagnostics.length <= 6,
          `${words.slice(at - 4, at + 4).join(' ')}: ${diagnostics.map(({ code, message }) => `${code} ${message}`).join('; ')}`,
        )
      }),
      { seed, numRuns: N(2_000) },
    )
  })

  it('reads the same tree however lines break', () => {
    const expected = bare(parseText(sample).file.declarations)
    const gaps = fc.array(fc.constantFrom(' ', '\n', '\n\n   ', ' # note\n', '\t'), { minLength: words.length, maxLength: words.length })
    fc.assert(
      fc.property(gaps, (chosen) => {
        const { file, diagnostics } = parseText(words.map((word, at) => word + (chosen[at] ?? ' ')).join(''), {
          verbs,
        })
        assert.deepEqual(diagnostics, [])
        assert.deepEqual(bare(file.declarations), expected)
      }),
      { seed, numRuns: N(500) },
    )
  })

  const deep: [string, string][] = [
    ['parentheses', `policy a { when ${'('.repeat(10_000)}x${')'.repeat(10_000)} allow }`],
    ['open parentheses', `policy a { when ${'('.repeat(10_000)}`],
    ['lists', `list a = ${'['.repeat(10_000)}${']'.repeat(10_000)}`],
    ['braces', 'overlay a for t "x" {'.repeat(10_000)],
    ['`not`', `policy a { when ${'not '.repeat(10_000)}x allow }`],
    ['`!`', `policy a { when ${'!'.repeat(10_000)}x allow }`],
    ['sums', `policy a { when x == ${'1 + '.repeat(10_000)}1 allow }`],
    ['defaults', `policy a { when ${'x ?? '.repeat(10_000)}1 == 1 allow }`],
    ['quantifiers', `policy a { when ${'some x in y where ('.repeat(10_000)}`],
  ]
  for (const [title, text] of deep) {
    it(`reports deep ${title} once, and reads what follows`, () => {
      const { file, diagnostics } = parseText(`policy z { allow }\n${text}\npolicy b { allow }`)
      assert.deepEqual(
        diagnostics.map(({ code }) => code),
        ['P007'],
      )
      assert.deepEqual(
        file.declarations.map((declaration) => ('name' in declaration ? declaration.name.text : '')),
        ['z', 'b'],
      )
    })
  }

  it('allows nesting up to the bound', () => {
    const depth = MAX_NESTING - 1
    assert.deepEqual(parseText(`policy a { when ${'('.repeat(depth)}x${')'.repeat(depth)} allow }`).diagnostics, [])
    assert.equal(parseText(`policy a { when ${'('.repeat(depth + 1)}x${')'.repeat(depth + 1)} allow }`).diagnostics[0]?.code, 'P007')
  })

  const large: [string, string][] = [
    ['words', 'foo bar baz\n'],
    ['broken clauses', 'policy x {\n= = =\n'],
    ['quotes', '"'],
    ['open comments', '/*'],
    ['letters of other scripts', 'é'],
    ['comments', '## x\n'],
    ['commas', ','],
    ['dots', 'a.'],
    ['digits', '1'],
    ['regexes', 'pattern /'],
    ['declarations', 'policy a { on request deny "x.y" }\n'],
  ]
  for (const [title, part] of large) {
    it(`reads a megabyte of ${title} to its end`, () =>
      assert.ok(parseText(part.repeat(Math.ceil(1e6 / part.length))).diagnostics.length <= 101)).timeout(60_000)
  }
})
