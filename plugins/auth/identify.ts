// From what a caller shows to who the caller is. A key that is not right is refused with one sentence, whatever is wrong with it.
import { equalHashes, GatewayError, hashKey, NOT_MINE, prefixOfKey } from '../../core/plugin/index.ts'
import type { Credentials, Directory, Host, KeyRow, Principal } from '../../core/plugin/index.ts'
import { compileKey, RecentKeys, type KnownKey } from './key-ring.ts'

type Awaitable<T> = T | Promise<T>
type Identified = Principal | GatewayError | typeof NOT_MINE

const USER_HEADER = 'x-sallyport-user'
const MAX_USER_CHARS = 256

/** The `identify` hook of one snapshot. Synchronous with a synchronous key store. */
export class Identifier {
  readonly #host: Host
  readonly #pepper: Buffer
  readonly #configured: ReadonlyMap<string, readonly KnownKey[]>
  readonly #recent = new RecentKeys()

  /** Throws when a configured key cannot be understood. */
  constructor(host: Host) {
    this.#host = host
    this.#pepper = host.secret('pepper')
    this.#configured = Map.groupBy(host.directory.keys.map(compileKey), ({ row }) => row.prefix)
  }

  identify(credentials: Credentials): Awaitable<Identified> {
    const { secret } = credentials
    if (secret === null) return invalidKey()
    // Another plugin may know other kinds of credentials; if none does, the kernel refuses.
    if (!secret.startsWith('sp_')) return NOT_MINE
    const recent = this.#recent.get(secret, this.#host.clock.monotonic())
    return recent ? this.#admit(recent, credentials) : this.#lookUp(secret, credentials)
  }

  #lookUp(secret: string, credentials: Credentials): Awaitable<Identified> {
    const prefix = prefixOfKey(secret)
    if (prefix === null) return invalidKey()
    const hash = hashKey(secret, this.#pepper)
    const configured = this.#configured.get(prefix)?.find(({ row }) => equalHashes(hash, row.hash))
    if (configured) return this.#accept(secret, configured, credentials)

    const stored = this.#stored(prefix)
    const choose = (rows: readonly KeyRow[] | GatewayError): Identified => {
      if (rows instanceof GatewayError) return rows
      const row = rows.find((candidate) => equalHashes(hash, candidate.hash))
      return row ? this.#acceptRow(secret, row, credentials) : invalidKey()
    }
    return stored instanceof Promise ? stored.then(choose) : choose(stored)
  }

  /** A store that cannot be read is our failure and not the caller's key. */
  #stored(prefix: string): Awaitable<readonly KeyRow[] | GatewayError> {
    const unavailable = (cause: unknown): GatewayError => new GatewayError('state_unavailable', { cause })
    try {
      const rows = this.#host.state.keys.findByPrefix(prefix)
      return rows instanceof Promise ? rows.catch(unavailable) : rows
    } catch (error) {
      return unavailable(error)
    }
  }

  #acceptRow(secret: string, row: KeyRow, credentials: Credentials): Identified {
    try {
      return this.#accept(secret, compileKey(row), credentials)
    } catch (error) {
      this.#host.log.error({ error, key: row.id }, 'a stored key cannot be understood and is refused')
      return invalidKey()
    }
  }

  #accept(secret: string, key: KnownKey, credentials: Credentials): Identified {
    if (key.row.revokedAt !== null) return invalidKey()
    if (!this.#host.directory.tenants.has(key.row.tenant)) {
      this.#host.log.warn({ key: key.row.id, tenant: key.row.tenant }, 'a key was refused: its tenant is not configured')
      return invalidKey()
    }
    const admitted = this.#admit(key, credentials)
    if (!(admitted instanceof GatewayError)) this.#recent.remember(secret, key, this.#host.clock.monotonic())
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

function invalidKey(): GatewayError {
  return new GatewayError('invalid_api_key')
}
