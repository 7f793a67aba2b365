// What `policy check` says about streams is true of streams.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
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

  for (const bits of [2048, 4096, 8192]) {
    it(`covers a private key of ${bits} bits, in a stream as in a whole`, () => {
      // As large as a key of so many bits; prime numbers of that size take too long.
      const body = randomBytes(bits * 0.58)
        .toString('base64')
        .replaceAll(/.{64}/g, '$&\n')
      const pem = `-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----`
      for (const size of [1, 17, 2048, 100_000]) {
        const governor = governorOf(bound)
        const chunks = `Here:\n${pem}\nDone.`.match(new RegExp(`[^]{1,${size}}`, 'g'))!
        const out = chunks.map((chunk) => governor.push('0/text', chunk)).join('') + governor.end('0/text')
        assert.equal(out, 'Here:\n[PRIVATE_KEY]\nDone.')
        assert.ok(governor.heldMost <= 2048, `held ${governor.heldMost}`)
      }
    })
  }

  it('covers a long private key that reasoning interrupts', () => {
    const lines = randomBytes(6000)
      .toString('base64')
      .match(/.{1,64}/g)!
    const answer = ['-----BEGIN PRIVATE KEY-----', ...lines, '-----END PRIVATE KEY-----', 'Done.'].join('\n')
    const governor = governorOf(bound)
    let out = ''
    for (let at = 0; at < answer.length; at += 3100) {
      out += governor.push('0/text', answer.slice(at, at + 3100)) + governor.end('0/text')
      out += governor.push('0/reasoning', 'hm') + governor.end('0/reasoning')
    }
    assert.equal(out.replaceAll(/\[PRIVATE_KEY\]|hm/g, '').trim(), 'Done.')
  })
})
