// The fast ways through a text with many open candidates against one plain walk from each place.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Automaton } from '../../../core/detect/automaton.ts'
import { DEAD, ROW_SHIFT, TEXT_START } from '../../../core/detect/table.ts'
import { ascendingEndsOf, endsOf } from '../../../core/detect/candidate.ts'
import { Candidates } from '../../../core/detect/candidates.ts'
import { MANY_SETS, slotFor } from '../../../core/detect/open-sets.ts'
import { NARROW } from '../../../core/detect/symbols.ts'
import { randomOf } from './prose.ts'
import { detector } from './standard.ts'

const RUNS = process.env['SALLYPORT_TEST_LONG'] ? 3000 : 100

type Found = readonly (readonly number[])[]

/** From each place on its own, whatever others do. */
function walkEach({ table, symbols, endSymbol }: Automaton, text: string): Found {
  const found: (readonly number[])[] = []
  const symbolAt = (i: number): number => (i === text.length ? endSymbol : symbols.of[text.charCodeAt(i)]!)
  for (let start = 0; start < text.length; start++) {
    const before = start === 0 ? TEXT_START : symbols.traits[symbolAt(start - 1)]!
    let row = table.startCellOf(before, symbolAt(start)) >> ROW_SHIFT
    const ends: number[] = []
    for (let i = start + 1; i <= text.length && row !== DEAD; i++) {
      const cell = table.cellOf(row, symbolAt(i))
      for (const rule of table.matchesAt(cell)) ends.push(i, rule)
      row = cell >> ROW_SHIFT
    }
    if (ends.length > 0) found.push([start, ...ends])
  }
  return found
}

function walkAll(automaton: Automaton, text: string, pieceChars: number, candidates = new Candidates(automaton)): Found {
  for (let at = 0; at < text.length; at += pieceChars) candidates.read(text.slice(at, at + pieceChars))
  candidates.finish()
  return candidates.found
    .map((candidate) => [candidate.start, ...ascendingEndsOf(candidate)])
    .filter(({ length }) => length > 1)
    .sort((a, b) => a[0]! - b[0]!)
}

const PATTERNS = [
  [String.raw`\b(?:\d[ -]?){11,18}\d\b`, String.raw`\b\d{2} \d{2}\b`],
  [String.raw`a[ab1]{3,30}`, String.raw`[ab]{2,9}1`, String.raw`b[ab ]{0,20}-`],
  [String.raw`(?:ab|ba|1){1,20}\b`, String.raw`a+b+`, String.raw`\w{5}`],
]
const text = fc.string({ unit: fc.constantFrom('a', 'b', 'a', '1', '2', ' ', '-', 'б', '\u4e00'), maxLength: 120 })
const digits = fc.string({ unit: fc.constantFrom('1', '2 ', '3', '4 ', '5-', 'a'), maxLength: 60 })

