import assert from 'node:assert/strict'
import fc from 'fast-check'
import { EncodedRuns } from '../../../core/detect/encoded.ts'
import { skipWords } from '../../../core/detect/encoded-sieve.ts'
import { runsIn } from '../../../core/detect/encoded-words.ts'

const RUNS = process.env['SALLYPORT_TEST_LONG'] ? 200_000 : 20_000

/** Where the first word begins that is looked at; the end of the text if none is. */
const lookedAt = (text: string): number =>
  skipWords(
    Uint16Array.from(text, (unit) => unit.charCodeAt(0)),
    0,
    text.length,
  )

const runsOf = (text: string): readonly string[] => {
  const runs = new EncodedRuns()
  runs.read(text)
  runs.finish()
  return runs.found.map(({ text: decoded, lead }) => decoded.slice(lead))
}

const hex = (text: string): string => Buffer.from(text).toString('hex')
const wide = (text: string): string =>
  text.replaceAll(/[!-~]/g, (character) => String.fromCharCode(character.charCodeAt(0) + 0xff01 - 0x21))

/** Encoded texts, parts of them, and characters that matter beside them. */
const piece = fc.oneof(
  fc.string({ maxLength: 12 }).map((text) => Buffer.from(text).toString('base64')),
  fc.string({ maxLength: 12 }).map(hex),
  fc.stringMatching(/^[a-zA-Z0-9]{1,10}$/),
  // Base32 of text, most of the time.
  fc.stringMatching(/^([E-P][A-H2-7][A-Z]{6}){2,3}$/),
  fc.constantFrom('NJXWQ3SAMV4GC3LQNRSS4Y3PNU', 'nfts2idbnrwca4dsmv3gs33vom======'),
  fc.stringMatching(/^[a-z0-9]{6,14}$/).map((text) => [...text].join('-')),
  fc.stringMatching(/^[a-z0-9]{5,8}$/).map((text) => hex(text).replaceAll(/..(?=.)/g, '$&.')),
  fc.constantFrom(
    '%41',
    '%',
    '\\x41',
    '\\u0041',
    '\\101',
    '\\',
    '&#65;',
    '&commat;',
    '=41',
    '=',
    '==',
    '0x',
    '/',
    '-',
    '_',
    '+',
    '.',
    '~',
    '@',
  ),
)

describe('the sieve of words', () => {
  it('passes over no word that holds an encoded run', () => {
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 4 }), (pieces) => {
        const word = pieces.join('')
        if (runsIn(word).length > 0) assert.equal(lookedAt(`${word} `), 0, word)
      }),
      { numRuns: RUNS, seed: 5 },
    )
  })

  it('stops at a word that may be the first of a group, and at one that has not ended', () => {
    for (const text of ['j o h n ', '6a 6f 68 6e 40 78 ', '6a:6f:68', 'am9o bkBl ', 'a', 'word', 'QUJD ', 'j","o","h","n"'])
      assert.equal(lookedAt(text), 0, JSON.stringify(text))
  })

  it('passes over identifiers, paths, numbers and punctuation', () => {
    const text =
      '- a `camelCaseName` in core/detect/encoded-words.ts, 2024-06-15T10:30:00 UPPER_SNAKE_CASE_NAMES 42 of 1700000000000, ' +
      'x === y && /\\d+-\\s*(86%)/ => "#fff" 40, 50, 60 px, deadbeefdeadbeef 9f86d081884c7d65 don\u2019t été, and so forth.'
    assert.equal(lookedAt(`${text}  `), text.length + 2)
  })

  it('sees through full-width and invisible characters in the first word of a group', () => {
    assert.deepEqual(runsOf(`see ${wide('am9o')} ${wide('bkBl')} ${wide('eGFt')} ${wide('cGxl')}!`), ['john@example'])
    assert.deepEqual(runsOf('see 6\u00ada 6f 68 6e 40 78 2e 64 65!'), ['john@x.de'])
    assert.deepEqual(runsOf(`see ${wide('6a')} 6f 68 6e 40 78 2e 64 65!`), ['john@x.de'])
  })
})
