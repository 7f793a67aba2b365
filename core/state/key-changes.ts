// Making, changing, rotating and ending customer keys: one place for the admin API and the command line. What is not recorded is not changed;
// only a revocation comes before its record, because a key that leaked must end whatever else is broken.
import { GatewayError } from '../errors/gateway-error.ts'
import { hashKey, makeKey } from '../model/key-material.ts'
import { isKeyRow, shownKey, statusOfKey, type KeyStatus } from '../model/key-row.ts'
import { newId } from '../model/ids.ts'
import { readKeyChange, readNewKey, readOverlap, type KeyRights } from '../config/key-request.ts'
import type { Directory, KeyRow } from '../model/directory.ts'
import type { KeyStore } from '../model/state.ts'

/** What becomes a row of `admin_events`. */
export interface KeyEvent {
  readonly tenant: string
  readonly action: 'key created' | 'key changed' | 'key rotated' | 'key revoked'
  /** Id of the key. */
  readonly target: string
  /** JSON of the key without its hash; empty where there was none. */
  readonly before: string
  readonly after: string
  readonly result: 'ok' | 'refused' | 'failed' | 'unchanged'
}

/** Resolves when the event is written; rejects when it cannot be. */
export type RecordKeyEvent = (event: KeyEvent) => Promise<void>

export interface KeyChangesParts {
  readonly keys: KeyStore
  readonly directory: () => Directory
  readonly pepper: () => Buffer
  /** Unix ms. */
  readonly now: () => number
}

/** A key and, this once, its secret. */
export interface MadeKey {
  readonly row: KeyRow
  readonly secret: string
}

export interface FoundKey {
  readonly row: KeyRow
  readonly from: 'config' | 'state'
}

export type ShownKey = ReturnType<typeof shownKey> & {
  readonly object: 'sallyport.key'
  readonly status: KeyStatus | 'unreadable'
  readonly from: 'config' | 'state'
  readonly last_used_at: string | null
}

/** Longer texts would be cut in the record. */
const MAX_RECORDED_CHARS = 4000

/** Errors are `invalid_request` (400, 404, 409), `state_unavailable` and `record_unavailable`, each with what to do. */
export class KeyChanges {
  readonly #parts: KeyChangesParts
  #queue: Promise<unknown> = Promise.resolve()

  constructor(parts: KeyChangesParts) {
    this.#parts = parts
  }

  async create(asked: unknown, record: RecordKeyEvent): Promise<MadeKey> {
    const { directory, pepper, now } = this.#parts
    const made = prepareKey(asked, directory(), pepper, now())
    await this.#recorded(record, eventOf('key created', null, made.row), async () => {
      await this.#parts.keys.put(made.row)
      return true
    })
    return made
  }

  change(id: string, asked: unknown, record: RecordKeyEvent): Promise<KeyRow> {
    return this.#inTurn(async () => {
      const before = await this.#living(id)
      const { quota: _quota, name: _name, ...rest } = before
      const after: KeyRow = { ...rest, ...readKeyChange(asked, before, this.#parts.directory(), this.#parts.now()) }
      await this.#recorded(record, eventOf('key changed', before, after), () => this.#parts.keys.replace(before, after))
      return after
    })
  }

  /** A new key with the same rights; the old one ends with the overlap, or when it would have ended anyway. */
  rotate(id: string, asked: unknown, record: RecordKeyEvent): Promise<MadeKey & { readonly old: KeyRow }> {
    return this.#inTurn(async () => {
      const now = this.#parts.now()
      const overlapMs = readOverlap(asked)
      const before = await this.#living(id)
      if (statusOfKey(before, now) === 'expired') throw conflict(`The key ${id} has expired: create another one.`)
      const made = makeRow({ ...rightsOf(before), rotatedFrom: id, family: before.family ?? id }, this.#parts.pepper, now)
      const ends = Math.min(now + overlapMs, before.expires === null ? Infinity : Date.parse(before.expires))
      const old: KeyRow = { ...before, expires: new Date(ends).toISOString(), rotatedTo: made.row.id }
      await this.#recorded(record, eventOf('key rotated', before, old), () => this.#parts.keys.replace(before, old, made.row))
      return { ...made, old }
    })
  }

  /** Ends a key at once. What was revoked before stays so, and that is recorded too. */
  revoke(id: string, record: RecordKeyEvent): Promise<KeyRow> {
    return this.#inTurn(async () => {
      const { keys, now } = this.#parts
      const before = await this.#stored(id)
      await keys.revoke(id, new Date(now()).toISOString())
      const after = (await keys.find(id)) ?? before
      const result = before.revokedAt === null ? 'ok' : 'unchanged'
      await record({ ...eventOf('key revoked', before, after), result }).catch((cause: unknown) => {
        const message = 'The key is revoked, but the record takes nothing: repeat this later, so that it is recorded.'
        throw new GatewayError('record_unavailable', { message, cause })
      })
      return after
    })
  }

  /** Throws 404. */
  async find(id: string): Promise<FoundKey> {
    const configured = this.#configured(id)
    if (configured) return { row: configured, from: 'config' }
    return { row: await this.#stored(id), from: 'state' }
  }

  /** Those of the configuration first, then those of the state store by id. */
  async list(): Promise<readonly FoundKey[]> {
    const stored = await this.#parts.keys.list()
    return [
      ...this.#parts.directory().keys.map((row): FoundKey => ({ row, from: 'config' })),
      ...stored.map((row): FoundKey => ({ row, from: 'state' })),
    ]
  }

  async show(found: readonly FoundKey[]): Promise<readonly ShownKey[]> {
    const used = await this.#parts.keys.lastUsed(found.map(({ row }) => row.id))
    const now = this.#parts.now()
    return found.map((one) => showKey(one, used.get(one.row.id), now))
  }

  /** A key that can be changed: stored, not revoked, not replaced. */
  async #living(id: string): Promise<KeyRow> {
    const row = await this.#stored(id)
    if (row.revokedAt !== null) throw conflict(`The key ${id} is revoked, and that stands: create another one.`)
    if (row.rotatedTo !== undefined)
      throw conflict(`The key ${id} was rotated: its successor is ${row.rotatedTo}; this one can only be revoked.`)
    return row
  }

  async #stored(id: string): Promise<KeyRow> {
    const row: unknown = await this.#parts.keys.find(id)
    if (row === null && this.#configured(id))
      throw conflict(`The key ${id} cannot be changed here: it stands in the configuration; change its row there.`)
    if (row === null) throw unknownKey(id)
    if (!isKeyRow(row))
      throw conflict('The row of this key in the state store cannot be understood. It opens nothing; remove it from the store.')
    return row
  }

  #configured(id: string): KeyRow | undefined {
    return this.#parts.directory().keys.find((row) => row.id === id)
  }

  /** First the event, then the change; a change that did not come about is a second event. */
  async #recorded(record: RecordKeyEvent, event: Omit<KeyEvent, 'result'>, work: () => boolean | Promise<boolean>): Promise<void> {
    if (event.after.length > MAX_RECORDED_CHARS) throw tooLong()
    await record({ ...event, result: 'ok' })
    let done: boolean
    try {
      done = await work()
    } catch (error) {
      await record({ ...event, after: event.before, result: 'failed' })
      throw error
    }
    if (done) return
    await record({ ...event, after: event.before, result: 'refused' })
    throw conflict('Somebody else changed this key at the same time: look at it again, and repeat what is still wanted.')
  }

  /** One change at a time in this process; of two processes the store lets one win. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(work)
    this.#queue = done.catch(() => undefined)
    return done
  }
}

/** The new key that somebody asks for, stored nowhere yet. Throws `invalid_request`, before it asks for the pepper. `now`: Unix ms. */
export function prepareKey(asked: unknown, directory: Directory, pepper: () => Buffer, now: number): MadeKey {
  return makeRow(readNewKey(asked, directory, now), pepper, now)
}

