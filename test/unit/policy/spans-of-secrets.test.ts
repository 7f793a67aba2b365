// Secrets inside what looks like an address, on the shipped detectors: the label says what was found by the words before it, and no character
// is left that the longer finding took.
import assert from 'node:assert/strict'
import { join, relative } from 'node:path'
import { bindForTools, openPolicySet } from '../../../core/policy/toolbox.ts'
import { PLUGINS } from '../../../core/plugins.ts'
import type { BoundPolicies } from '../../../core/policy/bind.ts'
import { preview } from '../../../core/pipeline/preview.ts'

const SHIPPED = relative(process.cwd(), join(import.meta.dirname, '../../../policies'))

describe('a secret inside what looks like something else', () => {
  let bound: BoundPolicies

  before(() => (bound = bindForTools(openPolicySet([SHIPPED], PLUGINS))))
  after(() => bound.detection.close())

  const leaves = async (text: string): Promise<string | undefined> => {
    const { rewritten } = await preview(bound, { text }, new Map([['feature.pii', 'scrub']]))
    return rewritten[0]?.text
  }

  it('is the password of a connection and no address of a mailbox, and the host goes with it', async () => {
    assert.equal(await leaves('postgres://app:Vq7xR2mK9w@db.example.com/app'), 'postgres://app:[CONNECTION_PASSWORD]/app')
    assert.equal(await leaves('redis://:Vq7!xR2mK9w@cache.eu-west.internal.example.com:6379/0'), 'redis://:[CONNECTION_PASSWORD]:6379/0')
  })

  it('leaves an address of a mailbox its name', async () => {
    assert.equal(await leaves('write to jo@example.com'), 'write to [EMAIL]')
    assert.equal(await leaves('the user is app:jo@example.com'), 'the user is app:[EMAIL]')
  })

  it('leaves a card number its name, whatever word stands before a part of it', async () => {
    assert.equal(await leaves('account number 4111 1111 1111 1111'), 'account number [PAYMENT_CARD]')
  })
})
