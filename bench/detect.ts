// What detection costs, with the standard detectors and with every shipped one: time per message and token, rates on ordinary and hostile
// text, memory of a stream, delay of the event loop. Run: node bench/detect.ts [--quick]; writes results/ and the table in README.md.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createDetection } from '../core/detect/index.ts'
import { DetectorSet } from '../core/detect/detectors.ts'
import { scanText } from '../core/detect/scan.ts'
import { PLUGINS } from '../core/plugins.ts'
import { openPolicySet } from '../core/policy/toolbox.ts'
import { proseOf, tokensOf } from '../test/unit/detect/prose.ts'
import { HOSTILE, hostileText, ordinaryText } from './detect-texts.ts'
import { replaceSection } from './policy-report.ts'
import type { DetectorSpec, StreamScanner } from '../core/detect/port.ts'

const MEGABYTE = 1 << 20
const BENCH = import.meta.dirname
const MESSAGE_WARM_UPS = 20

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

interface Figure {
  readonly what: string
  readonly unit: string
  readonly target: string
  readonly value: number
}

function medianMs(rounds: number, run: () => void): number {
  run()
  const times = Array.from({ length: rounds }, () => {
    const start = performance.now()
    run()
    return performance.now() - start
  }).sort((a, b) => a - b)
  return times[rounds >> 1]!
}

interface Settings {
  readonly rounds: number
  readonly chars: number
  readonly hostileChars: number
  readonly delaySeconds: number
}

const FULL: Settings = { rounds: 5, chars: MEGABYTE, hostileChars: MEGABYTE / 4, delaySeconds: 4 }
const QUICK: Settings = { rounds: 3, chars: MEGABYTE / 4, hostileChars: MEGABYTE / 16, delaySeconds: 2 }

type Checks = ReadonlyMap<string, (match: string) => boolean>

async function measure(specs: readonly DetectorSpec[], checks: Checks, standard: boolean, settings: Settings): Promise<readonly Figure[]> {
  const folded = specs.filter(({ any, normalize }) => any.length === 0 && normalize === undefined)
  const started = performance.now()
  const set = new DetectorSet(folded, checks)
  const figures: Figure[] = [{ what: 'prepare', unit: 'ms', target: '', value: performance.now() - started }]
  const add = (what: string, unit: string, target: string, value: number): void => void figures.push({ what, unit, target, value })
  const rate = (text: string): number => {
    warm(set, text)
    return text.length / MEGABYTE / (medianMs(settings.rounds, () => void scanText(set, text)) / 1000)
  }

  const ordinary = ordinaryText(settings.chars)
  const messages = Array.from({ length: 200 }, (_, i) => ordinary.slice(i * 1024, (i + 1) * 1024))
  const scanMessages = (): void => messages.forEach((message) => scanText(set, message))
  // A gateway that runs has compiled its code; the first few hundred messages would measure the compiler.
  for (let i = 0; i < MESSAGE_WARM_UPS; i++) scanMessages()
  const perMessage = medianMs(settings.rounds, scanMessages) / messages.length
  add('chat message of 1 KB', 'µs', standard ? '≤ 40' : '≤ 90', perMessage * 1000)
  add('ordinary text: documents and code', 'MB/s', standard ? '≥ 40' : '≥ 20', rate(ordinary))
  add('ordinary text: prose', 'MB/s', standard ? '≥ 40' : '≥ 20', rate(proseOf(1, settings.chars)))
  add('hostile: beginnings of matches of every pattern', 'MB/s', '≥ 10', rate(hostileText(folded, 7, settings.hostileChars)))
  for (const [name, piece] of HOSTILE) add(`hostile: ${name}`, 'MB/s', '≥ 10', rate(piece.repeat(settings.hostileChars / piece.length)))

  const names = specs.map(({ name }) => name)
  const detection = createDetection(specs, checks, { workers: 2 })
  const tokens = tokensOf(proseOf(3, 100_000))
  const feed = (stream: StreamScanner, some: readonly string[]): void => some.forEach((token) => stream.push(token))
  add(
    'token of a stream',
    'µs',
    '≤ 10',
    (medianMs(settings.rounds, () => feed(detection.openStream(names), tokens)) * 1000) / tokens.length,
  )
  add('memory of an open stream', 'KiB', '≤ 30', await memoryOfStream(() => detection.openStream(names), tokens))
  add('held back in prose, mean', 'characters', '', meanHeld(detection.openStream(names), tokens))
  add(
    'delay of the loop, p99, 1 MB prompts ten a second',
    'ms',
    '≤ 10',
    await loopDelay((text) => detection.scan([text], names, 30_000), settings),
  )
  add('rows of the automaton', '', '', set.automaton.table.size)
  await detection.close()
  return figures
}

