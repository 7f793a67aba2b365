// From what a caller shows to who the caller is. A key that is not right is refused with one sentence, whatever is wrong with it.
import { equalHashes, FailedLogins, GatewayError, hashKey, isKeyRow, NOT_MINE, prefixOfKey } from '../../core/plugin/index.ts'
import type { Credentials, Directory, Host, KeyRow, Principal, State } from '../../core/plugin/index.ts'
import { compileKey, RecentKeys, type KnownKey } from './key-ring.ts'
import { KeyUses } from './key-uses.ts'

type Awaitable<T> = T | Promise<T>
type Identified = Principal | GatewayError | typeof NOT_MINE
type Found = readonly KeyRow[] | GatewayError

interface Asking {
  readonly rows: Awaitable<Found>
  /** Monotonic ms at which it began. */
  readonly since: number
}

const USER_HEADER = 'x-sallyport-user'
const MAX_USER_CHARS = 256
/** `sp_live_` and the prefix: the public part. */
const BEGINNING_CHARS = 18

/** What failed outlives a reload: otherwise whoever guesses would wait for one. */
const failuresOf = new WeakMap<State, FailedLogins>()

/** The `identify` hook of one snapshot. Synchronous with a synchronous key store. */
export class Identifier {
  readonly #host: Host
  readonly #pepper: Buffer
  readonly #configured: ReadonlyMap<string, readonly KnownKey[]>
  readonly #recent = new RecentKeys()
  readonly #failures: FailedLogins
  readonly #uses: KeyUses
  /** Look-ups under way by prefix: those who ask meanwhile get the same answer. */
  readonly #asking = new Map<string, Asking>()

  /** Throws when a configured key cannot be understood. */
  constructor(host: Host) {
    this.#host = host
    this.#pepper = host.secret('pepper')
    this.#configured = Map.groupBy(host.directory.keys.map(compileKey), ({ row }) => row.prefix)
    this.#uses = new KeyUses(host)
    this.#failures = failuresOf.get(host.state) ?? new FailedLogins(() => host.clock.monotonic())
    failuresOf.set(host.state, this.#failures)
  }

  identify(credentials: Credentials): Awaitable<Identified> {
    const { secret } = credentials
    if (secret === null) return invalidKey()
    // Another plugin may know other kinds of credentials; if none does, the kernel refuses.
    if (!secret.startsWith('sp_')) return NOT_MINE
    const now = this.#host.clock.monotonic()
    const recent = this.#recent.get(secret, now)
    const result = recent ? this.#admit(recent, credentials) : this.#lookUp(secret, credentials, now)
    if (result instanceof Promise) return result.then((known) => this.#slowed(known, secret, credentials))
    return this.#slowed(result, secret, credentials)
  }

  /** Keeps what is left to be kept. */
  close(): Promise<void> {
    return this.#uses.close()
  }

  /** A key that is right always passes; after a wrong one the next wrong ones wait. */
  #slowed(result: Identified, secret: string, { clientIp }: Credentials): Identified {
    if (!(result instanceof GatewayError) || result.code !== 'invalid_api_key') return result
    const shown = beginningOf(secret)
    const waitMs = Math.max(this.#failures.waitMs(clientIp, shown), this.#failures.addressWaitMs(clientIp))
    if (waitMs > 0) return tooOften(waitMs)
    this.#failures.failed(clientIp, shown)
    return result
  }

  /** `now`: monotonic ms. What is read from the store is as old as this moment, however long the answer takes. */
  #lookUp(secret: string, credentials: Credentials, now: number): Awaitable<Identified> {
    const prefix = prefixOfKey(secret)
    if (prefix === null) return invalidKey()
    const hash = hashKey(secret, this.#pepper)
    const configured = this.#configured.get(prefix)?.find(({ row }) => equalHashes(hash, row.hash))
    if (configured) return this.#accept(secret, configured, credentials, now)

    const { rows, since } = this.#ask(prefix, now)
    const choose = (found: Found): Identified => {
      if (found instanceof GatewayError) return found
      const row = found.find((candidate) => typeof candidate?.hash === 'string' && equalHashes(hash, candidate.hash))
      return row ? this.#acceptRow(secret, row, credentials, since) : invalidKey()
    }
    return rows instanceof Promise ? rows.then(choose) : choose(rows)
  }

  #ask(prefix: string, now: number): Asking {
    const known = this.#asking.get(prefix)
    if (known) return known
    const asking = { rows: this.#stored(prefix), since: now }
    if (asking.rows instanceof Promise) {
      this.#asking.set(prefix, asking)
      void asking.rows.then(() => this.#asking.delete(prefix))
    }
    return asking
  }

  /** A store that cannot be read is our failure and not the caller's key. */
  #stored(prefix: string): Awaitable<Found> {
    const unavailable = (cause: unknown): GatewayError => new GatewayError('state_unavailable', { cause })
    try {
      const rows = this.#host.state.keys.findByPrefix(prefix)
      return rows instanceof Promise ? rows.catch(unavailable) : rows
    } catch (error) {
      return unavailable(error)
    }
  }

  #acceptRow(secret: string, row: KeyRow, credentials: Credentials, since: number): Identified {
    try {
      if (!isKeyRow(row)) throw new RangeError('its row has not the form of a key')
      return this.#accept(secret, compileKey(row), credentials, since)
    } catch (error) {
      this.#host.log.error({ err: error, key: String(row.id) }, 'a stored key cannot be understood and is refused')
      return invalidKey()
    }
  }

  #accept(secret: string, key: KnownKey, credentials: Credentials, since: number): Identified {
    if (key.row.revokedAt !== null) return invalidKey()
    if (!this.#host.directory.tenants.has(key.row.tenant)) {
      this.#host.log.warn({ key: key.row.id, tenant: key.row.tenant }, 'a key was refused: its tenant is not configured')
      return invalidKey()
    }
    const admitted = this.#admit(key, credentials)
    if (admitted instanceof GatewayError) return admitted
    this.#recent.remember(secret, key, since)
    // Once a second at most for each key, because what is remembered does not come here.
    this.#uses.note(key.row.id, this.#host.clock.now())
    this.#failures.succeeded(credentials.clientIp, beginningOf(secret))
    return admitted
  }

