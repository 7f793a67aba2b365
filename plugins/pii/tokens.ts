// The tokens of one exchange: issues placeholders by keyed hash, keeps their values sealed in the vault, recalls those of earlier turns of the
// same scope, and opens what puts values back. A placeholder that this exchange neither issued nor recalled is a text like any other.
import {
  GatewayError,
  type EffectCall,
  type ExchangeView,
  type Finding,
  type Host,
  type TokenPlace,
  type TokenRestorer,
  type TokenSession,
  type VaultScope,
} from '../../core/plugin/index.ts'
import { bareName, namesIn, placeholderOf, tokenName } from './token-name.ts'
import { deriveKey, seal, unseal } from './token-vault.ts'
import { Restorer, type KnownTokens } from './token-restorer.ts'

export const DEFAULT_LIFE_MS = 3_600_000
/** Placeholders of one exchange. */
const MAX_ISSUED = 10_000
const MAX_RECALLED = 1000

interface Issued {
  readonly value: string
  /** Shortest of all calls. */
  lifeMs: number
  /** Into whose arguments the value may go: those that all calls name. */
  tools: ReadonlySet<string>
  isKept: boolean
  /** By this exchange; else it was recalled, and no policy of this exchange has spoken of it. */
  isIssued: boolean
}

const NO_TOOLS: ReadonlySet<string> = new Set()

export class ExchangeTokens implements TokenSession {
  readonly #host: Pick<Host, 'state' | 'clock'>
  readonly #scope: VaultScope
  readonly #recalls: boolean
  readonly #nameKey: Buffer
  readonly #sealKey: Buffer
  /** By bare name. */
  readonly #known = new Map<string, Issued>()
  /** Placeholders by detector and value. */
  readonly #placeholders = new Map<string, string>()
  /** What may come back, by tool; null for texts. An answer has as many parts as its sender likes, so it is gathered once. */
  readonly #names = new Map<string | null, Names>()
  #tools: ReadonlySet<string> | null = null

