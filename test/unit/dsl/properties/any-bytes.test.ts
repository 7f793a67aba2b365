// Whatever bytes a policy file holds: diagnostics, each with a known code and a place in a file; never a crash, a hang or an overflow.
// Time is bounded by counting what runs, not by the clock: twice the text, about twice the steps.
import assert from 'node:assert/strict'
import { Session } from 'node:inspector/promises'
import { explainCode } from '../../../../dsl/diagnostics/codes.ts'
import { compile, type Diagnostic, type SourceFile } from '../../../../dsl/index.ts'
import { chanceOf, damage, SAMPLE, standardFiles, vocabulary } from '../../../support/policy-text.ts'
import { FEW, N } from '../syntax/helpers.ts'

const seed = 20_261_121
const RUNS = FEW(100_000)

function assertSound(files: readonly SourceFile[], diagnostics: readonly Diagnostic[]): void {
  const lengths = new Map(files.map(({ path, text }) => [path, text.length]))
  for (const { code, severity, message, span, related = [] } of diagnostics) {
    assert.ok(explainCode(code), `${code} is not in the catalogue`)
    assert.ok(message.length > 0 && ['error', 'warning', 'info'].includes(severity), code)
    for (const place of [span, ...related.map((one) => one.span)]) {
      const length = lengths.get(place.file)
      assert.ok(length !== undefined, `${code} in ${place.file}`)
      const isInside = Number.isInteger(place.start) && 0 <= place.start && place.start <= place.end && place.end <= length
      assert.ok(isInside, `${code} at ${place.start}–${place.end} of ${length}`)
    }
  }
}

function compileSoundly(files: readonly SourceFile[]): ReturnType<typeof compile> {
  const compiled = compile(files, vocabulary, { readList: () => 'one\ntwo\n' })
  assertSound(files, compiled.diagnostics)
  const hasErrors = compiled.diagnostics.some(({ severity }) => severity === 'error')
  assert.equal(compiled.bundle === null, hasErrors, 'there is an artefact or an error, and not both')
  return compiled
}

