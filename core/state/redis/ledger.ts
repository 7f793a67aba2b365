// The ledger in Redis. One script reserves all claims of a tenant, one settles them: two round trips. Reservations live by leases that the
// holder renews, so that those of a process that died are given back.
import type { Booking } from '../../model/counters.ts'
import { tenantOfCounter } from '../../model/counters.ts'
import type { Claim, Ledger, Level, Reserved } from '../../model/state.ts'
import type { Clock, Log } from '../../plugin/contract.ts'
import { checkClaim } from '../claims.ts'
import { Held, type Part } from './held.ts'
import type { Link } from './link.ts'
import { listCounters } from './list.ts'
import { LocalShare } from './local-share.ts'
import { PendingWrites, type PendingWrite } from './pending.ts'

const LEASE_MS = 60_000
/** In ticks of half a second: three times before a lease ends. */
const RENEW_TICKS = 40
const RENEW_BATCH = 500
/** Reservations of others whose lease has ended, that one call gives back. */
const GIVE_BACK_AT_ONCE = 20
const LOOK_MS = 1000
/** How long `close` waits for what is still to be settled. */
const CLOSE_MS = 3000

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
  readonly #now: () => string
  readonly #local: LocalShare
  readonly #pending: PendingWrites
  /** Reservations of this process that are not settled. */
  readonly #held = new Map<string, Held>()
  readonly #lookedAt = new Map<string, number>()
  readonly #settling = new Set<Promise<void>>()

  constructor({ link, clock, log, now }: RedisLedgerOptions) {
    this.#link = link
    this.#log = log
    this.#now = now
    this.#local = new LocalShare(clock)
    this.#pending = new PendingWrites(log)
    link.onReturn(async () => {
      await this.renew((...command) => link.runOnReturn(...command))
      await this.#drain()
    })
    link.onTick((tick) => {
      if (tick % RENEW_TICKS === 0) this.renew().catch((error: unknown) => log.warn({ error }, 'leases could not be renewed'))
      if (this.#pending.size > 0) this.#drain().catch(() => undefined)
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
    const asked = await Promise.allSettled(parts.map((part) => this.#reservePart(id, part)))
    const failed = asked.find((answer) => answer.status === 'rejected')
    if (failed) return this.#withoutAnswer(id, held, claims, failed.reason, known === undefined)
    const answers = asked.map((answer) => (answer as PromiseFulfilledResult<readonly number[]>).value)
    const refused = answers.findIndex(([ok]) => ok === 0)
    if (refused < 0) return { ok: true, levels: levelsOf(claims.length, parts, answers) }
    await this.#takeBack(id, parts, answers, known !== undefined)
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
    const open = this.#byTenant()
    await Promise.allSettled(
      [...open].map(([tenant, ids]) => this.#link.run('giveBack', this.#link.names.leases(tenant), [this.#now(), ...ids])),
    )
  }

  async #reservePart(id: string, { tenant, claims }: Part): Promise<readonly number[]> {
    const args: (string | number)[] = [
      this.#now(),
      id,
      LEASE_MS,
      this.#link.isSettling ? 0 : GIVE_BACK_AT_ONCE,
      this.#isDue(tenant) ? 1 : 0,
    ]
    for (const claim of claims) args.push(claim.kind === 'slot' ? 1 : claim.amount, claim.limit, extraOf(claim))
    return (await this.#link.run('reserve', this.#link.names.reserve(tenant, id, claims), args)) as readonly number[]
  }

  /** Once a second for each tenant a reservation also looks for what others left behind. */
  #isDue(tenant: string): boolean {
    const now = performance.now()
    if (now - (this.#lookedAt.get(tenant) ?? -Infinity) < LOOK_MS) return false
    this.#lookedAt.set(tenant, now)
    return true
  }

  #reserveLocally(id: string, held: Held, claims: readonly Claim[]): Reserved {
    const reserved = this.#local.reserve(id, claims, this.#link.processes)
    if (reserved.ok) {
      held.addLocal(claims)
      this.#held.set(id, held)
    }
    return reserved
  }

  /** A reservation whose answer did not come may have been made all the same: it is given back when Redis is there again. */
  #withoutAnswer(id: string, held: Held, claims: readonly Claim[], error: unknown, isFirst: boolean): Reserved {
    if (isFirst) {
      for (const tenant of held.tenants) this.#pending.add(this.#settlement(id, tenant, new Map()))
      this.#held.delete(id)
      if (claims.some(({ whileAway }) => whileAway !== 'local')) throw error
      return this.#reserveLocally(id, new Held(), claims)
    }
    if (claims.some(({ whileAway }) => whileAway !== 'local')) throw error
    return this.#reserveLocally(id, held, claims)
  }

  async #takeBack(id: string, parts: readonly Part[], answers: readonly (readonly number[])[], isMore: boolean): Promise<void> {
    const taken = parts.map((part, i) => ({ part, answer: answers[i]! })).filter(({ answer }) => answer[0] === 1)
    await Promise.allSettled(
      taken.map(({ part, answer }) => {
        if (!isMore) return this.#write(this.#settlement(id, part.tenant, new Map()))
        const args = part.claims.flatMap((claim, i) => [claim.kind === 'slot' ? 1 : claim.amount, partCost(claim, answer[3 * i + 3]!)])
        return this.#link.run('untake', this.#link.names.reserve(part.tenant, id, part.claims), [this.#now(), id, ...args])
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
    if (!held) await Promise.all(this.#tenantsOf(used).map((tenant) => this.#write(this.#settlement(id, tenant, used))))
    else if (held.isLocal) await Promise.all(this.#endOfLocal(id, held, used).map((write) => this.#write(write)))
    else await Promise.all([...held.tenants].map((tenant) => this.#settleAt(tenant, id, held, used)))
    this.#held.delete(id)
  }

  async #settleAt(tenant: string, id: string, held: Held, used: ReadonlyMap<string, number>): Promise<void> {
    const found = await this.#write(this.#settlement(id, tenant, used))
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
    return [...this.#bookingsOf(id, bookings, 'anyway'), ...others.map((tenant) => this.#settlement(id, tenant, used))]
  }

  #settlement(id: string, tenant: string, used: ReadonlyMap<string, number>): PendingWrite {
    const args: (string | number)[] = [this.#now(), id]
    for (const [counter, amount] of used) if (tenantOfCounter(counter) === tenant) args.push(counter, amount)
    return { script: 'settle', keys: this.#link.names.reservation(tenant, id), args }
  }

  #bookingsOf(id: string, bookings: readonly Booking[], when: 'reserved' | 'anyway'): readonly PendingWrite[] {
    const tenants = new Set(bookings.map(({ counter }) => tenantOfCounter(counter)))
    return [...tenants].map((tenant) => {
      const own = bookings.filter(({ counter }) => tenantOfCounter(counter) === tenant)
      const keys = this.#link.names.book(
        tenant,
        id,
        own.map(({ counter }) => counter),
      )
      return { script: 'book', keys, args: [this.#now(), id, when, ...own.flatMap(({ endsAt, amount }) => [endsAt, amount])] }
    })
  }

  #tenantsOf(used: ReadonlyMap<string, number>): readonly string[] {
    return [...new Set([...used.keys()].map(tenantOfCounter))]
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
    for (const [tenant, ids] of this.#byTenant())
      for (let i = 0; i < ids.length; i += RENEW_BATCH)
        await run('renew', this.#link.names.leases(tenant), [this.#now(), LEASE_MS, ...ids.slice(i, i + RENEW_BATCH)])
  }

  #byTenant(): ReadonlyMap<string, string[]> {
    const ids = new Map<string, string[]>()
    for (const [id, { tenants }] of this.#held)
      for (const tenant of tenants) {
        const known = ids.get(tenant)
        if (known) known.push(id)
        else ids.set(tenant, [id])
      }
    return ids
  }
}

function extraOf(claim: Claim): number {
  if (claim.kind === 'window') return claim.endsAt
  return claim.kind === 'rate' ? claim.periodMs : claim.leaseMs
}

/** What `untake` has to know beside the amount: what one unit of a rate costs, and whether a slot is a new one. */
function partCost(claim: Claim, fresh: number): number {
  if (claim.kind !== 'rate') return fresh
  return claim.limit === 0 ? 0 : claim.periodMs / claim.limit
}

/** By tenant, each with the places of its claims. Nearly always one. */
function partsOf(claims: readonly Claim[]): readonly Part[] {
  const parts = new Map<string, { tenant: string; claims: Claim[]; places: number[] }>()
  claims.forEach((claim, place) => {
    const tenant = tenantOfCounter(claim.counter)
    const part = parts.get(tenant) ?? { tenant, claims: [], places: [] }
    part.claims.push(claim)
    part.places.push(place)
    parts.set(tenant, part)
  })
  return [...parts.values()]
}

function levelsOf(count: number, parts: readonly Part[], answers: readonly (readonly number[])[]): readonly Level[] {
  const levels = new Array<Level>(count)
  parts.forEach(({ claims, places }, p) => {
    const answer = answers[p]!
    claims.forEach(({ counter, limit }, i) => {
      levels[places[i]!] = { counter, used: Number(answer[3 * i + 1]), settled: Number(answer[3 * i + 2]), limit }
    })
  })
  return levels
}

function refusalOf({ claims }: Part, [, index, used, settled, wait]: readonly number[]): Reserved {
  const claim = claims[index!]!
  const level = { counter: claim.counter, used: Number(used), settled: Number(settled), limit: claim.limit }
  return { ok: false, claim, level, retryAfterMs: wait! < 0 ? null : wait! }
}
