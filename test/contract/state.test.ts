// The contract of the state port. A driver is added to DRIVERS and must keep every promise; everything is awaited, so it may answer later.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { MAX_APPROVALS } from '../../core/state/approvals.ts'
import { openEmbeddedState } from '../../core/state/embedded.ts'
import { openRedisState } from '../../core/state/redis/index.ts'
import { counterName } from '../../core/model/counters.ts'
import type { Approval, BreakerSettings, Claim, Raise, State } from '../../core/model/state.ts'
import type { KeyRow } from '../../core/model/directory.ts'
import { ManualClock, silentLog } from '../unit/state/manual-clock.ts'
import { TestRedis } from '../support/redis.ts'

interface Driver {
  readonly name: string
  /** What it stands on, once for all its tests. */
  start(): Promise<void>
  stop(): Promise<void>
  /** The same folder opens what was kept there. */
  open(
    folder: string,
    clock: ManualClock,
    bounds?: { readonly maxVaultEntries?: number; readonly maxApprovals?: number },
  ): State | Promise<State>
}

let redis: TestRedis

const DRIVERS: readonly Driver[] = [
  {
    name: 'embedded',
    start: async () => undefined,
    stop: async () => undefined,
    open: (path, clock, bounds) => openEmbeddedState({ path, clock, log: silentLog(), ...bounds }),
  },
  {
    name: 'redis',
    start: async () => void (redis = await TestRedis.start()),
    stop: () => redis.stop(),
    open: (folder, clock, bounds) =>
      openRedisState({
        url: redis.url,
        clock,
        log: silentLog(),
        commandTimeoutMs: 5000,
        keyPrefix: basename(folder),
        scriptTime: () => clock.now(),
        settlingMs: 0,
        ...bounds,
      }),
  },
]

const named = (policy: string): string => counterName({ tenant: 'acme', policy, window: 'hour', unit: 'tokens', values: [], period: '' })
const [W, R, S] = [named('w'), named('r'), named('s')]

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const SETTINGS: BreakerSettings = { errorRate: 0.5, minRequests: 4, windowMs: 30_000, openMs: 10_000 }

