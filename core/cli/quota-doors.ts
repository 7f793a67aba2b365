// The two ways to limits from the command line: the admin API of a running gateway, or the state store itself where none runs.
import { commandRecord, type CommandRecord } from './command-record.ts'
import { formatNano } from '../model/money.ts'
import { newId } from '../model/ids.ts'
import { openAdminToken } from '../state/admin-token.ts'
import { openState } from '../state/open.ts'
import { countsUse, readCounterName } from '../model/counters.ts'
import { secretsFolder } from '../state/secrets.ts'
import { systemClock } from '../plugin/clock.ts'
import type { LoadedConfig } from '../config/config.ts'
import type { Log } from '../plugin/contract.ts'
import type { Raise, State } from '../model/state.ts'

export type Row = { readonly [column: string]: unknown }

export interface AskedRaise {
  readonly tenant: string
  readonly policy: string
  readonly unit: NonNullable<Raise['unit']>
  /** As it was written: money in the base currency. */
  readonly add: string
  /** In the unit; money in nano-units. */
  readonly amount: number
  /** Unix ms. */
  readonly until: number
  readonly reason: string
}

export interface QuotaDoor {
  /** Why it cannot tell the limits of counters; null: it can. */
  readonly withoutLimits: string | null
  counters(narrowed: { readonly tenant?: string; readonly policy?: string }): Promise<readonly Row[]>
  raises(): Promise<readonly Row[]>
  raise(asked: AskedRaise): Promise<Row>
  /** Null: there is no such raise. */
  end(id: string): Promise<Row | null>
  close(): Promise<void>
}

