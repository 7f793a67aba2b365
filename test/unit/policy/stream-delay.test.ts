// How much the guards of the standard policies delay an ordinary streamed answer: by whole chunks and in characters, never in time.
import assert from 'node:assert/strict'
import { governorOf } from '../../support/stream-path.ts'
import { bindForTools, openPolicySet } from '../../../core/policy/toolbox.ts'
import { PLUGINS } from '../../../core/plugins.ts'
import { proseOf, tokensOf } from '../detect/prose.ts'
import { STANDARD_POLICIES } from '../../../core/policy/load.ts'

const ANSWERS = process.env['SALLYPORT_TEST_LONG'] ? 1000 : 100

describe('an ordinary streamed answer', () => {
  const bound = bindForTools(openPolicySet([STANDARD_POLICIES], PLUGINS))
  after(() => bound.detection.close())

  it('shows its first text at most one upstream chunk later (median), holds at most 24 characters, and comes out as it went in', () => {
    const delays: number[] = []
    for (let seed = 1; seed <= ANSWERS; seed++) {
      const guard = governorOf(bound)
      assert.equal(guard.transparent, false, 'the standard policies guard answers')
      const tokens = tokensOf(proseOf(seed, 600))
      const released = tokens.map((token) => guard.push('0/text', token))
      delays.push(released.findIndex((text) => text !== ''))
      assert.equal(released.join('') + guard.end('0/text'), tokens.join(''))
      assert.ok(guard.heldMost <= 24, `held ${guard.heldMost} characters (seed ${seed})`)
    }
    delays.sort((a, b) => a - b)
    assert.ok(delays[Math.floor(delays.length / 2)]! <= 1, `median ${delays[Math.floor(delays.length / 2)]} chunks`)
  })
})
