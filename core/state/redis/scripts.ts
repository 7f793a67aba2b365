// All scripts by name, and how they become commands of the client. A script touches the keys it is given, and keys of the same hash tag.
import type { Redis } from 'ioredis'
import * as ledger from './lua-ledger.ts'
import * as rows from './lua-rows.ts'

export const SCRIPTS = {
  reserve: ledger.RESERVE,
  settle: ledger.SETTLE,
  untake: ledger.UNTAKE,
  book: ledger.BOOK,
  renew: ledger.RENEW,
  giveBack: ledger.GIVE_BACK,
  level: ledger.LEVEL,
  beat: rows.BEAT,
  breakerReport: rows.BREAKER_REPORT,
  breakerProbe: rows.BREAKER_PROBE,
  breakerRelease: rows.BREAKER_RELEASE,
  breakerCool: rows.BREAKER_COOL,
  breakerTotals: rows.BREAKER_TOTALS,
  breakersRead: rows.BREAKERS_READ,
  vaultPut: rows.VAULT_PUT,
  vaultSweep: rows.VAULT_SWEEP,
  approvalRequest: rows.APPROVAL_REQUEST,
  approvalReplace: rows.APPROVAL_REPLACE,
  keyPut: rows.KEY_PUT,
  keyReplace: rows.KEY_REPLACE,
  keyUses: rows.KEY_USES,
} as const

export type ScriptName = keyof typeof SCRIPTS

export type Argument = string | number | Buffer

type Scripted = { readonly [command: string]: (...args: (Argument | number)[]) => Promise<unknown> }

/** Commands are named apart from Redis's own. */
export function defineScripts(client: Redis): void {
  for (const [name, lua] of Object.entries(SCRIPTS)) client.defineCommand(`sp_${name}`, { lua })
}

/** EVALSHA of a defined script; EVAL the first time on a connection. */
export function runScript(client: Redis, name: ScriptName, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
  return (client as unknown as Scripted)[`sp_${name}`]!(keys.length, ...keys, ...args)
}
