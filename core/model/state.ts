// The state port: what must be shared and survive. Two drivers keep this contract (`core/state`); plugins reach it through their host.
import type { Booking } from './counters.ts'
import type { KeyRow } from './directory.ts'

type Awaitable<T> = T | Promise<T>

/** Keys that were created at run time. Those of `sallyport.yaml` stand in the directory and are not here. */
export interface KeyStore {
  /** All rows with this prefix, revoked and expired ones included. */
  findByPrefix(prefix: string): Awaitable<readonly KeyRow[]>
  /** All rows, by id. Lets others have the process in between. */
  list(): Awaitable<readonly KeyRow[]>
  find(id: string): Awaitable<KeyRow | null>
  put(row: KeyRow): Awaitable<void>
  /** Puts `after` in the place of `before` (same id and prefix), and `added` beside it: both or, when it is not as `before` says any more, none (false). */
  replace(before: KeyRow, after: KeyRow, added?: KeyRow): Awaitable<boolean>
  /** Returns false if there is no such key. Effective for the next `findByPrefix`. */
  revoke(id: string, atIso: string): Awaitable<boolean>
  /** Keeps when keys (by id, Unix ms) were last used; a later moment replaces an earlier one. */
  noteUsed(uses: ReadonlyMap<string, number>): Awaitable<void>
  /** Unix ms by id of the key, for those of the keys that were used; without `ids` for all of them. */
  lastUsed(ids?: readonly string[]): Awaitable<ReadonlyMap<string, number>>
}

interface ClaimBase {
  /** Identity of the counter (`counterName`): its tenant, what it counts by, and which window. */
  readonly counter: string
  readonly limit: number
  /** While a shared store cannot be reached: refuse (`deny`, the default), or count here alone, with the limit divided by the processes last seen. */
  readonly whileAway?: 'deny' | 'local'
}

/** One limit that a reservation has to pass. Amounts are integers (tokens, requests, or nano-units) below 2⁵³. */
export type Claim =
  /** A sum in a fixed window that ends at `endsAt` (Unix ms). */
  | (ClaimBase & { readonly kind: 'window'; readonly amount: number; readonly endsAt: number })
  /** A steady rate per `periodMs` with a burst of the whole limit (GCRA). */
  | (ClaimBase & { readonly kind: 'rate'; readonly amount: number; readonly periodMs: number })
  /** One slot of `limit`; the lease ends by itself after `leaseMs`. */
  | (ClaimBase & { readonly kind: 'slot'; readonly leaseMs: number })

/** Where a counter stands after an operation: used and reserved together. */
export interface Level {
  readonly counter: string
  readonly used: number
  /** The part of `used` that is booked for good, without what is only reserved. */
  readonly settled: number
  readonly limit: number
}

export type Reserved =
  /** `local`: counted in this process alone, because the shared store cannot be reached. */
  | { readonly ok: true; readonly levels: readonly Level[]; readonly local?: boolean }
  | {
      readonly ok: false
      readonly claim: Claim
      readonly level: Level
      /** null: waiting does not help */ readonly retryAfterMs: number | null
    }

export interface Ledger {
  /** Takes all claims or none. A second call with the same id adds to the first; of a slot it only renews the lease. */
  reserve(reservationId: string, claims: readonly Claim[]): Awaitable<Reserved>
  /**
   * Replaces what was reserved by what was used (`amount` per counter; a slot is freed) and forgets the id. Idempotent by id. A shared store
   * is told only when `recorded` has resolved or failed: what the record does not hold yet may not count either, since after a crash the record
   * decides (`book`).
   */
  settle(reservationId: string, used: ReadonlyMap<string, number>, recorded?: Promise<void>): Awaitable<void>
  /**
   * Settles for a process that ended before it could. `reserved`: books if the reservation is still there, and gives it back; `anyway`: books
   * once per id also without one (it was counted locally). Returns whether it booked.
   */
  book(reservationId: string, bookings: readonly Booking[], when: 'reserved' | 'anyway'): Awaitable<boolean>
  level(counter: string): Awaitable<number>
  list(): Awaitable<
    readonly { readonly counter: string; readonly used: number; readonly reserved: number; readonly endsAt: number | null }[]
  >
}

export interface BreakerSettings {
  /** 0 to 1. */
  readonly errorRate: number
  readonly minRequests: number
  readonly windowMs: number
  readonly openMs: number
}

export interface BreakerState {
  readonly key: string
  readonly state: 'closed' | 'open' | 'half_open'
  readonly requests: number
  readonly failures: number
  /** Unix ms until which it stays open, or null. */
  readonly openUntil: number | null
}

export interface Breakers {
  /** May this key be called now? `probe`: half-open, and this caller is the only one let through. */
  admit(key: string, settings: BreakerSettings): Awaitable<'closed' | 'probe' | 'open'>
  report(key: string, success: boolean, settings: BreakerSettings): Awaitable<void>
  /** Gives a probe back without a verdict (the client left). */
  release(key: string): Awaitable<void>
  /** Keeps a key away until a moment (Unix ms): the provider said `retry-after`. */
  coolDown(key: string, untilMs: number): Awaitable<void>
  list(): Awaitable<readonly BreakerState[]>
}