for (const driver of DRIVERS) {
  describe(`state driver ${driver.name}`, () => {
    let clock: ManualClock
    let folder: string
    let state: State

    before(() => driver.start())
    after(() => driver.stop())
    beforeEach(async () => {
      clock = new ManualClock()
      folder = mkdtempSync(join(tmpdir(), 'sallyport-state-'))
      state = await driver.open(folder, clock)
    })
    afterEach(async () => {
      await state.close()
      rmSync(folder, { recursive: true, force: true })
    })

    const window = (amount: number, limit = 10, counter = W): Claim => ({
      kind: 'window',
      counter,
      limit,
      amount,
      endsAt: clock.now() - (clock.now() % HOUR) + HOUR,
    })
    const rate = (amount: number, limit = 60, counter = R): Claim => ({ kind: 'rate', counter, limit, amount, periodMs: MINUTE })
    const slot = (limit = 2, leaseMs = HOUR, counter = S): Claim => ({ kind: 'slot', counter, limit, leaseMs })
    const accepted = async (id: string, ...claims: Claim[]): Promise<boolean> => (await state.ledger.reserve(id, claims)).ok

    describe('windows', () => {
      it('of 200 reservations at once against 10 lets exactly 10 through', async () => {
        const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => state.ledger.reserve(`x${i}`, [window(1)])))
        assert.equal(answers.filter(({ ok }) => ok).length, 10)
        assert.equal(await state.ledger.level(W), 10)
      })
      it('replaces what was reserved by what was used', async () => {
        await accepted('a', window(8))
        await state.ledger.settle('a', new Map([[W, 3]]))
        assert.equal(await state.ledger.level(W), 3)
      })
      it('books more than was reserved, beyond the limit too', async () => {
        await accepted('a', window(8))
        await state.ledger.settle('a', new Map([[W, 14]]))
        assert.equal(await state.ledger.level(W), 14)
        assert.equal(await accepted('b', window(0)), false)
      })
      it('settles an id once', async () => {
        await accepted('a', window(8))
        await state.ledger.settle('a', new Map([[W, 3]]))
        await state.ledger.settle('a', new Map([[W, 3]]))
        assert.equal(await state.ledger.level(W), 3)
      })
      it('gives everything back when nothing was used', async () => {
        await accepted('a', window(8))
        await state.ledger.settle('a', new Map())
        assert.equal(await state.ledger.level(W), 0)
      })
      it('adds a second reservation of the same id to the first and books use once', async () => {
        await accepted('a', window(4))
        assert.equal(await accepted('a', window(4)), true)
        assert.equal(await state.ledger.level(W), 8)
        await state.ledger.settle('a', new Map([[W, 5]]))
        assert.equal(await state.ledger.level(W), 5)
      })
      it('starts anew when the window ends, and books late use to the window it was reserved in', async () => {
        await accepted('late', window(10))
        clock.advance(HOUR)
        assert.equal(await state.ledger.level(W), 0)
        assert.equal(await accepted('b', window(10)), true)
        await state.ledger.settle('late', new Map([[W, 10]]))
        assert.equal(await state.ledger.level(W), 10)
      })
      it('says which claim was refused, where it stands, and when to ask again', async () => {
        await accepted('a', window(8))
        const answer = await state.ledger.reserve('b', [window(3)])
        assert.ok(!answer.ok)
        assert.deepEqual({ ...answer.level }, { counter: W, used: 8, settled: 0, limit: 10 })
        assert.equal(answer.retryAfterMs, HOUR)
      })
      it('says that waiting never helps when the claim is larger than the limit', async () => {
        const answer = await state.ledger.reserve('a', [window(11)])
        assert.ok(!answer.ok)
        assert.equal(answer.retryAfterMs, null)
      })
    })

    it('takes all claims or none', async () => {
      await accepted('full', slot(1))
      assert.equal(await accepted('b', window(4), rate(4), slot(1)), false)
      assert.equal(await state.ledger.level(W), 0)
      assert.equal(await state.ledger.level(R), 0)
      assert.equal(await state.ledger.level(S), 1)
    })
    it('counts two claims on one counter together', async () => {
      assert.equal(await accepted('a', window(6), window(6)), false)
      assert.equal(await state.ledger.level(W), 0)
    })

    describe('rates', () => {
      it('allow a burst of the whole limit, then refill steadily', async () => {
        assert.equal(await accepted('a', rate(60)), true)
        const refused = await state.ledger.reserve('b', [rate(1)])
        assert.ok(!refused.ok)
        assert.equal(refused.retryAfterMs, 1000)
        clock.advance(1000)
        assert.equal(await accepted('c', rate(1)), true)
        assert.equal(await accepted('d', rate(1)), false)
      })
      it('give back what was not used', async () => {
        await accepted('a', rate(60))
        await state.ledger.settle('a', new Map([[R, 10]]))
        assert.equal(await state.ledger.level(R), 10)
      })
      it('never let a claim larger than the burst pass', async () => {
        const refused = await state.ledger.reserve('a', [rate(61)])
        assert.ok(!refused.ok)
        assert.equal(refused.retryAfterMs, null)
      })
      it('pass 30 times 30 of 900 a minute, whatever the rounding', async () => {
        for (let i = 0; i < 30; i++) assert.equal(await accepted(`a${i}`, rate(30, 900)), true)
        assert.equal(await accepted('z', rate(1, 900)), false)
      })
    })

    describe('slots', () => {
      it('of 200 at once against 10 let exactly 10 through', async () => {
        const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => state.ledger.reserve(`x${i}`, [slot(10)])))
        assert.equal(answers.filter(({ ok }) => ok).length, 10)
      })
      it('are free again after settlement', async () => {
        await accepted('a', slot(1))
        assert.equal(await accepted('b', slot(1)), false)
        await state.ledger.settle('a', new Map())
        assert.equal(await accepted('b', slot(1)), true)
      })
      it('are free again when their lease ends', async () => {
        await accepted('a', slot(1, 5000))
        clock.advance(5000)
        assert.equal(await accepted('b', slot(1, 5000)), true)
      })
      it('are held once by one id, which renews the lease', async () => {
        await accepted('a', slot(1, 5000))
        clock.advance(4000)
        assert.equal(await accepted('a', slot(1, 5000)), true)
        clock.advance(4000)
        assert.equal(await accepted('b', slot(1, 5000)), false)
      })
    })

    describe('bookings', () => {
      const booking = (amount: number, lifeMs = HOUR, counter = W) => ({ counter, endsAt: clock.now() + lifeMs, amount })

      it('replace what a process reserved that ended before it could settle', async () => {
        await accepted('a', window(8), slot(1))
        assert.equal(await state.ledger.book('a', [booking(5)], 'reserved'), true)
        assert.equal(await state.ledger.level(W), 5)
        assert.equal(await accepted('b', slot(1)), true)
      })
      it('of a settled reservation change nothing', async () => {
        await accepted('a', window(8))
        await state.ledger.settle('a', new Map([[W, 3]]))
        assert.equal(await state.ledger.book('a', [booking(5)], 'reserved'), false)
        assert.equal(await state.ledger.level(W), 3)
      })
      it('end a reservation: a settlement that comes later changes nothing', async () => {
        await accepted('a', window(8))
        await state.ledger.book('a', [booking(5)], 'reserved')
        await state.ledger.settle('a', new Map([[W, 7]]))
        assert.equal(await state.ledger.level(W), 5)
      })
      it('count without a reservation when they are told so, beyond the limit too', async () => {
        assert.equal(await state.ledger.book('a', [booking(5)], 'reserved'), false)
        assert.equal(await state.ledger.book('b', [booking(12)], 'anyway'), true)
        assert.equal(await state.ledger.level(W), 12)
        assert.equal(await accepted('c', window(0)), false)
      })
      it('of windows that have ended count nowhere', async () => {
        await state.ledger.book('a', [booking(5, 0)], 'anyway')
        assert.equal(await state.ledger.level(W), 0)
      })
    })

    it('tells what it can say of itself', () => {
      assert.deepEqual({ available: state.health.available, processes: state.health.processes }, { available: true, processes: 1 })
    })
    it('takes no claims at all', async () => {
      assert.deepEqual(await state.ledger.reserve('a', []), { ok: true, levels: [] })
    })
    it('says where each counter stands, in the order of the claims, also of several tenants', async () => {
      const shared = counterName({ tenant: '', policy: 'all', window: 'hour', unit: 'tokens', values: [], period: '' })
      const answer = await state.ledger.reserve('a', [window(4), window(3, 20, shared), slot(2), window(1)])
      assert.ok(answer.ok)
      assert.deepEqual(
        answer.levels.map((level) => ({ ...level })),
        [
          { counter: W, used: 5, settled: 0, limit: 10 },
          { counter: shared, used: 3, settled: 0, limit: 20 },
          { counter: S, used: 1, settled: 0, limit: 2 },
          { counter: W, used: 5, settled: 0, limit: 10 },
        ],
      )
    })
    it('takes the claims of several tenants all or none, an extension too', async () => {
      const shared = counterName({ tenant: '', policy: 'all', window: 'hour', unit: 'tokens', values: [], period: '' })
      assert.equal(await accepted('a', window(4), rate(10), window(3, 5, shared)), true)
      assert.equal(await accepted('a', window(4), rate(10), slot(2), window(3, 5, shared)), false)
      assert.equal(await accepted('b', window(3, 5, shared), window(1)), false)
      const levels = await Promise.all([W, R, S, shared].map((counter) => state.ledger.level(counter)))
      assert.deepEqual(levels, [4, 10, 0, 3])
      await state.ledger.settle(
        'a',
        new Map([
          [W, 2],
          [R, 1],
          [shared, 5],
        ]),
      )
      const after = await Promise.all([W, R, shared].map((counter) => state.ledger.level(counter)))
      assert.deepEqual(after, [2, 1, 5])
    })
    it('tells the store of a settlement no sooner than the record has it', async () => {
      await accepted('a', window(8))
      const record = Promise.withResolvers<void>()
      const settled = state.ledger.settle('a', new Map([[W, 3]]), record.promise)
      record.resolve()
      await settled
      assert.equal(await state.ledger.level(W), 3)
    })
    it('settles also what could not be recorded', async () => {
      await accepted('a', window(8))
      await state.ledger.settle('a', new Map([[W, 3]]), Promise.reject(new Error('no room')))
      assert.equal(await state.ledger.level(W), 3)
    })

    it('lists its counters with what is used and reserved', async () => {
      await accepted('a', window(4), slot(2))
      await accepted('b', window(3))
      await state.ledger.settle('b', new Map([[W, 2]]))
      const list = [...(await state.ledger.list())].sort((a, b) => (a.counter < b.counter ? -1 : 1))
      assert.deepEqual(list, [
        { counter: S, used: 0, reserved: 1, endsAt: null },
        { counter: W, used: 2, reserved: 4, endsAt: clock.now() + HOUR },
      ])
    })
    it('refuses amounts that are no whole numbers from 0 on', async () => {
      for (const amount of [-1, 0.5, NaN, 2 ** 53])
        await assert.rejects(async () => state.ledger.reserve('a', [window(amount)]), RangeError)
    })
    it('keeps what was booked over a restart, and forgets what was only reserved', async () => {
      await accepted('a', window(4))
      await state.ledger.settle('a', new Map([[W, 4]]))
      await accepted('b', window(5), slot(2))
      await state.close()
      state = await driver.open(folder, clock)
      assert.equal(await state.ledger.level(W), 4)
      assert.equal(await state.ledger.level(S), 0)
    })

    describe('breakers', () => {
      const report = async (...results: boolean[]): Promise<void> => {
        for (const success of results) await state.breakers.report('k', success, SETTINGS)
      }
      const admit = (): unknown => state.breakers.admit('k', SETTINGS)
      const shown = async (): Promise<string | undefined> => (await state.breakers.list()).find(({ key }) => key === 'k')?.state

      it('stay closed below the minimum of requests', async () => {
        await report(false, false, false)
        assert.equal(await admit(), 'closed')
      })
      it('open at the error rate, let one probe through later, and close on its success', async () => {
        await report(true, true, false, false)
        assert.equal(await admit(), 'open')
        assert.equal(await shown(), 'open')
        clock.advance(SETTINGS.openMs)
        assert.equal(await shown(), 'half_open')
        assert.equal(await admit(), 'probe')
        assert.equal(await admit(), 'open')
        await report(true)
        assert.equal(await admit(), 'closed')
        assert.equal(await shown(), 'closed')
      })
      it('open again when the probe fails', async () => {
        await report(false, false, false, false)
        clock.advance(SETTINGS.openMs)
        assert.equal(await admit(), 'probe')
        await report(false)
        assert.equal(await admit(), 'open')
        clock.advance(SETTINGS.openMs)
        assert.equal(await admit(), 'probe')
      })
      it('let another probe through when the first was given back', async () => {
        await report(false, false, false, false)
        clock.advance(SETTINGS.openMs)
        assert.equal(await admit(), 'probe')
        await state.breakers.release('k')
        assert.equal(await admit(), 'probe')
      })
      it('ignore answers of calls that began before they opened', async () => {
        await report(false, false, false, false)
        await report(true)
        assert.equal(await admit(), 'open')
      })
      it('forget failures that left the window', async () => {
        await report(false, false, false)
        clock.advance(SETTINGS.windowMs)
        await report(true, true, true, false)
        assert.equal(await admit(), 'closed')
      })
      it('keep a key away while it cools down, then are as before', async () => {
        await state.breakers.coolDown('k', clock.now() + 2000)
        assert.equal(await admit(), 'open')
        clock.advance(2000)
        assert.equal(await admit(), 'closed')
      })
    })

    describe('vault', () => {
      const scope = { tenant: 'acme', id: 's1' }
      const entry = (name: string, lifeMs = HOUR, byte = 1) => ({
        name,
        sealed: Uint8Array.of(byte, 2, 3),
        expiresAt: clock.now() + lifeMs,
      })
      const names = async (...wanted: string[]): Promise<readonly string[]> => [...(await state.vault.getMany(scope, wanted)).keys()].sort()

      it('gives back what was kept, byte by byte, and nothing for other names', async () => {
        await state.vault.putMany(scope, [entry('A'), entry('B', HOUR, 9)])
        const found = await state.vault.getMany(scope, ['A', 'B', 'C'])
        assert.deepEqual([...found.keys()], ['A', 'B'])
        assert.deepEqual([...found.get('B')!], [9, 2, 3])
      })
      it('keeps tenants and scopes apart', async () => {
        await state.vault.putMany(scope, [entry('A')])
        for (const other of [
          { tenant: 'acme', id: 's2' },
          { tenant: 'other', id: 's1' },
          { tenant: 'a'.repeat(3000), id: 's1' },
        ])
          assert.equal((await state.vault.getMany(other, ['A'])).size, 0)
      })
      it('forgets at the moment it was told, and a later put counts', async () => {
        await state.vault.putMany(scope, [entry('A', 1000), entry('B', 1000)])
        clock.advance(500)
        await state.vault.putMany(scope, [entry('B', 1000)])
        clock.advance(500)
        assert.deepEqual(await names('A', 'B'), ['B'])
        clock.advance(500)
        assert.deepEqual(await names('A', 'B'), [])
      })
      it('sweeps what has expired and leaves the rest', async () => {
        // Just before a minute ends, so that no regular sweep comes in between.
        clock.advance(59_000)
        await state.vault.putMany(scope, [entry('A', 1000), entry('B', HOUR), entry('C', 1000)])
        await state.vault.putMany(scope, [entry('C', HOUR)])
        assert.equal(await state.vault.sweep(), 0)
        clock.advance(2000)
        assert.deepEqual([await state.vault.sweep(), await state.vault.sweep()], [1, 0])
        assert.deepEqual(await names('A', 'B', 'C'), ['B', 'C'])
      })
      it('is there after a restart', async () => {
        await state.vault.putMany(scope, [entry('A')])
        await state.close()
        state = await driver.open(folder, clock)
        assert.deepEqual(await names('A'), ['A'])
      })
      it('refuses what it has no room for, until something expires', async () => {
        await state.close()
        state = await driver.open(folder, clock, { maxVaultEntries: 2 })
        await state.vault.putMany(scope, [entry('A', MINUTE), entry('B')])
        await assert.rejects(async () => state.vault.putMany(scope, [entry('C')]), { code: 'state_unavailable' })
        clock.advance(2 * MINUTE)
        await state.vault.putMany(scope, [entry('C')])
        assert.deepEqual(await names('A', 'B', 'C'), ['B', 'C'])
      })
    })

    describe('keys', () => {
      const row = (id: string, prefix: string): KeyRow => ({
        id,
        prefix,
        tenant: 'acme',
        hash: '00',
        scopes: ['chat'],
        models: null,
        features: null,
        allowedIps: null,
        expires: null,
        createdAt: null,
        revokedAt: null,
      })
      it('are found by their whole prefix, all that share it', async () => {
        for (const [id, prefix] of [
          ['k1', 'aaa'],
          ['k2', 'aaa'],
          ['k3', 'aaab'],
        ] as const)
          await state.keys.put(row(id, prefix))
        assert.deepEqual((await state.keys.findByPrefix('aaa')).map(({ id }) => id).sort(), ['k1', 'k2'])
        assert.deepEqual(await state.keys.findByPrefix('zzz'), [])
      })
      it('show their first revocation at once, and survive a restart', async () => {
        await state.keys.put(row('k1', 'aaa'))
        assert.equal(await state.keys.revoke('k1', '2026-01-01T00:00:00Z'), true)
        assert.equal(await state.keys.revoke('k1', '2026-02-02T00:00:00Z'), true)
        assert.equal((await state.keys.findByPrefix('aaa'))[0]?.revokedAt, '2026-01-01T00:00:00Z')
        await state.close()
        state = await driver.open(folder, clock)
        assert.equal((await state.keys.list())[0]?.revokedAt, '2026-01-01T00:00:00Z')
      })
      it('say when there is none to revoke', async () => {
        assert.equal(await state.keys.revoke('nobody', '2026-01-01T00:00:00Z'), false)
      })
      it('are found by their id, and by no other', async () => {
        await state.keys.put(row('k1', 'aaa'))
        assert.deepEqual(await state.keys.find('k1'), row('k1', 'aaa'))
        for (const id of ['k', 'k11', '', '__proto__', 'x'.repeat(5000)]) assert.equal(await state.keys.find(id), null)
      })
      it('are replaced where they stand as they were read, with a key beside them or without', async () => {
        const before = row('k1', 'aaa')
        await state.keys.put(before)
        const after = { ...before, rotatedTo: 'k2' }
        assert.equal(await state.keys.replace(before, after, row('k2', 'bbb')), true)
        assert.deepEqual(await state.keys.list(), [after, row('k2', 'bbb')])
        assert.equal(await state.keys.replace(before, { ...before, scopes: ['debug'] }, row('k3', 'ccc')), false)
        assert.deepEqual([await state.keys.find('k1'), await state.keys.find('k3')], [after, null])
        assert.equal(await state.keys.replace(row('k9', 'zzz'), row('k9', 'zzz')), false)
      })
      it('are not listed when they cannot be named', async () => {
        await state.keys.put({ ...row('k1', 'aaa'), id: 5 as unknown as string })
        await state.keys.put(row('k1', 'aaa'))
        assert.deepEqual(await state.keys.list(), [row('k1', 'aaa')])
      })
      it('let one of two changes win that were made at once', async () => {
        const before = row('k1', 'aaa')
        await state.keys.put(before)
        const won = await Promise.all(
          ['k2', 'k3', 'k4', 'k5'].map((id) => state.keys.replace(before, { ...before, rotatedTo: id }, row(id, 'bbb'))),
        )
        assert.deepEqual(won.filter(Boolean), [true])
        assert.equal((await state.keys.list()).length, 2)
      })
      it('are listed by id, however many there are', async () => {
        const ids = Array.from({ length: 1203 }, (_, i) => `k${String(i).padStart(4, '0')}`)
        await Promise.all(ids.toReversed().map((id, i) => state.keys.put(row(id, `p${i % 700}`))))
        assert.deepEqual(
          (await state.keys.list()).map(({ id }) => id),
          ids,
        )
      })
    })

    describe('uses of keys', () => {
      it('keep the latest moment of each', async () => {
        await state.keys.noteUsed(
          new Map([
            ['k1', 1000],
            ['k2', 5000],
          ]),
        )
        await state.keys.noteUsed(
          new Map([
            ['k1', 3000],
            ['k2', 4000],
          ]),
        )
        assert.deepEqual(
          [...(await state.keys.lastUsed())].sort(([a], [b]) => (a < b ? -1 : 1)),
          [
            ['k1', 3000],
            ['k2', 5000],
          ],
        )
      })
      it('are shown of the keys that are asked for', async () => {
        await state.keys.noteUsed(new Map(Object.entries({ ['x'.repeat(5000)]: 500, k1: 1000, k2: 2000 })))
        assert.deepEqual([...(await state.keys.lastUsed(['k2', 'k3']))], [['k2', 2000]])
        assert.equal((await state.keys.lastUsed([])).size, 0)
      })
      it('survive a restart', async () => {
        await state.keys.noteUsed(new Map([['k1', 1000]]))
        await state.close()
        state = await driver.open(folder, clock)
        assert.deepEqual([...(await state.keys.lastUsed())], [['k1', 1000]])
      })
    })

    describe('approvals', () => {
      const approval = (id: string, more: Partial<Approval> = {}): Approval => ({
        id,
        tenant: 'acme',
        keyId: 'k1',
        contentHash: 'abc',
        policy: 'p',
        approvers: [],
        state: 'pending',
        createdAt: clock.now(),
        expiresAt: clock.now() + HOUR,
        decidedBy: null,
        decidedAt: null,
        ...more,
      })

      it('are asked for once by tenant, key and content', async () => {
        const first = approval('a1')
        assert.deepEqual(await state.approvals.request(first), first)
        assert.deepEqual(await state.approvals.request(approval('a2')), first)
        for (const more of [{ tenant: 'other' }, { keyId: 'k2' }, { contentHash: 'abd' }]) {
          const other = approval(`a-${Object.values(more).join()}`, more)
          assert.deepEqual(await state.approvals.request(other), other)
        }
        assert.equal(await state.approvals.find('a2'), null)
        assert.equal((await state.approvals.list()).length, 4)
      })
      it('of 20 at once for the same keep one', async () => {
        const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => state.approvals.request(approval(`a${i}`))))
        assert.equal(new Set(answers.map(({ id }) => id)).size, 1)
      })
      it('keep their first verdict, and give it to whoever asks again', async () => {
        await state.approvals.request(approval('a1'))
        const decided = { ...approval('a1'), state: 'approved', decidedBy: 'eve', decidedAt: clock.now() + 5 }
        assert.deepEqual(await state.approvals.decide('a1', 'approved', 'eve', clock.now() + 5), decided)
        assert.deepEqual(await state.approvals.decide('a1', 'rejected', 'bob', clock.now() + 9), decided)
        assert.deepEqual(await state.approvals.request(approval('a2')), decided)
        assert.equal(await state.approvals.decide('nobody', 'approved', 'eve', clock.now()), null)
      })
      it('are gone at the moment they were told, and can be asked for anew', async () => {
        await state.approvals.request(approval('a1'))
        clock.advance(HOUR)
        assert.equal(await state.approvals.find('a1'), null)
        assert.equal(await state.approvals.decide('a1', 'approved', 'eve', clock.now()), null)
        assert.equal((await state.approvals.request(approval('a2'))).id, 'a2')
        assert.deepEqual(
          (await state.approvals.list()).map(({ id }) => id),
          ['a2'],
        )
      })
      it('are refused when there are more than people decide about, until some have expired', async function () {
        this.timeout(120_000)
        const many = async (from: number, count: number): Promise<void> => {
          for (let i = from; i < from + count; i += 500)
            await Promise.all(
              Array.from({ length: 500 }, (_, n) => state.approvals.request(approval(`m${i + n}`, { contentHash: String(i + n) }))),
            )
        }
        // Each of ten thousand is written to a disk that may be busy: the short run takes fewer, and the bound as it stands is looked at.
        assert.equal(MAX_APPROVALS, 10_000)
        const most = process.env['SALLYPORT_TEST_LONG'] ? MAX_APPROVALS : 500
        if (most < MAX_APPROVALS) {
          await state.close()
          state = await driver.open(folder, clock, { maxApprovals: most })
        }
        await many(0, most)
        await assert.rejects(async () => state.approvals.request(approval('more', { contentHash: 'more' })), { code: 'state_unavailable' })
        assert.equal((await state.approvals.request(approval('x', { contentHash: '7' }))).id, 'm7', 'known ones go on')
        clock.advance(25 * HOUR)
        assert.equal((await state.approvals.request(approval('later', { contentHash: 'later' }))).id, 'later')
      })
      it('are not found by what is no id', async () => {
        for (const id of ['', 'x'.repeat(5000), '\u0000', '__proto__']) assert.equal(await state.approvals.find(id), null)
      })
      it('are listed oldest first, and survive a restart', async () => {
        await state.approvals.request(approval('a2', { contentHash: '2', createdAt: clock.now() + 2 }))
        await state.approvals.request(approval('a1', { contentHash: '1', createdAt: clock.now() + 1 }))
        await state.close()
        state = await driver.open(folder, clock)
        assert.deepEqual(
          (await state.approvals.list()).map(({ id }) => id),
          ['a1', 'a2'],
        )
      })
    })

    describe('raises', () => {
      const raise = (id: string, lifeMs = HOUR): Raise => ({
        id,
        tenant: 'acme',
        policy: 'p',
        add: 2 ** 52 + 1,
        until: clock.now() + lifeMs,
        by: 'eve',
        reason: 'month end',
      })

      it('are listed as long as they count, and survive a restart', async () => {
        const kept = raise('r1', 2 * HOUR)
        await state.raises.put(kept)
        await state.raises.put(raise('r2'))
        clock.advance(HOUR)
        assert.deepEqual(await state.raises.list(), [kept])
        await state.close()
        state = await driver.open(folder, clock)
        assert.deepEqual(await state.raises.list(), [kept])
      })
      it('can be taken back, once', async () => {
        await state.raises.put(raise('r1'))
        assert.deepEqual([await state.raises.remove('r1'), await state.raises.remove('r1')], [true, false])
        assert.deepEqual(await state.raises.list(), [])
      })
    })
  })
}
