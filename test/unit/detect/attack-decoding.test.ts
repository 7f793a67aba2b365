// Words that are made to be looked at again and again, and characters that are made to be overlooked.
import assert from 'node:assert/strict'
import { ALL, standardDetection } from './standard.ts'
import { EncodedRuns } from '../../../core/detect/encoded.ts'
import { openFrom } from '../../../core/detect/encoded-words.ts'
import type { ScanResult } from '../../../core/detect/port.ts'

const MANY = process.env['SALLYPORT_TEST_LONG'] ? 1_000_000 : 100_000

describe('attacks on decoding', function () {
  // Anything quadratic takes minutes.
  this.timeout(20_000)
  const detection = standardDetection({ inlineChars: Infinity })

  const shapes: readonly (readonly [title: string, unit: string])[] = [
    ['letters, then signs that are no base64', 'A'.repeat(1024) + '~'.repeat(1000)],
    ['signs, then what is no escape', '~'.repeat(1024) + '/'.repeat(1000)],
    ['letters, then padding', 'A'.repeat(1024) + '='.repeat(1000)],
    ['signs behind an escape', `%41${"'".repeat(2000)}a`],
    ['hex that may be text', '4a'.repeat(1000)],
    ['separators of paths', 'ab/'.repeat(700)],
    ['escapes', '%41'.repeat(700)],
    ['halves of escapes', '&#'.repeat(1000)],
    ['entities that never end', '&#1234567'.repeat(220)],
    ['backslashes', '\\'.repeat(2000)],
    ['base64 in base64', Buffer.from(Buffer.from('hello there '.repeat(90)).toString('base64')).toString('base64')],
  ]
  for (const [title, unit] of shapes) {
    it(`a stream of single characters costs its length: ${title}`, () => {
      const stream = detection.openStream(ALL)
      let released = 0
      for (let i = 0; i < MANY; i++) released += stream.push(unit[i % unit.length]!).text.length
      assert.equal(released + stream.end().text.length, MANY)
    })

    it(`says the same of the open end however the word came: ${title}`, () => {
      const word = unit.slice(0, 300)
      let before = 0
      for (let length = 1; length <= word.length; length++) {
        const open = openFrom(word.slice(0, length))
        assert.ok(open >= 0 && open <= length && open >= Math.min(before, length), `${length}: ${before} to ${open}`)
        before = open
        const runs = new EncodedRuns()
        runs.read(word.slice(0, length))
        assert.ok(runs.firstOpen <= length)
      }
    })
  }

  it('bombs decode to no more than they are, twice at most', () => {
    let bomb = 'jo@example.com '.repeat(2000)
    for (let level = 0; level < 6; level++) {
      bomb = Buffer.from(bomb).toString('base64')
      const { failed, findings } = detection.scan([bomb], ALL, 1000) as ScanResult
      assert.deepEqual([failed, findings[0]!.length > 0], [[], level < 2], `level ${level}`)
    }
  })
})
