// A reload of all workers in two phases: each builds the new snapshot, and only when all could does any judge by it. So that no two workers
// ever judge by different policies for longer than a message takes.
import type { Crew } from './crew.ts'
import type { Judging } from '../note-reload.ts'
import type { ReloadReport } from '../../server/gateway.ts'

/** A worker that says nothing for so long is not asked to build anything. */
const ALIVE_MS = 10_000
/** Thousands of policies take seconds on a machine that does nothing else. */
const BUILD_MS = 120_000
/** What is built already takes effect. */
const SWAP_MS = 10_000
/** Who could not be asked need not be told. */
const TELL_MS = 1000

export class TogetherReload {
  readonly #crew: Pick<Crew, 'askAll'>
  #generation = 1
  #isOwed = false
  #judging: Judging | null = null
  #last: Promise<ReloadReport> = Promise.resolve({ ok: true, generation: 1, error: null })

  constructor(crew: Pick<Crew, 'askAll'>) {
    this.#crew = crew
  }

  /** The generation that judges; a worker that starts later begins with it. */
  get generation(): number {
    return this.#generation
  }

  /** The last reload failed only because workers could not be asked. What is in the files was not looked at, and may be good. */
  get isOwed(): boolean {
    return this.#isOwed
  }

  /** What took effect last; null: nobody has ever told. */
  async judging(): Promise<Judging | null> {
    this.#judging ??= (await this.#crew.askAll<Judging>('judging', null, SWAP_MS)).given[0] ?? null
    return this.#judging
  }

  /** One at a time. */
  reload(): Promise<ReloadReport> {
    this.#last = this.#last.then(() => this.#reload())
    return this.#last
  }

  async #reload(): Promise<ReloadReport> {
    const next = this.#generation + 1
    const { error, isOwed = false } = (await this.#whyNobodyIsAsked()) ?? (await this.#prepare(next))
    if (error === null) {
      this.#generation = next
      const { given } = await this.#crew.askAll<Judging>('commit', next, SWAP_MS)
      this.#judging = given[0] ?? this.#judging
    } else await this.#crew.askAll('refuse', error, TELL_MS)
    this.#isOwed = isOwed
    return { ok: error === null, generation: this.#generation, error }
  }

  async #whyNobodyIsAsked(): Promise<Prepared | null> {
    const { given, silent } = await this.#crew.askAll('echo', null, ALIVE_MS)
    if (silent.length > 0)
      return owed(`${workers(silent)} said nothing for ${ALIVE_MS / 1000} s; nothing was changed, and it is tried again when all speak`)
    return given.length === 0 ? owed(NOBODY) : null
  }

  async #prepare(next: number): Promise<Prepared> {
    const { given, silent } = await this.#crew.askAll<string | null>('prepare', next, BUILD_MS)
    if (silent.length > 0)
      return { error: `${workers(silent)} did not build it in ${BUILD_MS / 1000} s; nothing was changed, reload again` }
    return given.length === 0 ? owed(NOBODY) : { error: given.find((found) => found !== null) ?? null }
  }
}

/** Why not all could build it, or null. */
interface Prepared {
  readonly error: string | null
  readonly isOwed?: boolean
}

const NOBODY = 'no worker serves, so nobody could check the files; nothing was changed, and it is tried again when one does'
const owed = (error: string): Prepared => ({ error, isOwed: true })
const workers = (pids: readonly number[]): string => `${pids.length === 1 ? 'worker' : 'workers'} ${pids.join(', ')}`
