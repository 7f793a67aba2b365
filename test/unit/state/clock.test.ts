// Clocks are set, forward and back, while the gateway runs and while it does not: no window is reset or doubled, and no rate locked.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openEmbeddedState } from '../../../core/state/embedded.ts'
import type { Claim, State } from '../../../core/model/state.ts'
import { ManualClock, silentLog } from './manual-clock.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

describe('the embedded ledger and a clock that is set', () => {
  let folder: string
  let clock: ManualClock
  let state: State
  const open = (): State => openEmbeddedState({ path: join(folder, 'state'), clock, log: silentLog() })
  const restart = async (): Promise<void> => {
    await state.close()
    state = open()
  }
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-clock-'))
    clock = new ManualClock(Date.UTC(2026, 10, 21, 12))
    state = open()
  })
  afterEach(async () => {
    await state.close()
    rmSync(folder, { recursive: true, force: true })
  })

  /** As plugins name windows: by the day of the clock on the wall. */
  const today = (amount: number, limit = 10): Claim => {
    const day = Math.floor(clock.now() / DAY)
    return { kind: 'window', counter: `w|${day}`, limit, amount, endsAt: (day + 1) * DAY }
  }
  const rate = (amount: number): Claim => ({ kind: 'rate', counter: 'r', limit: 60, amount, periodMs: 60_000 })
  const slot: Claim = { kind: 'slot', counter: 's', limit: 1, leaseMs: HOUR }
  const passes = async (id: string, claim: Claim): Promise<boolean> => (await state.ledger.reserve(id, [claim])).ok
  const use = async (id: string, amount: number): Promise<void> => {
    assert.ok(await passes(id, today(amount)))
    await state.ledger.settle(id, new Map([[today(0).counter, amount]]))
  }

  it('finds the day as it was when the clock comes back from another one', async () => {
    for (const ms of [3 * DAY, -3 * DAY]) {
      await use(`a${ms}`, 3)
      const before = await state.ledger.level(today(0).counter)
      clock.setBy(ms)
      assert.equal(await state.ledger.level(today(0).counter), 0, 'another day')
      // Housekeeping passes meanwhile.
      clock.advance(60_000)
      clock.setBy(-ms)
      assert.equal(await state.ledger.level(today(0).counter), before)
    }
    assert.equal(await passes('b', today(5)), false, 'three and three of ten')
  })

  it('finds it after a restart at the wrong time, too', async () => {
    await use('a', 8)
    clock.setBy(3 * DAY)
    await restart()
    clock.advance(60_000)
    await restart()
    clock.setBy(-3 * DAY)
    assert.equal(await state.ledger.level(today(0).counter), 8)
  })

  it('settles what was reserved before the clock was set, in the window it was reserved in', async () => {
    const claim = today(5)
    await passes('a', claim)
    clock.setBy(DAY)
    await state.ledger.settle('a', new Map([[claim.counter, 4]]))
    clock.setBy(-DAY)
    assert.equal(await state.ledger.level(claim.counter), 4)
  })

  it('forgets a day when it has been over for an hour by both clocks', async () => {
    await use('a', 8)
    const { counter } = today(0)
    clock.advance(DAY)
    clock.advance(2 * HOUR)
    clock.setBy(-DAY)
    assert.equal(await state.ledger.level(counter), 0)
  })

  it('neither refills a rate nor locks it, whatever the clock does', async () => {
    for (const ms of [-5 * DAY, 5 * DAY]) {
      assert.ok(await passes(`a${ms}`, rate(60)))
      clock.setBy(ms)
      const refused = await state.ledger.reserve('b', [rate(1)])
      assert.ok(!refused.ok)
      assert.equal(refused.retryAfterMs, 1000)
      clock.advance(60_000)
    }
  })

  it('waits at most a whole period for a rate after a restart with a clock that was set back', async () => {
    assert.ok(await passes('a', rate(60)))
    await state.ledger.settle('a', new Map([['r', 60]]))
    const closed = state.close()
    clock.setBy(-5 * DAY)
    await closed
    state = open()
    const refused = await state.ledger.reserve('b', [rate(60)])
    assert.ok(!refused.ok)
    assert.equal(refused.retryAfterMs, 60_000)
  })

  it('ends leases of slots by the time that passes', async () => {
    assert.ok(await passes('a', slot))
    clock.setBy(5 * DAY)
    assert.equal(await passes('b', slot), false)
    clock.setBy(-10 * DAY)
    clock.advance(HOUR)
    assert.equal(await passes('b', slot), true)
  })
})
