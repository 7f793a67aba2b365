// The whole suite: checks first, then mocha in groups that run beside each other. `npm test`, or `npm test -- unit e2e` for some groups;
// (a test of the README names them in SALLYPORT_TEST_GROUPS); `--long` runs every property whole; `--no-checks` leaves the checks out. The last line says `N passed, N failed`.
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { provideNeeds } from './needs.ts'

interface Job {
  readonly name: string
  readonly command: readonly string[]
  /** Mocha jobs leave their numbers; a check counts as one. */
  readonly isMocha: boolean
}

interface Outcome {
  readonly name: string
  readonly passed: number
  readonly failed: number
  readonly pending: number
  readonly seconds: number
}

const root = join(import.meta.dirname, '..')
const flags = process.argv.slice(2)
const isLong = flags.includes('--long')
const inherited = process.env['SALLYPORT_TEST_GROUPS']?.split(',') ?? []
const wanted = [...flags.filter((flag) => !flag.startsWith('--')), ...inherited]
const scratch = mkdtempSync(join(tmpdir(), 'sallyport-run-'))
const environment: NodeJS.ProcessEnv = {
  ...process.env,
  ...(isLong ? { SALLYPORT_TEST_LONG: '1' } : {}),
  FORCE_COLOR: '0',
  // Hundreds of commands and gateways are started; without it each of them reads the same modules anew.
  NODE_COMPILE_CACHE: join(scratch, 'compile-cache'),
  // Verdicts on patterns that this user's commands have kept are nothing to stand on.
  XDG_CACHE_HOME: join(scratch, 'cache'),
  PATH: [join(root, 'node_modules/.bin'), process.env['PATH']].join(delimiter),
}

const CHECKS: readonly (readonly [string, readonly string[]])[] = [
  ['types', ['tsc', '--noEmit']],
  ['lint', ['oxlint']],
  ['format', ['oxfmt', '--check']],
  ['dead code', ['knip', '--no-progress']],
]

/** Rooms of `unit` whose tests take long enough to be groups of their own. */
const ROOMS = ['unit/dsl', 'unit/corpora', 'unit/detect', 'unit/policy']

/** What takes longest, in the order in which it begins, so that the suite does not wait for one of them in the end. */
const FIRST = [
  'package',
  'docs',
  'unit',
  'unit/dsl',
  'e2e/cluster-connections',
  'e2e/cluster',
  'e2e/crash-cluster',
  'e2e/record',
  'contract',
  'unit/detect',
  'e2e/cluster-silence',
  'e2e/crash-limits',
  'e2e/plugin-folder',
  'e2e/keys',
  'e2e/packs',
  'e2e/quota-admin',
  'e2e/overdraft',
  'e2e/redis-away',
  'e2e/attack-state',
  'unit/corpora',
  'e2e/reload',
  'e2e/attack-protection',
  'unit/policy',
  'types',
]

/** No group takes half of this on a slow machine. */
const GROUP_SECONDS = isLong ? 1500 : 300
/** A group that hangs is ended so long after the beginning of all, so that the run tells of it within nine minutes (35 in the long form), */
const RUN_SECONDS = isLong ? 2000 : 500
/** but none before this time of its own: a machine on which the last groups begin so late is slow, and nothing hangs. */
const LEAST_SECONDS = isLong ? 600 : 150

/** Many tests wait, for processes that start and for time limits, so there are more groups at a time than processors where there are few. */
const WIDTH = availableParallelism() + 1

function jobs(): readonly Job[] {
  const checks = CHECKS.map(([name, command]): Job => ({ name, command, isMocha: false }))
  const groups = ['docs', 'package', 'contract', 'unit', ...ROOMS, 'e2e'].filter((group) => existsSync(join(root, 'test', group)))
  const names = groups.flatMap((group) => (group === 'e2e' ? filesOf(group) : [group]))
  const place = (name: string): number => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length)
  const all = [...names.map(mochaJob), ...(flags.includes('--no-checks') ? [] : checks)].toSorted((a, b) => place(a.name) - place(b.name))
  return wanted.length === 0 ? all : all.filter(({ name }) => wanted.some((word) => name.startsWith(word)))
}

