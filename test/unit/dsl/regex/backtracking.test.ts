// Patterns that run away and patterns that do not: proven, measured, bounded, and kept between runs.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { findRunawayPatterns } from '../../../../dsl/check/proof/patterns.ts'
import { judgeBacktracking, type Verdict } from '../../../../dsl/regex/backtracking.ts'
import { openVerdictCache } from '../../../../dsl/regex/verdict-cache.ts'
import { waysToRead } from '../../../../dsl/regex/analyse.ts'
import { withBounds, withoutBounds } from '../../../../dsl/regex/rewrite.ts'

/** Short, so that the suite is: what runs away takes far longer. */
const MEASURE_MS = 300

const file = (...patterns: readonly string[]) => ({
  path: 'p.policy',
  text: `module acme.test\n${patterns.map((pattern, i) => `detector d${i} {\n  pattern /${pattern}/\n}\n`).join('')}`,
})

describe('backtracking', function () {
  this.timeout(120_000)
  let verdicts: ReadonlyMap<string, Verdict>
  const RUNAWAY = [String.raw`(a|a)*b`, String.raw`^(\w+\s?)+$`, String.raw`\d+x`, '(?:x{1,30}){1,30}y', '(?:a|a){30}b']
  const LINEAR = [String.raw`sk-[a-z]+`, String.raw`\b(?:\d[ -]?){11,18}\d\b`, String.raw`\b\w{1,64}@\w{1,63}\.com\b`, 'a{1,64}b{1,64}c']

  before(async () => {
    verdicts = await judgeBacktracking([...RUNAWAY, ...LINEAR], MEASURE_MS)
  })

  for (const source of LINEAR) it(`finds nothing wrong with /${source}/`, () => assert.deepEqual(verdicts.get(source), { kind: 'linear' }))

  for (const source of RUNAWAY)
    it(`gives a text that /${source}/ runs away on, and the time it took`, () => {
      const verdict = verdicts.get(source)
      assert.ok(verdict?.kind === 'runaway', JSON.stringify(verdict))
      assert.match(verdict.attack, /repeat\(\d+\)/)
      assert.ok(verdict.measuredMs > 50, `${verdict.measuredMs} ms`)
    })

  it('offers a bounded pattern only where that helps', () => {
    const rewriteOf = (source: string): string | null => {
      const verdict = verdicts.get(source)
      return verdict?.kind === 'runaway' ? verdict.rewrite : null
    }
    assert.equal(rewriteOf(String.raw`\d+x`), String.raw`\d{1,64}x`)
    assert.equal(rewriteOf(String.raw`^(\w+\s?)+$`), null)
  })

  it('reports text, time and rewrite at the pattern', async () => {
    const source = file(String.raw`\d+x`, 'y{4}')
    const found = await findRunawayPatterns([source], null, MEASURE_MS)
    assert.deepEqual(
      found.map(({ code, span }) => [code, source.text.slice(span.start, span.end)]),
      [['P220', String.raw`/\d+x/`]],
    )
    assert.match(found[0]!.message, /2nd degree polynomial.*'0'\.repeat\(\d+\).*V8 takes (?:more than )?\d+ m?s/)
    assert.match(found[0]!.help ?? '', /\\d\{1,64\}x.*linear time/)
  })

  it('keeps its verdicts, and lives with a broken file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-patterns-'))
    try {
      const source = file('(a|a)*b', 'y{4}')
      const first = await findRunawayPatterns([source], openVerdictCache(folder), MEASURE_MS)
      const [name] = readdirSync(folder)
      const kept = readFileSync(join(folder, name!), 'utf8')
      assert.ok(!kept.includes('y{4}'), 'patterns may be confidential')
      assert.deepEqual(await findRunawayPatterns([source], openVerdictCache(folder), MEASURE_MS), first)
      openVerdictCache(folder).add(new Map([['(a|a)*b', { kind: 'linear' }]]))
      assert.deepEqual(
        await findRunawayPatterns([source], openVerdictCache(folder), MEASURE_MS),
        [],
        'what is kept is believed, not proven again',
      )
      for (const broken of ['{', '[1]', '{"x":{"kind":"runaway"}}', 'null']) {
        writeFileSync(join(folder, name!), broken)
        assert.equal(openVerdictCache(folder).get('y{4}'), null)
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('rewrites of a pattern', () => {
  it('change quantifiers and nothing else', () => {
    assert.equal(
      withBounds(String.raw`a+[+*{2,}]\+\*(?:b*c{3,}){2,5}d{70,}`),
      String.raw`a{1,64}[+*{2,}]\+\*(?:b{0,64}c{3,64}){2,5}d{70,140}`,
    )
    assert.equal(
      withoutBounds(String.raw`a{1,64}[{1,64}]\{1,64}b{0,9}c{2,3}d{40,90}e{5}f{20}`),
      String.raw`a+[{1,64}]\{1,64}b*c{2,3}d{8,}e{5}f{8,}`,
    )
  })

  it('leave every pattern a pattern', () => {
    const piece = fc
      .constantFrom('a', '[a-z]', String.raw`\d`, '(?:a|b)', '(x)', String.raw`\*`, '[*+]')
      .chain((one) => fc.constantFrom('', '+', '*', '?', '{2,}', '{0,99}').map((repeat) => one + repeat))
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 6 }), (pieces) => {
        const source = pieces.join('')
        const text = 'aab0*x'
        for (const rewritten of [withBounds(source), withoutBounds(source)])
          assert.equal(new RegExp(rewritten).test(text), new RegExp(source).test(text))
      }),
      { numRuns: 500, seed: 1 },
    )
  })
})

describe('the ways of reading a text', () => {
  const CASES: readonly (readonly [source: string, ways: number])[] = [
    ['abc', 1],
    ['a{1,9}b', 1],
    ['a{1,9}[a-z]', 9],
    ['a{1,9}a{1,9}b', 9],
    ['a{0,2}', 1],
    ['(?:a|b)c', 1],
    ['(?:a|ab)c', 2],
    ['(?:a|a|b){3}c', 8],
    [String.raw`\d{1,3}(?:\.\d{1,3}){3}`, 1],
    [String.raw`[^@]{1,64}@`, 1],
    ['(?:x{1,2}){1,2}y', 6],
    ['a?a?a?b', 4],
  ]
  for (const [source, ways] of CASES) it(`are ${ways} for /${source}/`, () => assert.equal(waysToRead(source), ways))

  it('are many where a bounded pattern runs away', () => assert.ok(waysToRead('(?:x{1,30}){1,30}y') > 1e9))
})