  constructor(host: Pick<Host, 'state' | 'clock'>, secret: Buffer, view: ExchangeView) {
    const { parts, recalls } = scopeOf(view)
    this.#host = host
    this.#recalls = recalls
    this.#scope = {
      tenant: view.tenant.id,
      id: deriveKey(secret, 'scope', view.tenant.id, ...parts)
        .toString('hex')
        .slice(0, 32),
    }
    this.#nameKey = deriveKey(secret, 'name', this.#scope.tenant, this.#scope.id)
    this.#sealKey = deriveKey(secret, 'seal')
  }

  get isActive(): boolean {
    return this.#known.size > 0
  }

  issue(value: string, finding: Finding, calls: readonly EffectCall[]): string {
    // A placeholder in a place where a detector expects a value, such as behind `password:`, is one already.
    if (this.#known.has(bareName(value)) && namesIn(value, 1).length > 0) return value
    const lifeMs = lifeOf(calls)
    const tools = toolsOf(calls)
    const id = `${finding.detector}\u0000${value}`
    const before = this.#placeholders.get(id)
    if (before !== undefined) {
      this.#join(bareName(before), lifeMs, tools)
      return before
    }
    if (this.#placeholders.size >= MAX_ISSUED)
      throw new GatewayError('pii_detected', {
        message: `The request holds more than ${MAX_ISSUED} values that a policy replaces by tokens.`,
      })
    const name = this.#nameFor(value, finding)
    // Detectors of the same last word give a value the same name: what one policy forbids, the other can not allow.
    if (this.#known.get(bareName(name))?.isIssued === true) this.#join(bareName(name), lifeMs, tools)
    else this.#known.set(bareName(name), { value, lifeMs, tools, isKept: false, isIssued: true })
    this.#forget()
    const placeholder = placeholderOf(name)
    this.#placeholders.set(id, placeholder)
    return placeholder
  }

  /** What is known under a name keeps it: another value with the same hash gets the next one. */
  #nameFor(value: string, finding: Finding): string {
    for (let attempt = 0; ; attempt++) {
      const name = tokenName(this.#nameKey, value, finding, attempt)
      const other = this.#known.get(bareName(name))
      if (other === undefined || other.value === value) return name
    }
  }

  #join(name: string, lifeMs: number, tools: ReadonlySet<string>): void {
    const issued = this.#known.get(name)!
    if (lifeMs < issued.lifeMs) {
      issued.lifeMs = lifeMs
      issued.isKept = false
    }
    issued.tools = inBoth(issued.tools, tools)
    this.#forget()
  }

  async recall(texts: readonly string[]): Promise<void> {
    if (!this.#recalls) return
    const names = new Set(texts.flatMap((text) => namesIn(text, MAX_RECALLED)))
    if (names.size === 0) return
    const found = await this.#host.state.vault.getMany(this.#scope, [...names].slice(0, MAX_RECALLED))
    for (const [name, sealed] of found) {
      const value = unseal(this.#sealKey, this.#scope, name, sealed)
      // No policy of this exchange says into which tools it may go.
      if (value !== null) this.#known.set(name, { value, lifeMs: 0, tools: NO_TOOLS, isKept: true, isIssued: false })
    }
    this.#forget()
  }

  keep(): void | Promise<void> {
    const fresh = [...this.#known].filter(([, { isKept }]) => !isKept)
    if (fresh.length === 0) return
    const now = this.#host.clock.now()
    const entries = fresh.map(([name, { value, lifeMs }]) => ({
      name,
      sealed: seal(this.#sealKey, this.#scope, name, value),
      expiresAt: now + lifeMs,
    }))
    for (const [, issued] of fresh) issued.isKept = true
    return this.#host.state.vault.putMany(this.#scope, entries)
  }

  open({ encoding, tool }: TokenPlace): TokenRestorer | null {
    if (tool !== null && !this.#toolsNamed().has(tool)) return null
    let names = this.#names.get(tool)
    if (!names) this.#names.set(tool, (names = new Names([...this.#known].filter(([, { tools }]) => tool === null || tools.has(tool)))))
    return names.isEmpty ? null : new Restorer(names, encoding)
  }

  #toolsNamed(): ReadonlySet<string> {
    return (this.#tools ??= new Set([...this.#known.values()].flatMap(({ tools }) => [...tools])))
  }

  #forget(): void {
    this.#names.clear()
    this.#tools = null
  }
}

class Names implements KnownTokens {
  readonly #values: ReadonlyMap<string, string>
  #sorted: readonly string[] | null = null

  constructor(known: readonly (readonly [string, Issued])[]) {
    this.#values = new Map(known.map(([name, { value }]) => [name, value]))
  }

  get isEmpty(): boolean {
    return this.#values.size === 0
  }

  valueOf(name: string): string | null {
    return this.#values.get(name) ?? null
  }

  mayBegin(prefix: string): boolean {
    const names = (this.#sorted ??= [...this.#values.keys()].sort())
    let low = 0
    let high = names.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (names[middle]! < prefix) low = middle + 1
      else high = middle
    }
    return names[low]?.startsWith(prefix) === true
  }
}

/**
 * Who shares placeholders: a user, and a session where one is named. Both are bound to who was proved to call, so that nobody gets into the
 * scope of another by a header. Where only the key is known, many people may stand behind it: the same value still has the same placeholder,
 * but nothing is recalled.
 */
function scopeOf({ principal, claims }: ExchangeView): { readonly parts: readonly string[]; readonly recalls: boolean } {
  const caller = principal.user ? ['user', principal.user.id] : ['key', principal.keyId ?? '']
  const user = principal.user ? '' : (claims.user ?? '')
  const session = claims.session ?? ''
  return { parts: [...caller, user, session], recalls: principal.user !== null || user !== '' || session !== '' }
}

function lifeOf(calls: readonly EffectCall[]): number {
  return Math.min(...calls.map(({ operands }) => (typeof operands['duration'] === 'number' ? operands['duration'] : DEFAULT_LIFE_MS)))
}

function toolsOf(calls: readonly EffectCall[]): ReadonlySet<string> {
  const named = calls.map(({ operands }) => new Set([operands['name'] ?? []].flat().map(String)))
  return named.reduce<ReadonlySet<string>>(inBoth, named[0] ?? NO_TOOLS)
}

const inBoth = (a: ReadonlySet<string>, b: ReadonlySet<string>): ReadonlySet<string> => new Set([...a].filter((name) => b.has(name)))
