// The state port: what must be shared and survive. Two drivers keep this contract (`core/state`); plugins reach it through their host.
import type { KeyRow } from './directory.ts'

type Awaitable<T> = T | Promise<T>

/** Keys that were created at run time. Those of `sallyport.yaml` stand in the directory and are not here. */
export interface KeyStore {
  /** All rows with this prefix, revoked and expired ones included. */
  findByPrefix(prefix: string): Awaitable<readonly KeyRow[]>
  list(): Awaitable<readonly KeyRow[]>
  put(row: KeyRow): Awaitable<void>
  /** Returns false if there is no such key. Effective for the next `findByPrefix`. */
  revoke(id: string, atIso: string): Awaitable<boolean>
}

/**
 * One limit that a reservation has to pass. `counter` is its identity (policy, window, unit, key values); amounts are integers
 * (tokens, requests, or nano-units) below 2⁵³.
 */
export type Claim =
  /** A sum in a fixed window that ends at `endsAt` (Unix ms). */
  | { readonly kind: 'window'; readonly counter: string; readonly limit: number; readonly amount: number; readonly endsAt: number }
  /** A steady rate per `periodMs` with a burst of the whole limit (GCRA). */
  | { readonly kind: 'rate'; readonly counter: string; readonly limit: number; readonly amount: number; readonly periodMs: number }
  /** One slot of `limit`; the lease ends by itself after `leaseMs`. */
  | { readonly kind: 'slot'; readonly counter: string; readonly limit: number; readonly leaseMs: number }

/** Where a counter stands after an operation: used and reserved together. */
export interface Level {
  readonly counter: string
  readonly used: number
  /** The part of `used` that is booked for good, without what is only reserved. */
  readonly settled: number
  readonly limit: number
}

export type Reserved =
  | { readonly ok: true; readonly levels: readonly Level[] }
  | {
      readonly ok: false
      readonly claim: Claim
      readonly level: Level
      /** null: waiting does not help */ readonly retryAfterMs: number | null
    }

export interface Ledger {
  /** Takes all claims or none. A second call with the same id adds to the first; of a slot it only renews the lease. */
  reserve(reservationId: string, claims: readonly Claim[]): Awaitable<Reserved>
  /** Replaces what was reserved by what was used (`amount` per counter; a slot is freed) and forgets the id. Idempotent by id. */
  settle(reservationId: string, used: ReadonlyMap<string, number>): Awaitable<void>
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

export interface State {
  readonly keys: KeyStore
  readonly ledger: Ledger
  readonly breakers: Breakers
  readonly vault: Vault
  close(): Promise<void>
}
