// `sallyport …` in a process of its own that has the program loaded, one for all tests of a run: what a command says is asked often, and starting it
// takes a second. For commands that hold nothing open: those on policies. That they work from a cold start is tested where `runCli` is used.
import { fork, type ChildProcess } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { json } from 'node:stream/consumers'
import { join, resolve } from 'node:path'
import { once } from 'node:events'
import type { Command, Ran } from './warm-process.ts'

let warm: ChildProcess | null = null
let last: Promise<unknown> = Promise.resolve()

interface Place {
  readonly cwd: string
  readonly env?: NodeJS.ProcessEnv
  /** Pieces on standard input. */
  readonly input?: readonly string[]
}

/** The command to its end, whatever comes of it. Commands that are asked for together run one after the other. */
export function runWarm(args: readonly string[], { cwd, env = process.env, input = [] }: Place): Promise<Ran> {
  const ran = last.then(() => ask({ args, cwd, env: { ...env }, input }))
  last = ran.catch(() => undefined)
  return ran
}

/** What it prints; rejects with all that it said if it fails, as `runCli`. */
export async function runWarmCli(args: readonly string[], place: Place): Promise<string> {
  const ran = await runWarm(args, place)
  if (ran.code !== 0) throw Object.assign(new Error(`${args.join(' ')}: ${ran.stderr}`), ran)
  return ran.stdout
}

/** Writes a command `sallyport` into the folder, for shells that have it on their path with the environment that this gives back. */
export async function placeWarmCommand(folder: string): Promise<{ readonly env: NodeJS.ProcessEnv; readonly server: Server }> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    void (async () => {
      const { args, ...place } = (await json(socket)) as Command
      socket.end(JSON.stringify(await runWarm(args, place)))
    })().catch((error: Error) => socket.destroy(error))
    socket.on('error', () => undefined)
  })
  const address = join(folder, 'warm.sock')
  server.listen(address)
  await once(server, 'listening')
  const command = join(folder, 'sallyport')
  writeFileSync(command, `#!/bin/sh\nexec "${process.execPath}" "${resolve(import.meta.dirname, 'warm-command.ts')}" "$@"\n`)
  chmodSync(command, 0o755)
  return { env: { SALLYPORT_WARM: address }, server }
}

async function ask(command: Command): Promise<Ran> {
  const child = (warm ??= start())
  const settled = new AbortController()
  const { signal } = settled
  const ended = once(child, 'exit', { signal }).then(() => {
    warm = null
    throw new Error(`the process ended in: ${command.args.join(' ')}`)
  })
  const answered = once(child, 'message', { signal }).then(([ran]) => ran as Ran)
  child.channel!.ref()
  child.send(command)
  try {
    return await Promise.race([answered, ended])
  } finally {
    for (const one of [ended, answered]) one.catch(() => undefined)
    settled.abort()
    child.channel?.unref()
  }
}

/** Keeps nobody waiting, and ends with this process. */
function start(): ChildProcess {
  const child = fork(new URL('./warm-process.ts', import.meta.url), { execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  child.unref()
  return child
}
