// Quotas of tenants, features, users and keys: as people write them and a state store keeps them, and prepared for the nouns `….quota.*`.
import { nanoOf, type Decimal } from './money.ts'

/** A number is the hard limit. */
export type TokenQuota = number | { readonly soft?: number; readonly hard?: number }
export type MoneyQuota = Decimal | { readonly soft?: Decimal; readonly hard?: Decimal }

/** Plain data. What is absent is no limit; money in the base currency. */
export interface QuotaSpec {
  readonly hourlyTokens?: TokenQuota
  readonly dailyTokens?: TokenQuota
  readonly monthlyTokens?: TokenQuota
  readonly monthly?: MoneyQuota
  readonly rpm?: number
  readonly tpm?: number
  readonly concurrency?: number
}

/** Limits of a tenant, feature, user or key; null is no limit. Money in nano-units of the base currency. */
export interface Quota {
  readonly hourlyTokensSoft: number | null
  readonly hourlyTokensHard: number | null
  readonly dailyTokensSoft: number | null
  readonly dailyTokensHard: number | null
  readonly monthlyTokensSoft: number | null
  readonly monthlyTokensHard: number | null
  readonly monthlySoftNano: bigint | null
  readonly monthlyNano: bigint | null
  readonly rpm: number | null
  readonly tpm: number | null
  readonly concurrency: number | null
}

/** Throws RangeError on money that is no decimal number. */
export function readQuota({ hourlyTokens, dailyTokens, monthlyTokens, monthly, rpm, tpm, concurrency }: QuotaSpec): Quota {
  const [hourly, daily, month] = [thresholds(hourlyTokens), thresholds(dailyTokens), thresholds(monthlyTokens)]
  const money = thresholds(monthly)
  return {
    hourlyTokensSoft: hourly.soft ?? null,
    hourlyTokensHard: hourly.hard ?? null,
    dailyTokensSoft: daily.soft ?? null,
    dailyTokensHard: daily.hard ?? null,
    monthlyTokensSoft: month.soft ?? null,
    monthlyTokensHard: month.hard ?? null,
    monthlySoftNano: money.soft === undefined ? null : nanoOf(money.soft),
    monthlyNano: money.hard === undefined ? null : nanoOf(money.hard),
    rpm: rpm ?? null,
    tpm: tpm ?? null,
    concurrency: concurrency ?? null,
  }
}

export const NO_QUOTA: Quota = readQuota({})

interface Thresholds<T> {
  readonly soft?: T
  readonly hard?: T
}

function thresholds<T extends Decimal>(written: T | Thresholds<T> | undefined): Thresholds<T> {
  return typeof written === 'object' ? written : written === undefined ? {} : { hard: written }
}
