// What `/metrics` shows. Exchanges are counted in `series.ts`; everything else is asked for at scrape time through `watch`.
import { AggregatorRegistry, collectDefaultMetrics, Registry, type MetricObjectWithValues, type MetricValue } from 'prom-client'
import { Counts, Durations, summed, type HistogramRow } from './series.ts'
import { watch, watchCounts, type Sample, type Watched } from './watched.ts'

/** One exchange that has ended; fits the pipeline's `ExchangeMetrics`. */
export interface ExchangeEnd {
  readonly endpoint: string
  readonly status: number
  readonly outcome: string
  readonly streamed: boolean
  readonly provider: string
  readonly model: string
  readonly latencyMs: number
  readonly ttftMs: number
  readonly overheadUs: number
  readonly promptTokens: number
  readonly completionTokens: number
  readonly attempts: number
}

export interface Metrics {
  exchangeEnded(end: ExchangeEnd): void
  /** Numbers that `read` tells when a scrape asks for them. */
  watch(family: Watched, read: () => Iterable<Sample> | Promise<Iterable<Sample>>): void
  /** In Prometheus' text format. */
  text(): Promise<string>
  /** The same as plain data, for `textOf`. */
  read(): Promise<MetricsReading>
}

/** The metrics of one process. */
export interface MetricsReading {
  readonly families: readonly MetricObjectWithValues<MetricValue<string>>[]
  readonly histograms: readonly { readonly name: string; readonly help: string; readonly rows: readonly HistogramRow[] }[]
}

/** The metrics of several processes as those of one: counters and durations are summed, gauges as each says (`Watched.together`). */
export async function textOf(readings: readonly MetricsReading[]): Promise<string> {
  const families = AggregatorRegistry.aggregate(readings.map((reading) => [...reading.families]))
  const names = readings[0]?.histograms ?? []
  const histograms = names.map(({ name, help }, i) =>
    histogramText(name, help, summed(readings.map((reading) => reading.histograms[i]!.rows))),
  )
  return (await families.metrics()) + histograms.join('')
}

/** `version` becomes the label of `sallyport_build_info`. */
export function createMetrics(version: string): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  watch(
    registry,
    { name: 'sallyport_build_info', help: 'Version of the gateway.', kind: 'gauge', labels: ['version'], together: 'max' },
    () => [{ labels: { version }, value: 1 }],
  )

  const requests = new Counts(['endpoint', 'status', 'outcome'])
  const attempts = new Counts(['provider', 'model'])
  const tokens = new Counts(['provider', 'model', 'kind'])
  const latency = new Durations(['endpoint', 'streamed'])
  const ttft = new Durations(['provider', 'model'])
  const overhead = new Durations(['endpoint'])
  watchCounts(registry, 'sallyport_requests_total', 'Exchanges that have ended.', requests)
  watchCounts(
    registry,
    'sallyport_upstream_attempts_total',
    'Upstream calls of exchanges that have ended, by the target that came last.',
    attempts,
  )
  watchCounts(registry, 'sallyport_tokens_total', 'Tokens of exchanges that have ended.', tokens)
  const histograms: readonly [string, string, Durations][] = [
    ['sallyport_request_duration_seconds', 'From the request to the end of its answer.', latency],
    ['gen_ai_server_time_to_first_token_seconds', 'From the request to the first content of a streamed answer.', ttft],
    ['sallyport_overhead_seconds', 'Time that the gateway itself spent.', overhead],
  ]

  const durations = (): MetricsReading['histograms'] =>
    histograms.map(([name, help, counted]) => ({ name, help, rows: [...counted.entries()] }))

  return {
    exchangeEnded(end) {
      const target = `${end.provider}\n${end.model}`
      requests.add(`${end.endpoint}\n${end.status}\n${end.outcome}`, [end.endpoint, String(end.status), end.outcome], 1)
      latency.observe(`${end.endpoint}\n${end.streamed}`, [end.endpoint, String(end.streamed)], end.latencyMs / 1000)
      overhead.observe(end.endpoint, [end.endpoint], end.overheadUs / 1_000_000)
      if (end.provider === '') return
      attempts.add(target, [end.provider, end.model], end.attempts)
      tokens.add(`${target}\ninput`, [end.provider, end.model, 'input'], end.promptTokens)
      tokens.add(`${target}\noutput`, [end.provider, end.model, 'output'], end.completionTokens)
      if (end.streamed && end.ttftMs > 0) ttft.observe(target, [end.provider, end.model], end.ttftMs / 1000)
    },
    watch: (family, read) => watch(registry, family, read),
    text: async () =>
      (await registry.metrics()) +
      durations()
        .map(({ name, help, rows }) => histogramText(name, help, rows))
        .join(''),
    read: async () => ({ families: (await registry.getMetricsAsJSON()) as MetricsReading['families'], histograms: durations() }),
  }
}

/** Prometheus' client cannot take buckets that were counted elsewhere, so histograms are written here. */
function histogramText(name: string, help: string, rows: readonly HistogramRow[]): string {
  const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`]
  for (const { labels, buckets, sum, count } of rows) {
    const text = Object.entries(labels)
      .map(([key, value]) => `${key}="${value.replaceAll(/[\\"\n]/g, escapeLabel)}"`)
      .join(',')
    for (const [bound, below] of buckets) lines.push(`${name}_bucket{${text},le="${bound}"} ${below}`)
    lines.push(`${name}_sum{${text}} ${sum}`, `${name}_count{${text}} ${count}`)
  }
  return lines.join('\n') + '\n'
}

const escapeLabel = (character: string): string => (character === '\n' ? '\\n' : `\\${character}`)
