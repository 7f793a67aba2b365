// Brings in what gateways that have ended left unbooked: the record (spool) is the truth, the ledger is made to agree with it.
import { join } from 'node:path'
import { isPromise } from '../model/maybe-promise.ts'
import { readBooked, type Booking } from '../model/counters.ts'
import { readMark, type LedgerMark } from '../record/ledger-mark.ts'
import { endedRuns, type Due, type EndedRun } from '../record/replay.ts'
import type { Keeping, Ledger } from '../model/state.ts'
import type { Log } from '../plugin/contract.ts'

export interface ReplayParts {
  readonly ledger: Ledger
  readonly keeping: Keeping
  /** Folder of all spools. */
  readonly spool: string
  readonly log: Log
}

/** Bookings that a shared store is asked for at a time. */
const AT_A_TIME = 64

/** Name of a run, as `Keeping` knows it. */
export const runName = (nodeId: string, boot: string): string => `${nodeId}/${boot}`

/**
 * Books what the runs of a node have left, except the one that `living` names. Returns those that are accounted for from now on, by name. The caller
 * keeps them together with the counters.
 */
export async function replayNode(parts: ReplayParts, nodeId: string, living: () => string | null): Promise<readonly string[]> {
  const folder = join(parts.spool, nodeId)
  const mark = markOf(folder, parts.log)
  const runs = endedRuns(folder, { mark, living, bookedUpTo: (boot) => bookedUpTo(parts.keeping, nodeId, boot, mark) })
  for (const run of runs) await replayRun(parts, nodeId, run)
  return runs.map(({ boot }) => runName(nodeId, boot))
}

function bookedUpTo({ replay, keptUpTo }: Keeping, nodeId: string, boot: string, mark: LedgerMark | null): number {
  if (replay === 'anyway') return keptUpTo.get(runName(nodeId, boot)) ?? 0
  // A store that is shared was told everything before its mark moved.
  if (mark === null || boot > mark.boot) return 0
  return boot === mark.boot ? mark.seq : Infinity
}

async function replayRun({ ledger, keeping, log }: ReplayParts, nodeId: string, { boot, isWhole, due }: EndedRun): Promise<void> {
  const counts = { exchanges: 0, booked: 0 }
  let pending: Promise<boolean>[] = []
  const settle = async (): Promise<void> => {
    for (const booked of await Promise.all(pending)) counts.booked += Number(booked)
    pending = []
  }
  for (const one of due) {
    const bookings = bookingsOf(one)
    counts.exchanges++
    if (bookings.length === 0 && keeping.replay === 'anyway') continue
    const booked = ledger.book(one.id, bookings, one.local ? 'anyway' : keeping.replay)
    if (!isPromise(booked)) counts.booked += Number(booked)
    else if (pending.push(booked) >= AT_A_TIME) await settle()
  }
  await settle()
  if (counts.exchanges > 0) log.info({ node: nodeId, boot, ...counts }, 'limits: the record of a gateway that ended was replayed')
  if (!isWhole)
    log.warn(
      { node: nodeId, boot },
      'limits: parts of the record are gone that they need; recount them with `sallyport doctor --rebuild-quotas`',
    )
}

/** What cannot be read as a booking was written by nobody we know. */
function bookingsOf({ booked }: Due): readonly Booking[] {
  return readBooked(booked).filter(({ endsAt, amount }) => Number.isSafeInteger(endsAt) && Number.isSafeInteger(amount))
}

function markOf(folder: string, log: Log): LedgerMark | null {
  try {
    return readMark(folder)
  } catch (error) {
    log.warn({ err: error, folder }, 'limits: the mark in the spool cannot be read; everything that is there is replayed')
    return null
  }
}
