// `sallyport policy …`: check, test, compile, explain and scan, on the same machinery that judges requests.
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { canonicalJson, openPolicySet, renderDiagnostics, runPolicyTests, type PolicySet } from '../policy/toolbox.ts'
import { explainRequest, showExplanation } from './policy-explain.ts'
import { loadConfig } from '../config/load.ts'
import { PLUGINS } from '../plugins.ts'
import { scanText, showScan } from './policy-scan.ts'
import { STANDARD_POLICIES } from '../policy/load.ts'
import { policyPaths } from '../server/snapshots.ts'

interface Format {
  readonly json?: boolean
  readonly format?: string
}

const wantsJson = ({ json, format }: Format): boolean => json === true || format === 'json'
const colour = (): boolean => process.stdout.isTTY === true && !process.env['NO_COLOR']

export function registerPolicy(program: Command): void {
  const policy = program.command('policy').description('work with policy files')
  const withFormat = (command: Command): Command =>
    command
      .option('--json', 'print JSON')
      .option('--format <kind>', 'human or json', 'human')
      .option('--config <file>', 'configuration that says which plugins are set up how')
  withFormat(policy.command('check').argument('<path...>').description('all diagnostics: where, what, and how to mend it')).action(check)
  withFormat(policy.command('test').argument('<path...>').description('run the tests in the files')).action(test)
  policy
    .command('compile')
    .argument('<path...>')
    .option('--config <file>', 'configuration')
    .description('print the JSON Logic bundle')
    .action(compile)
  withFormat(
    policy
      .command('explain')
      .argument('[path...]')
      .requiredOption('--request <file>', 'a chat completion request (JSON)')
      .option('--given <attribute=value...>', 'values of attributes')
      .description('which policies fire for a request, clause values included'),
  ).action(explain)
  withFormat(
    policy
      .command('scan')
      .argument('<file>', 'a file, or - for standard input')
      .argument('[path...]')
      .description('findings in a text, with positions, scores and checks, and the decision'),
  ).action(scan)
}

function open(paths: readonly string[], { config }: { readonly config?: string }): PolicySet {
  return openPolicySet(paths, PLUGINS, config === undefined ? {} : loadConfig(config).config.plugins)
}

/** Paths that were named, else those of the configuration. */
function pathsOr(paths: readonly string[], { config }: { readonly config?: string }): readonly string[] {
  return paths.length > 0 ? paths : config === undefined ? [STANDARD_POLICIES] : policyPaths(loadConfig(config))
}

function check(paths: readonly string[], options: Format & { config?: string }): void {
  const set = open(paths, options)
  const own = set.diagnostics.filter(({ span }) => set.isOwn(span.file))
  const errors = own.filter(({ severity }) => severity === 'error').length
  if (wantsJson(options)) print(JSON.stringify({ diagnostics: own, hash: set.bundle?.hash ?? null }, null, 2))
  else {
    if (own.length > 0) print(renderDiagnostics(own, set.files, { colour: colour() }))
    const policies = set.bundle?.policies.filter(({ span }) => set.isOwn(span.file)).length ?? 0
    print(
      errors > 0
        ? `${count(errors, 'error')}, ${count(own.length - errors, 'warning')}`
        : `${count(policies, 'policy', 'policies')} checked, ${count(own.length, 'warning')}`,
    )
  }
  if (errors > 0) process.exitCode = 1
}

async function test(paths: readonly string[], options: Format & { config?: string }): Promise<void> {
  const set = open(paths, options)
  if (!set.bundle) return check(paths, options)
  const results = await runPolicyTests(
    set.bundle,
    set.tests.filter(({ span }) => set.isOwn(span.file)),
    set.words,
  )
  const failed = results.filter(({ failures }) => failures.length > 0)
  if (wantsJson(options)) {
    print(
      JSON.stringify(
        {
          passed: results.length - failed.length,
          failed: failed.length,
          tests: results.map(({ test: { title }, failures }) => ({ title, failures })),
        },
        null,
        2,
      ),
    )
  } else {
    for (const { test: one, failures } of failed) {
      const diagnostics = failures.map(({ span, message }) => ({
        code: 'T001',
        severity: 'error' as const,
        span,
        message: `test "${one.title}": ${message}`,
      }))
      print(renderDiagnostics(diagnostics, set.files, { colour: colour() }))
    }
    print(`${results.length - failed.length} passed, ${failed.length} failed`)
  }
  if (failed.length > 0) process.exitCode = 1
}

function compile(paths: readonly string[], options: { config?: string }): void {
  const set = open(paths, options)
  if (!set.bundle) return check(paths, options)
  print(canonicalJson(set.bundle))
}

async function explain(
  paths: readonly string[],
  options: Format & { config?: string; request: string; given?: readonly string[] },
): Promise<void> {
  const set = open(pathsOr(paths, options), options)
  if (!set.bundle) return check(paths, options)
  const explanation = await explainRequest(set, readText(options.request), options.given ?? [])
  print(wantsJson(options) ? JSON.stringify(explanation, null, 2) : showExplanation(explanation))
}

async function scan(file: string, paths: readonly string[], options: Format & { config?: string }): Promise<void> {
  const set = open(pathsOr(paths, options), options)
  if (!set.bundle) return check(paths, options)
  const text = readText(file)
  const result = await scanText(set, text)
  print(wantsJson(options) ? JSON.stringify(result) : showScan(text, result, colour()))
}

function readText(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    throw new Error(`${file} cannot be read: ${(error as Error).message}`, { cause: error })
  }
}

function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`
}

function print(text: string): void {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`)
}