/** End-to-end files start gateways of their own and share nothing, so each is a group. */
const filesOf = (group: string): string[] =>
  readdirSync(join(root, 'test', group))
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => `${group}/${name.replace('.test.ts', '')}`)

function mochaJob(name: string): Job {
  const pattern = existsSync(join(root, 'test', `${name}.test.ts`)) ? `test/${name}.test.ts` : `test/${name}/**/*.test.ts`
  const ignored = name === 'unit' ? ROOMS.flatMap((group) => ['--ignore', `test/${group}/**`]) : []
  return {
    name,
    isMocha: true,
    command: ['mocha', '--reporter', 'test/support/reporter.cjs', '--timeout', isLong ? '600000' : '120000', ...ignored, pattern],
  }
}

function run(job: Job, index: number): Promise<Outcome> {
  const began = performance.now()
  const stats = join(scratch, `${index}.json`)
  const [command, ...args] = job.command
  const child = spawn(command!, args, {
    cwd: root,
    env: { ...environment, SALLYPORT_TEST_STATS: stats },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own, so that what a hanging test has started ends with it.
    detached: true,
  })
  running.add(child)
  let output = ''
  const mayTake = Math.min(GROUP_SECONDS, Math.max(LEAST_SECONDS, RUN_SECONDS - (performance.now() - begin) / 1000))
  const deadline = setTimeout(() => {
    output += `ended after ${mayTake.toFixed(0)} s: something in it keeps it alive\n`
    endGroup(child)
  }, mayTake * 1000)
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(finish(job, 1, `${output}${error.message}\n`, stats, began)))
    child.once('close', (code) => {
      clearTimeout(deadline)
      running.delete(child)
      resolve(finish(job, code ?? 1, output, stats, began))
    })
  })
}

const running = new Set<ChildProcess>()

function endGroup({ pid }: ChildProcess): void {
  if (pid !== undefined) process.kill(-pid, 'SIGKILL')
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    running.forEach(endGroup)
    process.exit(1)
  })
}

function finish(job: Job, code: number, output: string, stats: string, began: number): Outcome {
  const seconds = (performance.now() - began) / 1000
  const numbers = job.isMocha ? readStats(stats) : { passes: code === 0 ? 1 : 0, failures: code === 0 ? 0 : 1, pending: 0 }
  // A run that died, or failed outside its tests, must not pass for its numbers.
  const failed = numbers.failures === 0 && code !== 0 ? 1 : numbers.failures
  console.log(
    `${failed === 0 ? '✓' : '✗'} ${job.name.padEnd(28)} ${String(numbers.passes).padStart(5)} passed ${failed > 0 ? `${failed} failed ` : ''}${seconds.toFixed(1)} s`,
  )
  if (output.trim() !== '' && (failed > 0 || numbers.pending > 0)) console.log(output.trimEnd().replaceAll(/^/gm, '    '))
  return { name: job.name, passed: numbers.passes, failed, pending: numbers.pending, seconds }
}

function readStats(path: string): { passes: number; failures: number; pending: number } {
  return existsSync(path)
    ? (JSON.parse(readFileSync(path, 'utf8')) as { passes: number; failures: number; pending: number })
    : { passes: 0, failures: 1, pending: 0 }
}

async function runAll(all: readonly Job[], width: number): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = []
  const queue = [...all.entries()]
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) outcomes.push(await run(next[1], next[0]))
  }
  await Promise.all(Array.from({ length: width }, worker))
  return outcomes
}

provideNeeds()
const begin = performance.now()
const all = jobs()
const outcomes = await runAll(all, WIDTH)
rmSync(scratch, { recursive: true, force: true })
const sum = (field: 'passed' | 'failed' | 'pending'): number => outcomes.reduce((total, outcome) => total + outcome[field], 0)
const notRun = sum('pending') === 0 ? '' : `, ${sum('pending')} not run (see above)`
console.log(`\nNode ${process.versions.node}, ${((performance.now() - begin) / 1000).toFixed(0)} s${notRun}`)
if (all.length === 0) console.log(`no group is named ${wanted.join(', ')}`)
console.log(`${sum('passed')} passed, ${sum('failed')} failed`)
process.exitCode = sum('failed') === 0 && all.length > 0 ? 0 : 1
