// `sallyport doctor --rebuild-quotas`: counts the running windows of all limits again from the record, and sets them to what it says.
import { commandRecord, type CommandRecord } from './command-record.ts'
import { loadConfig } from '../config/load.ts'
import { drainSpool } from '../recorder/drain.ts'
import { openSpool } from '../record/spool.ts'
import { openState } from '../state/open.ts'
import { printRows, stdout } from './output.ts'
import { countsUse, readBooked, readCounterName, type Booking } from '../model/counters.ts'
import { recordOptions } from './record-options.ts'
import { runSql } from '../recorder/sql.ts'
import { startKeeper } from '../server/keeper.ts'
import { stderrLog } from '../recorder/log.ts'
import { systemClock } from '../plugin/clock.ts'
import type { LoadedConfig } from '../config/config.ts'
import type { Log } from '../plugin/contract.ts'
import type { State } from '../model/state.ts'

/** One window, and what became of it. `busy`: it was used while it was counted, and is as it was. */
export interface Rebuilt {
  readonly counter: string
  readonly before: number
  readonly after: number
  readonly result: 'right' | 'set' | 'busy'
}

/** Days that the longest window may look back, with a margin for clocks and zones. */
const LOOK_BACK_DAYS = 40
/** Times that a counter which others use meanwhile is tried. */
const ROUNDS = 3

const log: Log = { ...stderrLog, debug: () => undefined, info: () => undefined }

export async function printRebuilt(path: string | undefined, json: boolean): Promise<void> {
  const rebuilt = await rebuildQuotas(loadConfig(path))
  const rows = rebuilt.map(({ counter, before, after, result }) => [counter, before, after, result])
  await printRows(stdout, ['counter', 'before', 'after', 'result'], rows, json)
}

/**
 * Waits until the record holds everything that happened. Rejects with a sentence when a gateway has the embedded state (it counts in its own
 * memory), or the record cannot be asked.
 */
export async function rebuildQuotas(loaded: LoadedConfig): Promise<readonly Rebuilt[]> {
  const state = await openState(loaded, systemClock, log).catch((error: unknown) => {
    throw isInUse(error) ? new Error(`${error.message}; a gateway counts in its own memory: stop it, run this again, then start it`) : error
  })
  const events = commandRecord(loaded)
  try {
    return loaded.config.state.driver === 'embedded'
      ? await rebuildAlone(loaded, state, events)
      : await rebuildBeside(loaded, state, events)
  } finally {
    await events.close()
    await state.close()
  }
}

const isInUse = (error: unknown): error is Error => error instanceof Error && error.name === 'StateInUseError'

/** In place of the gateway: first what a crash has left is replayed, so that the next start does not book it on top. */
async function rebuildAlone(loaded: LoadedConfig, state: State, events: CommandRecord): Promise<readonly Rebuilt[]> {
  const { spool } = loaded.config.record
  const record = openSpool({ ...spool, path: recordOptions(loaded).spool })
  try {
    const keeper = await startKeeper({ state, spool: record, clock: systemClock, log })
    try {
      const rebuilt = await recount(loaded, state)
      return await setAll(state, rebuilt, events)
    } finally {
      await keeper.close()
    }
  } finally {
    await record.close()
  }
}

/** Beside gateways that go on: only what stood still while it was counted is set. */
async function rebuildBeside(loaded: LoadedConfig, state: State, events: CommandRecord): Promise<readonly Rebuilt[]> {
  const done = new Map<string, Rebuilt>()
  for (let round = 1; round <= ROUNDS; round++) {
    const found = (await recount(loaded, state)).filter(({ key }) => (done.get(key)?.result ?? 'busy') === 'busy')
    const used = await usedNow(state)
    const still = found.filter(({ key, before }) => (used.get(key)?.amount ?? 0) === before)
    for (const one of found) done.set(one.key, { counter: one.booking.counter, before: one.before, after: one.before, result: 'busy' })
    const rebuilt = await setAll(state, still, events)
    still.forEach(({ key }, i) => done.set(key, rebuilt[i]!))
    if (still.length === found.length) break
  }
  return [...done.values()].sort((a, b) => (a.counter < b.counter ? -1 : 1))
}

interface Recounted {
  readonly key: string
  readonly before: number
  /** What the record says. */
  readonly booking: Booking
}

async function recount(loaded: LoadedConfig, state: State): Promise<readonly Recounted[]> {
  const before = await usedNow(state)
  await drainSpool(recordOptions(loaded), log)
  const recorded = await recordedNow(loaded)
  const keys = [...new Set([...before.keys(), ...recorded.keys()])].sort()
  return keys.map((key) => {
    const booking = recorded.get(key) ?? { ...before.get(key)!, amount: 0 }
    return { key, before: before.get(key)?.amount ?? 0, booking }
  })
}

/** Windows by counter. */
async function usedNow(state: State): Promise<ReadonlyMap<string, Booking>> {
  const windows = (await state.ledger.list()).flatMap(({ counter, endsAt, used }) =>
    endsAt === null || !countsUse(readCounterName(counter)) ? [] : [[counter, { counter, endsAt, amount: used }] as const],
  )
  return new Map(windows)
}

async function recordedNow(loaded: LoadedConfig): Promise<ReadonlyMap<string, Booking>> {
  const { rows } = await runSql(recordOptions(loaded), RECOUNT)
  const found = new Map<string, Booking>()
  for await (const [key, sum] of rows) {
    const [booking] = readBooked({ [String(key)]: Number(sum) })
    if (booking !== undefined && booking.endsAt > systemClock.now()) add(found, booking)
  }
  return found
}

/** The end of a window is not its identity: it moves with the time zone of a tenant. */
function add(found: Map<string, Booking>, { counter, endsAt, amount }: Booking): void {
  const known = found.get(counter)
  found.set(counter, { counter, endsAt: Math.max(endsAt, known?.endsAt ?? 0), amount: amount + (known?.amount ?? 0) })
}

const RECOUNT = `SELECT tupleElement(one, 1) AS counter, sum(tupleElement(one, 2)) AS amount
FROM (SELECT arrayJoin(CAST(booked, 'Array(Tuple(String, Int64))')) AS one FROM requests WHERE ts >= now() - INTERVAL ${LOOK_BACK_DAYS} DAY)
GROUP BY counter`

/** First the event: what is not recorded is not changed. */
async function setAll(state: State, recounted: readonly Recounted[], events: CommandRecord): Promise<readonly Rebuilt[]> {
  const rebuilt: Rebuilt[] = []
  for (const { before, booking } of recounted) {
    const { counter, amount: after } = booking
    if (before !== after) {
      await events.note(eventOf(counter, before, after))
      const id = `rebuild-${systemClock.now()}-${rebuilt.length}`
      await state.ledger.book(id, [{ ...booking, amount: after - before }], 'anyway')
    }
    rebuilt.push({ counter, before, after, result: before === after ? 'right' : 'set' })
  }
  return rebuilt
}

function eventOf(counter: string, before: number, after: number): Parameters<CommandRecord['note']>[0] {
  const { tenant, policy } = readCounterName(counter)
  const shown = (used: number): string => JSON.stringify({ counter, used })
  return { tenant, action: 'quota recounted', target: policy, before: shown(before), after: shown(after), result: 'ok' }
}
