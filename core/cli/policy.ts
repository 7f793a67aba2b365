// `sallyport policy …`: check, fmt, test, compile, explain and scan, on the same machinery that judges requests.
import { existsSync, readFileSync } from 'node:fs'
import { Option, type Command } from 'commander'
import { openPolicySet, openShippedSet, writeCanonical, type PolicySet } from '../policy/toolbox.ts'
import { print, printJson, screen, wantsJson, type FormatOptions } from './policy-output.ts'
import { furtherDiagnostics } from '../policy/further-checks.ts'
import { explainRequest } from './policy-explain.ts'
import { formatPaths } from './policy-fmt.ts'
import { GivenError } from '../policy/given.ts'
import { holdBackOf } from '../policy/hold-back.ts'
import { DEFAULT_FILE, loadConfig } from '../config/load.ts'
import { printForPrograms, showCheck } from './policy-check.ts'
import { pluginsOf } from './loaded-plugins.ts'
import { PolicyError, STANDARD_POLICIES } from '../policy/load.ts'
import { policyPaths } from '../server/snapshots.ts'
import { readInput, scanText, showScan } from './policy-scan.ts'
import { showExplanation } from './policy-explain-show.ts'
import { testPolicies } from './policy-test.ts'

interface Options extends FormatOptions {
  readonly config?: string
}

export function registerPolicy(program: Command): void {
  const policy = program.command('policy').description('work with policy files')
  const command = (name: string, description: string): Command =>
    policy.command(name).description(description).option('--config <file>', 'configuration that says which plugins are set up how')
  const withFormat = (one: Command, kinds = ['human', 'json']): Command =>
    one.option('--json', 'print JSON').addOption(new Option('--format <kind>', 'how to print').choices(kinds).default('human'))
  withFormat(command('check', 'all diagnostics: where, what, and how to mend it'), ['human', 'json', 'sarif'])
    .argument('[path...]', 'policies, else those of the configuration')
    .action(check)
  command('fmt', 'write the canonical form')
    .argument('<path...>')
    .option('--check', 'write nothing; name the files that are not in canonical form')
    .action(format)
  withFormat(command('test', 'run the tests in the files'))
    .argument('<path...>')
    .option('--coverage', 'tell which policies and branches no test reaches, and why')
    .action(test)
  command('compile', 'print the JSON Logic bundle').argument('<path...>').action(compile)
  withFormat(command('explain', 'what is decided for a request and why, each condition with its value').argument('[path...]'))
    .requiredOption('--request <file>', 'a chat completion request (JSON)')
    .option('--given <attribute=value...>', 'values of attributes')
    .option('--brief', 'count the policies that stay silent, and show the others')
    .action(explain)
  withFormat(command('scan', 'findings in a text, with positions, scores and checks, and the decision'))
    .argument('<file>', 'a file, or - for standard input')
    .argument('[path...]', 'policies, whose detectors alone are tried; else those of the configuration, and every detector that ships')
    .action(scan)
}

// ── what is worked on ────────────────────────────────────────────────────────────────────────────────────────────────

/** Paths that can not be read or hold no policies are wrong usage: a check that checks nothing must not look like a good one. */
async function open(paths: readonly string[], { config }: Options, command: Command): Promise<PolicySet> {
  const loaded = config === undefined ? null : loadConfig(config)
  const plugins = await pluginsOf(loaded)
  return usable(command, () => {
    const set = openPolicySet(paths, plugins, loaded?.config.plugins)
    if (set.files.some(({ path }) => set.isOwn(path))) return set
    return command.error(`error: there is no .policy file in ${paths.join(', ')}`, { exitCode: 2 })
  })
}

/** What cannot be read or written is wrong usage. */
function usable<Result>(command: Command, work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    if (error instanceof PolicyError) return command.error(`error: ${error.message}`, { exitCode: 2 })
    throw error
  }
}

/** Without paths and without `--config`, the configuration in this folder counts, as for every other command. */
function withFolder<Given extends Options>(paths: readonly string[], options: Given): Given {
  const isAsked = paths.length > 0 || options.config !== undefined
  return isAsked || !existsSync(DEFAULT_FILE) ? options : { ...options, config: DEFAULT_FILE }
}

/** Paths that were named, else those of the configuration. */
function pathsOr(paths: readonly string[], { config }: Options): readonly string[] {
  return paths.length > 0 ? paths : config === undefined ? [STANDARD_POLICIES] : policyPaths(loadConfig(config))
}

async function readText(file: string, command: Command): Promise<string> {
  try {
    return await readInput(file)
  } catch (error) {
    return command.error(`error: ${file} cannot be read: ${(error as Error).message}`, { exitCode: 2 })
  }
}

// ── check and compile ────────────────────────────────────────────────────────────────────────────────────────────────

