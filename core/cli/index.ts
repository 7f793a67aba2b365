// The commands. A group's file is loaded only when its command is called, so that `keys` does not pay for ClickHouse.
// Exit codes: 0 fine, 1 findings or failure, 2 wrong usage.
import { Command, CommanderError } from 'commander'
import { ConfigError } from '../config/config-error.ts'
import { loadConfig } from '../config/load.ts'
import { nearest } from '../model/nearest.ts'
import { VERSION } from '../model/version.ts'

type Register = (program: Command) => void

/** Groups by the first word on the command line; the order is that of `--help`. */
const GROUPS: { readonly [word: string]: () => Promise<Register> } = {
  serve: async () => (await import('./serve.ts')).registerServe,
  recorder: async () => (await import('./recorder.ts')).registerRecorder,
  init: async () => (await import('./init.ts')).registerInit,
  doctor: async () => (await import('./doctor.ts')).registerDoctor,
  policy: async () => (await import('./policy.ts')).registerPolicy,
  keys: async () => {
    const { registerKeys } = await import('./keys.ts')
    return (program) => registerKeys(program, loadConfig)
  },
  quotas: async () => {
    const { registerQuotas } = await import('./quotas.ts')
    return (program) => registerQuotas(program, loadConfig)
  },
  usage: async () => (await import('./usage.ts')).registerUsage,
  sql: async () => (await import('./sql.ts')).registerSql,
}

/** Commands that go on when nobody reads what they print. */
const SERVING: ReadonlySet<string> = new Set(['serve', 'recorder'])

/** Runs one command line (with `node` and the script in front) and sets the exit code. */
export async function runCli(argv: readonly string[]): Promise<void> {
  const isServing = SERVING.has(argv[2] ?? 'serve') || argv[2]!.startsWith('-')
  for (const stream of [process.stdout, process.stderr]) stream.on('error', (error) => readerLeft(error, isServing))
  try {
    const program = await buildProgram(argv[2])
    await program.parseAsync(argv)
  } catch (error) {
    process.exitCode = report(error)
  }
}

/** `sallyport policy compile … | head`: whoever read has enough. */
function readerLeft(error: NodeJS.ErrnoException, isServing: boolean): void {
  if (error.code !== 'EPIPE') throw error
  if (!isServing) process.exit()
}

async function buildProgram(word: string | undefined): Promise<Command> {
  const program = new Command('sallyport')
    .description('A gateway between applications and AI model providers. Without a command: serve.')
    .version(VERSION)
    .showHelpAfterError('(sallyport --help lists the commands)')
    .exitOverride()
  if (isUnknown(word)) program.error(unknownCommand(word), { exitCode: 2 })
  for (const register of await Promise.all(wanted(word).map((load) => load()))) register(program)
  inherit(program)
  return program
}

/** `serve` is the command where there is none, so commander would take the word for an argument of it. */
const isUnknown = (word: string | undefined): word is string =>
  word !== undefined && word !== '' && word !== 'help' && !word.startsWith('-') && !Object.hasOwn(GROUPS, word)

function unknownCommand(word: string): string {
  const close = nearest(word, Object.keys(GROUPS))
  return `error: unknown command '${word}'${close === null ? '' : `; did you mean ${close}?`}`
}

/** One group where the word names it; `serve` where only its options stand; all of them for help and for words that nobody knows. */
function wanted(word: string | undefined): readonly (() => Promise<Register>)[] {
  if (word === undefined) return [GROUPS['serve']!]
  if (Object.hasOwn(GROUPS, word)) return [GROUPS[word]!]
  if (word === '-V' || word === '--version') return []
  const isServeOption = word.startsWith('-') && word !== '-h' && word !== '--help'
  return isServeOption ? [GROUPS['serve']!] : Object.values(GROUPS)
}

/** Wrong usage throws everywhere below, instead of ending the process with commander's own code. */
function inherit(command: Command): void {
  for (const child of command.commands) {
    child.exitOverride().showHelpAfterError(false)
    inherit(child)
  }
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  process.stderr.write(
    `sallyport: ${error instanceof Error ? error.message : String(error)}${isMissingPackage(error) ? MISSING_PACKAGE : ''}\n`,
  )
  if (process.env['SALLYPORT_DEBUG'] && error instanceof Error) process.stderr.write(`${error.stack}\n`)
  return error instanceof ConfigError && error.isUsage ? 2 : 1
}

/** A newer checkout over older `node_modules`. */
const MISSING_PACKAGE = '\nInstall what this version needs: npm ci'

const isMissingPackage = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND' && error.message.startsWith('Cannot find package')
