// How a command leaves what it changed in the record: as a frame in a spool node of its own, beside that of a running gateway, which its recorder
// (or the next one) ships. The node has a fixed name, so that commands do not litter the spool.
import { resolve } from 'node:path'
import { userInfo } from 'node:os'
import { COMMAND_NODE } from '../record/node.ts'
import { openSpool, type Spool } from '../record/spool.ts'
import type { AdminEventRow } from '../record/rows.ts'
import type { LoadedConfig } from '../config/config.ts'

/** Commands that may run at the same moment. */
const NODES = 8

export interface CommandRecord {
  /** Who changes something, as the record names them. */
  readonly actor: string
  /** Resolves when it is written. Rejects with a sentence when it cannot be. */
  note(event: Pick<AdminEventRow, 'tenant' | 'action' | 'target' | 'before' | 'after' | 'result'>): Promise<void>
  close(): Promise<void>
}

/** Opens nothing until there is something to note. `actor`: whoever runs the command unless told. */
export function commandRecord(loaded: LoadedConfig, actor = `cli:${userName()}`): CommandRecord {
  let spool: Spool | null = null
  return {
    actor,
    async note(event) {
      spool ??= openFree(loaded)
      await spool.adminEvent({ ts: Date.now(), actor, ip: '', ...event })
    },
    async close() {
      await spool?.close()
    },
  }
}

function openFree({ config, baseDir }: LoadedConfig): Spool {
  const { spool } = config.record
  for (let n = 1; ; n++) {
    try {
      return openSpool({ ...spool, path: resolve(baseDir, spool.path), nodeId: n === 1 ? COMMAND_NODE : `${COMMAND_NODE}-${n}` })
    } catch (error) {
      if (n === NODES) throw error
    }
  }
}

/** A container may run under a number that has no name. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return String(process.getuid?.() ?? 'unknown')
  }
}
