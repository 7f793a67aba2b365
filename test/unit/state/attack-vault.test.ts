// The vault against those who fill it, break its rows, or take its disk away.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { openEnvironment } from '../../../core/state/environment.ts'
import { LmdbVault } from '../../../core/state/vault.ts'
import { ManualClock } from './manual-clock.ts'

const HOUR = 3_600_000
const FULL = { code: 'state_unavailable' }

describe('attacks on the vault', () => {
  let folder: string
  let clock: ManualClock
  let environment: ReturnType<typeof openEnvironment>
  const vault = (most: number): LmdbVault => new LmdbVault(environment, clock, most)
  const of = (tenant: string, id = 's') => ({ tenant, id })
  const entries = (count: number, prefix = 'N', lifeMs = HOUR) =>
    Array.from({ length: count }, (_, i) => ({ name: `${prefix}${i}`, sealed: Uint8Array.of(1, 2), expiresAt: clock.now() + lifeMs }))

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-vault-'))
    clock = new ManualClock()
    environment = openEnvironment(join(folder, 'state'))
  })
  afterEach(async () => {
    await environment.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('a tenant that fills it leaves room to others, each time less', async () => {
    const shared = vault(1000)
    const takes = async (tenant: string): Promise<number> => {
      for (let held = 0; ; held += 10) {
        try {
          await shared.putMany(of(tenant, String(held)), entries(10))
        } catch (error) {
          assert.equal((error as { code: string }).code, FULL.code)
          return held
        }
      }
    }
    const [greedy, second, third] = [await takes('greedy'), await takes('second'), await takes('third')]
    assert.equal(greedy, 800)
    assert.ok(second >= 100 && third >= 20, `${second} ${third}`)
    clock.advance(2 * HOUR)
    assert.equal(await takes('second'), 800, 'what expired is nobody’s')
  })

  it('what is kept anew finds room in a full one, and counts once', async () => {
    const full = vault(10)
    await full.putMany(of('a'), entries(10))
    await full.putMany(of('a'), [...entries(10), ...entries(10)])
    await assert.rejects(full.putMany(of('a'), entries(11)), FULL)
    await assert.rejects(full.putMany(of('b'), entries(1)), FULL)
    clock.advance(HOUR - 1)
    assert.equal(full.getMany(of('a'), ['N0', 'N9']).size, 2)
  })

  it('many at once overfill it by no more than what was under way', async () => {
    const full = vault(100)
    const tries = await Promise.allSettled(Array.from({ length: 30 }, (_, i) => full.putMany(of(`t${i}`), entries(10))))
    assert.ok(tries.some(({ status }) => status === 'fulfilled'))
    await assert.rejects(full.putMany(of('late'), entries(10)), FULL)
  })

  it('rows that somebody broke are not there, and hurt no others', async () => {
    const broken = vault(100)
    await broken.putMany(of('a'), entries(2))
    const rows = environment.openDB<Buffer, string[]>({ name: 'vault', encoding: 'binary' })
    for (const bytes of [Buffer.alloc(8, 0xff), Buffer.alloc(3), Buffer.alloc(0)]) {
      await rows.put(['a', 's', 'N0'], bytes)
      assert.deepEqual([...broken.getMany(of('a'), ['N0', 'N1']).keys()], ['N1'])
    }
    clock.advance(2 * HOUR)
    await broken.sweep()
    await broken.putMany(of('a'), entries(1))
    assert.equal(broken.getMany(of('a'), ['N0']).size, 1)
  })

  it('names that look like other places are names', async () => {
    const kept = vault(100)
    const odd = ['', '\u0000', 'a\u0000s', '__proto__', '"],["', 'x'.repeat(700)]
    for (const name of odd) await kept.putMany(of('a', 's'), [{ name, sealed: Uint8Array.of(7), expiresAt: clock.now() + HOUR }])
    for (const name of odd) {
      assert.equal(kept.getMany(of('a', 's'), [name]).size, 1, JSON.stringify(name))
      for (const [tenant, id] of [
        ['a', 's\u0000'],
        ['a\u0000s', ''],
        ['a', ''],
        ['', 's'],
        ['a"],["s', 's'],
      ] as const)
        assert.equal(kept.getMany(of(tenant, id), [name]).size, 0, JSON.stringify([tenant, id, name]))
    }
  })

  it('refuses when it cannot write', async () => {
    const closed = vault(100)
    await environment.close()
    await assert.rejects(async () => closed.putMany(of('a'), entries(1)))
    environment = openEnvironment(join(folder, 'state'))
  })
})
