// node bench/policy.ts [--quick]: what deciding costs. Large policy sets over many tenants, decided by the gateway's evaluation and by
// json-logic-js over the same bundle, in interleaved rounds; compiling them, and the memory they take. Writes its table into the README.
import { cpus, totalmem } from 'node:os'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { runInNewContext } from 'node:vm'
import { setFlagsFromString } from 'node:v8'
import { benchPolicies } from './policies.ts'
import { bindPolicies, type BoundPolicies } from '../core/policy/bind.ts'
import { compile, type Bundle, type SourceFile } from '../dsl/index.ts'
import { ContentScan } from '../core/policy/content-scan.ts'
import { gatherWords } from '../core/policy/words.ts'
import { Judge } from '../core/policy/judge.ts'
import { policySet, requestsFor } from './policy-set.ts'
import { PLUGINS } from '../core/plugins.ts'
import { ratioOf, type Ratio } from './stats.ts'
import { readPolicyFiles, STANDARD_POLICIES } from '../core/policy/load.ts'
import { readVocabularies } from '../core/plugin/registry.ts'
import { referenceOver } from '../dsl/evaluate/reference.ts'
import { replaceSection } from './policy-report.ts'
import type { Decision } from '../core/policy/language.ts'
import type { ExchangeView } from '../core/plugin/contract.ts'

/** One figure per round, by the name of what is measured. */
type Figures = { [name: string]: number[] }

interface Settings {
  readonly rounds: number
  readonly requests: number
  /** json-logic-js takes a hundred times as long. */
  readonly referenceRequests: number
  readonly compileRounds: number
}

const FULL: Settings = { rounds: 40, requests: 4000, referenceRequests: 200, compileRounds: 15 }
const QUICK: Settings = { rounds: 10, requests: 2000, referenceRequests: 50, compileRounds: 4 }
const BENCH = import.meta.dirname
const NO_LEDGER = { addTime() {}, skipped() {} }

const words = gatherWords(readVocabularies(PLUGINS, {}))
const standard = readPolicyFiles([STANDARD_POLICIES])
const detectors = standard.filter(({ path }) => path.endsWith('detectors.policy'))

function filesOf(text: string): readonly SourceFile[] {
  return [...detectors, { path: 'platform.policy', text }]
}

function bundleOf(files: readonly SourceFile[]): Bundle {
  const { bundle, diagnostics } = compile(files, words.vocabulary)
  if (!bundle) throw new Error(JSON.stringify(diagnostics.slice(0, 3)))
  return bundle
}

// ── one set of policies, with everything it is measured on ───────────────────────────────────────────────────────────

interface Case {
  readonly bound: BoundPolicies
  readonly views: readonly ExchangeView[]
  /** Values of all slots, per request. */
  readonly resolved: readonly (readonly unknown[])[]
}

function caseOf(files: readonly SourceFile[], requests: number): Case {
  const bound = bindPolicies(bundleOf(files), words, { scanDeadlineMs: 1000, scanWorkers: 0 })
  const views = requestsFor(requests)
  return { bound, views, resolved: views.map((view) => resolve(bound, view)) }
}

/** A context that is known whole: nothing was found in the prompt. */
function resolve({ program, resolvers }: BoundPolicies, view: ExchangeView): readonly unknown[] {
  const { signal } = new AbortController()
  return program.slots.map((_, slot) => {
    const resolver = resolvers[slot]
    return resolver === undefined
      ? 0
      : resolver.attribute.phase === 'request'
        ? resolver.attribute.resolve(view, resolver.word, signal)
        : null
  })
}

function decideResolved({ bound, resolved }: Case): number {
  const { request } = bound.program.phases
  let fired = 0
  for (const values of resolved) fired += request.decide(request.evaluate(values), values).reasons.length
  return fired
}

/** As the pipeline does it, without a text to scan. */
function decideViews({ bound, views }: Case): number {
  let fired = 0
  for (const view of views) {
    const content = new ContentScan(bound.detection, view.request.parts, bound.scanDeadlineMs)
    fired += (new Judge(bound, NO_LEDGER).decideRequest(view, content) as Decision).reasons.length
  }
  return fired
}

function referenceRun({ bound, resolved }: Case, requests: number): () => number {
  const { slots, bundle, phases } = bound.program
  const nameOf = (slot: number): string => {
    const source = slots[slot]!
    return source.kind === 'attribute' ? source.name : `found.${source.detector}.${source.location}.${source.field}`
  }
  const contexts = resolved
    .slice(0, requests)
    .map((values) => referenceOver(new Map(phases.request.slots.map((slot) => [nameOf(slot), values[slot] ?? null]))))
  return () => {
    let fired = 0
    for (const evaluate of contexts) fired += (evaluate(bundle.program.request) as readonly string[]).length
    return fired
  }
}

// ── measuring ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Microseconds per request. */
function timePer(requests: number, run: () => number): number {
  const start = process.hrtime.bigint()
  const fired = run()
  const us = Number(process.hrtime.bigint() - start) / 1000
  if (fired === 0) throw new Error('no policy ever fired: this measures nothing')
  return us / requests
}

