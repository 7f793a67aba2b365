// Long texts go to worker threads with a deadline. A worker that does not answer in time is ended and replaced by the pool.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Piscina } from 'piscina'
import type { Finding } from '../model/content.ts'
import type { DetectorSet } from './detectors.ts'
import type { DetectorSpec } from './port.ts'
import { unpackWalk } from './packed.ts'
import { BatchFeed } from './batch-feed.ts'
import { Patience, type TaskTime } from './patience.ts'
import { judgeInSteps, judgeSome, judgingOf, type Judging } from './scan.ts'
import type { ScanReply, ScanTask } from './worker.ts'

/** Beside this file: TypeScript in the repository, JavaScript in the package. */
const WORKER = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url).href

export class ScanPool {
  readonly #specs: readonly DetectorSpec[]
  readonly #threads: number
  readonly #time: TaskTime | undefined
  #pool: Piscina<ScanTask, ScanReply> | null = null

  constructor(specs: readonly DetectorSpec[], threads: number, time?: TaskTime) {
    this.#specs = specs.map(({ name, patterns, terms, any, checks, near, entropy, score, group }) => ({
      name,
      patterns,
      terms,
      any,
      checks,
      near,
      entropy,
      score,
      group,
    }))
    this.#threads = threads
    this.#time = time
  }

  /** Findings per text; null when they could not be had in time (`Patience`), or a worker failed. */
  async scan(set: DetectorSet, texts: readonly string[], deadlineMs: number): Promise<readonly (readonly Finding[])[] | null> {
    const abort = new AbortController()
    const feed = new BatchFeed()
    const patience = new Patience(
      deadlineMs,
      () => feed.hasBegun,
      () => abort.abort(),
      this.#time,
    )
    try {
      const { batches, progress } = feed
      const task = { detectors: set.detectors.map(({ name }) => name), texts, batches, progress }
      const reply = this.#started().run(task, { signal: abort.signal, transferList: [batches] })
      return await judgeReply(set, texts, feed, reply, abort.signal)
    } catch {
      return null
    } finally {
      feed.close()
      patience.cancel()
    }
  }

  async close(): Promise<void> {
    const pool = this.#pool
    this.#pool = null
    await pool?.destroy()
  }

  /** Threads start with the first long text, not before. */
  #started(): Piscina<ScanTask, ScanReply> {
    this.#pool ??= new Piscina<ScanTask, ScanReply>({
      filename: WORKER,
      minThreads: 1,
      maxThreads: this.#threads,
      workerData: { specs: this.#specs },
      resourceLimits: { maxOldGenerationSizeMb: 256 },
    })
    return this.#pool
  }
}

/** Findings per text as batches and the reply come in; null when the time is up, or there is more than can be kept. */
async function judgeReply(
  set: DetectorSet,
  texts: readonly string[],
  feed: BatchFeed,
  reply: Promise<ScanReply>,
  signal: AbortSignal,
): Promise<readonly (readonly Finding[])[] | null> {
  const begun = new Map<number, Judging>()
  const judgingFor = (text: number): Judging => {
    let judging = begun.get(text)
    if (!judging) begun.set(text, (judging = judgingOf(set, texts[text]!)))
    return judging
  }
  for await (const { text, walk } of feed.until(reply)) {
    const judging = judgingFor(text)
    if (!(await withPauses(judgeSome(unpackWalk(walk).candidates, judging), signal))) return null
    if (judging.matches.length > MAX_MATCHES) return null
  }
  const findings: (readonly Finding[])[] = []
  for (const [i, walk] of (await reply).walks.entries()) {
    const done = walk && (await withPauses(judgeInSteps(set, texts[i]!, unpackWalk(walk), judgingFor(i)), signal))
    if (!done) return null
    findings.push(done.value)
  }
  return findings
}

/** What the memory has room for, with the findings that they become. */
const MAX_MATCHES = 500_000

/** Null when the time is up. */
async function withPauses<T>(steps: Generator<void, T>, signal: AbortSignal): Promise<{ readonly value: T } | null> {
  for (;;) {
    const step = steps.next()
    if (step.done) return { value: step.value }
    await nextTurn()
    if (signal.aborted) return null
  }
}
