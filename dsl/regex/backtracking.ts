// Does a pattern run away on an engine that backtracks? Proven by automaton (`recheck`) and measured on V8, in threads with a deadline.
// Only tools ask this: while a gateway loads, nothing here runs. What can not be proven counts as running away.
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { waysToRead, waysUntilCertain } from './analyse.ts'
import { withBounds, withoutBounds } from './rewrite.ts'
import { MOST_TRIES, type Reply, type Task } from './backtracking-tasks.ts'

export type Verdict =
  | { readonly kind: 'linear' }
  | {
      readonly kind: 'runaway'
      /** `exponential`, `2nd degree polynomial`; `bounded` where only the bounds end it. */
      readonly growth: string
      /** The text as an expression: `'a'.repeat(31) + 'b'`. */
      readonly attack: string
      /** Of V8 on the attack. */
      readonly measuredMs: number
      /** V8 was stopped after that time. */
      readonly wasEnded: boolean
      /** The pattern with bounded repeats, if that was found to be quick. */
      readonly rewrite: string | null
    }
  | { readonly kind: 'unknown'; readonly reason: string }

/** Longest time that a text is tried for. */
const MEASURE_MS = 2000
const PROVE_MS = 5000
/** For a pattern that is linear as written, and is only asked about what its bounds hide. */
const PROVE_OPEN_MS = 1500
/** A bounded pattern is linear in theory; it is told by the time it takes for the text that defeats it without its bounds. */
const SLOW_MS = 500
/** With so few ways to read a text from one place, a bounded pattern needs no trying. */
const FEW_WAYS = 1000

/** Verdicts by source, each source once. `measureMs`: the longest time that a text is tried for. */
export async function judgeBacktracking(sources: readonly string[], measureMs = MEASURE_MS): Promise<ReadonlyMap<string, Verdict>> {
  const verdicts = new Map<string, Verdict>()
  const queue = [...new Set(sources)]
  const lanes = Array.from({ length: Math.min(queue.length, availableParallelism(), 4) }, async () => {
    const thread = new Thread(measureMs)
    try {
      for (let source = queue.pop(); source !== undefined; source = queue.pop()) verdicts.set(source, await judge(source, thread))
    } finally {
      await thread.close()
    }
  })
  await Promise.all(lanes)
  return verdicts
}

async function judge(source: string, thread: Thread): Promise<Verdict> {
  const verdict = await judgeAsWritten(source, thread)
  if (verdict.kind !== 'runaway') return verdict
  const rewrite = withBounds(source)
  if (rewrite === source || (await judgeAsWritten(rewrite, thread)).kind !== 'linear') return verdict
  return { ...verdict, rewrite }
}

async function judgeAsWritten(source: string, thread: Thread): Promise<Verdict> {
  // From each place it fails soon or not at all. The prover takes for ever over an open end.
  if (waysUntilCertain(source) <= FEW_WAYS) return { kind: 'linear' }
  const proof = await thread.prove(source)
  if (proof.kind === 'unknown') return proof
  if (proof.kind === 'runaway') {
    return { kind: 'runaway', growth: proof.growth, attack: proof.shown, ...(await thread.measure(source, proof.text)), rewrite: null }
  }
  if (waysToRead(source) <= FEW_WAYS) return proof
  const open = withoutBounds(source)
  const hidden = open === source ? proof : await thread.prove(open, PROVE_OPEN_MS)
  if (hidden.kind !== 'runaway') return { kind: 'linear' }
  const measured = await thread.measure(source, hidden.text)
  if (!measured.wasEnded && measured.measuredMs < SLOW_MS) return { kind: 'linear' }
  return { kind: 'runaway', growth: 'bounded', attack: hidden.shown, ...measured, rewrite: null }
}

// ── the thread ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** Beside this file: TypeScript in the repository, JavaScript in the package. */
const WORKER = new URL(import.meta.url.endsWith('.ts') ? './backtracking-worker.ts' : './backtracking-worker.js', import.meta.url)

type Proof = Exclude<Reply, { readonly kind: 'measured' }>

type Measured = Pick<Extract<Verdict, { readonly kind: 'runaway' }>, 'measuredMs' | 'wasEnded'>

/** Two threads in truth: a text that is tried is often ended, and the prover, which takes long to load, must not end with it. */
class Thread {
  readonly #measureMs: number
  readonly #workers = new Map<Task['kind'], Worker>()

  constructor(measureMs: number) {
    this.#measureMs = measureMs
  }

  async prove(source: string, timeoutMs = PROVE_MS): Promise<Proof> {
    const reply = await this.#ask({ kind: 'prove', source, timeoutMs }, (MOST_TRIES + 1) * timeoutMs)
    return reply === null || reply.kind === 'measured' ? { kind: 'unknown', reason: 'timeout' } : reply
  }

  async measure(source: string, text: string): Promise<Measured> {
    const reply = await this.#ask({ kind: 'measure', source, text }, this.#measureMs)
    return reply?.kind === 'measured' ? { measuredMs: reply.ms, wasEnded: false } : { measuredMs: this.#measureMs, wasEnded: true }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#workers.keys()].map((kind) => this.#end(kind)))
  }

  async #end(kind: Task['kind']): Promise<void> {
    const worker = this.#workers.get(kind)
    this.#workers.delete(kind)
    await worker?.terminate()
  }

  /** Null: no answer in time, and the thread was ended. */
  async #ask(task: Task, deadlineMs: number): Promise<Reply | null> {
    const worker = this.#workers.get(task.kind) ?? startWorker()
    this.#workers.set(task.kind, worker)
    const { promise, resolve } = Promise.withResolvers<Reply | null>()
    const giveUp = (): void => resolve(null)
    const timer = setTimeout(giveUp, deadlineMs)
    worker.once('message', resolve).once('error', giveUp)
    worker.postMessage(task)
    const reply = await promise
    clearTimeout(timer)
    worker.off('message', resolve).off('error', giveUp)
    if (reply === null) await this.#end(task.kind)
    return reply
  }
}

/** It has all of recheck within itself, so neither Java nor another binary is started. */
const startWorker = (): Worker => new Worker(WORKER, { env: { ...process.env, RECHECK_SYNC_BACKEND: 'pure' } })
