// A policy that protects spans whatever its condition reads, and a detector that breaks.
import assert from 'node:assert/strict'
import { bindText } from '../../support/stream-path.ts'
import { ContentScan } from '../../../core/policy/content-scan.ts'
import { refusedForFailedSpans } from '../../../core/policy/failed-spans.ts'
import { scanFor, spanCallsOf } from '../../../core/policy/spans.ts'
import type { Detection } from '../../../core/detect/port.ts'
import type { Refused } from '../../../core/policy/language.ts'

/** What is said of a request whose mailboxes could not be looked for. */
async function refusedWith(clause: string): Promise<Refused | null> {
  const bound = bindText(`module spans
import standard.detectors as std
policy spans.mail "No mailboxes" {
  owner  "privacy@example.com"
  on     request
  redact std.email in prompt
  ${clause}
}
`)
  const broken: Detection = { ...bound.detection, scan: (texts, names) => ({ findings: texts.map(() => []), failed: names }) }
  const operands = { detector: ['standard.detectors.email'], location: ['prompt'] }
  const redact = bound.program.bundle.policies.find(({ id }) => id === 'spans.mail')!.effects[0]!
  const call = { verb: redact.verb, phrase: redact.phrase, policy: 'spans.mail', severity: 'medium', operands } as const
  const calls = spanCallsOf([call], bound.words, bound.detection)
  const part = { location: 'prompt.user', text: 'jo@example.com', path: [0], rewritable: true, encoding: 'text' } as const
  const prompt = new ContentScan(broken, [part], 1000)
  await scanFor(calls, prompt)
  await bound.detection.close()
  return refusedForFailedSpans(bound, calls, prompt)
}

describe('spans that could not be looked for', () => {
  it('refuse the request', async () => {
    assert.equal((await refusedWith(''))?.code, 'policy.scan_failed')
  })

  it('refuse it as `on error deny` says', async () => {
    const refused = await refusedWith('on error deny "spans.unread" "Try again." with status 422')
    assert.deepEqual(refused, { policy: 'spans.mail', code: 'spans.unread', message: 'Try again.', status: 422 })
  })

  it('let it go on where somebody answers for that', async () => {
    assert.equal(await refusedWith('on error warn "spans.unread"'), null)
  })

  it('refuse it where `on error` would route: the route is chosen, and the text is not clean', async () => {
    assert.equal((await refusedWith('on error route to secure'))?.code, 'policy.scan_failed')
  })
})
