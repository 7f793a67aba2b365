import assert from 'node:assert/strict'
import fc from 'fast-check'
import { checks } from '../../../plugins/pii/checks.ts'

const RUNS = process.env['SALLYPORT_TEST_LONG'] ? 20_000 : 2000

const digits = fc.string({ unit: fc.constantFrom(...'0123456789', ...'4455', ' ', '-'), maxLength: 40 })
const account = fc.string({ unit: fc.constantFrom(...'ABDEG0123456789', ' ', '-'), maxLength: 36 }).map((rest) => `NO${rest}`)
const token = fc
  .tuple(
    fc.constantFrom('{"alg":1}', '{"typ":2}', '{"alg":', '{"a":1} ', '[]'),
    fc.string({ unit: fc.constantFrom(...'aZ0_-.'), maxLength: 20 }),
  )
  .map(([head, rest]) => `${Buffer.from(head).toString('base64url')}.${rest}`)
const key = fc
  .tuple(
    fc.constantFrom('sk-ant-api03-', 'sk-', 'xoxb-', 'AKIA', ''),
    fc.string({ unit: fc.constantFrom(...'x0aZ9-_', 'your-', '1234'), maxLength: 12 }),
  )
  .map(([prefix, rest]) => prefix + rest)
const TEXTS: { readonly [check: string]: fc.Arbitrary<string> } = {
  luhn: digits,
  card_brand: digits,
  iban: account,
  jwt: token,
  not_filler: key,
}
const KNOWN: { readonly [check: string]: readonly string[] } = {
  luhn: ['4111 1111 1111 1111 12', '378282246310005', '0000000000000000'],
  card_brand: ['4111 1111 1111 1111 12', '6759649826438453', '2720990000000000'],
  iban: ['NO93 8601 1117 947', 'NO9386011117947 12', 'DE89 3704 0044 0532 0130 00 12'],
  not_filler: ['sk-ant-api03-your-key-goes-here-now', 'sk-proj-yirXbeVlR0FqED36WaHQ5pSL', 'xoxb-0000000000-EXAMPLE'],
  jwt: ['eyJhbGciOiJub25lIn0.eyJhIjoxfQ.abc', 'eyJhbGciOiJub25lIn0'],
}

describe('checks that judge many ends at once', () => {
  const known = checks.filter(({ test }) => test.lastOf)

  it('are those that are tried below', () => assert.deepEqual(known.map(({ name }) => name).sort(), Object.keys(TEXTS).sort()))

  for (const { name, test } of known) {
    it(`${name} names the last end that passes one by one`, () => {
      const agree = (match: string, ends: readonly number[]): void => {
        const text = `7 ${match} 4`
        const places = [...new Set(ends.map((end) => 2 + Math.min(end, match.length)))].sort((a, b) => a - b)
        for (let count = 1; count <= places.length; count++) {
          const expected = places.slice(0, count).findLastIndex((end) => test(text.slice(2, end)))
          assert.equal(test.lastOf!(text, 2, places, count), expected)
        }
      }
      for (const match of KNOWN[name]!)
        agree(
          match,
          Array.from(match, (_, i) => i + 1),
        )
      fc.assert(fc.property(TEXTS[name]!, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), agree), { numRuns: RUNS, seed: 5 })
    })
  }
})
