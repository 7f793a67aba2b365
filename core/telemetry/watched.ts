// Metrics whose numbers live elsewhere: they are asked for while a scrape waits, and cost nothing in between. What cannot be read is
// shown as `Nan` or left out; a scrape never fails because one room does.
import { Counter, Gauge, type Registry } from 'prom-client'
import type { Counts } from './series.ts'

/** One family of numbers; a counter only grows. */
export interface Watched {
  readonly name: string
  readonly help: string
  readonly kind: 'gauge' | 'counter'
  /** Names of labels; their values must come from a closed set or from the configuration. */
  readonly labels?: readonly string[]
  /** How the numbers of several workers become one; summed unless told. */
  readonly together?: 'sum' | 'max' | 'min'
}

export interface Sample {
  readonly labels?: { readonly [name: string]: string }
  readonly value: number
}

type Awaitable<T> = T | Promise<T>

/** Shows what `read` tells at every scrape. What it told last time and leaves out now is gone. */
export function watch(
  registry: Registry,
  { name, help, kind, labels = [], together = 'sum' }: Watched,
  read: () => Awaitable<Iterable<Sample>>,
): void {
  const options = { name, help, labelNames: [...labels], registers: [registry], aggregator: together }
  if (kind === 'gauge') {
    const gauge: Gauge = new Gauge({
      ...options,
      async collect() {
        gauge.reset()
        for (const sample of await readOrUnknown(read, labels)) gauge.set(sample.labels ?? {}, sample.value)
      },
    })
    return
  }
  const counter: Counter = new Counter({
    ...options,
    async collect() {
      counter.reset()
      for (const sample of await read()) counter.inc(sample.labels ?? {}, sample.value)
    },
  })
}

/** Shows counts that `series.ts` keeps. */
export function watchCounts(registry: Registry, name: string, help: string, counts: Counts): void {
  watch(registry, { name, help, kind: 'counter', labels: counts.labels }, () => counts.entries())
}

async function readOrUnknown(read: () => Awaitable<Iterable<Sample>>, labels: readonly string[]): Promise<Iterable<Sample>> {
  try {
    return await read()
  } catch {
    return labels.length === 0 ? [{ value: Number.NaN }] : []
  }
}

/** A reading that several metrics share: whoever asks while one is under way gets that one. */
export function shared<T>(read: () => Promise<T>): () => Promise<T> {
  let underWay: Promise<T> | null = null
  return () =>
    (underWay ??= read().finally(() => {
      underWay = null
    }))
}
