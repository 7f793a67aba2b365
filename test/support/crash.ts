// What tests of crashes share: limits that never refuse and always count, a provider that behaves in every way, clients of every kind, and the two
// sides that have to agree in the end: the ledger, and the record.
import { join } from 'node:path'
import { dieAfter, hang, status, text, type Behaviour, type UpstreamServer } from './upstream/index.ts'
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

const BEHAVIOURS: readonly Behaviour[] = [
  text('fine'),
  text(['a ', 'longer ', 'answer ', 'in ', 'pieces'], { delayMs: 4 }),
  status(500),
  text(['slow ', 'enough ', 'to ', 'be ', 'cut'], { delayMs: 40 }),
  dieAfter(2),
  hang(),
]

/** Answers, fails, breaks off and hangs in turn. */
export function misbehave(upstream: UpstreamServer): void {
  let turn = 0
  upstream.always((call) => BEHAVIOURS[turn++ % BEHAVIOURS.length]!(call))
}

/** Clients that wait leave together, when for so long none of them was answered: however slow the machine, most get as far as the provider. */
const QUIET_MS = 3000

/** Streams and whole answers, three sessions, and clients that leave, each on a connection of its own. Resolves when all have ended, however. */
export async function load(gateway: RunningGateway, key: string, count: number): Promise<void> {
  const waiting = new AbortController()
  const quiet = setTimeout(() => waiting.abort(), QUIET_MS)
  const one = async (i: number): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, i * 3))
    const signal = i % 4 === 0 ? AbortSignal.timeout(60) : waiting.signal
    const headers = { 'x-sallyport-session': `s${i % 3}`, connection: 'close' }
    const response = await postChat(gateway, key, { ...user(`load ${i}`), stream: i % 2 === 0 }, { signal, headers })
    await response.text()
  }
  await Promise.all(
    Array.from({ length: count }, (_, i) =>
      one(i).then(
        () => quiet.refresh(),
        () => {},
      ),
    ),
  )
  clearTimeout(quiet)
}

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
