// The worst price among the targets a request may go to, in nano-units per token. Only reservations use it; what is booked comes from the settlement.
import { formatNano, type Target } from '../../core/plugin/index.ts'

export interface Price {
  readonly input: number
  readonly output: number
}

const FREE: Price = { input: 0, output: 0 }
const PER_MILLION = 1_000_000
const prices = new WeakMap<Target, Price>()

/** The dearest input and the dearest output of all candidates, so never less than any of them asks. Unknown rates count as 0. */
export function worstPrice(candidates: readonly Target[]): Price {
  if (candidates.length === 1) return priceOf(candidates[0]!)
  let { input, output } = FREE
  for (const candidate of candidates) {
    const price = priceOf(candidate)
    if (price.input > input) input = price.input
    if (price.output > output) output = price.output
  }
  return { input, output }
}

/** Nano-units for people: `0.000008 USD`, `2.50 USD`. */
export function showMoneyIn(currency: string, nano: number): string {
  return `${formatNano(BigInt(nano)).replace(/0{1,7}$/, '')} ${currency}`
}

/** Nano-units, rounded up. */
export function costOf(price: Price, promptTokens: number, completionTokens: number): number {
  return Math.min(Number.MAX_SAFE_INTEGER, Math.ceil(price.input * promptTokens + price.output * completionTokens))
}

function priceOf(target: Target): Price {
  let price = prices.get(target)
  if (!price) {
    price = target.rates
      ? {
          input: Math.max(Number(target.rates.input), Number(target.rates.cacheWrite)) / PER_MILLION,
          output: Number(target.rates.output) / PER_MILLION,
        }
      : FREE
    prices.set(target, price)
  }
  return price
}
