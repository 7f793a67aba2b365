// How long answers of a feature usually are: the 95th percentile of its settled output, from a small histogram that slowly forgets.

/** Four buckets per doubling: the answer is at most 19 % too high. */
const BUCKETS_PER_DOUBLING = 4
const BUCKETS = 80
/** Below this many answers the start value stands. */
const MIN_SAMPLES = 20
/** When a histogram holds this many, all counts are halved: new answers outweigh old ones. */
const HALVE_AT = 1024
const RECOUNT_EVERY = 16
const MAX_FEATURES = 1000

interface Histogram {
  readonly counts: Float64Array
  total: number
  p95: number
}

export class LearnedOutput {
  readonly #features = new Map<string, Histogram>()

  /** Tokens that 95 of 100 answers of the feature stay below; `start` until enough were seen. */
  p95(feature: string, start: number): number {
    const histogram = this.#features.get(feature)
    return histogram && histogram.p95 > 0 ? histogram.p95 : start
  }

  learn(feature: string, completionTokens: number): void {
    const histogram = this.#histogramOf(feature)
    histogram.counts[bucketOf(completionTokens)]! += 1
    histogram.total += 1
    if (histogram.total >= HALVE_AT) halve(histogram)
    if (histogram.total >= MIN_SAMPLES && (histogram.p95 === 0 || histogram.total % RECOUNT_EVERY === 0)) histogram.p95 = count95(histogram)
  }

  #histogramOf(feature: string): Histogram {
    const known = this.#features.get(feature)
    if (known) return known
    if (this.#features.size >= MAX_FEATURES) this.#features.delete(this.#features.keys().next().value!)
    const histogram = { counts: new Float64Array(BUCKETS), total: 0, p95: 0 }
    this.#features.set(feature, histogram)
    return histogram
  }
}

function bucketOf(tokens: number): number {
  return Math.min(BUCKETS - 1, Math.ceil(Math.log2(Math.max(1, tokens)) * BUCKETS_PER_DOUBLING))
}

function count95({ counts, total }: Histogram): number {
  let seen = 0
  let bucket = -1
  while (seen < 0.95 * total && bucket < BUCKETS - 1) seen += counts[++bucket]!
  return Math.ceil(2 ** (bucket / BUCKETS_PER_DOUBLING))
}

function halve(histogram: Histogram): void {
  histogram.total = 0
  for (let i = 0; i < BUCKETS; i++) {
    histogram.counts[i] = Math.floor(histogram.counts[i]! / 2)
    histogram.total += histogram.counts[i]!
  }
}
