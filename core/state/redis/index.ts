// The Redis state driver, for several gateway processes: what it is made of, and in which order it ends.
import { MAX_APPROVALS } from '../approvals.ts'
import type { Captured, KeyStore, State, StateHealth } from '../../model/state.ts'
import type { Clock, Log } from '../../plugin/contract.ts'
import { RedisApprovals } from './approvals.ts'
import { RedisBreakers } from './breakers.ts'
import { RedisKeyStore } from './key-store.ts'
import { RedisLedger } from './ledger.ts'
import { Link } from './link.ts'
import { Names } from './names.ts'
import { RedisRaises } from './raises.ts'
import { RedisVault } from './vault.ts'

const MAX_VAULT_ENTRIES = 1_000_000
/** In ticks of half a second. */
const SWEEP_TICKS = 120

export interface RedisSettings {
  /** `redis://user:password@host:port/db`, or `rediss://` for TLS. */
  readonly url: string
  /** A command that takes longer counts as no answer. */
  readonly commandTimeoutMs: number
  /** What all keys begin with. */
  readonly keyPrefix: string
  /** It answered others a moment ago, so that nobody at its address is no mistake. */
  readonly isKnown?: boolean
}

export interface RedisStateOptions extends RedisSettings {
  readonly clock: Clock
  readonly log: Log
  /** Bound of the number of values in the vault of a tenant; 1,000,000 unless told. */
  readonly maxVaultEntries?: number
  /** Bound of the number of approvals that are open; 10,000 unless told. */
  readonly maxApprovals?: number
  /** For tests: the scripts take this time (Unix ms) and not the server's, */
  readonly scriptTime?: () => number
  /** this long after start and return others are waited for, */
  readonly settlingMs?: number
  /** and Redis is looked for this often. */
  readonly tickMs?: number
}

/** For commands that open it for a moment. */
export const SILENT: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

/** Rejects with a sentence when Redis cannot be used. Only breakers answer synchronously. */
export async function openRedisState(options: RedisStateOptions): Promise<State> {
  const { clock, log, keyPrefix, scriptTime, maxVaultEntries = MAX_VAULT_ENTRIES, maxApprovals = MAX_APPROVALS } = options
  const link = new Link({ ...options, names: new Names(keyPrefix) })
  await link.open()
  const now = scriptTime ? () => String(scriptTime()) : () => ''
  const ledger = new RedisLedger({ link, clock, log, now })
  const breakers = new RedisBreakers(link, clock, log, now)
  const vault = new RedisVault(link, clock, maxVaultEntries)
  link.onTick((tick) => {
    if (tick % SWEEP_TICKS === 0)
      vault.sweep().catch((error: unknown) => log.warn({ error }, 'expired values could not be removed from the vault'))
  })

  let closing: Promise<void> | null = null
  async function close(): Promise<void> {
    breakers.close()
    await ledger.close()
    await link.close()
  }

  return {
    keys: new RedisKeyStore(link),
    ledger,
    breakers,
    vault,
    approvals: new RedisApprovals(link, clock, maxApprovals),
    raises: new RedisRaises(link, clock),
    health: healthOf(link, ledger),
    keeping: { replay: 'reserved', keptUpTo: new Map(), capture: () => captured(ledger) },
    close: () => (closing ??= close()),
  }
}

function healthOf(link: Link, ledger: RedisLedger): StateHealth {
  return {
    get available() {
      return link.available
    },
    get processes() {
      return link.processes
    },
    get isKnown() {
      return link.isKnown
    },
    get pending() {
      return ledger.pending
    },
  }
}

/** Redis holds what it was told, so there is only to wait for that. */
function captured(ledger: RedisLedger): Captured {
  const told = ledger.isTold()
  return { keep: () => told, drop: () => undefined }
}

/** The keys alone, for commands beside running gateways. Rejects as `openRedisState`. */
export async function openRedisKeys({
  url,
  commandTimeoutMs,
  keyPrefix,
}: RedisSettings): Promise<{ readonly keys: KeyStore; close(): Promise<void> }> {
  const link = new Link({ url, names: new Names(keyPrefix), commandTimeoutMs, log: SILENT, isVisitor: true })
  await link.open()
  return { keys: new RedisKeyStore(link), close: () => link.close() }
}
