// Medians, percentiles, and intervals of ratios by bootstrap over paired rounds. No distribution is assumed.

export function median(values: readonly number[]): number {
  return percentile(values, 0.5)
}

/** Linear interpolation between the closest ranks; `share` from 0 to 1. NaN for no values. */
export function percentile(values: readonly number[], share: number): number {
  if (values.length === 0) return NaN
  const sorted = values.toSorted((a, b) => a - b)
  const position = (sorted.length - 1) * share
  const below = Math.floor(position)
  const low = sorted[below]!
  return low + ((sorted[below + 1] ?? low) - low) * (position - below)
}

export interface Ratio {
  readonly median: number
  /** 95 % interval. */
  readonly low: number
  readonly high: number
}

/**
 * Median of the ratios of paired rounds, with a 95 % percentile-bootstrap interval (Efron & Tibshirani 1993, ch. 13). Rounds are the
 * unit that is drawn, since what disturbs one system in a round disturbs the one measured beside it too. Same input, same output.
 */
export function ratioOf(numerators: readonly number[], denominators: readonly number[], draws = 4000): Ratio {
  const ratios = numerators.map((value, round) => value / denominators[round]!)
  const random = mulberry32(20_260_101)
  const medians = Array.from({ length: draws }, () => median(ratios.map(() => ratios[Math.floor(random() * ratios.length)]!)))
  return { median: median(ratios), low: percentile(medians, 0.025), high: percentile(medians, 0.975) }
}

function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
