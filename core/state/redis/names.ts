// Names of the keys in Redis. What one script touches carries one hash tag (the part in braces), so that Redis Cluster keeps it on one node.
import { createHash } from 'node:crypto'
import type { Claim } from '../../model/state.ts'

const KINDS = { window: 'w', rate: 'r', slot: 's' } as const

/** What the scripts of the ledger know of a claim by its key: the kind's letter and the counter's name. */
export function fieldOf({ kind, counter }: Pick<Claim, 'kind' | 'counter'>): string {
  return `${KINDS[kind]}:${counter}`
}

/** A tenant's id may hold anything; in a hash tag braces would end it early, and an empty tag would be none. */
function tagOf(tenant: string): string {
  if (tenant === '') return '{%}'
  return `{${/[%{}]/.test(tenant) ? tenant.replaceAll(/[%{}]/g, (char) => `%${char.codePointAt(0)!.toString(16)}`) : tenant}}`
}

/** Every list below holds the keys of one script, in the script's order. */
export class Names {
  readonly prefix: string
  readonly #shared: string

  /** `prefix` sets several gateways apart that share one Redis; letters, digits, `.`, `_`, `-` and `:` only. */
  constructor(prefix: string) {
    this.prefix = prefix
    this.#shared = this.base('')
  }

  /** What all keys of a tenant begin with; '' is what the tenants share. */
  base(tenant: string): string {
    return `${this.prefix}:${tagOf(tenant)}:`
  }

  /** What a process holds, and leases: every script of the ledger that changes something begins with them. */
  reservations(tenant: string, process: string): string[] {
    const base = this.base(tenant)
    return [`${base}held:${process}`, `${base}leases`]
  }

  reserve(tenant: string, process: string, claims: readonly Claim[]): string[] {
    const base = this.base(tenant)
    const keys = [`${base}held:${process}`, `${base}leases`]
    for (const claim of claims) keys.push(base + fieldOf(claim))
    return keys
  }

  book(tenant: string, process: string, id: string, counters: readonly string[]): string[] {
    const base = this.base(tenant)
    return [...this.reservations(tenant, process), `${base}b:${id}`, ...counters.map((counter) => `${base}w:${counter}`)]
  }

  level(tenant: string, counter: string): string[] {
    const base = this.base(tenant)
    return [`${base}w:${counter}`, `${base}r:${counter}`, `${base}s:${counter}`]
  }

  /** Index and values of a tenant's vault. */
  vault(tenant: string, members: readonly string[]): string[] {
    const base = this.base(tenant)
    return [`${base}vault`, ...members.map((member) => `${base}v:${member}`)]
  }

  vaultTenants(): string {
    return `${this.#shared}vaults`
  }

  secretsMark(): string {
    return `${this.#shared}secrets`
  }

  /** When each was last heard of, and the last answer that each has heard. */
  processes(): string[] {
    return [`${this.#shared}processes`, `${this.#shared}heard`]
  }

  /** The troubled ones of all breakers, and the counts of one. */
  breaker(key: string): string[] {
    return [`${this.#shared}breakers`, `${this.#shared}breaker:${key}`]
  }

  approval(id: string): string[] {
    return [`${this.#shared}approvals`, `${this.#shared}approval:${id}`]
  }

  /** An approval, and what it is for. */
  approvalFor(id: string, tenant: string, keyId: string, contentHash: string): string[] {
    const what = createHash('sha256')
      .update(JSON.stringify([tenant, keyId, contentHash]))
      .digest('hex')
    return [...this.approval(id), `${this.#shared}approval-for:${what}`]
  }

  raises(): string {
    return `${this.#shared}raises`
  }

  /** Prefixes of all keys by id, and the rows that share a prefix. */
  customerKey(prefix: string): string[] {
    return [`${this.#shared}keys`, `${this.#shared}k:${prefix}`]
  }

  /** As `customerKey`, with the rows of a further prefix when a key is added in the same step. */
  customerKeys(prefix: string, added: string | undefined): string[] {
    const keys = this.customerKey(prefix)
    return added === undefined ? keys : [...keys, `${this.#shared}k:${added}`]
  }

  keyUses(): string[] {
    return [`${this.#shared}key-uses`]
  }
}
