// A ledger against a plain model that keeps every reservation as a list entry and adds up from scratch each time: random commands, shrunk by
// fast-check to the few that matter. Any driver can be held to it.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { counterName, type Booking } from '../../core/model/counters.ts'
import type { Claim, Ledger } from '../../core/model/state.ts'

/** The driver under test, with its clock. */
export interface RealLedger {
  readonly ledger: Ledger
  /** Unix ms by the clock on the wall. */
  now(): number
  /** Time passes; housekeeping may run. */
  advance(ms: number): void | Promise<void>
  /** The clock on the wall is set. */
  setClock?(ms: number): void
  /** What was settled so far survives a crash. `settled` is told of every settlement, as the record would be. */
  checkpoint?(): void | Promise<void>
  settled?(id: string, bookings: readonly Booking[]): void
  /** The process dies and comes back, its settlements since the checkpoint and these estimates are replayed; rates start full. */
  crash?(underWay: readonly { readonly id: string; readonly bookings: readonly Booking[] }[]): void | Promise<void>
  close?(): Promise<void>
}

const WINDOW_MS = 100_000
const LEASE_MS = 20_000
const SLOTS = 2
const WINDOW_LIMIT = 40
/** 60 a minute: one unit is worth a second, so the model needs no fractions. */
const RATE = { limit: 60, periodMs: 60_000 }
/** What an exchange books in each window when it is cut off. */
const ESTIMATE = 3

const named = (policy: string, period = ''): string => counterName({ tenant: 'acme', policy, window: 'w', unit: 'u', values: [], period })
const RATE_NAME = named('r')
const slotName = (which: number): string => named(`s${which}`)

interface Taking {
  readonly claim: Claim
}

interface Window {
  readonly endsAt: number
  settled: number
}

class Model {
  wall = 0
  readonly windows = new Map<string, Window>()
  readonly #open = new Map<string, Taking[]>()
  /** Monotonic moment at which a lease ends, by slot and holder. */
  #leases = new Map<string, Map<string, number>>()
  #mono = 0
  /** Monotonic moment at which the rate is full again. */
  #fullAt = 0
  readonly #lives = new Map<string, number>()

  /** An id lives once: settled or booked, its letter gets a new one. */
  id(letter: string): string {
    return `${letter}${this.#lives.get(letter) ?? 0}`
  }

  lastId(letter: string): string {
    return `${letter}${(this.#lives.get(letter) ?? 0) - 1}`
  }

  isOpen(id: string): boolean {
    return this.#open.has(id)
  }

  advance(ms: number): void {
    this.#mono += ms
    this.wall += ms
  }