  #admit(key: KnownKey, credentials: Credentials): Principal | GatewayError {
    if (this.#host.clock.now() >= key.expiresAt) return invalidKey()
    if (key.networks !== null && !key.networks.has(credentials.clientIp)) return new GatewayError('ip_not_allowed')
    if (credentials.scope !== null && !key.scopes.has(credentials.scope)) {
      return new GatewayError('scope_missing', { message: `The key lacks the scope \`${credentials.scope}\` that this endpoint needs.` })
    }
    return key.scopes.has('act-as-user') ? actAsUser(key.principal, credentials, this.#host.directory) : key.principal
  }
}

/** The scope makes the header's word a proof: the key's owner vouches for the user. */
function actAsUser(principal: Principal, credentials: Credentials, directory: Directory): Principal | GatewayError {
  const id = credentials.header(USER_HEADER)
  if (id === null || id === '') return principal
  if (id.length > MAX_USER_CHARS)
    return new GatewayError('invalid_request', {
      param: USER_HEADER,
      message: `\`${USER_HEADER}\` is longer than ${MAX_USER_CHARS} characters.`,
    })
  const user = directory.users.get(id)
  const roles = user?.tenant === principal.tenantId ? user.roles : []
  return { ...principal, user: { id, roles, source: 'act-as-user' } }
}

const beginningOf = (secret: string): string => secret.slice(0, BEGINNING_CHARS)

function tooOften(waitMs: number): GatewayError {
  const seconds = Math.ceil(waitMs / 1000)
  return new GatewayError('rate_limited', {
    message: `The API key is not valid, and this was tried too often; the next try counts in ${seconds} s.`,
    resolution: 'Send a valid key: one that is valid is not slowed.',
    retryAfterSeconds: seconds,
    // The same key stays wrong, so a client that repeats by itself gains nothing.
    shouldRetry: false,
  })
}

function invalidKey(): GatewayError {
  return new GatewayError('invalid_api_key')
}
