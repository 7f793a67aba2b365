// The thread in which patterns are proven and tried. Either may take for ever, so whoever asks ends the thread when its time is over.
import { MOST_TRIES, type Reply, type Task } from './backtracking-tasks.ts'
import { parentPort } from 'node:worker_threads'

async function prove(source: string, timeoutMs: number): Promise<Reply> {
  // A thread that only tries texts does without it, and so begins at once.
  const { checkSync } = await import('recheck')
  const found = fairly(
    timeoutMs,
    (timeout) => checkSync(source, '', { checker: 'automaton', timeout }),
    ({ status }) => status !== 'unknown',
  )
  if (found.status === 'safe') return { kind: 'linear' }
  if (found.status === 'unknown') return { kind: 'unknown', reason: found.error.kind }
  return { kind: 'runaway', growth: found.complexity.summary, text: found.attack.string, shown: found.attack.pattern }
}

/** Once more where the processor was busy with other programs: a verdict must not depend on them. */
function fairly<T>(timeoutMs: number, attempt: (timeoutMs: number) => T, isDone: (result: T) => boolean): T {
  for (let tries = 1; ; tries++) {
    const before = usedMs()
    const result = attempt(timeoutMs)
    if (isDone(result) || tries === MOST_TRIES || usedMs() - before > timeoutMs / 2) return result
  }
}

/** Of a processor, by this thread. A Node without that count tells the time. */
function usedMs(): number {
  const { user, system } = process.threadCpuUsage?.() ?? { user: performance.now() * 1000, system: 0 }
  return (user + system) / 1000
}

function measure(source: string, text: string): Reply {
  const pattern = new RegExp(source)
  const start = performance.now()
  pattern.exec(text)
  return { kind: 'measured', ms: performance.now() - start }
}

parentPort?.on('message', async (task: Task) => {
  parentPort?.postMessage(task.kind === 'prove' ? await prove(task.source, task.timeoutMs) : measure(task.source, task.text))
})
