// All keys of a script must hash to one slot, or Redis Cluster would refuse it.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Names } from '../../../core/state/redis/names.ts'
import { SCRIPTS, type ScriptName } from '../../../core/state/redis/scripts.ts'
import type { Claim } from '../../../core/model/state.ts'

const names = new Names('sp')

/** How the driver builds the keys of each script; a script without an entry does not compile. */
const KEYS: Record<ScriptName, (tenant: string, words: readonly string[]) => readonly string[]> = {
  reserve: (tenant, words) => names.reserve(tenant, 'p1', words.map(claim)),
  settle: (tenant, words) => names.reserve(tenant, 'p1', words.map(claim)),
  untake: (tenant, words) => names.reserve(tenant, 'p1', words.map(claim)),
  book: (tenant, words) => names.book(tenant, 'p1', 'x1', words),
  renew: (tenant) => names.reservations(tenant, 'p1'),
  giveBack: (tenant) => names.reservations(tenant, 'p1'),
  level: (tenant, [counter = '']) => names.level(tenant, counter),
  beat: () => names.processes(),
  breakerReport: (_, [key = '']) => names.breaker(key),
  breakerProbe: (_, [key = '']) => names.breaker(key),
  breakerRelease: (_, [key = '']) => names.breaker(key),
  breakerCool: (_, [key = '']) => names.breaker(key),
  breakerTotals: (_, [key = '']) => names.breaker(key),
  breakersRead: () => names.breaker('').slice(0, 1),
  vaultPut: (tenant, words) => names.vault(tenant, words),
  vaultSweep: (tenant) => names.vault(tenant, []),
  approvalRequest: (tenant, [id = '']) => names.approvalFor(id, tenant, 'k1', 'abc'),
  approvalReplace: (_, [id = '']) => names.approval(id),
  keyPut: (_, [prefix = '']) => names.customerKey(prefix),
  keyReplace: (_, [prefix = '', added]) => names.customerKeys(prefix, added),
  keyUses: () => names.keyUses(),
}

function claim(counter: string, i: number): Claim {
  const kinds: readonly Claim[] = [
    { kind: 'window', counter, limit: 1, amount: 1, endsAt: 1 },
    { kind: 'rate', counter, limit: 1, amount: 1, periodMs: 1 },
    { kind: 'slot', counter, limit: 1, leaseMs: 1 },
  ]
  return kinds[i % 3]!
}

/** As the specification of Redis Cluster says: CRC16 (XMODEM) of the first hash tag that is not empty, else of the whole key; modulo 16,384. */
function slotOf(key: string): number {
  const open = key.indexOf('{')
  const close = open < 0 ? -1 : key.indexOf('}', open + 1)
  const hashed = close > open + 1 ? key.slice(open + 1, close) : key
  let crc = 0
  for (const byte of Buffer.from(hashed)) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021
    crc &= 0xffff
  }
  return crc % 16_384
}

describe('keys in Redis', () => {
  it('are hashed here as Redis hashes them', () => {
    assert.equal(slotOf('123456789'), 0x31c3)
    assert.equal(slotOf('foo{bar}{zap}'), slotOf('bar'))
    assert.equal(slotOf('{user1000}.following'), slotOf('{user1000}.followers'))
    assert.notEqual(slotOf('foo{}{bar}'), slotOf('bar'))
  })
  const tenants = fc.oneof(fc.string(), fc.stringMatching(/^[{}%a]{0,6}$/), fc.string({ unit: 'binary' }))

  for (const name of Object.keys(SCRIPTS) as ScriptName[])
    it(`of the script ${name} share a slot, whatever tenants and counters are called`, () => {
      fc.assert(
        fc.property(tenants, fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1, maxLength: 4 }), (tenant, words) => {
          const keys = KEYS[name](tenant, words)
          assert.ok(keys.length > 0)
          assert.equal(new Set(keys.map((key) => slotOf(key))).size, 1, keys.join(' '))
        }),
        { numRuns: 200, seed: 5 },
      )
    })
  it('of two tenants never are the same', () => {
    fc.assert(
      fc.property(tenants, tenants, (one, other) => {
        fc.pre(one !== other)
        assert.notEqual(names.base(one), names.base(other))
      }),
      { numRuns: 2000, seed: 5 },
    )
  })
  it('spread over the slots by tenant', () => {
    const slots = new Set(Array.from({ length: 50 }, (_, i) => slotOf(names.base(`tenant-${i}`))))
    assert.ok(slots.size > 40, `${slots.size} slots`)
  })
})
