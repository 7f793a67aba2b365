// Numbers that look like something else inside, on the standard detectors: what a check proves is what it is called, and how it is protected.
import assert from 'node:assert/strict'
import { bindText } from '../../support/stream-path.ts'
import { preview } from '../../../core/pipeline/preview.ts'

const IBAN = 'DE89 3704 0044 0532 0130 00'

async function leaves(text: string, ...clauses: readonly string[]): Promise<string | undefined> {
  const policies = clauses.map((clause, i) => `policy spans.p${i} "P${i}" {\n  severity ${SEVERITIES[i]}\n  on request\n  ${clause}\n}`)
  const bound = bindText(`module spans\nimport standard.detectors as std\ndefault request allow\n${policies.join('\n')}\n`)
  try {
    const { rewritten } = await preview(bound, { text }, new Map())
    return rewritten[0]?.text
  } finally {
    await bound.detection.close()
  }
}
const SEVERITIES = ['high', 'low'] as const

describe('an account that holds what looks like a telephone number', () => {
  it('is masked as its policy says, where telephone numbers become placeholders', async () => {
    const text = await leaves(`pay ${IBAN}, call +49 30 9018724`, 'tokenize std.phone in prompt', 'mask std.iban in prompt except last 4')
    assert.match(text!, /^pay \*{4} \*{4} \*{4} \*{4} \*{2}30 00, call \u27e6PHONE_\w{8}\u27e7$/)
  })

  it('goes by its own name, whichever policy is the stronger', async () => {
    assert.equal(await leaves(`pay ${IBAN}`, 'redact std.phone in prompt', 'mask std.iban in prompt'), 'pay [IBAN]')
    assert.match(
      (await leaves(`pay ${IBAN}`, 'tokenize std.phone in prompt', 'tokenize std.iban in prompt'))!,
      /^pay \u27e6IBAN_\w{8}\u27e7$/,
    )
  })

  it('is no telephone number less protected: one that stands alone is taken out as before', async () => {
    assert.equal(await leaves('call +49 30 9018724', 'redact std.phone in prompt', 'mask std.iban in prompt'), 'call [PHONE]')
    const wrong = IBAN.replace(/00$/, '01')
    assert.match((await leaves(`pay ${wrong}`, 'tokenize std.phone in prompt', 'mask std.iban in prompt'))!, /\u27e6PHONE_/)
  })
})
