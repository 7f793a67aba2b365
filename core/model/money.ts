// Money is an integer in nano-units (10⁻⁹) of the base currency. It is rounded once per exchange, half to even.
import type { Usage } from './answer.ts'
import type { Rates } from './target.ts'

const PER_MILLION = 1_000_000n

/** Divides with rounding half to even. `divisor` > 0. */
export function divideHalfEven(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor
  const rest = dividend - quotient * divisor
  const twice = (rest < 0n ? -rest : rest) * 2n
  if (twice < divisor) return quotient
  const away = dividend < 0n ? quotient - 1n : quotient + 1n
  if (twice > divisor) return away
  return quotient % 2n === 0n ? quotient : away
}

/** Cost of a usage in nano-units: cached and cache-write tokens at their own rate, all else at input and output rate. */
export function costNano(usage: Usage, rates: Rates): bigint {
  const plainInput = Math.max(0, usage.prompt - usage.cached - usage.cacheWrite)
  const sum =
    BigInt(plainInput) * rates.input +
    BigInt(usage.cached) * rates.cachedInput +
    BigInt(usage.cacheWrite) * rates.cacheWrite +
    BigInt(usage.completion) * rates.output
  return divideHalfEven(sum, PER_MILLION)
}

/** Reads a decimal such as `1.15` or `0.075` into an integer scaled by 10^`digits`; throws RangeError on anything else. */
export function parseDecimal(text: string, digits = 9): bigint {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text)
  if (!match) throw new RangeError(`not a decimal number: ${text}`)
  const fraction = (match[3] ?? '').slice(0, digits).padEnd(digits, '0')
  const value = BigInt(match[2] + fraction)
  return match[1] === '-' ? -value : value
}

/** A decimal as people write it: a number, or its text. */
export type Decimal = number | string

/** Numbers without an exponent. */
export function decimalText(value: Decimal): string {
  if (typeof value === 'string') return value
  const text = String(value)
  if (!text.includes('e')) return text
  return Math.abs(value) < 1 ? value.toFixed(12).replace(/\.?0+$/, '') : BigInt(value).toString()
}

/** Money of the base currency in nano-units. */
export const nanoOf = (value: Decimal): bigint => parseDecimal(decimalText(value))

/** Writes nano-units as a decimal with nine places, as the record's Decimal(18, 9) columns take it. */
export function formatNano(nano: bigint): string {
  const sign = nano < 0n ? '-' : ''
  const digits = (nano < 0n ? -nano : nano).toString().padStart(10, '0')
  return `${sign}${digits.slice(0, -9)}.${digits.slice(-9)}`
}

/** Multiplies nano-units with a decimal factor such as a markup, rounding half to even. */
export function timesDecimal(nano: bigint, factor: string): bigint {
  if (factor === '1') return nano
  return divideHalfEven(nano * parseDecimal(factor), 1_000_000_000n)
}
