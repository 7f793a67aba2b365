// The facts of `sallyport.yaml` that judge requests, prepared for look-up. Built once per snapshot, never changed.
import type { Quota, QuotaSpec } from './quota.ts'
import type { Target } from './target.ts'

export type PiiMode = 'scrub' | 'warn' | 'allow'

export interface Tenant {
  readonly id: string
  readonly plan: string | null
  readonly region: string | null
  readonly tags: readonly string[]
  readonly timeZone: string
  readonly features: readonly string[] | null
  readonly defaultFeature: string | null
  readonly quota: Quota
  /** Price to the customer = cost × markup; a decimal string such as "1.15". */
  readonly markup: string
}

export interface Feature {
  readonly name: string
  readonly model: string | null
  readonly fallback: readonly string[]
  readonly pii: PiiMode
  readonly maxOutput: number | null
  /** Of `references`, `server_tools`: what unscanned things the feature may use. */
  readonly allow: readonly string[]
  readonly models: readonly string[] | null
  readonly quota: Quota
}

export interface Model {
  readonly name: string
  readonly active: boolean
  readonly secure: boolean
  readonly targets: readonly Target[]
}

export interface Pool {
  readonly name: string
  readonly models: readonly string[]
}

export interface User {
  readonly id: string
  readonly tenant: string
  readonly roles: readonly string[]
  readonly quota?: Quota
}

/** A key as it stands in `sallyport.yaml` or in the state store; `hash` is hex HMAC-SHA-256 under the pepper. */
export interface KeyRow {
  readonly id: string
  readonly tenant: string
  readonly prefix: string
  readonly hash: string
  readonly scopes: readonly string[]
  readonly models: readonly string[] | null
  readonly features: readonly string[] | null
  readonly allowedIps: readonly string[] | null
  /** ISO 8601, or null: never. */
  readonly expires: string | null
  readonly createdAt: string | null
  readonly revokedAt: string | null
  /** Limits of this key alone; absent: none. */
  readonly quota?: QuotaSpec
  /** What people call it. */
  readonly name?: string
  /** Id of the key that it replaces. */
  readonly rotatedFrom?: string
  /** Id of the first key of its line, which all that were rotated from it share; absent: it is the first. */
  readonly family?: string
  /** Id of the key that replaces it; a key is rotated once. */
  readonly rotatedTo?: string
}

export interface Directory {
  readonly tenants: ReadonlyMap<string, Tenant>
  readonly features: ReadonlyMap<string, Feature>
  /** In the order of the file: `auto` and `secure` take the first active one. */
  readonly models: ReadonlyMap<string, Model>
  readonly pools: ReadonlyMap<string, Pool>
  readonly users: ReadonlyMap<string, User>
  readonly keys: readonly KeyRow[]
  /** Names of tools that only read; every other tool counts as writing. */
  readonly tools: ReadonlyMap<string, { readonly writes: boolean }>
}