/** Some declarations at a time, so that a file compiles fast and damage meets many of them. */
function smallTexts(): readonly string[] {
  return [SAMPLE, ...standardFiles()].flatMap(({ text }) => {
    const parts = text.split(/^(?=(?:policy|test|detector|exception|overlay|##) )/m)
    return Array.from({ length: Math.ceil(parts.length / 4) }, (_, index) => parts.slice(index * 4, index * 4 + 4).join(''))
  })
}

describe('any bytes as a policy file', () => {
  it('give diagnostics in a file with known codes, and no crash', () => {
    const texts = smallTexts()
    const chance = chanceOf(seed)
    const seen = new Set<string>()
    let valid = 0
    for (let count = RUNS; count > 0; count--) {
      const text = damage(chance.pick(texts), chance.pick(texts), chance)
      try {
        const { diagnostics, bundle } = compileSoundly([{ path: 'a.policy', text }])
        for (const { code } of diagnostics) seen.add(code)
        if (bundle) valid++
      } catch (error) {
        throw new Error(`${(error as Error).message}, for the text ${JSON.stringify(text)}`, { cause: error })
      }
    }
    assert.ok(seen.size > 40, `the damage meets few rules: ${[...seen].sort().join(' ')}`)
    assert.ok(valid > 0)
  }).timeout(600_000)

  it('give diagnostics in two files of one module as well', () => {
    const texts = smallTexts()
    const chance = chanceOf(seed + 1)
    for (let count = N(5_000); count > 0; count--) {
      const [one, two] = [damage(chance.pick(texts), chance.pick(texts), chance), chance.pick(texts)]
      const head = chance.pick(['', 'module a.b\n'])
      compileSoundly([
        { path: 'one.policy', text: head + one },
        { path: 'two.policy', text: head + two },
      ])
    }
  }).timeout(600_000)

  it('are not tried on examples where a pattern runs away', () => {
    for (const pattern of ['(a+)+$', '(a|a)*b', '(?:a{1,9}){1,30}b', '(?:.{0,9}a){12}b', '((a*)*)*b', '(?:a?){50}b', '\\b(?:\\w+ ?)+!']) {
      for (const clause of ['examples', 'never'])
        compileSoundly([{ path: 'a.policy', text: `detector d {\n  pattern /${pattern}/\n  ${clause} "${'a'.repeat(60)}"\n}` }])
    }
    const { diagnostics } = compileSoundly([
      { path: 'a.policy', text: `detector d {\n  pattern /(?:a{1,9}){1,30}b/\n  examples "${'a'.repeat(60)}", "ab"\n}` },
    ])
    assert.deepEqual(
      diagnostics.filter(({ severity }) => severity === 'error').map(({ code }) => code),
      ['P203'],
    )
  })

  const hostile: readonly (readonly [string, (times: number) => string])[] = [
    ['words', (times) => 'foo bar baz\n'.repeat(times)],
    ['words on one line', (times) => 'foo bar baz '.repeat(times)],
    ['blanks before each word', (times) => `${' '.repeat(20)}foo\n`.repeat(times)],
    ['a policy of broken clauses', (times) => `policy x {\n${'= = =\n'.repeat(times)}}`],
    ['broken policies', (times) => 'policy x {\n= = =\n'.repeat(times)],
    ['open braces', (times) => '{'.repeat(times * 4)],
    ['open parentheses', (times) => `policy a { when ${'('.repeat(times * 4)}`],
    ['open brackets, one to a line', (times) => `list a = ${'[\n'.repeat(times * 4)}`],
    ['quotes', (times) => '"\n'.repeat(times * 4)],
    ['slashes', (times) => 'pattern /\n'.repeat(times)],
    ['long names', (times) => `policy ${'a.'.repeat(times * 4)}b { on request when ${'c.'.repeat(times * 4)}d allow }`],
    ['a long list', (times) => `list a = [${'"x", '.repeat(times)}"y"]`],
    ['a long `or`', (times) => `policy a.b "t" { on request when ${'tenant.plan == "a" or '.repeat(times)}tenant.plan == "b" allow }`],
    ['policies with one name', (times) => 'policy a.b "t" { on request allow }\n'.repeat(times)],
    ['doubled clauses', (times) => `policy a.b "t" { ${'on request allow '.repeat(times)}}`],
    ['unknown names', (times) => `policy a.b "t" { on request when ${'tenant.x == "a" or '.repeat(times)}a.b deny "a.b" }`],
    ['unknown verbs', (times) => `policy a.b "t" { on request ${'frobnicate "a"\n'.repeat(times)}}`],
    ['imports in a ring', (times) => 'import a\nimport b\n'.repeat(times)],
    ['comments', (times) => '## a\n'.repeat(times)],
    ['doc comments before declarations', (times) => '## a\npolicy a.b "t" { on request allow }\n'.repeat(times)],
    ['signs of other scripts', (times) => 'é ж '.repeat(times)],
    ['tests of policies that are not there', (times) => 'test "t" { expect policy a.q fires }\n'.repeat(times)],
    ['a long list of terms', (times) => `list a = [${'"x", '.repeat(times)}"y"]\ndetector d {\n  list a\n  examples "y"\n  never "z"\n}`],
    ['unions in a chain', (times) => Array.from({ length: times }, (_, at) => `detector d${at} { any d${at + 1} }\n`).join('')],
  ]
  describe('take steps in proportion to the text:', () => {
    // One session for all: to begin one, and to end it, the engine walks the whole heap.
    const session = new Session()
    before(async () => {
      session.connect()
      await session.post('Profiler.enable')
      await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
    })
    after(async () => {
      await session.post('Profiler.stopPreciseCoverage')
      session.disconnect()
    })

    for (const [title, make] of hostile) {
      it(title, async () => {
        const [once, twice] = [await stepsOf(session, make(400)), await stepsOf(session, make(800))]
        assert.ok(twice < 3 * once, `${once} steps, and ${twice} for twice the text`)
      }).timeout(120_000)
    }
  })
})

/** How often functions of the language are called while a text is compiled, as the engine itself counts them. */
async function stepsOf(session: Session, text: string): Promise<number> {
  // What was counted before is told once.
  await session.post('Profiler.takePreciseCoverage')
  compileSoundly([{ path: 'a.policy', text }])
  const { result } = await session.post('Profiler.takePreciseCoverage')
  const own = result.filter(({ url }) => url.includes('/dsl/') || url.includes('chevrotain'))
  return own.flatMap(({ functions }) => functions.flatMap(({ ranges }) => ranges)).reduce((sum, { count }) => sum + count, 0)
}
