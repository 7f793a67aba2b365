// What is prepared when policies are loaded is what the first request and the first answer ask for.
import assert from 'node:assert/strict'
import { bindText } from '../../support/stream-path.ts'
import { warmPolicies } from '../../../core/policy/warm.ts'
import type { BoundPolicies } from '../../../core/policy/bind.ts'
import type { Detection } from '../../../core/detect/port.ts'

const POLICIES = `module warm
import standard.detectors as std
policy warm.chat "Anybody may chat" {
  on request
  allow
}
policy warm.prompts "Mailboxes and cards become labels" {
  on     request
  when   prompt contains std.email
  redact std.payment_card in prompt
}
policy warm.protected "Accounts become labels, whatever is found" {
  on     request
  redact std.iban in prompt
}
policy warm.answers "Keys stay, also in streams" {
  on     response, stream
  when   completion contains std.api_key
  redact std.api_key in completion
}
policy warm.mailboxes "Mailboxes stay, also in streams" {
  on     response, stream
  when   completion contains std.email
  redact std.email in completion
}
`
const STD = 'standard.detectors.'

describe('policies that were just loaded', () => {
  let bound: BoundPolicies
  before(() => {
    bound = bindText(POLICIES)
  })
  after(() => bound.detection.close())

  /** Sets that are asked for while warming. `services`: detectors that are no patterns. */
  async function asked(
    services: readonly string[] = [],
  ): Promise<{ scans: readonly string[]; streams: readonly string[]; prepared: readonly string[] }> {
    const prepared: string[] = []
    const scans: string[] = []
    const streams: string[] = []
    const detection: Detection = {
      members: (name) => bound.detection.members(name),
      engineMembers: (names) => names.filter((name) => services.includes(name)),
      close: () => bound.detection.close(),
      prepare: async (names) => {
        await bound.detection.prepare(names)
        prepared.push(names.join())
      },
      scan: (texts, names, deadlineMs, encodings) => {
        scans.push(names.join())
        assert.ok(texts.every((text) => text.length > 100))
        return bound.detection.scan(texts, names, deadlineMs, encodings)
      },
      openStream: (names, encoding) => {
        assert.ok(prepared.includes(names.join()), `${names.join()} is prepared before a stream asks for it`)
        streams.push(names.join())
        return bound.detection.openStream(names, encoding)
      },
    }
    await warmPolicies({ ...bound, detection })
    return { scans, streams, prepared }
  }

  it('have their detectors ready for a request, for what it protects, and for an answer in either form', async () => {
    const { scans, streams } = await asked()
    const all = scans.join()
    for (const name of ['email', 'iban', 'api_key']) assert.ok(all.includes(STD + name), `${name} in ${all}`)
    assert.deepEqual(streams, [`${STD}api_key,${STD}email`])
  })

  it('have the detectors of all policies of a stream ready as one set, with pauses for the event loop', async () => {
    const { prepared, streams } = await asked()
    assert.equal(streams.length, 1)
    assert.ok(prepared.includes(streams[0]!), prepared.join(' | '))
  })

  it('ask no service for that', async () => {
    const { scans } = await asked([`${STD}email`])
    assert.ok(!scans.join().includes('email'))
    assert.ok(scans.join().includes('iban'))
  })

  it('are loaded all the same where nothing can be judged without a caller', async () => {
    const broken = { ...bound, detection: { ...bound.detection, engineMembers: () => assert.fail('broken') } as unknown as Detection }
    await warmPolicies(broken)
  })
})
