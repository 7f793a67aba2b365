// From raw rounds to the table of the README: medians of figures, and medians with intervals of ratios.
import { median, percentile, ratioOf, type Ratio } from './stats.ts'
import type { Results, SystemResults } from './run.ts'

export const TABLE_START = '<!-- table -->'
export const TABLE_END = '<!-- /table -->'

/** Puts `table` between the markers of a Markdown text; throws when they are not there. */
export function replaceTable(markdown: string, table: string): string {
  const start = markdown.indexOf(TABLE_START)
  const end = markdown.indexOf(TABLE_END)
  if (start < 0 || end < start) throw new Error(`the markers ${TABLE_START} and ${TABLE_END} are missing`)
  return `${markdown.slice(0, start + TABLE_START.length)}\n${table}\n${markdown.slice(end)}`
}

export function tableOf(results: Results): string {
  const { machine, settings } = results
  const intro = `${results.date}, ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, Node ${machine.node}, commit ${machine.commit}; ${settings.rounds} rounds of ${settings.seconds} s, ${settings.connections} connections.`
  const parts = [intro, ...results.notes.map((note) => `**Note:** ${note}`)]
  for (const workload of results.workloads) parts.push(`### ${workload}`, throughputTable(results, workload))
  parts.push('### Streams (a token every 20 ms) and memory', streamTable(results))
  return `\n${parts.join('\n\n')}\n`
}

function throughputTable(results: Results, workload: string): string {
  const running = results.systems.filter(({ failed }) => !failed)
  const reference = running.find(({ name }) => name === 'bare relay')
  const rows = running.map((system) => {
    const measured = system.workloads[workload]!
    const ratio = reference && system !== reference ? show(ratioOf(rates(system, workload), rates(reference, workload))) : '1'
    const added = measured.latencyUs.map((values, round) => percentile(values, 0.5) - percentile(results.direct[workload]![round]!, 0.5))
    const addedP99 = measured.latencyUs.map(
      (values, round) => percentile(values, 0.99) - percentile(results.direct[workload]![round]!, 0.99),
    )
    return [
      system.name,
      results.pinned ? median(rates(system, workload)).toFixed(0) : '–',
      results.pinned ? ratio : '–',
      median(measured.cpuUs).toFixed(1),
      measured.recorderCpuUs.length > 0 ? median(measured.recorderCpuUs).toFixed(1) : '–',
      median(added).toFixed(0),
      median(addedP99).toFixed(0),
    ]
  })
  return tableFrom(
    ['system', 'requests/s', '× bare relay [95 %]', 'CPU µs/request', 'recorder µs/request', 'added p50 µs', 'added p99 µs'],
    rows,
  )
}

function streamTable(results: Results): string {
  const direct = { ...results.directStreams, name: 'direct', pssMiB: [], recorderPssMiB: [], lagP99Ms: [] }
  const rows = [direct, ...results.systems.filter(({ failed }) => !failed).map((system) => ({ ...system.streams, ...system }))]
  return tableFrom(
    ['system', 'first text p50 ms', 'chunk delay p50 µs', 'chunk delay p99 µs', 'memory MiB', 'recorder MiB', 'record lag p99 ms'],
    rows.map((row) => [
      row.name,
      median(row.firstMs).toFixed(1),
      percentile(row.delaysUs, 0.5).toFixed(0),
      percentile(row.delaysUs, 0.99).toFixed(0),
      middle(row.pssMiB),
      middle(row.recorderPssMiB),
      middle(row.lagP99Ms),
    ]),
  )
}

function middle(values: readonly number[]): string {
  return values.length === 0 ? '–' : median(values).toFixed(0)
}

function rates(system: SystemResults, workload: string): number[] {
  return system.workloads[workload]!.throughput.map(({ requests, seconds }) => requests / seconds)
}

function show({ median: middle, low, high }: Ratio): string {
  return `${middle.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}]`
}

function tableFrom(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n')
}