function measureDecisions(settings: Settings): Figures {
  const { requests, referenceRequests } = settings
  const thousand = caseOf(filesOf(policySet(1000)), requests)
  const tenThousand = caseOf(filesOf(policySet(10_000)), requests)
  const company = caseOf([...standard, { path: 'company.policy', text: benchPolicies(50) }], requests)
  const reference = referenceRun(thousand, referenceRequests)
  checkAgainstReference(thousand, reference, referenceRequests)
  const runs: readonly (readonly [name: string, requests: number, run: () => number])[] = [
    ['resolved 1000', requests, () => decideResolved(thousand)],
    ['json-logic-js 1000', referenceRequests, reference],
    ['context 1000', requests, () => decideViews(thousand)],
    ['resolved 10000', requests, () => decideResolved(tenThousand)],
    ['context company', requests, () => decideViews(company)],
  ]
  const figures: Figures = Object.fromEntries(runs.map(([name]) => [name, []]))
  for (const [, , run] of runs) for (let i = 0; i < 3; i++) run()
  for (let round = 0; round < settings.rounds; round++)
    for (let i = 0; i < runs.length; i++) {
      const [name, count, run] = runs[(round + i) % runs.length]!
      figures[name]!.push(timePer(count, run))
    }
  return figures
}

/** Both must have found the same policies, or the comparison says nothing. */
function checkAgainstReference({ bound, resolved }: Case, reference: () => number, requests: number): void {
  const { request } = bound.program.phases
  const ours = resolved.slice(0, requests).reduce((sum, values) => sum + request.evaluate(values).fired.length, 0)
  const theirs = reference()
  if (ours !== theirs) throw new Error(`${ours} policies fired, and ${theirs} with json-logic-js`)
}

function measureCompiling(settings: Settings): Figures {
  const files = filesOf(policySet(1000))
  compile(files, words.vocabulary)
  const compileMs = Array.from({ length: settings.compileRounds }, () => {
    const start = performance.now()
    bundleOf(files)
    return performance.now() - start
  })
  const bindMs = Array.from({ length: settings.compileRounds }, () => {
    const bundle = bundleOf(files)
    const start = performance.now()
    bindPolicies(bundle, words, { scanDeadlineMs: 1000, scanWorkers: 0 })
    return performance.now() - start
  })
  return { 'compile 1000': compileMs, 'bind 1000': bindMs, 'bytes per policy': Array.from({ length: 5 }, bytesPerPolicy) }
}

/** What two thousand policies keep in memory beyond one thousand: bundle and bound program, without what every set has. */
function bytesPerPolicy(): number {
  return (bytesOf(2000) - bytesOf(1000)) / 1000
}

function bytesOf(count: number): number {
  const files = filesOf(policySet(count))
  // The parser keeps the tokens of the last file it read, whatever becomes of them.
  bundleOf(files)
  const before = heapUsed()
  const kept = bindPolicies(bundleOf(files), words, { scanDeadlineMs: 1000, scanWorkers: 0 })
  const bytes = heapUsed() - before
  if (kept.program.phases.request.policies.length <= count) throw new Error('a policy is missing')
  return bytes
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

function heapUsed(): number {
  for (let i = 0; i < 4; i++) collect()
  const { heapUsed: heap, arrayBuffers } = process.memoryUsage()
  return heap + arrayBuffers
}

// ── the table ────────────────────────────────────────────────────────────────────────────────────────────────────────

function tableOf(figures: Figures, intro: string): string {
  const us = (name: string): string => show(interval(figures[name]!), 'µs')
  const faster = ratioOf(figures['json-logic-js 1000']!, figures['resolved 1000']!)
  const rows: readonly (readonly [string, string, string])[] = [
    ['decide a request from its resolved context, 1,000 policies over 200 tenants', us('resolved 1000'), '≤ 5 µs'],
    ['the same, json-logic-js over the same bundle', us('json-logic-js 1000'), ''],
    ['how much faster', show(faster, '×'), '≥ 70 ×'],
    ['the same with the context built (wave 0 and all that follow it)', us('context 1000'), '≤ 15 µs'],
    ['decide from the resolved context, 10,000 policies', us('resolved 10000'), '≤ 25 µs'],
    ['the standard policies and 50 of a company, with the context built', us('context company'), ''],
    ['parse, check and compile 1,000 policies', show(interval(figures['compile 1000']!), 'ms'), '≤ 250 ms'],
    ['make them ready to decide', show(interval(figures['bind 1000']!), 'ms'), ''],
    ['memory of a compiled policy', show(interval(figures['bytes per policy']!.map((bytes) => bytes / 1024)), 'KiB'), '≤ 4 KiB'],
  ]
  const lines = rows.map((row) => `| ${row.join(' | ')} |`)
  return [intro, '', '| what | median [95 %] | target |', '| --- | ---: | ---: |', ...lines].join('\n')
}

function interval(values: readonly number[]): Ratio {
  return ratioOf(
    values,
    values.map(() => 1),
  )
}

function show({ median, low, high }: Ratio, unit: string): string {
  const round = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toFixed(2))
  return `${round(median)} ${unit} [${round(low)}, ${round(high)}]`
}

function main(): void {
  const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } })
  const settings = values.quick ? QUICK : FULL
  const date = new Date().toISOString().slice(0, 19)
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: BENCH }).toString().trim()
  const machine = {
    cpu: cpus()[0]!.model,
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    commit,
  }
  const figures = { ...measureDecisions(settings), ...measureCompiling(settings) }
  const intro = `${date}, ${machine.cpu}, Node ${machine.node}, commit ${commit}; ${settings.rounds} rounds of ${settings.requests} requests.`
  const table = tableOf(figures, intro)
  process.stdout.write(`${table}\n`)
  if (values.quick) return
  mkdirSync(join(BENCH, 'results'), { recursive: true })
  writeFileSync(join(BENCH, 'results', `${date.replaceAll(':', '-')}-policy.json`), JSON.stringify({ date, machine, settings, figures }))
  const readme = join(BENCH, 'README.md')
  writeFileSync(readme, replaceSection(readFileSync(readme, 'utf8'), 'policy table', table))
}

main()
