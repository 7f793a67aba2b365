// What `policy check` says about streams is true of streams.
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { bindForTools, openPolicySet } from '../../../core/policy/toolbox.ts'
import { governorOf } from '../../support/stream-path.ts'
import { holdBackOf } from '../../../core/policy/hold-back.ts'
import { PLUGINS } from '../../../core/plugins.ts'
import { STANDARD_POLICIES } from '../../../core/policy/load.ts'

const KEY = 'AKIAQ3EGRIF7XN2TZ5KM'

describe('hold-back of the standard policies', () => {
  const set = openPolicySet([STANDARD_POLICIES], PLUGINS)
  const bound = bindForTools(set)
  after(() => bound.detection.close())

  it('is at most 24 characters in ordinary prose, and 2,048 at all', async () => {
    const held = (await holdBackOf(set.bundle!, set.words))!
    assert.ok(held.idle > 0 && held.idle <= 24, `idle ${held.idle}`)
    assert.ok(held.bound !== null && held.bound >= KEY.length && held.bound <= 2048, `bound ${held.bound}`)
  })

  it('is not spoken of where nothing looks at streams', async () => {
    const policies = set.bundle!.policies.filter(({ phases }) => !phases.includes('stream'))
    assert.equal(await holdBackOf({ ...set.bundle!, policies }, set.words), null)
  })

  for (const bits of [2048, 4096]) {
    it(`covers a private key of ${bits} bits, in a stream as in a whole`, () => {
      const { privateKey } = generateKeyPairSync('rsa', { modulusLength: bits })
      const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
      const governor = governorOf(bound)
      const out = [...`Here:\n${pem}Done.`].map((character) => governor.push('0/text', character)).join('') + governor.end('0/text')
      assert.ok(out.startsWith('Here:\n[') && out.endsWith(']\nDone.'), out)
      // Of a long key beginning and end are found apart; between them a few characters may stand that say nothing without the rest.
      assert.ok(out.length < (bits === 2048 ? 40 : 300), out)
    })
  }
})