async function check(paths: readonly string[], given: Options, command: Command): Promise<void> {
  const options = withFolder(paths, given)
  if (paths.length === 0 && options.config === undefined)
    command.error('error: name policy files or folders, or a configuration with --config', { exitCode: 2 })
  const set = await open(pathsOr(paths, options), options, command)
  if (!set.bundle) return showBroken(set, options)
  const whole = { ...set, diagnostics: [...set.diagnostics, ...(await furtherDiagnostics(set))] }
  const streams = await holdBackOf(set.bundle, set.words)
  if (whole.diagnostics.some(({ severity }) => severity === 'error')) process.exitCode = 1
  if (!printForPrograms(whole, options, streams)) print(showCheck(whole, screen(), streams))
}

function showBroken(set: PolicySet, options: Options, write = print): void {
  process.exitCode = 1
  if (!printForPrograms(set, options)) write(`${showCheck(set, screen())}${hintOf(set, options)}`)
}

/** Named paths stand for themselves, so the words of a folder's own plugins are not known unless its configuration is named too. */
function hintOf({ diagnostics }: PolicySet, { config }: Options): string {
  const isUnknownWord = diagnostics.some(({ code }) => UNKNOWN_WORDS.has(code))
  if (!isUnknownWord || config !== undefined || !namesPlugins(DEFAULT_FILE)) return ''
  return `\n${DEFAULT_FILE} names plugins (pluginPaths); their words are known with --config ${DEFAULT_FILE}`
}

/** No such attribute, verb, check. */
const UNKNOWN_WORDS: ReadonlySet<string> = new Set(['P104', 'P106', 'P119'])

const namesPlugins = (file: string): boolean => existsSync(file) && /^pluginPaths:/m.test(readFileSync(file, 'utf8'))

/** Standard output carries the bundle and nothing else. */
async function compile(paths: readonly string[], options: Options, command: Command): Promise<void> {
  const set = await open(paths, options, command)
  if (!set.bundle) return showBroken(set, options, (text) => process.stderr.write(`${text}\n`))
  writeCanonical(set.bundle, (piece) => process.stdout.write(piece))
  process.stdout.write('\n')
}

// ── fmt and test ─────────────────────────────────────────────────────────────────────────────────────────────────────

async function format(paths: readonly string[], options: Options & { readonly check?: boolean }, command: Command): Promise<void> {
  const loaded = options.config === undefined ? null : loadConfig(options.config)
  const plugins = await pluginsOf(loaded)
  const settings = { check: options.check === true, screen: screen(), plugins, blocks: loaded?.config.plugins ?? {} }
  const report = usable(command, () => formatPaths(paths, settings))
  if (report === null) return command.error(`error: there is no .policy file in ${paths.join(', ')}`, { exitCode: 2 })
  process.exitCode = report.exitCode
  print(report.output)
}

async function test(paths: readonly string[], options: Options & { readonly coverage?: boolean }, command: Command): Promise<void> {
  const set = await open(paths, options, command)
  if (!set.bundle) return showBroken(set, options)
  const report = await testPolicies(set, { coverage: options.coverage === true, screen: screen() })
  if (report.failed > 0) process.exitCode = 1
  if (wantsJson(options)) printJson(report.json)
  else print(report.text)
}

// ── explain and scan ─────────────────────────────────────────────────────────────────────────────────────────────────

interface ExplainOptions extends Options {
  readonly request: string
  readonly given?: readonly string[]
  readonly brief?: boolean
}

async function explain(paths: readonly string[], given: ExplainOptions, command: Command): Promise<void> {
  const options = withFolder(paths, given)
  const set = await open(pathsOr(paths, options), options, command)
  if (!set.bundle) return showBroken(set, options)
  const body = await readText(options.request, command)
  try {
    const explanation = await explainRequest(set, body, options.given ?? [])
    if (wantsJson(options)) printJson(explanation)
    else print(showExplanation(explanation, screen(), options.brief === true))
  } catch (error) {
    if (!(error instanceof GivenError)) throw error
    command.error(`error: ${error.message}`, { exitCode: 2 })
  }
}

/** What could be found, whatever is turned on; none of these policies judges. */
async function shippedSet({ config }: Options): Promise<PolicySet> {
  const loaded = config === undefined ? null : loadConfig(config)
  return openShippedSet(await pluginsOf(loaded), loaded?.config.plugins)
}

async function scan(file: string, paths: readonly string[], given: Options, command: Command): Promise<void> {
  const options = withFolder(paths, given)
  const set = await open(pathsOr(paths, options), options, command)
  if (!set.bundle) return showBroken(set, options)
  const text = await readText(file, command)
  const { report, effects } = await scanText(set, paths.length > 0 ? null : await shippedSet(options), text)
  print(wantsJson(options) ? JSON.stringify(report) : showScan(text, report, effects, screen()))
  // Nothing is known of what they look for: a script must not take that for a clean text.
  if (report.failed.length > 0) process.exitCode = 1
}
