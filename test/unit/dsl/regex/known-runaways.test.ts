// Two hundred patterns of the shapes that are known to run away, over several alphabets: `policy check` refuses each, and shows a text that does it.
import assert from 'node:assert/strict'
import { findRunawayPatterns } from '../../../../dsl/check/proof/patterns.ts'

/** `X` is a character class, `y` a character outside it. Shapes from the literature on ReDoS: nested, overlapping and neighbouring repeats. */
const SHAPES = [
  '^(X+)+$',
  '^(X*)*$',
  '^(X+)*y',
  '^(?:X|XX)+$',
  '^(?:X|X)*y',
  '^(X+X+)+y',
  '^(?:X+y?)+$',
  '^(?:XX?)+$',
  '^(?:X+|XX)*$',
  '^(?:X*y?X*)+#$',
  'X+y',
  'X*X*y',
  '^X*X*X*$',
  'XX+y',
  '(?:X+y)?X+y',
  '^(?:(?:X+)+y)+$',
  '^(?:X{2,})+$',
  '^(?:X{1,}X?)*y',
  '^(?:X+?)+$',
  'X+X+$',
] as const
const ALPHABETS: readonly (readonly [inside: string, outside: string])[] = [
  ['a', 'b'],
  ['\\d', 'x'],
  ['\\w', '!'],
  ['[a-z]', '0'],
  ['[A-Za-z0-9]', '@'],
  ['[^,]', ','],
  ['\\s', 'z'],
  ['(?:ab)', 'c'],
  ['[0-9a-f]', 'g'],
  ['\\.', '-'],
]
const KNOWN = SHAPES.flatMap((shape) => ALPHABETS.map(([inside, outside]) => shape.replaceAll('X', inside).replaceAll('y', outside)))
/** The suite takes every tenth: another alphabet for each two shapes. */
const TRIED = process.env['SALLYPORT_TEST_LONG'] ? KNOWN : KNOWN.filter((_, i) => i % 10 === Math.floor(i / 10) % 10)
const MEASURE_MS = 50

describe('patterns that are known to run away', function () {
  this.timeout(process.env['SALLYPORT_TEST_LONG'] ? 600_000 : 60_000)

  it(`are refused, each with a text that does it (${TRIED.length} of ${KNOWN.length})`, async () => {
    assert.equal(KNOWN.length, 200)
    const text = TRIED.map((pattern, i) => `detector d${i} {\n  pattern /${pattern}/\n}\n`).join('')
    const found = await findRunawayPatterns([{ path: 'p.policy', text: `module acme.test\n${text}` }], null, MEASURE_MS)
    const refused = new Set(found.map(({ span }) => span.start))
    assert.equal(
      refused.size,
      TRIED.length,
      TRIED.filter((pattern) => !found.some(({ span }) => textOf(text, span) === `/${pattern}/`)).join('\n'),
    )
    for (const { severity, message } of found) {
      assert.equal(severity, 'error', message)
      assert.match(message, /repeat\(\d+\)/, message)
    }
  })
})

const textOf = (text: string, { start, end }: { readonly start: number; readonly end: number }): string =>
  `module acme.test\n${text}`.slice(start, end)
