import assert from 'node:assert/strict'
import fc from 'fast-check'
import { createDetection } from '../../../core/detect/index.ts'
import { Automaton } from '../../../core/detect/automaton.ts'
import { endsOf, type Candidate } from '../../../core/detect/candidate.ts'
import { packWalk, unpackWalk } from '../../../core/detect/packed.ts'
import { findCandidates } from '../../../core/detect/walk.ts'
import type { DetectorSpec, ScanResult } from '../../../core/detect/port.ts'
import { detector } from './standard.ts'

const RUNS = process.env['SALLYPORT_TEST_LONG'] ? 5000 : 170

const atom = fc.constantFrom('a', 'b', '1', ' ', '[ab]', '[^a]', '.', String.raw`\d`, String.raw`\w`, String.raw`\W`, String.raw`[\d-]`)
const { pattern } = fc.letrec<{ pattern: string; piece: string }>((tie) => ({
  piece: fc.oneof(
    { depthSize: 'small' },
    atom,
    fc.constantFrom(String.raw`\b`, String.raw`\B`, '^', '$'),
    fc.tuple(atom, fc.constantFrom('?', '*', '+', '{2}', '{1,3}', '{2,}')).map((pair) => pair.join('')),
    fc.tuple(tie('pattern'), fc.constantFrom('', '?', '{1,2}', '+')).map(([inner, times]) => `(?:${inner})${times}`),
    fc.tuple(tie('pattern'), tie('pattern')).map(([left, right]) => `(?:${left}|${right})`),
  ),
  pattern: fc.array(tie('piece'), { minLength: 1, maxLength: 4 }).map((pieces) => pieces.join('')),
}))
const text = fc.string({ unit: fc.constantFrom('a', 'b', '1', ' ', '-', '_', '\n'), maxLength: 12 })

const spans = (specs: readonly DetectorSpec[], text: string): (readonly [number, number])[] => {
  const result = createDetection(specs, new Map(), { workers: 1 }).scan(
    [text],
    specs.map(({ name }) => name),
    1000,
  ) as ScanResult
  return result.findings[0]!.map(({ start, end }) => [start, end] as const)
}

/** Leftmost, then longest, then on behind it: every span is put to V8. */
function spansByV8(source: string, text: string): (readonly [number, number])[] {
  const found: (readonly [number, number])[] = []
  for (let start = 0; start < text.length; start++) {
    for (let end = text.length; end > start; end--) {
      const exact = new RegExp(`(?:${source})(?=[^]{${text.length - end}}$)`, 'y')
      exact.lastIndex = start
      if (exact.exec(text)?.[0].length !== end - start) continue
      found.push([start, end])
      start = end - 1
      break
    }
  }
  return found
}

describe('the automaton', () => {
  it('finds what V8 finds: the leftmost, of those the longest', () => {
    fc.assert(
      fc.property(pattern, text, (source, text) => {
        // An empty loop body matches in ways that engines count differently; the compiler refuses patterns that match nothing.
        fc.pre(!new RegExp(`^(?:${source})$`).test(''))
        assert.deepEqual(spans([detector('d', { patterns: [source] })], text), spansByV8(source, text))
      }),
      { numRuns: RUNS, seed: 7 },
    )
  }).timeout(600_000)

  it('finds the same when its table is so small that it begins anew all the time', () => {
    const specs = [detector('d', { patterns: [String.raw`\b[ab]{1,30}a[ab]{3}\b`, String.raw`\d{2,9}`] })]
    const large = new Automaton(specs)
    const small = new Automaton(specs, 1)
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', 'b', '1', ' '), maxLength: 300 }), (text) => {
        assert.deepEqual(findCandidates(small, text), findCandidates(large, text))
      }),
      { numRuns: RUNS / 10, seed: 11 },
    )
  })

  it('stays linear where backtracking would not end', () => {
    const specs = [detector('d', { patterns: ['(?:a+)+$', '(?:a|aa)+b', '(?:a*)*c'] })]
    const automaton = new Automaton(specs)
    const text = 'a'.repeat(50_000) + '!'
    assert.deepEqual(findCandidates(automaton, text), [])
    // A look at the work done, not at the clock: a handful of states is all that 50,000 characters may need.
    assert(automaton.table.size < 64)
  })

  it('loses no candidate on the way between threads', () => {
    const automaton = new Automaton([detector('d', { patterns: ['[^a]?a[^a]', 'b+'] })])
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', 'b', ' '), maxLength: 40 }), (text) => {
        const found = findCandidates(automaton, text)
        const ends = (candidates: readonly Candidate[]) =>
          candidates.map((candidate) => [candidate.start, ...endsOf(candidate)]).filter(({ length }) => length > 1)
        assert.deepEqual(ends([...unpackWalk(packWalk({ candidates: found, decoded: [] })!).candidates]), ends(found))
      }),
      { numRuns: RUNS / 5, seed: 17 },
    )
  })

  it('finds terms as whole words in either case', () => {
    const specs = [detector('d', { terms: ['Diabetes', 'type 2', 'Größe', 'E11.9'] })]
    const words = (text: string): string[] => spans(specs, text).map(([start, end]) => text.slice(start, end))
    assert.deepEqual(words('DIABETES, prediabetes, diabetesx; Type 2 and type 25; GRÖSSE GRÖßE; e11.9'), [
      'DIABETES',
      'Type 2',
      'GRÖßE',
      'e11.9',
    ])
  })

  it('takes the capture group that the detector names', () => {
    const specs = [detector('d', { patterns: [String.raw`\bpassword[=:] ?([^ ]{4,20})`], group: 1 })]
    assert.deepEqual(spans(specs, 'my password: hunter2 ok'), [[13, 20]])
    assert.deepEqual(spans(specs, 'ｍｙ pass\u200bword=hunter2'), [[13, 20]])
  })

  it('wants the entropy that the detector names', () => {
    const specs = [detector('d', { patterns: [String.raw`\b[a-z0-9]{16}\b`], entropy: 3 })]
    assert.deepEqual(spans(specs, 'aaaaaaaaaaaaaaaa 0123456789abcdef'), [[17, 33]])
  })

  it('refuses at load time what is outside the dialect, an unknown check, and unions that lead nowhere', () => {
    const load =
      (...specs: DetectorSpec[]) =>
      () =>
        createDetection(specs, new Map(), { workers: 1 })
    for (const source of ['(?=a)', '(?<n>a)', String.raw`(a)\1`, String.raw`\p{L}`, '(?i:a)', 'a{2000}', '(a', '[a', 'a)', '*a']) {
      assert.throws(load(detector('d', { patterns: [source] })), SyntaxError, source)
    }
    assert.throws(load(detector('d', { patterns: ['a'], checks: ['lunh'] })), /check `lunh`/)
    assert.throws(load(detector('u', { any: ['nobody'] })), /names `nobody`/)
    assert.throws(load(detector('u', { any: ['v'] }), detector('v', { any: ['u'] })), /contains itself/)
  })
})
