// The process behind `warm.ts`: runs one command line after the other, as `core/main.ts` would, and tells what it printed.
import { Readable } from 'node:stream'
import { runCli } from '../../core/cli/index.ts'

export interface Command {
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  readonly input: readonly string[]
}

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

async function run({ args, cwd, env, input }: Command): Promise<Ran> {
  process.chdir(cwd)
  process.env = env
  process.exitCode = 0
  Object.defineProperty(process, 'stdin', { value: Readable.from(input.map((piece) => Buffer.from(piece))), configurable: true })
  const printed = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    process[name].removeAllListeners('error')
    process[name].write = (chunk: string | Uint8Array): boolean => {
      printed[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString()
      return true
    }
  }
  await runCli([process.execPath, 'sallyport', ...args])
  const code = Number(process.exitCode ?? 0)
  process.exitCode = 0
  return { code, ...printed }
}

let last: Promise<unknown> = Promise.resolve()
process.on('message', (command: Command) => {
  last = last.then(async () => process.send!(await run(command)))
})
// Whoever asked is gone.
process.on('disconnect', () => process.exit())
