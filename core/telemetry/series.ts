// Counters and histograms that cost a map look-up on the hot path; Prometheus' client reads them only when it is scraped.
// Names of labels never come from clients: what a client may choose freely would grow without bound.

/** Bounds of durations in seconds, from a cache hit to a long answer. */
export const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300]

/** A number per combination of label values. */
export class Counts {
  readonly labels: readonly string[]
  readonly #values = new Map<string, { readonly labels: readonly string[]; value: number }>()

  constructor(labels: readonly string[]) {
    this.labels = labels
  }

  /** `key` must be unique for `labels`; it is passed in so that callers join it once for several series. */
  add(key: string, labels: readonly string[], amount: number): void {
    const entry = this.#values.get(key)
    if (entry) entry.value += amount
    else this.#values.set(key, { labels, value: amount })
  }

  *entries(): Iterable<{ readonly labels: { readonly [name: string]: string }; readonly value: number }> {
    for (const { labels, value } of this.#values.values()) yield { labels: named(this.labels, labels), value }
  }
}

/** Durations per combination of label values, in buckets that are summed up when they are read. */
export class Durations {
  readonly labels: readonly string[]
  readonly #rows = new Map<string, { readonly labels: readonly string[]; readonly buckets: Uint32Array; sum: number; count: number }>()

  constructor(labels: readonly string[]) {
    this.labels = labels
  }

  observe(key: string, labels: readonly string[], seconds: number): void {
    let row = this.#rows.get(key)
    if (!row) this.#rows.set(key, (row = { labels, buckets: new Uint32Array(SECONDS.length + 1), sum: 0, count: 0 }))
    let index = 0
    while (index < SECONDS.length && seconds > SECONDS[index]!) index++
    row.buckets[index]!++
    row.sum += seconds
    row.count++
  }

  /** In the form of Prometheus: cumulative buckets, sum and count. */
  *entries(): Iterable<HistogramRow> {
    for (const { labels, buckets, sum, count } of this.#rows.values()) {
      let below = 0
      const cumulative = SECONDS.map((bound, index) => [bound, (below += buckets[index]!)] as const)
      yield { labels: named(this.labels, labels), buckets: [...cumulative, ['+Inf', count]], sum, count }
    }
  }
}

export interface HistogramRow {
  readonly labels: { readonly [name: string]: string }
  readonly buckets: readonly (readonly [number | '+Inf', number])[]
  readonly sum: number
  readonly count: number
}

/** Rows of the same labels, added up. */
export function summed(readings: readonly (readonly HistogramRow[])[]): readonly HistogramRow[] {
  const byLabels = Map.groupBy(readings.flat(), ({ labels }) => JSON.stringify(labels))
  return [...byLabels.values()].map((rows) => ({
    labels: rows[0]!.labels,
    buckets: rows[0]!.buckets.map(([bound], i) => [bound, total(rows, (row) => row.buckets[i]![1])] as const),
    sum: total(rows, ({ sum }) => sum),
    count: total(rows, ({ count }) => count),
  }))
}

const total = (rows: readonly HistogramRow[], of: (row: HistogramRow) => number): number => rows.reduce((sum, row) => sum + of(row), 0)

const named = (names: readonly string[], values: readonly string[]): { readonly [name: string]: string } =>
  Object.fromEntries(names.map((name, index) => [name, values[index]!]))