/** `url`: where the gateway listens; else what the configuration says, and the state store when nobody answers there. */
export async function openQuotaDoor(loaded: LoadedConfig, url: string | undefined): Promise<QuotaDoor> {
  const { host, port } = loaded.config.server
  const configured = `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  const door = new ApiDoor(url ?? configured, loaded)
  if (url !== undefined || (port !== 0 && (await door.answers()))) return door
  return StateDoor.open(loaded, port === 0 ? 'server.port is 0' : `none answers at ${configured}`)
}

/** Where nobody listens it ends at once; a gateway that has little of the machine may take long. */
const PATIENCE_MS = 30_000

class ApiDoor implements QuotaDoor {
  readonly withoutLimits = null
  readonly #base: string
  readonly #loaded: LoadedConfig

  constructor(url: string, loaded: LoadedConfig) {
    this.#base = `${url.replace(/\/+$/, '')}/admin/v1`
    this.#loaded = loaded
  }

  async answers(): Promise<boolean> {
    try {
      return (await this.#ask('GET', '/quotas/raises')).ok
    } catch {
      return false
    }
  }

  async counters({ tenant, policy }: { readonly tenant?: string; readonly policy?: string }): Promise<readonly Row[]> {
    const query = new URLSearchParams({ ...(tenant === undefined ? {} : { tenant }), ...(policy === undefined ? {} : { policy }) })
    return (await this.#read<{ readonly data: readonly Row[] }>('GET', `/quotas?${query.toString()}`)).data
  }

  async raises(): Promise<readonly Row[]> {
    return (await this.#read<{ readonly data: readonly Row[] }>('GET', '/quotas/raises')).data
  }

  async raise({ tenant, policy, unit, add, until, reason }: AskedRaise): Promise<Row> {
    const { policies } = await this.#read<{ readonly policies: readonly { readonly id: string }[] }>('GET', '/policies')
    if (!policies.some(({ id }) => id === policy))
      throw new Error(`the gateway has no policy "${policy}"; a limit is raised by the policy that sets it`)
    return this.#read('POST', '/quotas/raises', { tenant, policy, unit, add, until: new Date(until).toISOString(), reason })
  }

  async end(id: string): Promise<Row | null> {
    const response = await this.#ask('DELETE', `/quotas/raises/${encodeURIComponent(id)}`)
    return response.status === 404 ? null : this.#bodyOf(response)
  }

  async close(): Promise<void> {}

  async #read<T>(method: string, path: string, body?: object): Promise<T> {
    return this.#bodyOf(await this.#ask(method, path, body))
  }

  #ask(method: string, path: string, body?: object): Promise<Response> {
    const authorization = `Bearer ${process.env['SALLYPORT_ADMIN_TOKEN'] ?? openAdminToken(secretsFolder(this.#loaded)).current()}`
    return fetch(this.#base + path, {
      method,
      headers: { authorization, 'content-type': 'application/json' },
      signal: AbortSignal.timeout(PATIENCE_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  }

  async #bodyOf<T>(response: Response): Promise<T> {
    const body = (await response.json()) as { readonly error?: { readonly message: string; readonly resolution?: string } }
    if (response.ok) return body as T
    throw new Error(`the gateway refused: ${body.error?.message ?? response.status} ${body.error?.resolution ?? ''}`.trim())
  }
}

const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} }

/** Owns the state for the moment, and leaves events for the recorder. */
class StateDoor implements QuotaDoor {
  readonly withoutLimits: string
  readonly #state: State
  readonly #record: CommandRecord

  private constructor(state: State, record: CommandRecord, why: string) {
    this.withoutLimits = `limits are left out: only a running gateway tells them, and ${why}; start it, or name it with --url`
    this.#state = state
    this.#record = record
  }

  /** `why` no gateway is asked. */
  static async open(loaded: LoadedConfig, why: string): Promise<StateDoor> {
    try {
      return new StateDoor(await openState(loaded, systemClock, SILENT), commandRecord(loaded), why)
    } catch (error) {
      if (!(error instanceof Error && error.name === 'StateInUseError')) throw error
      throw new Error('a gateway runs with this state, but not where the configuration says; name it with --url http://HOST:PORT', {
        cause: error,
      })
    }
  }

  async counters(narrowed: { readonly tenant?: string; readonly policy?: string }): Promise<readonly Row[]> {
    const rows: Row[] = []
    for (const { counter, used, reserved, endsAt } of await this.#state.ledger.list()) {
      const identity = readCounterName(counter)
      const { tenant, policy, unit, window, values } = identity
      if ((narrowed.tenant ?? tenant) !== tenant || (narrowed.policy ?? policy) !== policy || !countsUse(identity)) continue
      const amount = (value: number): string | number => (unit === 'money' ? formatNano(BigInt(value)) : value)
      const resets = endsAt === null ? null : new Date(endsAt).toISOString()
      rows.push({
        tenant,
        policy,
        by: values,
        unit,
        window,
        used: amount(used),
        reserved: amount(reserved),
        limit: null,
        resets_at: resets,
      })
    }
    return rows
  }

  async raises(): Promise<readonly Row[]> {
    return (await this.#state.raises.list()).map(rowOf)
  }

  async raise({ tenant, policy, unit, amount, until, reason }: AskedRaise): Promise<Row> {
    const raise: Raise = { id: newId('raise'), tenant, policy, unit, add: amount, until, by: this.#record.actor, reason }
    await this.#note(raise, { action: 'quota raised', before: '', after: JSON.stringify(rowOf(raise)) })
    await this.#state.raises.put(raise)
    return rowOf(raise)
  }

  async end(id: string): Promise<Row | null> {
    const raise = (await this.#state.raises.list()).find((known) => known.id === id)
    if (!raise) return null
    await this.#note(raise, { action: 'quota raise ended', before: JSON.stringify(rowOf(raise)), after: '' })
    await this.#state.raises.remove(id)
    return rowOf(raise)
  }

  async close(): Promise<void> {
    await this.#state.close()
    await this.#record.close()
  }

  #note({ tenant, policy }: Raise, change: { readonly action: string; readonly before: string; readonly after: string }): Promise<void> {
    return this.#record.note({ tenant, target: policy, result: 'ok', ...change })
  }
}

function rowOf({ id, tenant, policy, unit, add, until, by, reason }: Raise): Row {
  const shown = unit === 'money' ? formatNano(BigInt(add)) : add
  return { id, tenant, policy, unit: unit ?? null, add: shown, until: new Date(until).toISOString(), by, reason }
}
