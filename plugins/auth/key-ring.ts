// Keys prepared for look-up: a row compiled once (expiry, networks, principal), and the short memory that makes a known key cost one map look-up.
import ipaddr from 'ipaddr.js'
import { readQuota, type KeyRow, type Principal } from '../../core/plugin/index.ts'

/** A key whose row was found and whose hash fits. What may change by itself (time, address, scope) is still to be judged. */
export interface KnownKey {
  readonly row: KeyRow
  readonly principal: Principal
  readonly scopes: ReadonlySet<string>
  /** Unix ms; Infinity: never. */
  readonly expiresAt: number
  /** Null: from anywhere. */
  readonly networks: Networks | null
}

/** Throws with the key's id when its row cannot be understood: a key that may be wider than meant must not work. */
export function compileKey(row: KeyRow): KnownKey {
  const expiresAt = row.expires === null ? Infinity : Date.parse(row.expires)
  if (Number.isNaN(expiresAt)) throw new RangeError(`key ${row.id}: expires is no date: ${row.expires}`)
  return {
    row,
    principal: principalOf(row),
    scopes: new Set(row.scopes),
    expiresAt,
    networks: row.allowedIps === null ? null : new Networks(row.id, row.allowedIps),
  }
}

function principalOf({ id, tenant, scopes, models, features, quota, family }: KeyRow): Principal {
  const principal = { tenantId: tenant, keyId: id, scopes, models, features, user: null }
  return { ...principal, ...(family === undefined ? {} : { keyFamily: family }), ...(quota ? { quota: readQuota(quota) } : {}) }
}

type Address = ipaddr.IPv4 | ipaddr.IPv6

/** Networks in CIDR notation, or single addresses. */
export class Networks {
  readonly #ranges: readonly [Address, number][]
  /** Clients keep their address: the last answer is nearly always the next. */
  #last = { address: '', allowed: false }

  constructor(keyId: string, networks: readonly string[]) {
    this.#ranges = networks.map((text) => parseNetwork(keyId, text))
  }

  has(address: string): boolean {
    if (this.#last.address !== address) this.#last = { address, allowed: this.#search(address) }
    return this.#last.allowed
  }

  #search(text: string): boolean {
    if (!ipaddr.isValid(text)) return false
    // An IPv4 client of a dual-stack socket shows up as ::ffff:a.b.c.d.
    const address = ipaddr.process(text)
    return this.#ranges.some(([network, bits]) => address.kind() === network.kind() && address.match(network, bits))
  }
}

function parseNetwork(keyId: string, text: string): [Address, number] {
  try {
    const [address, bits] = text.includes('/') ? ipaddr.parseCIDR(text) : [ipaddr.parse(text), 128]
    const mapped = address.kind() === 'ipv6' && (address as ipaddr.IPv6).isIPv4MappedAddress()
    if (mapped) return [(address as ipaddr.IPv6).toIPv4Address(), Math.max(0, bits - 96)]
    return [address, address.kind() === 'ipv4' ? Math.min(bits, 32) : bits]
  } catch {
    throw new RangeError(`key ${keyId}: not a network or an address: ${text}`)
  }
}

const REMEMBER_MS = 1000
const MAX_REMEMBERED = 10_000

/** Keys that were proved within the last second, by the secret as it was shown. Revocation takes effect when a memory ends. */
export class RecentKeys {
  readonly #keys = new Map<string, { readonly key: KnownKey; readonly until: number }>()

  get(secret: string, nowMs: number): KnownKey | null {
    const recent = this.#keys.get(secret)
    return recent !== undefined && nowMs < recent.until ? recent.key : null
  }

  /** `sinceMs`: when the look-up began. What was revoked since then ends with the memory. */
  remember(secret: string, key: KnownKey, sinceMs: number): void {
    this.#keys.delete(secret)
    if (this.#keys.size >= MAX_REMEMBERED) this.#keys.delete(this.#keys.keys().next().value!)
    this.#keys.set(secret, { key, until: sinceMs + REMEMBER_MS })
  }
}
