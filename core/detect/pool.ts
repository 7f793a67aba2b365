// Long texts go to worker threads with a deadline. A worker that does not answer in time is ended and replaced by the pool.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Piscina } from 'piscina'
import type { Finding } from '../model/content.ts'
import type { DetectorSet } from './detectors.ts'
import type { DetectorSpec } from './port.ts'
import { unpackWalk, type PackedWalk } from './packed.ts'
import { judgeInSteps } from './scan.ts'
import type { ScanReply, ScanTask } from './worker.ts'

/** Beside this file: TypeScript in the repository, JavaScript in the package. */
const WORKER = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url).href

export class ScanPool {
  readonly #specs: readonly DetectorSpec[]
  readonly #threads: number
  #pool: Piscina<ScanTask, ScanReply> | null = null

  constructor(specs: readonly DetectorSpec[], threads: number) {
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
  }

  /** Findings per text; null when they could not be had in time, or a worker failed. */
  async scan(set: DetectorSet, texts: readonly string[], deadlineMs: number): Promise<readonly (readonly Finding[])[] | null> {
    const abort = new AbortController()
    const timer = setTimeout(() => abort.abort(), deadlineMs)
    try {
      const task = { detectors: set.detectors.map(({ name }) => name), texts }
      const reply = await this.#started().run(task, { signal: abort.signal })
      const findings: (readonly Finding[])[] = []
      for (const [i, packed] of reply.entries()) {
        const found = packed === null ? null : await judge(set, texts[i]!, packed, abort.signal)
        if (!found) return null
        findings.push(found)
      }
      return findings
    } catch {
      return null
    } finally {
      clearTimeout(timer)
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

/** Judges packed candidates with pauses for the event loop; null when the time is up. */
async function judge(set: DetectorSet, text: string, packed: PackedWalk, signal: AbortSignal): Promise<readonly Finding[] | null> {
  const judging = judgeInSteps(set, text, unpackWalk(packed))
  for (;;) {
    const step = judging.next()
    if (step.done) return step.value
    await nextTurn()
    if (signal.aborted) return null
  }
}