/** Whose values these are. Both parts are identity: what one scope keeps, no other finds. `id` is opaque and at most 64 characters. */
export interface VaultScope {
  readonly tenant: string
  readonly id: string
}

export interface VaultEntry {
  /** What the value is found by, at most 128 characters. */
  readonly name: string
  /** Ciphertext: the store never sees a value. */
  readonly sealed: Uint8Array
  /** Unix ms from which on it is gone. */
  readonly expiresAt: number
}

/** Values that were taken out of requests and may come back. Sealed by whoever puts them here; bounded; every one of them expires. */
export interface Vault {
  /** Keeps all or throws (`state_unavailable` when there is no room). An entry of the same name is replaced. Resolves when `getMany` finds them. */
  putMany(scope: VaultScope, entries: readonly VaultEntry[]): Awaitable<void>
  /** Those of the names that are there and have not expired. */
  getMany(scope: VaultScope, names: readonly string[]): Awaitable<ReadonlyMap<string, Uint8Array>>
  /** Forgets what has expired, a bounded number at a time; returns how many. */
  sweep(): Awaitable<number>
}

/** A request that waits for somebody's consent, or got its verdict. Never its content. */
export interface Approval {
  readonly id: string
  readonly tenant: string
  readonly keyId: string
  /** SHA-256 (hex) of the request body. */
  readonly contentHash: string
  readonly policy: string
  /** Whose consent the policies ask for, in their words. */
  readonly approvers: readonly string[]
  readonly state: 'pending' | 'approved' | 'rejected'
  /** Unix ms. */
  readonly createdAt: number
  /** Unix ms from which on it is gone, whatever its state. */
  readonly expiresAt: number
  /** Who decided, and when (Unix ms); null while pending. */
  readonly decidedBy: string | null
  readonly decidedAt: number | null
}

export interface Approvals {
  /** The approval of this (tenant, key, content) that has not expired, else `fresh`, which is kept. */
  request(fresh: Approval): Awaitable<Approval>
  find(id: string): Awaitable<Approval | null>
  /** The first verdict stands: a later one changes nothing. Returns the approval as it then is; null if there is none. */
  decide(id: string, verdict: 'approved' | 'rejected', by: string, atMs: number): Awaitable<Approval | null>
  /** Those that have not expired, oldest first. */
  list(): Awaitable<readonly Approval[]>
}

/** More of a limit for a while. */
export interface Raise {
  readonly id: string
  readonly tenant: string
  /** Id of the policy whose limits are raised: those in this unit, or all of them. */
  readonly policy: string
  readonly unit?: 'tokens' | 'requests' | 'money' | 'concurrent'
  /** Added to the limit, in its unit (money in nano-units). */
  readonly add: number
  /** Unix ms from which on it no longer counts. */
  readonly until: number
  readonly by: string
  readonly reason: string
}

export interface Raises {
  put(raise: Raise): Awaitable<void>
  /** Returns false if there was none. */
  remove(id: string): Awaitable<boolean>
  /** Those that still count. */
  list(): Awaitable<readonly Raise[]>
}

export interface StateHealth {
  /** False while a shared store cannot be reached. */
  readonly available: boolean
  /** Gateway processes that shared it when it was last seen, this one included. */
  readonly processes: number
  /** Whether all of them count this one too; until then it counts no limit alone while a shared store is away. */
  readonly isKnown: boolean
  /** Settlements and bookings that a shared store has not been told yet. */
  readonly pending: number
}

/**
 * How the ledger keeps step with the record, so that a crash neither loses nor doubles what was booked (decision 0017). A run is one life of a
 * gateway: node and boot.
 */
export interface Keeping {
  /**
   * How bookings of a run that has ended are brought in. `anyway`: the store knows by `keptUpTo` what it holds. `reserved`: it knows by the
   * reservation, of which it books each once; what was counted in a process alone is booked anyway.
   */
  readonly replay: 'reserved' | 'anyway'
  /** Runs of which the store holds bookings, and the number of the last frame whose bookings it holds; Infinity: all of them. */
  readonly keptUpTo: ReadonlyMap<string, number>
  /** Takes hold, in this very turn, of everything that was settled so far. `runs` is what `keptUpTo` will then be. */
  capture(runs: ReadonlyMap<string, number>): Captured
}

export interface Captured {
  /** Call when the record holds the frames of it. Resolves to true when it survives the end of this process, to false when it cannot now. */
  keep(): Promise<boolean>
  /** Instead of `keep`: the frames could not be written. It will be in the next capture. */
  drop(): void
}

export interface State {
  readonly keys: KeyStore
  readonly ledger: Ledger
  readonly breakers: Breakers
  readonly vault: Vault
  readonly approvals: Approvals
  readonly raises: Raises
  readonly health: StateHealth
  /** Absent: nothing is replayed after a crash. */
  readonly keeping?: Keeping
  close(): Promise<void>
}
