// The embedded ledger against the plain model, with crashes and clocks that are set; and what the model does not know.
import assert from 'node:assert/strict'
import { MemoryLedger, type KeptCounter } from '../../../core/state/ledger.ts'
import type { Booking } from '../../../core/model/counters.ts'
import type { Claim } from '../../../core/model/state.ts'
import { agreesWithModel, type RealLedger } from '../../support/ledger-model.ts'
import { ManualClock } from './manual-clock.ts'

const RUNS = process.env.SALLYPORT_TEST_LONG ? 3000 : 300

/** What a checkpoint and the record hold is kept apart from the ledger, as on disk. */
function realLedger(): RealLedger {
  const clock = new ManualClock(1_700_000_000_000)
  const open = (): MemoryLedger => new MemoryLedger({ clock, maxCounters: 1000 })
  const kept = new Map<string, KeptCounter>()
  let since: { id: string; bookings: readonly Booking[] }[] = []
  let ledger = open()
  return {
    get ledger() {
      return ledger
    },
    now: () => clock.now(),
    advance(ms) {
      clock.advance(ms)
      ledger.sweep()
    },
    setClock: (ms) => clock.setBy(ms),
    settled: (id, bookings) => void since.push({ id, bookings }),
    checkpoint() {
      for (const name of ledger.drainGone()) kept.delete(name)
      for (const counter of ledger.drainChanged()) kept.set(counter.name, counter)
      since = []
    },
    crash(underWay) {
      ledger = open()
      for (const counter of kept.values()) if (counter.kind === 'window') ledger.restore(counter)
      since.push(...underWay)
      for (const { id, bookings } of since) ledger.book(id, bookings, 'anyway')
    },
  }
}

describe('the embedded ledger', () => {
  it('agrees with a plain model on every answer and every level, through crashes and clocks that are set', () =>
    agreesWithModel(realLedger, { runs: RUNS, seed: 20260115 }))

  it('refuses further counters beyond its bound, and takes them again when old ones have ended', () => {
    const clock = new ManualClock()
    const ledger = new MemoryLedger({ clock, maxCounters: 2 })
    const claim = (counter: string): Claim => ({ kind: 'window', counter, limit: 5, amount: 1, endsAt: clock.now() + 1000 })
    ledger.reserve('a', [claim('1'), claim('2')])
    assert.throws(() => ledger.reserve('b', [claim('3')]), { code: 'state_unavailable' })
    assert.equal(ledger.level('1'), 1)
    clock.advance(1000)
    assert.equal(ledger.reserve('b', [claim('3')]).ok, true)
  })

  it('gives back reservations that nobody came back for', () => {
    const clock = new ManualClock()
    const ledger = new MemoryLedger({ clock, maxCounters: 10 })
    ledger.reserve('lost', [{ kind: 'window', counter: 'w', limit: 5, amount: 5, endsAt: clock.now() + 86_400_000 }])
    clock.advance(6 * 3_600_000)
    ledger.sweep()
    assert.equal(ledger.level('w'), 0)
  })
})
