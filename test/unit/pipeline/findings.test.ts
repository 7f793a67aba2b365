// Findings of one text as rows: what it costs grows with their number, not with its square.
import assert from 'node:assert/strict'
import { noteFindings } from '../../../core/pipeline/findings.ts'
import type { Exchange } from '../../../core/pipeline/exchange.ts'
import type { Finding } from '../../../core/model/content.ts'

describe('noting findings', () => {
  it('looks at each rewritten one once, however many there are', () => {
    const count = 5000
    const findings = Array.from({ length: count }, (_, i): Finding => ({ detector: 'd', start: i, end: i + 1, score: 1, checks: [] }))
    let looks = 0
    const applied = findings.map((finding) => ({
      get finding() {
        looks++
        return finding
      },
      verb: 'redact',
    }))
    const account = { findingCounts: {}, findings: [], kernel: { findingKey: { id: 'k', key: Buffer.alloc(32) } } }
    noteFindings(account as unknown as Exchange, 'request', { location: 'prompt.user', text: 'x'.repeat(count) }, findings, applied)
    assert.equal(looks, count)
    assert.deepEqual(account.findingCounts, { d: count })
    assert.ok(account.findings.length > 0 && account.findings.length <= 200)
  })
})
