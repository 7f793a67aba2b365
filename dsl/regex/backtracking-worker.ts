// The thread in which patterns are proven and tried. Either may take for ever, so whoever asks ends the thread when its time is over.
import { checkSync } from 'recheck'
import { parentPort } from 'node:worker_threads'

export type Task =
  /** By automaton: can a backtracking engine be made to take more than linear time, and by which text? */
  | { readonly kind: 'prove'; readonly source: string; readonly timeoutMs: number }
  /** How long does V8 take for the text? */
  | { readonly kind: 'measure'; readonly source: string; readonly text: string }

export type Reply =
  | { readonly kind: 'linear' }
  | { readonly kind: 'runaway'; readonly growth: string; readonly text: string; readonly shown: string }
  | { readonly kind: 'unknown'; readonly reason: string }
  | { readonly kind: 'measured'; readonly ms: number }

function prove(source: string, timeoutMs: number): Reply {
  const found = checkSync(source, '', { checker: 'automaton', timeout: timeoutMs })
  if (found.status === 'safe') return { kind: 'linear' }
  if (found.status === 'unknown') return { kind: 'unknown', reason: found.error.kind }
  return { kind: 'runaway', growth: found.complexity.summary, text: found.attack.string, shown: found.attack.pattern }
}

function measure(source: string, text: string): Reply {
  const pattern = new RegExp(source)
  const start = performance.now()
  pattern.exec(text)
  return { kind: 'measured', ms: performance.now() - start }
}

parentPort?.on('message', (task: Task) => {
  parentPort?.postMessage(task.kind === 'prove' ? prove(task.source, task.timeoutMs) : measure(task.source, task.text))
})
