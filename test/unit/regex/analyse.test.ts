import assert from 'node:assert/strict'
import fc from 'fast-check'
import { RE2JS } from 're2js'
import { analysePattern } from '../../../dsl/regex/analyse.ts'
import { samples, specs } from '../detect/standard.ts'

const RUNS = process.env['SALLYPORT_TEST_LONG'] ? 5000 : 500

describe('the analysis of patterns', () => {
  const lengths: readonly (readonly [source: string, min: number, max: number | null])[] = [
    ['abc', 3, 3],
    ['a{2,5}b?', 2, 6],
    ['(?:ab|c)+', 1, null],
    ['a{2,}', 2, null],
    ['a*', 0, null],
    [String.raw`\b(?:\d[ -]?){12,18}\d\b`, 13, 37],
    ['^$', 0, 0],
    ['(?:^)*a', 1, 1],
    ['x/y', 3, 3],
    [String.raw`[a\]b]{3}`, 3, 3],
  ]
  for (const [source, min, max] of lengths) {
    it(`measures /${source}/`, () => {
      const { minLength, maxLength } = analysePattern(source)
      assert.deepEqual([minLength, maxLength], [min, max])
    })
  }

  const certain: readonly (readonly [source: string, certainAfter: number | undefined])[] = [
    ['KEY[a-f]{24,}', 27],
    ['KEY[a-f]+(?:--END)?', 9],
    ['(?:KEY ){0,3}[a-f]{2,}(?:--)?!{0,3}', 19],
    ['KEY[a-f]{24,90}', undefined],
    ['KEY[a-f]+END', undefined],
    [String.raw`KEY[a-f]+\b`, undefined],
    ['KEY[a-f]+(?:x+)?', undefined],
    ['K+[a-f]+', undefined],
    ['KEY(?:ab)+', undefined],
    ['KEY[a-f]+|END', undefined],
  ]
  for (const [source, certainAfter] of certain)
    it(`knows whether a match of /${source}/ is certain before it ends`, () =>
      assert.equal(analysePattern(source).certainAfter, certainAfter))

  const literals: readonly (readonly [source: string, literals: readonly string[]])[] = [
    [String.raw`\bAKIA[0-9A-Z]{16}\b`, ['akia']],
    [String.raw`\b(?:AKIA|ASIA)[0-9A-Z]{16}\b`, ['akia', 'asia']],
    [String.raw`-----BEGIN (?:[A-Z]{2,9} )?PRIVATE KEY-----`, ['private key-----']],
    ['[Kk]ey=[0-9]+', ['key=']],
    ['gh[pousr]_[a-z]{36}', []],
    [String.raw`\d{3}-\d{4}`, []],
    ['(?:abc|[0-9])', []],
    ['(?:token)?x[0-9]', []],
    ['(?:secret){2,3}', ['secret']],
  ]
  for (const [source, expected] of literals)
    it(`finds the literals of /${source}/`, () => assert.deepEqual(analysePattern(source).literals, expected))

  const problems: readonly (readonly [source: string, message: RegExp])[] = [
    ['a(?=b)', /look-around/],
    ['(?<!b)a', /look-around/],
    [String.raw`(a)\1`, /back-reference/],
    ['(?<n>a)', /named group/],
    ['(?i:a)', /inline flags/],
    [String.raw`\p{Lu}`, /unicode class/],
    [String.raw`\u0041`, /escape/],
    [String.raw`\Aa`, /means nothing in JavaScript/],
    ['[[:digit:]]', /\[\[:digit:\]/],
    ['a++', /possessive/],
    ['[^word]', /excludes these letters, not the word/],
    ['[A-z]', /also matches/],
    ['[foo|bar]', /set of characters, and `\|`/],
    ['a*', /matches the empty text/],
    ['(?:a{100}){100}', /multiply to 10000/],
    ['(a', /no valid pattern/],
    ['[a', /no valid pattern/],
    ['a{3,1}', /no valid pattern/],
  ]
  for (const [source, message] of problems) {
    it(`says what is wrong with /${source}/, once, and how to mend it`, () => {
      const found = analysePattern(source).problems
      assert.equal(found.length, 1, JSON.stringify(found))
      assert.match(found[0]!.message, message)
      assert.match(found[0]!.help, /^[A-Z].*\.$/)
    })
  }

  it('lets pass what only looks like a mistake', () => {
    for (const source of [
      '[^abc]',
      '[A-Za-z]',
      String.raw`\(\?=a\)`,
      String.raw`[\w|]`,
      String.raw`\\p`,
      'a{1000}',
      '[+/|]x',
      String.raw`\x41`,
    ]) {
      assert.deepEqual(analysePattern(source).problems, [], source)
    }
  })

  it('takes every standard pattern; each is bounded or certain before it ends, and RE2 takes it too', () => {
    for (const { name, patterns } of specs) {
      for (const { source } of patterns) {
        const { problems, maxLength, certainAfter } = analysePattern(source)
        assert.deepEqual(problems, [], name)
        const longest = maxLength ?? certainAfter ?? Infinity
        assert(longest < 2048, `${name}: ${longest}`)
        RE2JS.compile(source)
      }
    }
  })

  it('holds for the matches that V8 finds in the examples', () => {
    for (const { name, examples } of samples) {
      for (const { source } of specs.find((spec) => spec.name === name)!.patterns) {
        const { minLength, maxLength, literals } = analysePattern(source)
        for (const [match] of examples.flatMap((example) => [...example.matchAll(new RegExp(source, 'g'))])) {
          assert(match.length >= minLength && match.length <= (maxLength ?? Infinity))
          assert(literals.length === 0 || literals.some((literal) => match.toLowerCase().includes(literal)))
        }
      }
    }
  })

  it('holds for every match of any pattern', () => {
    const { pattern } = fc.letrec<{ pattern: string }>((tie) => ({
      pattern: fc
        .array(
          fc.oneof(
            { depthSize: 'small' },
            fc.constantFrom('a', 'B', '[ab]', '[^a]', 'abc', String.raw`\b`, 'c?', 'a{2}', 'b{1,3}', 'c+'),
            fc.tuple(tie('pattern'), tie('pattern')).map(([left, right]) => `(?:${left}|${right})`),
            tie('pattern').map((inner) => `(${inner})?`),
            tie('pattern').map((inner) => `(?:${inner}){1,2}`),
          ),
          { maxLength: 4 },
        )
        .map((pieces) => pieces.join('')),
    }))
    fc.assert(
      fc.property(pattern, fc.string({ unit: fc.constantFrom('a', 'b', 'B', 'c', ' '), maxLength: 20 }), (source, text) => {
        const { minLength, maxLength, literals } = analysePattern(source)
        for (const [match] of text.matchAll(new RegExp(source, 'g'))) {
          assert(match.length >= minLength && match.length <= (maxLength ?? Infinity))
          assert(literals.length === 0 || literals.some((literal) => match.toLowerCase().includes(literal)))
        }
      }),
      { numRuns: RUNS, seed: 13 },
    )
  })
})