  level(counter: string): number {
    if (counter === RATE_NAME) return Math.max(0, Math.ceil((this.#fullAt - this.#mono) / 1000))
    const window = this.windows.get(counter)
    if (window) return window.endsAt <= this.wall ? 0 : window.settled + this.#reserved(counter)
    return [...(this.#leases.get(counter)?.values() ?? [])].filter((end) => end > this.#mono).length
  }

  counters(): readonly string[] {
    return [...this.windows.keys(), RATE_NAME, slotName(0), slotName(1)]
  }

  #reserved(counter: string): number {
    let sum = 0
    for (const takings of this.#open.values())
      for (const { claim } of takings) if (claim.counter === counter && claim.kind === 'window') sum += claim.amount
    return sum
  }

  reserve(id: string, claims: readonly Claim[]): boolean {
    const before = [new Map([...this.#leases].map(([name, held]) => [name, new Map(held)])), this.#fullAt] as const
    const known = this.#open.get(id)
    const takings = [...(known ?? [])]
    for (const claim of claims) {
      if (claim.kind === 'window' && !this.windows.has(claim.counter)) this.windows.set(claim.counter, { endsAt: claim.endsAt, settled: 0 })
      if (this.#take(id, claim)) {
        takings.push({ claim })
        this.#open.set(id, takings)
        continue
      }
      ;[this.#leases, this.#fullAt] = before
      if (known) this.#open.set(id, known)
      else this.#open.delete(id)
      return false
    }
    this.#open.set(id, takings)
    return true
  }

  #take(id: string, claim: Claim): boolean {
    if (claim.kind === 'window') return this.level(claim.counter) + claim.amount <= claim.limit
    if (claim.kind === 'rate') {
      const fullAt = Math.max(this.#fullAt, this.#mono) + claim.amount * 1000
      if (fullAt - this.#mono > RATE.periodMs) return false
      this.#fullAt = fullAt
      return true
    }
    const held = this.#leases.get(claim.counter) ?? new Map<string, number>()
    const others = [...held].filter(([holder, end]) => holder !== id && end > this.#mono)
    if (others.length >= claim.limit) return false
    this.#leases.set(claim.counter, held.set(id, this.#mono + LEASE_MS))
    return true
  }

  /** Books each window once, however often it was claimed. Returns what it booked. */
  settle(id: string, used: ReadonlyMap<string, number>): readonly Booking[] {
    const takings = this.#open.get(id) ?? []
    this.#open.delete(id)
    this.#lives.set(id[0]!, Number(id.slice(1)) + 1)
    for (const held of this.#leases.values()) held.delete(id)
    const seen = new Set<string>()
    return takings.flatMap(({ claim }) => {
      const amount = seen.has(claim.counter) ? 0 : (used.get(claim.counter) ?? 0)
      seen.add(claim.counter)
      if (claim.kind === 'rate') this.#settleRate((amount - claim.amount) * 1000)
      if (claim.kind !== 'window') return []
      this.windows.get(claim.counter)!.settled += amount
      return [{ counter: claim.counter, endsAt: claim.endsAt, amount }]
    })
  }

  #settleRate(change: number): void {
    this.#fullAt = change > 0 ? Math.max(this.#fullAt, this.#mono) + change : this.#fullAt + change
  }

  book({ counter, endsAt, amount }: Booking): void {
    const window = this.windows.get(counter)
    if (window) window.settled += amount
    else this.windows.set(counter, { endsAt, settled: amount })
  }

  crash(): readonly { readonly id: string; readonly bookings: readonly Booking[] }[] {
    const cut = [...this.#open].map(([id, takings]) => {
      const windows = new Set(takings.flatMap(({ claim }) => (claim.kind === 'window' ? [claim.counter] : [])))
      return { id, bookings: [...windows].map((counter) => ({ counter, endsAt: this.windows.get(counter)!.endsAt, amount: ESTIMATE })) }
    })
    for (const { id, bookings } of cut) {
      this.settle(id, new Map())
      for (const booking of bookings) this.book(booking)
    }
    this.#leases.clear()
    this.#fullAt = 0
    return cut
  }
}

type Command = fc.AsyncCommand<Model, RealLedger>

/** Runs the command on both, then asks both for every level. */
function command(text: string, run: (model: Model, real: RealLedger) => Promise<void>): Command {
  return {
    check: () => true,
    toString: () => text,
    async run(model, real) {
      await run(model, real)
      for (const counter of model.counters())
        assert.equal(await real.ledger.level(counter), model.level(counter), `${counter} after ${text}`)
    },
  }
}

interface Draft {
  readonly kind: 'window' | 'rate' | 'slot'
  readonly which: number
  readonly amount: number
}

const letters = fc.constantFrom('a', 'b', 'c', 'd', 'e')
const drafts = fc.array(
  fc.record({
    kind: fc.constantFrom('window' as const, 'rate' as const, 'slot' as const),
    which: fc.integer({ min: 0, max: 1 }),
    amount: fc.integer({ min: 0, max: 25 }),
  }),
  { minLength: 1, maxLength: 4 },
)

function windowNow(which: number, wall: number): { readonly counter: string; readonly endsAt: number } {
  const period = Math.floor(wall / WINDOW_MS)
  return { counter: named(`w${which}`, String(period)), endsAt: (period + 1) * WINDOW_MS }
}

function claimFor({ kind, which, amount }: Draft, wall: number): Claim {
  if (kind === 'rate') return { kind, counter: RATE_NAME, amount, ...RATE }
  if (kind === 'slot') return { kind, counter: slotName(which), limit: SLOTS, leaseMs: LEASE_MS }
  return { kind, ...windowNow(which, wall), limit: WINDOW_LIMIT, amount }
}

const reserve = fc.tuple(letters, drafts).map(([letter, list]) =>
  command(`reserve ${letter} ${JSON.stringify(list)}`, async (model, real) => {
    const claims = list.map((draft) => claimFor(draft, model.wall))
    const id = model.id(letter)
    assert.equal((await real.ledger.reserve(id, claims)).ok, model.reserve(id, claims))
  }),
)

const settle = fc.tuple(letters, fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 2, maxLength: 2 })).map(([letter, amounts]) =>
  command(`settle ${letter} ${amounts.join()}`, async (model, real) => {
    const id = model.id(letter)
    const used = new Map(model.counters().map((counter, i) => [counter, amounts[i % 2]!]))
    if (!model.isOpen(id)) return
    const bookings = model.settle(id, used)
    real.settled?.(id, bookings)
    await real.ledger.settle(id, used)
  }),
)

/** Nothing may be booked by an id that is settled. */
const again = letters.map((letter) =>
  command(`settle ${letter} again`, async (model, real) => {
    await real.ledger.settle(model.lastId(letter), new Map(model.counters().map((counter) => [counter, 11])))
    const { counter, endsAt } = windowNow(0, model.wall)
    assert.equal(await real.ledger.book(model.lastId(letter), [{ counter, endsAt, amount: 11 }], 'reserved'), false)
  }),
)

const book = fc
  .tuple(letters, fc.constantFrom('reserved' as const, 'anyway' as const), fc.integer({ min: 0, max: 30 }))
  .map(([letter, when, amount]) =>
    command(`book ${letter} ${when} ${amount}`, async (model, real) => {
      const id = model.id(letter)
      const booking = { ...windowNow(0, model.wall), amount }
      const isBooked = when === 'anyway' || model.isOpen(id)
      assert.equal(await real.ledger.book(id, [booking], when), isBooked)
      if (!isBooked) return
      model.settle(id, new Map())
      model.book(booking)
      real.settled?.(id, [booking])
    }),
  )

const advance = fc.integer({ min: 0, max: 40 }).map((seconds) =>
  command(`advance ${seconds} s`, async (model, real) => {
    model.advance(seconds * 1000)
    await real.advance(seconds * 1000)
  }),
)

const setClock = fc.integer({ min: -1800, max: 1800 }).map((seconds) =>
  command(`set the clock by ${seconds} s`, async (model, real) => {
    if (!real.setClock) return
    model.wall += seconds * 1000
    real.setClock(seconds * 1000)
  }),
)

const checkpoint = fc.constant(command('checkpoint', async (_model, real) => real.checkpoint?.()))

const crash = fc.constant(
  command('crash', async (model, real) => {
    if (real.crash) await real.crash(model.crash())
  }),
)

/** Rejects with the shortest sequence of commands found after which driver and model disagree. */
export async function agreesWithModel(
  open: () => RealLedger | Promise<RealLedger>,
  { runs, seed }: { runs: number; seed: number },
): Promise<void> {
  const commands = fc.commands([reserve, reserve, reserve, settle, settle, again, book, advance, advance, setClock, checkpoint, crash], {
    maxCommands: 60,
    size: 'max',
  })
  const property = fc.asyncProperty(commands, async (list) => {
    const real = await open()
    try {
      const model = new Model()
      model.wall = real.now()
      await fc.asyncModelRun(() => ({ model, real }), list)
    } finally {
      await real.close?.()
    }
  })
  await fc.assert(property, { numRuns: runs, seed })
}
