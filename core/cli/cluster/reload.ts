// A reload of all workers in two phases: each builds the new snapshot, and only when all could does any judge by it. So that no two workers
// ever judge by different policies for longer than a message takes.
import type { Crew } from './crew.ts'
import type { ReloadReport } from '../../server/gateway.ts'

export class TogetherReload {
  readonly #crew: Pick<Crew, 'askAll'>
  #generation = 1
  #last: Promise<ReloadReport> = Promise.resolve({ ok: true, generation: 1, error: null })

  constructor(crew: Pick<Crew, 'askAll'>) {
    this.#crew = crew
  }

  /** The generation that judges; a worker that starts later begins with it. */
  get generation(): number {
    return this.#generation
  }

  /** One at a time. */
  reload(): Promise<ReloadReport> {
    this.#last = this.#last.then(() => this.#reload())
    return this.#last
  }

  async #reload(): Promise<ReloadReport> {
    const next = this.#generation + 1
    const errors = await this.#crew.askAll<string | null>('prepare', next)
    const error = errors.find((found) => found !== null) ?? null
    if (error === null) {
      this.#generation = next
      await this.#crew.askAll('commit', next)
    } else await this.#crew.askAll('refuse', error)
    return { ok: error === null, generation: this.#generation, error }
  }
}
