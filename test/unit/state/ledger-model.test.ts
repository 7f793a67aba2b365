// The embedded ledger against a plain model that keeps every reservation as a list entry and adds up from scratch each time.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { MemoryLedger } from '../../../core/state/ledger.ts'
import type { Claim } from '../../../core/model/state.ts'
import { ManualClock } from './manual-clock.ts'

const RUNS = process.env.SALLYPORT_TEST_LONG ? 3000 : 300
const WINDOW_MS = 100_000
const LEASE_MS = 20_000
/** 60 a minute: one unit is worth a second, so the model needs no fractions. */
const RATE = { limit: 60, periodMs: 60_000 }

interface Entry {
  readonly id: string
  readonly counter: string
  readonly endsAt: number
  amount: number
}

class Model {
  now: number
  #windows: Entry[] = []
  #leases: Entry[] = []
  #debtMs = 0
  #rateTakings: { id: string; amount: number }[] = []
  readonly #open = new Set<string>()

  constructor(now: number) {
    this.now = now
  }

  advance(ms: number): void {
    this.now += ms
    this.#debtMs = Math.max(0, this.#debtMs - ms)
  }

  level(counter: string): number {
    if (counter === 'r') return Math.ceil(this.#debtMs / 1000)
    const entries = counter.startsWith('s') ? this.#leases : this.#windows
    return entries.filter((entry) => entry.counter === counter && entry.endsAt > this.now).reduce((sum, { amount }) => sum + amount, 0)
  }

  reserve(id: string, claims: readonly Claim[]): boolean {
    const before = [
      structuredClone(this.#windows),
      structuredClone(this.#leases),
      this.#debtMs,
      structuredClone(this.#rateTakings),
    ] as const
    if (claims.every((claim) => this.#take(id, claim))) {
      this.#open.add(id)
      return true
    }
    ;[this.#windows, this.#leases, this.#debtMs, this.#rateTakings] = before
    return false
  }

  #take(id: string, claim: Claim): boolean {
    if (claim.kind === 'rate') {
      if (this.#debtMs + claim.amount * 1000 > RATE.periodMs) return false
      this.#debtMs += claim.amount * 1000
      this.#rateTakings.push({ id, amount: claim.amount })
      return true
    }
    if (claim.kind === 'window') {
      if (this.level(claim.counter) + claim.amount > claim.limit) return false
      this.#windows.push({ id, counter: claim.counter, endsAt: claim.endsAt, amount: claim.amount })
      return true
    }
    const isMine = (entry: Entry): boolean => entry.id === id && entry.counter === claim.counter
    const others = this.#leases.filter((entry) => entry.counter === claim.counter && entry.endsAt > this.now && !isMine(entry))
    if (others.length >= claim.limit) return false
    this.#leases = [
      ...this.#leases.filter((entry) => !isMine(entry)),
      { id, counter: claim.counter, endsAt: this.now + LEASE_MS, amount: 1 },
    ]
    return true
  }

  settle(id: string, used: ReadonlyMap<string, number>): void {
    if (!this.#open.delete(id)) return
    this.#leases = this.#leases.filter((entry) => entry.id !== id)
    const mine = this.#windows.filter((entry) => entry.id === id)
    this.#windows = this.#windows.filter((entry) => entry.id !== id)
    const booked = new Set<string>()
    for (const entry of mine) {
      if (!booked.has(entry.counter)) this.#windows.push({ ...entry, id: '', amount: used.get(entry.counter) ?? 0 })
      booked.add(entry.counter)
    }
    const takings = this.#rateTakings.filter((taking) => taking.id === id)
    this.#rateTakings = this.#rateTakings.filter((taking) => taking.id !== id)
    takings.forEach(({ amount }, i) => {
      const change = (i === 0 ? (used.get('r') ?? 0) : 0) - amount
      this.#debtMs = Math.max(0, this.#debtMs + change * 1000)
    })
  }
}

type Draft = { readonly kind: 'window' | 'rate' | 'slot'; readonly which: number; readonly amount: number }
type Step =
  | { readonly do: 'reserve'; readonly id: string; readonly drafts: readonly Draft[] }
  | { readonly do: 'settle'; readonly id: string; readonly used: readonly number[] }
  | { readonly do: 'advance'; readonly ms: number }

const ids = fc.constantFrom('a', 'b', 'c', 'd', 'e')
const draft = fc.record({
  kind: fc.constantFrom('window' as const, 'rate' as const, 'slot' as const),
  which: fc.integer({ min: 0, max: 1 }),
  amount: fc.integer({ min: 0, max: 25 }),
})
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('reserve' as const), id: ids, drafts: fc.array(draft, { minLength: 1, maxLength: 4 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('settle' as const),
      id: ids,
      used: fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 3, maxLength: 3 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.integer({ min: 0, max: 40 }).map((seconds) => seconds * 1000) }),
  },
)

const COUNTERS = ['w0', 'w1', 's0', 's1', 'r']

function claimFor({ kind, which, amount }: Draft, now: number): Claim {
  if (kind === 'rate') return { kind, counter: 'r', amount, ...RATE }
  if (kind === 'window') return { kind, counter: `w${which}`, limit: 40, amount, endsAt: (Math.floor(now / WINDOW_MS) + 1) * WINDOW_MS }
  return { kind, counter: `s${which}`, limit: 2, leaseMs: LEASE_MS }
}

describe('the embedded ledger', () => {
  it('agrees with a plain model on every answer and every level', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const clock = new ManualClock(1_700_000_000_000)
        const ledger = new MemoryLedger({ clock, maxCounters: 100 })
        const model = new Model(clock.now())
        for (const current of steps) {
          if (current.do === 'advance') {
            clock.advance(current.ms)
            model.advance(current.ms)
          } else if (current.do === 'settle') {
            const used = new Map([
              ['w0', current.used[0]!],
              ['w1', current.used[1]!],
              ['r', current.used[2]!],
            ])
            ledger.settle(current.id, used)
            model.settle(current.id, used)
          } else {
            const claims = current.drafts.map((one) => claimFor(one, clock.now()))
            assert.equal(ledger.reserve(current.id, claims).ok, model.reserve(current.id, claims))
          }
          for (const counter of COUNTERS) assert.equal(ledger.level(counter), model.level(counter), counter)
          if (current.do === 'advance') ledger.sweep()
        }
      }),
      { numRuns: RUNS, seed: 20260115 },
    )
  })

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
