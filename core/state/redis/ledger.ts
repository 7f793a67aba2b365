// The ledger in Redis. One script reserves all claims of a tenant, one settles them: two round trips. Reservations live by leases that the
// holder renews, so that those of a process that died are given back.
import type { Booking } from '../../model/counters.ts'
import { tenantOfCounter } from '../../model/counters.ts'
import type { Claim, Ledger, Reserved } from '../../model/state.ts'
import type { Clock, Log } from '../../plugin/contract.ts'
import { checkClaim } from '../claims.ts'
import { Held } from './held.ts'
import type { Link } from './link.ts'
import { listCounters } from './list.ts'
import { LocalShare } from './local-share.ts'
import { extraOf, levelsOf, partCost, partsOf, refusalOf, type Part } from './parts.ts'
import { PendingWrites, type PendingWrite } from './pending.ts'

const LEASE_MS = 60_000
/** Three times before a lease ends. */
const RENEW_MS = LEASE_MS / 3
/** In ticks of half a second. */
const RENEW_TICKS = 40
/** For five minutes: longer than a network keeps what was sent. */
const DOUBT_TICKS = 10
const DOUBT_LOOKS = 60
/** Reservations that one call gives back when a process ends. */
const END_AT_ONCE = 500
const LOOK_MS = 1000
/** How long `close` waits for what is still to be settled. */
const CLOSE_MS = 3000

interface AnsweredPart {
  readonly part: Part
  readonly answer: readonly number[]
}

export interface RedisLedgerOptions {
  readonly link: Link
  readonly clock: Clock
  readonly log: Log
  /** First argument of the scripts: '' for the server's own time, else Unix ms (tests). */
  readonly now: () => string
}

export class RedisLedger implements Ledger {
  readonly #link: Link
  readonly #log: Log
  readonly #clock: Clock
  readonly #now: () => string
  readonly #local: LocalShare
  readonly #pending: PendingWrites
  /** Reservations of this process that are not settled. */
  readonly #held = new Map<string, Held>()
  readonly #lookedAt = new Map<string, number>()
  /** By tenant, when this process last renewed its lease there (monotonic). */
  readonly #leasedAt = new Map<string, number>()
  /** Tenants of which a command may still arrive that was given up, and how often to look for that. */
  readonly #doubtful = new Map<string, number>()
  readonly #settling = new Set<Promise<void>>()

