// Prices as the operator wrote them become nano-units of the base currency, with the rate of exchange that holds today.
import { decimalText, divideHalfEven, parseDecimal, type Decimal } from '../model/money.ts'
import type { RawConfig, RawExchangeRate, RawRates } from './raw.ts'
import type { Rates } from '../model/target.ts'

const ONE = 1_000_000_000n

/** Prices in force at `now` (Unix ms, dates begin at 00:00 UTC); null: none is configured, or none has begun. */
export function ratesAt(rates: RawRates | readonly RawRates[] | undefined, money: RawConfig['money'], now: number): Rates | null {
  const entry = rates === undefined ? null : inForce(Array.isArray(rates) ? (rates as readonly RawRates[]) : [rates as RawRates], now)
  if (entry === null) return null
  const currency = entry.currency ?? money.base
  const fxRate = exchangeRate(currency, money, now)
  if (fxRate === null) return null
  const price = (value: Decimal): bigint => divideHalfEven(parseDecimal(decimalText(value)) * parseDecimal(fxRate), ONE)
  const input = price(entry.input)
  return {
    input,
    cachedInput: entry.cachedInput === undefined ? input : price(entry.cachedInput),
    cacheWrite: entry.cacheWrite === undefined ? input : price(entry.cacheWrite),
    output: price(entry.output),
    currency,
    fxRate,
    internal: entry.internal ?? false,
  }
}

function exchangeRate(currency: string, money: RawConfig['money'], now: number): string | null {
  if (currency === money.base) return '1'
  const entry = inForce<RawExchangeRate>(
    money.rates.filter(({ from }) => from === currency),
    now,
  )
  return entry && decimalText(entry.rate)
}

/** The entry with the latest beginning that is not in the future; one without a date has always held. */
function inForce<T extends { readonly validFrom?: string }>(entries: readonly T[], now: number): T | null {
  const today = new Date(now).toISOString().slice(0, 10)
  return entries.reduce<T | null>((best, entry) => {
    const from = entry.validFrom ?? ''
    return from <= today && (best === null || from >= (best.validFrom ?? '')) ? entry : best
  }, null)
}
