// Processes on pinned cores, and what the kernel says they used.
import { readFileSync } from 'node:fs'
import { spawn, type ChildProcess } from 'node:child_process'
import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'

/** Of /proc/<pid>/stat; 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100

/** CPU time of a process and what it started, all threads, in microseconds. */
export function cpuUs(pid: number): number {
  return sumOver(pid, (one) => {
    const stat = readFileSync(`/proc/${one}/stat`, 'utf8')
    // The command's name may hold spaces; fields are counted from behind its closing parenthesis.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND) * 1e6
  })
}

/** Proportional set size in MiB of a process and what it started: what they really add to the machine. */
export function pssMiB(pid: number): number {
  return sumOver(pid, (one) => Number(/^Pss: +(\d+) kB/m.exec(readFileSync(`/proc/${one}/smaps_rollup`, 'utf8'))?.[1]) / 1024)
}

function sumOver(pid: number, figure: (pid: number) => number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean)
  return figure(pid) + children.reduce((sum, child) => sum + sumOver(Number(child), figure), 0)
}

/** Starts a command on one core; its output is shown only if it fails. */
export function startPinned(
  core: number | null,
  command: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Started {
  const full = core === null ? command : ['taskset', '-c', String(core), ...command]
  const child = spawn(full[0]!, full.slice(1), {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const keep = (bytes: Buffer): void => void (output = (output + bytes.toString()).slice(-4000))
  child.stdout!.on('data', keep)
  child.stderr!.on('data', keep)
  child.on('error', (error) => (output += String(error)))
  return { child, pid: child.pid ?? -1, output: () => output, stop: () => stop(child) }
}

export interface Started {
  readonly child: ChildProcess
  readonly pid: number
  /** The last of what it printed. */
  output(): string
  stop(): Promise<void>
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await exited
  clearTimeout(timer)
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Tries until `attempt` resolves to true or the process has ended; says what it printed when it never does. */
export async function untilReady(started: Started, attempt: () => Promise<boolean>, seconds = 60): Promise<void> {
  const deadline = Date.now() + seconds * 1000
  while (Date.now() < deadline && started.child.exitCode === null) {
    if (await attempt().catch(() => false)) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`it does not answer:\n${started.output()}`)
}