function makeRow({ tenant, ...more }: Rights, pepper: () => Buffer, now: number): MadeKey {
  const { key: secret, prefix } = makeKey()
  const row = { id: newId('key'), tenant, prefix, hash: '', ...more, createdAt: new Date(now).toISOString(), revokedAt: null }
  if (JSON.stringify(shownKey(row)).length > MAX_RECORDED_CHARS) throw tooLong()
  return { row: { ...row, hash: hashKey(secret, pepper()) }, secret }
}

/** What a successor has in common with a key. */
function rightsOf({ tenant, scopes, models, features, allowedIps, expires, quota, name }: KeyRow): Rights {
  const optional = { ...(quota === undefined ? {} : { quota }), ...(name === undefined ? {} : { name }) }
  return { tenant, scopes, models, features, allowedIps, expires, ...optional }
}

function eventOf(action: KeyEvent['action'], before: KeyRow | null, after: KeyRow): Omit<KeyEvent, 'result'> {
  return {
    tenant: after.tenant,
    action,
    target: after.id,
    before: before === null ? '' : JSON.stringify(shownKey(before)),
    after: JSON.stringify(shownKey(after)),
  }
}

function showKey({ row, from }: FoundKey, usedAt: number | undefined, now: number): ShownKey {
  const last_used_at = usedAt === undefined ? null : new Date(usedAt).toISOString()
  // A row of the configuration was checked when it was read.
  const status = from === 'config' || isKeyRow(row) ? statusOfKey(row, now) : 'unreadable'
  const shown = status === 'unreadable' ? { ...shownKey(UNREADABLE), id: row.id.slice(0, 200).toWellFormed() } : shownKey(row)
  return { object: 'sallyport.key', ...shown, status, from, last_used_at }
}

type Rights = KeyRights & Pick<KeyRow, 'tenant' | 'rotatedFrom' | 'family'>

/** What is shown of a row that is none: nothing of it but its id. */
const UNREADABLE: KeyRow = {
  id: '',
  tenant: '',
  prefix: '',
  hash: '',
  scopes: [],
  models: [],
  features: [],
  allowedIps: [],
  expires: null,
  createdAt: null,
  revokedAt: null,
}

function unknownKey(id: string): GatewayError {
  const shown = /^[\w.:-]{1,100}$/.test(id) ? ` "${id}"` : ' of this id'
  const message = `There is no key${shown}; the list of keys shows all of them.`
  return new GatewayError('invalid_request', { status: 404, message, resolution: 'Take an id from the list of keys.' })
}

const conflict = (message: string): GatewayError =>
  new GatewayError('invalid_request', { status: 409, message, resolution: 'Do as the message says.' })

const tooLong = (): GatewayError =>
  new GatewayError('invalid_request', {
    message: `The key with its lists is longer than ${MAX_RECORDED_CHARS} characters, which the record would cut: name fewer things.`,
  })
