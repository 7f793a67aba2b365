// The file as it stands after the schema has passed it and filled its defaults: the type that `schema.ts` promises.
import type { JsonObject } from '../model/value.ts'
import type { CredentialSource } from './config.ts'
import type { Decimal } from '../model/money.ts'
import type { PiiMode } from '../model/directory.ts'
import type { MoneyQuota, QuotaSpec } from '../model/quota.ts'
import type { Timeouts } from '../model/target.ts'

export interface RawConfig {
  readonly server: {
    readonly host: string
    readonly port: number
    readonly maxBodyBytes: number | string
    readonly trustProxy: readonly string[]
    readonly receiveTimeoutMs: number
    readonly streamHeaderAfterMs: number
    readonly drainSeconds: number
  }
  readonly state: {
    readonly driver: 'embedded' | 'redis'
    readonly path: string
    readonly url?: string
    readonly commandTimeoutMs: number
    readonly keyPrefix: string
  }
  readonly record: {
    readonly clickhouse: {
      readonly driver: 'embedded' | 'server'
      readonly path: string
      readonly url?: string
      readonly database: string
      readonly user: string
      readonly password: string
    }
    readonly spool: {
      readonly path: string
      readonly maxBytes: number | string
      readonly fsync: boolean
      readonly onUnavailable: 'block' | 'continue'
    }
  }
  readonly money: { readonly base: string; readonly rates: readonly RawExchangeRate[] }
  readonly policies: { readonly standard: boolean; readonly paths: readonly string[] }
  readonly pluginPaths: readonly string[]
  readonly plugins: { readonly [name: string]: JsonObject | null }
  readonly providers: readonly RawProvider[]
  readonly models: readonly RawModel[]
  readonly pools: readonly { readonly name: string; readonly models: readonly string[] }[]
  readonly features: readonly RawFeature[]
  readonly plans: readonly RawPlan[]
  readonly tenants: readonly RawTenant[]
  readonly users: readonly RawUser[]
  readonly tools: readonly { readonly name: string; readonly writes: boolean }[]
  readonly keys: readonly RawKey[]
  readonly admins: readonly { readonly id: string; readonly role: string; readonly hash: string }[]
  readonly log: { readonly level: string }
}

export interface RawExchangeRate {
  readonly from: string
  readonly rate: Decimal
  readonly validFrom?: string
}

export interface RawProvider {
  readonly name: string
  readonly type: string
  readonly zone: string
  readonly region?: string
  readonly endpoint?: string
  readonly credential?: CredentialSource
  readonly timeouts: Timeouts
}

export interface RawRates {
  readonly currency?: string
  readonly input: Decimal
  readonly cachedInput?: Decimal
  readonly cacheWrite?: Decimal
  readonly output: Decimal
  readonly internal?: boolean
  readonly validFrom?: string
}

export interface RawModel {
  readonly name: string
  readonly active: boolean
  readonly secure: boolean
  readonly maxOutput?: number
  readonly targets: readonly RawTarget[]
  readonly rates?: RawRates | readonly RawRates[]
}

export interface RawTarget {
  readonly provider: string
  readonly model: string
  readonly weight: number
  readonly rates?: RawRates | readonly RawRates[]
}

export interface RawFeature {
  readonly name: string
  readonly model?: string
  readonly fallback: readonly string[]
  readonly models?: readonly string[]
  readonly pii: PiiMode
  readonly maxOutput?: number
  readonly allow: readonly string[]
  readonly quota: QuotaSpec
}

export interface RawPlan {
  readonly name: string
  readonly monthly?: MoneyQuota
  readonly features?: readonly string[]
  readonly defaultFeature?: string
  readonly quota?: QuotaSpec
  readonly markup?: Decimal
}

export interface RawTenant {
  readonly id: string
  readonly plan?: string
  readonly region?: string
  readonly tags: readonly string[]
  readonly timeZone: string
  readonly features?: readonly string[]
  readonly defaultFeature?: string
  readonly quota?: QuotaSpec
  readonly markup?: Decimal
}

export interface RawUser {
  readonly id: string
  readonly tenant: string
  readonly roles: readonly string[]
  readonly quota: QuotaSpec
}

export interface RawKey {
  readonly id: string
  readonly name?: string
  readonly tenant: string
  readonly prefix: string
  readonly hash: string
  readonly scopes: readonly string[]
  readonly models?: readonly string[]
  readonly features?: readonly string[]
  readonly allowedIps?: readonly string[]
  readonly expires?: string
  /** Short for `quota.monthly`. */
  readonly budget?: Decimal
  readonly quota?: QuotaSpec
}
