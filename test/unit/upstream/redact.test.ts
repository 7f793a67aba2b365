import assert from 'node:assert/strict'
import fc from 'fast-check'
import { makeFailure } from '../../../core/upstream/failures.ts'
import { redactorFor } from '../../../core/upstream/redact.ts'

describe('upstream: redaction', () => {
  it('takes the credential out of message and id, in every form', () => {
    const { failure } = redactorFor('Zq9-wonderful+secret')
    const message = 'a Zq9-wonderful+secret b Zq9-wonderful%2Bsecret c WnE5LXdvbmRlcmZ1bCtzZWNyZXQ= d'
    const redacted = failure(makeFailure('bad_request', message, { upstreamRequestId: 'id-Zq9-wonderful+secret' }))
    assert.equal(redacted.message, 'a [credential] b [credential] c [credential]= d')
    assert.equal(redacted.upstreamRequestId, 'id-[credential]')
  })

  it('takes its beginning from the end of a text that was cut off', () => {
    assert.equal(redactorFor('Zq9-wonderful').text('key Zq9-won'), 'key [credential]')
    assert.equal(redactorFor('Zq9-wonderful').text('key Zq9'), 'key Zq9')
  })

  it('leaves texts alone where the credential is a placeholder or none', () => {
    for (const credential of [null, '', 'none']) assert.equal(redactorFor(credential).text('none of them'), 'none of them')
  })

  it('leaves no credential in any text, whatever stands around it', () => {
    const credential = fc.string({ minLength: 6, maxLength: 40 }).filter((text) => !'[credential]'.includes(text))
    fc.assert(
      fc.property(credential, fc.string(), fc.string(), (secret, before, after) => {
        const text = redactorFor(secret).text(before + secret + after)
        assert.ok(!text.includes(secret) || (before + '[credential]' + after).includes(secret), text)
      }),
      { seed: 7, numRuns: process.env['SALLYPORT_TEST_LONG'] ? 1000 : 100 },
    )
  })
})
