// The embedded state driver, for one gateway process: counters and breakers in memory; keys and vault at once and counters by checkpoint in lmdb.
import type { Keeping, State } from '../model/state.ts'
import type { Clock, Log } from '../plugin/contract.ts'
import { LmdbApprovals, MAX_APPROVALS } from './approvals.ts'
import { MemoryBreakers } from './breakers.ts'
import { Checkpoint } from './checkpoint.ts'
import { openEnvironment, type FreeBytes } from './environment.ts'
import { LmdbKeyStore } from './key-store.ts'
import { MemoryLedger } from './ledger.ts'
import { BEAT_MS, takeOwnership } from './owner.ts'
import { LmdbRaises } from './raises.ts'
import { LmdbVault } from './vault.ts'

const MAX_COUNTERS = 1_000_000
const MAX_VAULT_ENTRIES = 1_000_000

export interface EmbeddedStateOptions {
  /** Folder of the lmdb environment; made if missing. */
  readonly path: string
  readonly clock: Clock
  readonly log: Log
  /** Bound of the number of counters in memory; 1,000,000 unless told. */
  readonly maxCounters?: number
  /** Bound of the number of values in the vault; 1,000,000 unless told. */
  readonly maxVaultEntries?: number
  /** Bound of the number of approvals that are open; 10,000 unless told. */
  readonly maxApprovals?: number
  /** For tests: what is free on the disk of the folder. */
  readonly freeBytes?: FreeBytes
}

/** Opens the folder as its owner. Throws StateInUseError when another gateway has it. `ledger` and `breakers` answer synchronously. */
export function openEmbeddedState({
  path,
  clock,
  log,
  maxCounters = MAX_COUNTERS,
  maxVaultEntries = MAX_VAULT_ENTRIES,
  maxApprovals = MAX_APPROVALS,
  freeBytes,
}: EmbeddedStateOptions): State {
  const env = openEnvironment(path, freeBytes)
  const ownership = takeOwnership(env, path, clock)
  const ledger = new MemoryLedger({ clock, maxCounters })
  const checkpoint = new Checkpoint(env, ledger, clock)
  checkpoint.restore()
  const vault = new LmdbVault(env, clock, maxVaultEntries)

  // Who keeps it in step with a record decides when it is written; nobody does so before.
  let isKept = false
  const keeping: Keeping = {
    replay: checkpoint.replay,
    get keptUpTo() {
      return checkpoint.keptUpTo
    },
    capture(runs) {
      isKept = true
      return checkpoint.capture(runs)
    },
  }
  const writeAlone = async (): Promise<void> => {
    if (!isKept) await checkpoint.capture().keep()
  }

  let closing: Promise<void> | null = null
  let cancel = schedule()
  function schedule(): () => void {
    return clock.after(BEAT_MS, () => {
      ownership.beat()
      writeAlone().catch((error: unknown) => log.error({ error, path }, 'the state checkpoint could not be written'))
      vault.sweep().catch((error: unknown) => log.error({ error, path }, 'expired values could not be removed from the vault'))
      cancel = schedule()
    })
  }

  async function close(): Promise<void> {
    cancel()
    await writeAlone()
    ownership.release()
    await env.close()
  }

  return {
    keys: new LmdbKeyStore(env),
    ledger,
    breakers: new MemoryBreakers(clock),
    vault,
    approvals: new LmdbApprovals(env, clock, maxApprovals),
    raises: new LmdbRaises(env, clock),
    health: { available: true, processes: 1, isKnown: true, pending: 0 },
    keeping,
    close: () => (closing ??= close()),
  }
}
