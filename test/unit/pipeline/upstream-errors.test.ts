// What a client hears of a failure upstream: the truth about it, and of the provider's own words nothing.
import assert from 'node:assert/strict'
import { errorFor } from '../../../core/pipeline/upstream-errors.ts'
import { makeFailure } from '../../../core/upstream/failures.ts'
import type { FailureClass } from '../../../core/model/answer.ts'

const HEARD: readonly (readonly [FailureClass, string, RegExp])[] = [
  ['connection_lost', 'upstream_error', /connection to the provider was lost before the answer was complete/],
  ['connect_failed', 'upstream_error', /provider could not be reached/],
  ['server_error', 'upstream_error', /provider answered with an error/],
  ['idle_timeout', 'upstream_timeout', /did not answer in time/],
]

describe('a failure upstream', () => {
  for (const [failure, code, says] of HEARD) {
    it(`that is ${failure} is told as what it was, and may be tried again`, () => {
      const error = errorFor(makeFailure(failure, 'internal.example:9 ECONNRESET'), false)
      assert.equal(error.code, code)
      assert.match(error.message, says)
      assert.doesNotMatch(error.message, /internal\.example/)
      assert.equal(error.shouldRetry, true)
    })
  }
})
