// A state folder whose disk is full: what cannot be kept is said, nothing else stops, and all of it is kept when there is room again.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { GatewayError } from '../../../core/errors/gateway-error.ts'
import { counterName } from '../../../core/model/counters.ts'
import { openEmbeddedState } from '../../../core/state/embedded.ts'
import type { KeyRow } from '../../../core/model/directory.ts'
import type { Approval, Raise, State } from '../../../core/model/state.ts'
import { ManualClock, silentLog } from './manual-clock.ts'

const DAY = counterName({ tenant: 'acme', policy: 'p', window: 'day', unit: 'tokens', values: [], period: '2026-01-15' })
const isFull = (error: unknown): boolean =>
  error instanceof GatewayError && error.code === 'state_unavailable' && /is full/.test(error.message) && !error.message.includes(tmpdir())

describe('a state folder on a full disk', () => {
  let folder: string
  let clock: ManualClock
  let free: number
  let state: State
  const open = (by = clock): State => openEmbeddedState({ path: join(folder, 'state'), clock: by, log: silentLog(), freeBytes: () => free })

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-full-'))
    clock = new ManualClock(Date.now())
    free = 1e12
    state = open()
  })
  afterEach(async () => {
    free = 1e12
    await state.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('refuses what would have to be kept', async () => {
    const until = clock.now() + 60_000
    free = 0
    await assert.rejects(async () => state.keys.put({ id: 'k', prefix: 'p', tenant: 'acme' } as KeyRow), isFull)
    await assert.rejects(async () => state.raises.put({ id: 'r', tenant: 'acme', policy: 'p', add: 1, until } as Raise), isFull)
    await assert.rejects(async () => state.approvals.request({ id: 'a', tenant: 'acme', expiresAt: until } as Approval), isFull)
    await assert.rejects(
      async () =>
        state.vault.putMany({ tenant: 'acme', scope: 's' } as never, [{ name: 'n', sealed: new Uint8Array(9), expiresAt: until }]),
      isFull,
    )
    clock.advance(60_000)
    assert.deepEqual([await state.keys.list(), await state.raises.list()], [[], []])
  })
  it('shows no approvals that have expired, and leaves them where they are', async () => {
    const before = new ManualClock(clock.now())
    const approval = { id: 'a', tenant: 'acme', expiresAt: clock.now() + 60_000 } as Approval
    await state.approvals.request(approval)
    clock.advance(60_000)
    free = 0
    assert.deepEqual(await state.approvals.list(), [])
    free = 1e12
    await state.close()
    state = open(before)
    assert.deepEqual(await state.approvals.list(), [approval], 'nothing was written')
  })
  it('counts on, and keeps what was counted when there is room again', async () => {
    const claim = { kind: 'window', counter: DAY, limit: 100, amount: 7, endsAt: clock.now() + 86_400_000 } as const
    const count = async (id: string): Promise<void> => {
      assert.equal((await state.ledger.reserve(id, [claim])).ok, true)
      await state.ledger.settle(id, new Map([[DAY, 7]]))
    }
    const runs = new Map([['run', 1]])
    await count('a')
    free = 0
    await assert.rejects(state.keeping!.capture(runs).keep(), isFull)
    await count('b')
    free = 1e12
    assert.equal(await state.keeping!.capture(runs).keep(), true)
    await state.close()
    state = open()
    assert.deepEqual([await state.ledger.level(DAY), state.keeping!.keptUpTo.get('run')], [14, 1])
  })
})
