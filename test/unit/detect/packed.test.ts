import assert from 'node:assert/strict'
import fc from 'fast-check'
import { DetectorSet } from '../../../core/detect/detectors.ts'
import { packWalk, unpackWalk } from '../../../core/detect/packed.ts'
import { judgeInSteps, scanText } from '../../../core/detect/scan.ts'
import { walkText } from '../../../core/detect/walk.ts'
import { checks, specs } from './standard.ts'

const RUNS = process.env['SALLYPORT_TEST_LONG'] ? 1000 : 100

const set = new DetectorSet(
  specs.filter(({ any }) => any.length === 0),
  checks,
)

function judgePacked(text: string): { readonly findings: unknown; readonly steps: number } {
  const walked = unpackWalk(structuredClone(packWalk(walkText(set.automaton, text)!)!))
  const judging = judgeInSteps(set, text, walked)
  for (let steps = 0; ; steps++) {
    const step = judging.next()
    if (step.done) return { findings: step.value, steps }
  }
}

const plain = fc.constantFrom(
  '4111 1111 1111 1111',
  'jane@example.org',
  '4 ',
  'word',
  '-----BEGIN PRIVATE KEY-----\nMIIEabcd\n-----END PRIVATE KEY-----',
)
const encoded = plain.chain((text) =>
  fc.constantFrom(
    Buffer.from(text).toString('base64'),
    Buffer.from(text).toString('hex'),
    encodeURIComponent(text),
    Buffer.from(Buffer.from(`of ${text}`).toString('base64')).toString('base64'),
  ),
)
const text = fc.array(fc.oneof(plain, encoded), { maxLength: 12 }).map((pieces) => pieces.join(' '))

describe('a packed walk', () => {
  it('brings the same findings, in encoded runs two levels deep as well', () => {
    let found = 0
    fc.assert(
      fc.property(text, (text) => {
        const expected = scanText(set, text)!
        found += expected.filter(({ decoded }) => decoded).length
        assert.deepEqual(judgePacked(text).findings, expected)
      }),
      { numRuns: RUNS, seed: 5 },
    )
    assert(found > RUNS / 4, `${found} findings in runs`)
  })

  it('is judged in many steps, whether matches stand in the text or each in a run of its own', () => {
    const run = Buffer.from('my card 4111 1111 1111 1111').toString('base64')
    for (const piece of ['4111 1111 1111 1111, ', `${run} `]) {
      const { steps } = judgePacked(piece.repeat(2000))
      assert(steps > 10, `${steps} steps`)
    }
  })
})
