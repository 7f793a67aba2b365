// Events that people should see: a window passed its soft threshold, a window is used up. Told once per counter, however many requests come
// and processes share the state: the ledger itself keeps who was first, in a counter of one.
import { counterName, type Host, type Ledger, type Level } from '../../core/plugin/index.ts'
import type { Limit } from './limits.ts'

type Kind = 'soft' | 'reached'

const ACTIONS = { soft: 'quota soft threshold', reached: 'quota reached' } as const
const MAX_KNOWN = 10_000
/** What could not be told is told again with the first request after this. */
const AGAIN_MS = 10_000

export class Notices {
  readonly #ledger: Ledger
  readonly #host: Pick<Host, 'adminEvent' | 'clock' | 'log'>
  /** Spares the ledger the question. */
  readonly #known = new Set<string>()

  constructor(ledger: Ledger, host: Pick<Host, 'adminEvent' | 'clock' | 'log'>) {
    this.#ledger = ledger
    this.#host = host
  }

  /** Costs a look-up when it was told before. Rates come and go with every minute: they are no news. */
  tell(kind: Kind, limit: Limit, used: number): void {
    if (limit.window === 'minute') return
    const name = `${kind} ${limit.counter}`
    if (this.#known.has(name)) return
    if (this.#known.size >= MAX_KNOWN) this.#known.delete(this.#known.values().next().value!)
    this.#known.add(name)
    this.#tellFirst(name, kind, limit, used).catch((error: unknown) => {
      this.#host.log.warn({ err: error, policy: limit.policy }, 'an event about a limit could not be written')
      this.#host.clock.after(AGAIN_MS, () => void this.#known.delete(name))
    })
  }

  async #tellFirst(name: string, kind: Kind, limit: Limit, used: number): Promise<void> {
    const { identity, endsAt, policy, unit, window } = limit
    const counter = counterName({ ...identity, unit: `${unit}.${kind}` })
    const reserved = await this.#ledger.reserve(name, [{ kind: 'window', counter, limit: 1, amount: 1, endsAt }])
    if (!reserved.ok) return
    const after = { counter: limit.counter, window, unit, used, soft: limit.soft, limit: limit.finite ? limit.limit : null, endsAt }
    let told = 0
    try {
      await this.#host.adminEvent({
        tenant: identity.tenant,
        actor: 'system',
        action: ACTIONS[kind],
        target: policy,
        after: JSON.stringify(after),
      })
      told = 1
    } finally {
      await this.#ledger.settle(name, new Map([[counter, told]]))
    }
  }
}

/** What is booked of a limit, without what is only reserved; of a rate, without this exchange. */
export function bookedOf(limit: Limit, level: Level, own: number): number {
  return level.settled - (limit.window === 'minute' ? own : 0)
}