  constructor({ link, clock, log, now }: RedisLedgerOptions) {
    this.#link = link
    this.#log = log
    this.#clock = clock
    this.#now = now
    this.#local = new LocalShare(clock)
    this.#pending = new PendingWrites(log)
    link.onReturn(async () => {
      this.#leasedAt.clear()
      await this.renew((...command) => link.runOnReturn(...command))
      await this.#drain()
    })
    link.onTick((tick) => {
      if (tick % RENEW_TICKS === 0) this.renew().catch((error: unknown) => log.warn({ error }, 'leases could not be renewed'))
      if (this.#pending.size > 0) this.#drain().catch(() => undefined)
      if (tick % DOUBT_TICKS === 0) this.#giveBackUnknown().catch(() => undefined)
    })
  }

  /** Rejects with RangeError on amounts that are no integers of 0 to 2⁵³ − 1, and on names that `counterName` did not make. */
  async reserve(id: string, claims: readonly Claim[]): Promise<Reserved> {
    if (claims.length === 0) return { ok: true, levels: [] }
    for (const claim of claims) checkClaim(claim)
    const parts = partsOf(claims)
    const known = this.#held.get(id)
    const held = known ?? new Held()
    if (!this.#link.available) return this.#reserveLocally(id, held, claims)
    held.addRemote(parts)
    this.#held.set(id, held)
    const asked = await Promise.allSettled(parts.map((part) => this.#reservePart(id, part, known !== undefined)))
    const failed = asked.find((answer) => answer.status === 'rejected')
    if (failed) for (const { tenant } of parts) this.#doubt(tenant)
    if (failed) return this.#withoutAnswer(id, held, claims, failed.reason, known === undefined)
    const answers = asked.map((answer) => (answer as PromiseFulfilledResult<readonly number[]>).value)
    const refused = answers.findIndex(([ok]) => ok === 0)
    if (refused < 0) return { ok: true, levels: levelsOf(claims, parts, answers) }
    await this.#takeBack(
      id,
      held,
      answers.map((answer, i) => ({ part: parts[i]!, answer })),
      known !== undefined,
    )
    if (!known) this.#held.delete(id)
    return refusalOf(parts[refused]!, answers[refused]!)
  }

  settle(id: string, used: ReadonlyMap<string, number>, recorded?: Promise<void>): Promise<void> {
    const held = this.#held.get(id)
    if (held?.settled) return held.settled
    const done = this.#settleAfter(recorded, id, held, used)
    if (held) held.settled = done
    this.#settling.add(done)
    return done.finally(() => this.#settling.delete(done))
  }

  /** Of bookings that name no counter of a tenant nothing is known there: its reservation ends by lease. */
  async book(id: string, bookings: readonly Booking[], when: 'reserved' | 'anyway'): Promise<boolean> {
    const writes = this.#bookingsOf(id, bookings, when)
    const booked = await Promise.all(writes.map(({ script, keys, args }) => this.#link.run(script, keys, args)))
    this.#held.delete(id)
    return booked.includes(1)
  }

  async level(counter: string): Promise<number> {
    if (!this.#link.available) return this.#local.level(counter)
    const keys = this.#link.names.level(tenantOfCounter(counter), counter)
    return Number(await this.#link.run('level', keys, [this.#now()]))
  }

  list(): ReturnType<Ledger['list']> {
    return listCounters(this.#link, Number(this.#now() || Date.now()))
  }

  /** Settlements and bookings that Redis has not been told yet. */
  get pending(): number {
    return this.#pending.size
  }

  /** Resolves to whether Redis knows everything that was settled before this call. */
  async isTold(): Promise<boolean> {
    await Promise.allSettled(this.#settling)
    return this.#pending.size === 0
  }

  /** Settles what is under way, then gives back what this process still holds. */
  async close(): Promise<void> {
    const late = new Promise<void>((resolve) => setTimeout(resolve, CLOSE_MS).unref())
    await Promise.race([Promise.allSettled(this.#settling), late])
    if (this.#pending.size > 0) this.#log.error({ settlements: this.#pending.size }, 'Redis is away; the record has what it was not told')
    await Promise.allSettled([...this.#leasedAt.keys()].map((tenant) => this.#giveAllBack(tenant)))
  }

  async #giveAllBack(tenant: string): Promise<void> {
    while (Number(await this.#link.run('giveBack', this.#link.names.reservations(tenant, this.#link.id), [this.#now(), END_AT_ONCE])) > 0);
  }

  async #reservePart(id: string, { tenant, claims }: Part, isMore: boolean): Promise<readonly number[]> {
    const args: (string | number)[] = [this.#now(), id, this.#leaseFor(tenant), this.#wordsFor(tenant, isMore)]
    for (const claim of claims) args.push(claim.kind === 'slot' ? 1 : claim.amount, claim.limit, extraOf(claim))
    return (await this.#link.run('reserve', this.#link.names.reserve(tenant, this.#link.id, claims), args)) as readonly number[]
  }

  #wordsFor(tenant: string, isMore: boolean): string {
    return (this.#isDue(tenant) ? 'look ' : '') + (this.#link.isSettling ? 'nothing ' : '') + (isMore ? 'more' : '')
  }

  /** Its length, where the lease has to be renewed with this reservation. */
  #leaseFor(tenant: string): number | '' {
    const now = this.#clock.monotonic()
    if (now - (this.#leasedAt.get(tenant) ?? -Infinity) < RENEW_MS) return ''
    this.#leasedAt.set(tenant, now)
    return LEASE_MS
  }

  /** Once a second for each tenant a reservation also looks for what others left behind. */
  #isDue(tenant: string): boolean {
    const now = performance.now()
    if (now - (this.#lookedAt.get(tenant) ?? -Infinity) < LOOK_MS) return false
    this.#lookedAt.set(tenant, now)
    return true
  }

  #reserveLocally(id: string, held: Held, claims: readonly Claim[]): Reserved {
    const reserved = this.#local.reserve(id, claims, this.#link.isKnown ? this.#link.processes : null)
    if (reserved.ok) {
      held.addLocal(claims)
      this.#held.set(id, held)
    }
    return reserved
  }

  /** A reservation whose answer did not come may have been made all the same: it is given back when Redis is there again. */
  #withoutAnswer(id: string, held: Held, claims: readonly Claim[], error: unknown, isFirst: boolean): Reserved {
    if (isFirst) {
      for (const tenant of held.tenants) this.#pending.add(this.#settlement(id, tenant, held, new Map()))
      this.#held.delete(id)
      if (claims.some(({ whileAway }) => whileAway !== 'local')) throw error
      return this.#reserveLocally(id, new Held(), claims)
    }
    if (claims.some(({ whileAway }) => whileAway !== 'local')) throw error
    return this.#reserveLocally(id, held, claims)
  }

  #doubt(tenant: string): void {
    this.#leasedAt.delete(tenant)
    this.#doubtful.set(tenant, DOUBT_LOOKS)
  }

  /** A command that was given up may arrive after what gave it back: what stands in Redis under ids that nobody holds here is given back. */
  async #giveBackUnknown(): Promise<void> {
    for (const [tenant, looks] of this.#doubtful) {
      const [name] = this.#link.names.reservations(tenant, this.#link.id)
      const ids = await this.#link.call((client) => client.hkeys(name!))
      // What waits to be told knows what was used, and comes first.
      if (this.#pending.size > 0) return
      await Promise.all(
        ids.filter((id) => !this.#held.has(id)).map((id) => this.#write(this.#settlement(id, tenant, new Held(), new Map()))),
      )
      if (looks > 1) this.#doubtful.set(tenant, looks - 1)
      else this.#doubtful.delete(tenant)
    }
  }

  async #takeBack(id: string, held: Held, asked: readonly AnsweredPart[], isMore: boolean): Promise<void> {
    const taken = asked.filter(({ answer }) => answer[0] === 1)
    await Promise.allSettled(
      taken.map(({ part, answer }) => {
        if (!isMore) return this.#write(this.#settlement(id, part.tenant, held, new Map()))
        const args = part.claims.flatMap((claim, i) => [claim.kind === 'slot' ? 1 : claim.amount, partCost(claim, answer[3 * i + 3]!)])
        return this.#link.run('untake', this.#link.names.reserve(part.tenant, this.#link.id, part.claims), [this.#now(), id, ...args])
      }),
    )
  }

  async #settleAfter(
    recorded: Promise<void> | undefined,
    id: string,
    held: Held | undefined,
    used: ReadonlyMap<string, number>,
  ): Promise<void> {
    if (recorded) await recorded.catch(() => undefined)
    if (held?.isLocal) this.#local.settle(id, used)
    if (!held) return
    if (held.isLocal) await Promise.all(this.#endOfLocal(id, held, used).map((write) => this.#write(write)))
    else await Promise.all([...held.tenants].map((tenant) => this.#settleAt(tenant, id, held, used)))
    this.#held.delete(id)
  }

  async #settleAt(tenant: string, id: string, held: Held, used: ReadonlyMap<string, number>): Promise<void> {
    const found = await this.#write(this.#settlement(id, tenant, held, used))
    if (found !== 0) return
    // Redis lost the reservation, with whatever else it lost: what was used counts all the same.
    const lost = held.bookings(used).filter(({ counter }) => tenantOfCounter(counter) === tenant)
    await Promise.all(this.#bookingsOf(id, lost, 'anyway').map((write) => this.#write(write)))
  }

  /** What was reserved here alone is booked by id; a part that Redis knows of is given back by the same script. */
  #endOfLocal(id: string, held: Held, used: ReadonlyMap<string, number>): readonly PendingWrite[] {
    const bookings = held.bookings(used)
    const booked = new Set(bookings.map(({ counter }) => tenantOfCounter(counter)))
    const others = [...held.tenants].filter((tenant) => !booked.has(tenant))
    return [...this.#bookingsOf(id, bookings, 'anyway'), ...others.map((tenant) => this.#settlement(id, tenant, held, used))]
  }

  #settlement(id: string, tenant: string, held: Held, used: ReadonlyMap<string, number>): PendingWrite {
    const keys = this.#link.names.reservations(tenant, this.#link.id)
    const base = this.#link.names.base(tenant)
    const args: (string | number)[] = [this.#now(), id]
    for (const [counter, amount] of used) {
      const field = amount === 0 ? null : held.fieldAt(tenant, counter)
      if (field === null) continue
      keys.push(base + field)
      args.push(amount)
    }
    return { script: 'settle', keys, args }
  }

  #bookingsOf(id: string, bookings: readonly Booking[], when: 'reserved' | 'anyway'): readonly PendingWrite[] {
    const tenants = new Set(bookings.map(({ counter }) => tenantOfCounter(counter)))
    return [...tenants].map((tenant) => {
      const own = bookings.filter(({ counter }) => tenantOfCounter(counter) === tenant)
      const keys = this.#link.names.book(
        tenant,
        this.#link.id,
        id,
        own.map(({ counter }) => counter),
      )
      return { script: 'book', keys, args: [this.#now(), id, when, ...own.flatMap(({ endsAt, amount }) => [endsAt, amount])] }
    })
  }

  /** Replies null when it has to be sent again later. */
  async #write(write: PendingWrite): Promise<unknown> {
    try {
      return await this.#link.run(write.script, write.keys, write.args)
    } catch {
      this.#pending.add(write)
      return null
    }
  }

  #drain(): Promise<void> {
    return this.#pending.drain(({ script, keys, args }) => this.#link.runOnReturn(script, keys, args))
  }

  async renew(run: Link['run'] = (...command) => this.#link.run(...command)): Promise<void> {
    const tenants = new Set<string>()
    for (const held of this.#held.values()) for (const tenant of held.tenants) tenants.add(tenant)
    const now = this.#clock.monotonic()
    for (const tenant of tenants) {
      await run('renew', this.#link.names.reservations(tenant, this.#link.id), [this.#now(), LEASE_MS])
      this.#leasedAt.set(tenant, now)
    }
  }
}
