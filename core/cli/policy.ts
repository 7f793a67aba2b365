// `sallyport policy …`: check, test, compile, explain and scan, on the same machinery that judges requests.
import { readFileSync } from 'node:fs'
import { Option, type Command } from 'commander'
import { canonicalJson, diagnosticsToJson, openPolicySet, renderDiagnostics, runPolicyTests, type PolicySet } from '../policy/toolbox.ts'
import { explainRequest, showExplanation } from './policy-explain.ts'
import { loadConfig } from '../config/load.ts'
import { pluginsOf } from './loaded-plugins.ts'
import { scanText, showScan } from './policy-scan.ts'
import { PolicyError, STANDARD_POLICIES } from '../policy/load.ts'
import { policyPaths } from '../server/snapshots.ts'

interface Options {
  readonly json?: boolean
  readonly format?: string
  readonly config?: string
}

const wantsJson = ({ json, format }: Options): boolean => json === true || format === 'json'
const colour = (): boolean => process.stdout.isTTY === true && !process.env['NO_COLOR']

export function registerPolicy(program: Command): void {
  const policy = program.command('policy').description('work with policy files')
  const command = (name: string, description: string): Command =>
    policy.command(name).description(description).option('--config <file>', 'configuration that says which plugins are set up how')
  const withFormat = (one: Command): Command =>
    one.option('--json', 'print JSON').addOption(new Option('--format <kind>', 'how to print').choices(['human', 'json']).default('human'))
  withFormat(command('check', 'all diagnostics: where, what, and how to mend it').argument('<path...>')).action(check)
  withFormat(command('test', 'run the tests in the files').argument('<path...>')).action(test)
  command('compile', 'print the JSON Logic bundle').argument('<path...>').action(compile)
  withFormat(command('explain', 'which policies fire for a request, clause values included').argument('[path...]'))
    .requiredOption('--request <file>', 'a chat completion request (JSON)')
    .option('--given <attribute=value...>', 'values of attributes')
    .action(explain)
  withFormat(command('scan', 'findings in a text, with positions, scores and checks, and the decision'))
    .argument('<file>', 'a file, or - for standard input')
    .argument('[path...]', 'policies, else those of the configuration')
    .action(scan)
}

/** Paths that can not be read or hold no policies are wrong usage: a check that checks nothing must not look like a good one. */
async function open(paths: readonly string[], { config }: Options, command: Command): Promise<PolicySet> {
  const loaded = config === undefined ? null : loadConfig(config)
  const plugins = await pluginsOf(loaded)
  try {
    const set = openPolicySet(paths, plugins, loaded?.config.plugins)
    if (set.files.some(({ path }) => set.isOwn(path))) return set
  } catch (error) {
    if (error instanceof PolicyError) return command.error(`error: ${error.message}`, { exitCode: 2 })
    throw error
  }
  return command.error(`error: there is no .policy file in ${paths.join(', ')}`, { exitCode: 2 })
}

/** Paths that were named, else those of the configuration. */
function pathsOr(paths: readonly string[], { config }: Options): readonly string[] {
  return paths.length > 0 ? paths : config === undefined ? [STANDARD_POLICIES] : policyPaths(loadConfig(config))
}

// ── check ────────────────────────────────────────────────────────────────────────────────────────────────────────────

async function check(paths: readonly string[], options: Options, command: Command): Promise<void> {
  const set = await open(paths, options, command)
  if (!set.bundle) return showBroken(set, options)
  const shown = diagnosticsOf(set)
  if (wantsJson(options)) return printJson({ diagnostics: diagnosticsToJson(shown, set.files), hash: set.bundle.hash })
  if (shown.length > 0) print(renderDiagnostics(shown, set.files, { colour: colour() }))
  const policies = set.bundle.policies.filter(({ span }) => set.isOwn(span.file)).length
  print(`${count(policies, 'policy', 'policies')} checked, ${count(shown.length, 'warning')}`)
}

/** Errors wherever they stand, since none of the files can be used with them; warnings about the user's own files. */
function diagnosticsOf({ diagnostics, isOwn }: PolicySet): PolicySet['diagnostics'] {
  return diagnostics.filter(({ severity, span }) => severity === 'error' || isOwn(span.file))
}

function showBroken(set: PolicySet, options: Options, write = print): void {
  const shown = diagnosticsOf(set)
  const errors = shown.filter(({ severity }) => severity === 'error').length
  process.exitCode = 1
  if (wantsJson(options)) return printJson({ diagnostics: diagnosticsToJson(shown, set.files), hash: null })
  write(renderDiagnostics(shown, set.files, { colour: colour() }))
  write(`${count(errors, 'error')}, ${count(shown.length - errors, 'warning')}`)
}

// ── test and compile ─────────────────────────────────────────────────────────────────────────────────────────────────

async function test(paths: readonly string[], options: Options, command: Command): Promise<void> {
  const set = await open(paths, options, command)
  if (!set.bundle) return showBroken(set, options)
  const own = set.tests.filter(({ span }) => set.isOwn(span.file))
  const results = await runPolicyTests(set.bundle, own, set.words)
  const failures = results.flatMap(({ test: { title }, failures: all }) =>
    all.map(({ span, message }) => ({ code: 'T001', severity: 'error' as const, span, message: `test "${title}": ${message}` })),
  )
  const failed = results.filter((result) => result.failures.length > 0).length
  if (failed > 0) process.exitCode = 1
  if (wantsJson(options)) {
    const tests = results.map((result) => ({ title: result.test.title, failures: result.failures }))
    return printJson({ passed: results.length - failed, failed, tests })
  }
  if (failures.length > 0) print(renderDiagnostics(failures, set.files, { colour: colour() }))
  print(`${results.length - failed} passed, ${failed} failed`)
}

/** Standard output carries the bundle and nothing else. */
async function compile(paths: readonly string[], options: Options, command: Command): Promise<void> {
  const set = await open(paths, options, command)
  if (!set.bundle) return showBroken(set, options, (text) => process.stderr.write(`${text}\n`))
  print(canonicalJson(set.bundle))
}

// ── explain and scan ─────────────────────────────────────────────────────────────────────────────────────────────────

interface ExplainOptions extends Options {
  readonly request: string
  readonly given?: readonly string[]
}

async function explain(paths: readonly string[], options: ExplainOptions, command: Command): Promise<void> {
  const set = await open(pathsOr(paths, options), options, command)
  if (!set.bundle) return showBroken(set, options)
  const explanation = await explainRequest(set, readText(options.request, command), options.given ?? [])
  if (wantsJson(options)) printJson(explanation)
  else print(showExplanation(explanation))
}

async function scan(file: string, paths: readonly string[], options: Options, command: Command): Promise<void> {
  const set = await open(pathsOr(paths, options), options, command)
  if (!set.bundle) return showBroken(set, options)
  const text = readText(file, command)
  const result = await scanText(set, text)
  print(wantsJson(options) ? JSON.stringify(result) : showScan(text, result, colour()))
}

function readText(file: string, command: Command): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    return command.error(`error: ${file} cannot be read: ${(error as Error).message}`, { exitCode: 2 })
  }
}

// ── output ───────────────────────────────────────────────────────────────────────────────────────────────────────────

function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`
}

function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2))
}

function print(text: string): void {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`)
}