describe('candidates', () => {
  PATTERNS.forEach((patterns, i) => {
    // Symbols that no row has room for among the common ones take the slow way.
    const rare = Array.from({ length: i === 1 ? NARROW : 0 }, (_, k) => `${String.fromCharCode(0x4e00 + k)}{2}x`)
    const specs = [detector('d', { patterns: [...patterns, ...rare] })]

    it(`are found together as each alone: ${patterns[0]}`, () => {
      const known = new Automaton(specs)
      fc.assert(
        fc.property(fc.oneof(text, digits), fc.integer({ min: 1, max: 130 }), (text, pieceChars) => {
          const expected = walkEach(known, text)
          assert.deepEqual(walkAll(known, text, pieceChars), expected)
          // With every row new, and with a table that is full all the time.
          assert.deepEqual(walkAll(new Automaton(specs), text, pieceChars), expected)
          assert.deepEqual(walkAll(new Automaton(specs, 1), text, pieceChars), expected)
        }),
        { numRuns: RUNS, seed: 3 },
      )
    }).timeout(600_000)
  })

  it('pass over what detectors do not see, which belongs to no end', () => {
    const automaton = new Automaton([detector('d', { patterns: PATTERNS.flat() })])
    fc.assert(
      fc.property(
        fc.oneof(text, digits),
        fc.array(fc.nat({ max: 2 }), { maxLength: 20 }),
        fc.integer({ min: 1, max: 130 }),
        (text, gaps, pieceChars) => {
          const hidden = (i: number): string => '\u200b'.repeat(gaps[i % gaps.length] ?? 0)
          const seen = Array.from(text, (character, i) => hidden(i) + character)
          const at = seen.map((_, i) => seen.slice(0, i).join('').length + hidden(i).length)
          const expected = walkEach(automaton, text).map(([start, ...ends]) => [
            at[start!],
            ...ends.map((number, i) => (i % 2 === 0 ? at[number - 1]! + 1 : number)),
          ])
          assert.deepEqual(walkAll(automaton, seen.join('') + hidden(0), pieceChars), expected)
        },
      ),
      { numRuns: RUNS, seed: 7 },
    )
  })

  it('know nothing of the text before when their walk is used again, however that was left', () => {
    const automaton = new Automaton([detector('d', { patterns: PATTERNS.flat() })])
    const used = new Candidates(automaton)
    fc.assert(
      fc.property(fc.oneof(text, digits), fc.oneof(text, digits), (left, next) => {
        used.read(`${left}${'\ud83d'.repeat(left.length % 2)}`)
        used.reset()
        const found = walkAll(automaton, next, 64, used)
        used.reset()
        assert.deepEqual(found, walkEach(automaton, next))
      }),
      { numRuns: RUNS, seed: 5 },
    )
  })

  describe('of a text that leads to more than 32,768 sets', () => {
    const automaton = new Automaton([detector('d', { patterns: [String.raw`a[ab1]{20,24}-`, String.raw`b[ab1]{12}-`] })])
    const random = randomOf(11)
    const text = Array.from({ length: 200_000 }, () => 'aabbb1111-'[Math.floor(random() * 10)]).join('')

    it('are the same as each alone, while sets are new and when all are known', () => {
      const expected = walkEach(automaton, text)
      assert.deepEqual(walkAll(automaton, text, 4096), expected)
      assert(automaton.openSets.size > 0x8000, `${automaton.openSets.size} sets`)
      assert.deepEqual(walkAll(automaton, text, 1000), expected)
    })

    // Nothing else tells of it but the time: what is not where it belongs is worked out once more, and found somewhere else.
    it('have the cells of each set where it belongs', () => {
      walkAll(automaton, text, 4096)
      const { slots, hashed, stride, size } = automaton.openSets
      let [known, own] = [0, 0]
      for (let set = MANY_SETS; set < size; set++) {
        const symbols = Array.from({ length: stride }, (_, symbol) => symbol)
        const isThere = (symbol: number): boolean =>
          slots[slotFor(set * stride + symbol, set, symbol, hashed - 2)] === set * stride + symbol
        known++
        if (symbols.some(isThere)) own++
      }
      // The last set may have been reached by the last character.
      assert(known > 0x7000 && own >= known - 1, `${own} of ${known}`)
    })
  })

  it('keeps the first and the last where hundreds are open, whether rows are known or new', () => {
    const specs = [detector('d', { patterns: [String.raw`x[xy1]{0,400}1`] })]
    const automaton = new Automaton(specs)
    const text = `${'xyyy'.repeat(90)}1`
    const found = walkAll(automaton, text, text.length)
    assert(found.length >= 40 && found.length <= 49)
    assert.deepEqual(
      found.slice(0, 16).map(([start]) => start),
      Array.from({ length: 16 }, (_, i) => i * 4),
    )
    assert.equal(found.at(-1)![0], 89 * 4)
    assert.deepEqual(walkAll(automaton, text, 7), found)
    assert.deepEqual(walkAll(new Automaton(specs), text, 64), found)
  })

  it('tells ends from the longest and from the shortest', () => {
    const longest = { start: 0, ends: [3, 0, 3, 1, 5, 0], shares: null }
    const joined = { start: 1, ends: [2, 1], shares: { with: longest, from: 4 } }
    assert.deepEqual(endsOf(joined), [5, 0, 2, 1])
    assert.deepEqual(ascendingEndsOf(joined), [2, 1, 5, 0])
    assert.deepEqual(ascendingEndsOf(longest), longest.ends)
  })
})