/** A scan on the event loop stops when it adds too much to the automaton, so the first few of hostile text are no measure. */
function warm(set: DetectorSet, text: string): void {
  for (let tries = 0; scanText(set, text) === null; tries++) if (tries === 50) throw new Error('the table of the automaton is too small')
}

async function memoryOfStream(open: () => StreamScanner, tokens: readonly string[]): Promise<number> {
  const openAll = (): readonly StreamScanner[] =>
    Array.from({ length: 1000 }, (_, i) => {
      const stream = open()
      for (const token of tokens.slice(i, i + 60)) stream.push(token)
      return stream
    })
  // What they learn about the text is shared, and may replace tables that are full: not theirs to count.
  openAll()
  const before = await memoryInUse()
  const streams = openAll()
  const after = await memoryInUse()
  return (after - before) / streams.length / 1024
}

/** Buffers are given back some time after their owners are gone. */
async function memoryInUse(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    collect()
    await pause(100)
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

function meanHeld(stream: StreamScanner, tokens: readonly string[]): number {
  let held = 0
  for (const token of tokens) {
    stream.push(token)
    held += stream.held
  }
  return held / tokens.length
}

/** Every prompt is new, so none comes from the cache. */
async function loopDelay(scan: (text: string) => unknown, { delaySeconds }: Settings): Promise<number> {
  const text = ordinaryText(MEGABYTE)
  await scan(`warm ${text}`)
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const under: unknown[] = []
  for (let i = 0; i < delaySeconds * 10; i++) {
    under.push(scan(`${i} ${text}`))
    await pause(100)
  }
  delay.disable()
  await Promise.all(under)
  return delay.percentile(99) / 1e6
}

function tableOf(standard: readonly Figure[], all: readonly Figure[], intro: string): string {
  const show = (value: number, unit: string): string =>
    `${value >= 100 ? value.toFixed(0) : value.toFixed(value < 10 ? 2 : 1)} ${unit}`.trim()
  const rows = standard.map(({ what, unit, target, value }, i) => {
    const targets = target === all[i]!.target ? target : `${target} / ${all[i]!.target}`
    return `| ${what} | ${show(value, unit)} | ${show(all[i]!.value, unit)} | ${targets} |`
  })
  return [intro, '', '| what | standard | every shipped detector | target |', '| --- | ---: | ---: | ---: |', ...rows].join('\n')
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } })
  const settings = values.quick ? QUICK : FULL
  const { bundle, words } = openPolicySet([join(BENCH, '../policies')], PLUGINS)
  if (!bundle) throw new Error('the shipped policies do not check; run `sallyport policy check policies`')
  const specs = bundle.detectors
  const module = specs.filter(({ name }) => name.startsWith('standard.detectors.'))
  const standard = await measure(module, words.checks, true, settings)
  const all = await measure(specs, words.checks, false, settings)
  const date = new Date().toISOString().slice(0, 19)
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: BENCH }).toString().trim()
  const machine = { cpu: cpus()[0]!.model, node: process.version, commit }
  const counts = [module, specs].map((some) => `${some.length} detectors with ${some.flatMap(({ patterns }) => patterns).length} patterns`)
  const intro = `${date}, ${machine.cpu}, Node ${machine.node}, commit ${commit}; medians of ${settings.rounds} rounds; standard: ${counts[0]}, all: ${counts[1]}.`
  const table = tableOf(standard, all, intro)
  process.stdout.write(`${table}\n`)
  if (values.quick) return
  mkdirSync(join(BENCH, 'results'), { recursive: true })
  const results = { date, machine, settings, counts, standard, all }
  writeFileSync(join(BENCH, 'results', `${date.replaceAll(':', '-')}-detect.json`), JSON.stringify(results))
  const readme = join(BENCH, 'README.md')
  writeFileSync(readme, replaceSection(readFileSync(readme, 'utf8'), 'detect table', table))
}

await main()
