// A tenant that counts by ever new values fills its own share of the ledger, and not that of the others.
import assert from 'node:assert/strict'
import { counterName } from '../../../core/model/counters.ts'
import { MemoryLedger } from '../../../core/state/ledger.ts'
import { ManualClock } from './manual-clock.ts'
import type { Claim } from '../../../core/model/state.ts'

const HOUR = 3_600_000

describe('the share of a tenant in the ledger', () => {
  const clock = new ManualClock()
  const claim = (tenant: string, session: number): Claim => ({
    kind: 'window',
    counter: counterName({ tenant, policy: 'p', window: 'hour', unit: 'requests', values: [`s${session}`], period: 'h' }),
    limit: 10,
    amount: 1,
    endsAt: clock.now() + HOUR,
  })

  it('leaves room for everybody else, and comes back when windows end', () => {
    const ledger = new MemoryLedger({ clock, maxCounters: 1000 })
    const fill = (tenant: string): number => {
      for (let n = 0; ; n++) {
        try {
          ledger.reserve(`${tenant}-${n}`, [claim(tenant, n)])
          ledger.settle(`${tenant}-${n}`, new Map())
        } catch (error) {
          assert.equal((error as { code: string }).code, 'state_unavailable')
          return n
        }
      }
    }
    const flood = fill('flood')
    assert.ok(flood >= 700 && flood <= 800, `four fifths of the room: ${flood}`)
    assert.ok(fill('second') >= 100)
    assert.equal(ledger.reserve('third', [claim('third', 0)]).ok, true)
    assert.equal(ledger.reserve('known', [claim('flood', 0)]).ok, true, 'what it has goes on')
    clock.advance(3 * HOUR)
    assert.equal(ledger.reserve('later', [claim('flood', 5000)]).ok, true)
  })
})
