// What tests of crashes share: limits that never refuse and always count, a provider that behaves in every way, clients of every kind, and the two
// sides that have to agree in the end: the ledger, and the record.
import { join } from 'node:path'
import { dieAfter, hang, status, text, type Arrived, type Behaviour, type UpstreamServer } from './upstream/index.ts'
import { drainSpool } from '../../core/recorder/drain.ts'
import { loadConfig } from '../../core/config/load.ts'
import { openState } from '../../core/state/open.ts'
import { postChat, user } from './chat.ts'
import { readBooked } from '../../core/model/counters.ts'
import { recordOptions } from '../../core/cli/record-options.ts'
import { silentLog } from '../unit/state/manual-clock.ts'
import { systemClock } from '../../core/plugin/clock.ts'
import type { Ledger } from '../../core/model/state.ts'
import type { RunningGateway } from './gateway.ts'

/** By `counter@endsAt`. */
export type Sums = { readonly [counter: string]: number }

export const LIMITS = `module acme.limits
policy acme.tokens "Tokens a day" {
  on     request
  limit  tokens to 100000000 per day by tenant.id
}
policy acme.money "Money a month" {
  on     request
  limit  money to 1000000 per month by tenant.id
}
policy acme.requests "Requests an hour by session" {
  on     request
  when   session.id exists
  limit  requests to 1000000 per hour by session.id
}
policy acme.shared "Requests a day of all tenants, by model" {
  on     request
  limit  requests to 1000000 per day by request.model
}
`

const HANGING = hang()
const BEHAVIOURS: readonly Behaviour[] = [
  text('fine'),
  text(['a ', 'longer ', 'answer ', 'in ', 'pieces'], { delayMs: 4 }),
  status(500),
  text(['slow ', 'enough ', 'to ', 'be ', 'cut'], { delayMs: 40 }),
  dieAfter(2),
  HANGING,
]

/** As many clients ask at a time. */
const LANES = 40
/** So long one waits for a provider that hangs. */
const PATIENCE_MS = 100
/** Of a client in a hurry. */
const HURRY_MS = 60
/** Before a client that got no connection asks again. */
const AGAIN_MS = 20

export interface Traffic {
  /** No more requests; resolves when those under way have ended, however. */
  stop(): Promise<void>
}

/**
 * A provider that answers, fails, breaks off and hangs in turn, and its clients: streams and whole answers, three sessions, and some that leave, each on
 * a connection of its own. Nobody leaves for good because the machine is slow: who waits for a provider that hangs is told by it.
 */
export class Crowd {
  readonly #leave = new Map<string, () => void>()
  #asked = 0

  constructor(upstream: UpstreamServer) {
    let turn = 0
    upstream.always((call) => {
      const behaviour = BEHAVIOURS[turn++ % BEHAVIOURS.length]!
      const leave = this.#leave.get(saidIn(call))
      if (behaviour === HANGING && leave) setTimeout(leave, PATIENCE_MS)
      return behaviour(call)
    })
  }

  /** Asks until it is stopped. */
  begin(gateway: RunningGateway, key: string): Traffic {
    let going = true
    const ended = this.#lanes(gateway, key, () => going)
    return {
      stop() {
        going = false
        return ended
      },
    }
  }

  /** Asks so often. Resolves when all have ended, however. */
  send(gateway: RunningGateway, key: string, count: number): Promise<void> {
    let left = count
    return this.#lanes(gateway, key, () => left-- > 0)
  }

  async #lanes(gateway: RunningGateway, key: string, goesOn: () => boolean): Promise<void> {
    const lane = async (): Promise<void> => {
      while (goesOn()) await this.#ask(gateway, key).catch(() => new Promise((resolve) => setTimeout(resolve, AGAIN_MS)))
    }
    await Promise.all(Array.from({ length: LANES }, lane))
  }

  async #ask(gateway: RunningGateway, key: string): Promise<void> {
    const i = this.#asked++
    const said = `load ${i}`
    const leaving = new AbortController()
    this.#leave.set(said, () => leaving.abort())
    const signal = i % 4 === 0 ? AbortSignal.any([leaving.signal, AbortSignal.timeout(HURRY_MS)]) : leaving.signal
    const headers = { 'x-sallyport-session': `s${i % 3}`, connection: 'close' }
    try {
      const response = await postChat(gateway, key, { ...user(said), stream: i % 2 === 0 }, { signal, headers })
      await response.text()
    } finally {
      this.#leave.delete(said)
    }
  }
}

const saidIn = ({ json }: Arrived): string => (json['messages'] as readonly { readonly content: string }[])[0]!.content

/** What each window has by the ledger, of a gateway that has ended. */
export function ledgerOf({ folder }: RunningGateway): Promise<Sums> {
  return withLedger(folder, async (ledger) => {
    const windows = (await ledger.list()).filter(({ endsAt }) => endsAt !== null)
    return Object.fromEntries(windows.map(({ counter, endsAt, used }) => [`${counter}@${endsAt}`, used]))
  })
}

export async function withLedger<T>(folder: string, use: (ledger: Ledger) => T | Promise<T>): Promise<T> {
  const state = await openState(loadConfig(join(folder, 'sallyport.yaml')), systemClock, silentLog())
  try {
    return await use(state.ledger)
  } finally {
    await state.close()
  }
}

export interface Recorded {
  /** What each running window has by the column `booked`, */
  readonly booked: Sums
  /** and by the columns of tokens and cost and the number of rows. */
  readonly figures: Sums
  readonly outcomes: { readonly [outcome: string]: number }
}

const RECOUNT = `SELECT tupleElement(one, 1) AS counter, toString(sum(tupleElement(one, 2))) AS booked, toString(sum(total_tokens)) AS tokens,
  toString(toInt64(sum(nano))) AS money, toString(count()) AS requests
FROM (SELECT arrayJoin(CAST(booked, 'Array(Tuple(String, Int64))')) AS one, total_tokens, ifNull(cost, 0) * 1000000000 AS nano FROM requests)
GROUP BY counter`
const OUTCOMES = 'SELECT outcome, toString(count()) AS n FROM requests GROUP BY outcome'

/** What the record of a gateway says that has ended. */
export async function recordOf(gateway: RunningGateway): Promise<Recorded> {
  // What the last recorder did not come to, the next one would ship.
  await drainSpool(recordOptions(loadConfig(join(gateway.folder, 'sallyport.yaml'))), silentLog())
  const ask = async (sql: string): Promise<readonly Row[]> => rowsOf(await gateway.cli('sql', '--json', sql))
  // An hour may end while the test runs.
  const rows = (await ask(RECOUNT)).filter(({ counter }) => readBooked({ [counter!]: 0 })[0]!.endsAt > Date.now())
  const outcomes = await ask(OUTCOMES)
  const unitOf = (counter: string): string => /\|(tokens|money|requests)\|/.exec(counter)![1]!
  return {
    booked: Object.fromEntries(rows.map((row) => [row.counter!, Number(row.booked)])),
    figures: Object.fromEntries(rows.map((row) => [row.counter!, Number(row[unitOf(row.counter!)])])),
    outcomes: Object.fromEntries(outcomes.map(({ outcome, n }) => [outcome!, Number(n)])),
  }
}

type Row = { readonly [column: string]: string }

/** One JSON object a line. */
export const rowsOf = (output: string): readonly Row[] =>
  output
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Row)
