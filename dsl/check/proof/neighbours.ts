// Which policies are worth comparing. A condition that follows from another shares its terms, and most are told apart by one value of one
// attribute (a tenant, a model); so a thousand policies need a few proofs for each, not a million.
import { entails } from './domain.ts'
import { termsIn, type Claim } from './claims.ts'
import type { Formula, Terms } from './formula.ts'
import type { Scalar } from './domain.ts'

export interface Neighbours {
  /** Claims from which this one may follow; all others surely do not imply it. */
  stronger(claim: Claim): readonly Claim[]
}

export function indexClaims(claims: readonly Claim[], terms: Terms): Neighbours {
  const index = new Index(terms)
  for (const claim of claims) index.add(claim)
  return {
    stronger: (claim) => {
      if (claim.needs.length === 0) return claims
      const lists = claim.needs.map((need) => index.mayImply(need))
      const shortest = lists.reduce((a, b) => (sizeOf(b) < sizeOf(a) ? b : a))
      return [...new Set(shortest.flat())].filter((other) => other !== claim && mayImply(other, claim, terms))
    },
  }
}

const sizeOf = (lists: readonly (readonly Claim[])[]): number => lists.reduce((sum, { length }) => sum + length, 0)

const NONE: readonly Claim[] = []

class Index {
  readonly #terms: Terms
  /** By term: all that mention it. */
  readonly #mention = new Map<number, Claim[]>()
  /** By term: those that say more about it than a choice of values. */
  readonly #open = new Map<number, Claim[]>()
  /** By term and value: those that leave a choice of values, under each of them. */
  readonly #values = new Map<number, Map<Scalar, Claim[]>>()

  constructor(terms: Terms) {
    this.#terms = terms
  }

  add(claim: Claim): void {
    for (const term of new Set([...claim.units.keys(), ...claim.loose])) {
      push(this.#mention, term, claim)
      const only = claim.loose.has(term) ? null : (claim.units.get(term)?.only ?? null)
      if (only === null) push(this.#open, term, claim)
      else {
        let byValue = this.#values.get(term)
        if (byValue === undefined) this.#values.set(term, (byValue = new Map()))
        // One of its values is enough: whoever follows from it allows all of them.
        for (const value of only) {
          push(byValue, value, claim)
          break
        }
      }
    }
  }

  mayImply(need: Formula): readonly (readonly Claim[])[] {
    if (need.kind === 'test' && need.constraint.kind === 'in' && this.#terms.all[need.term]!.computedFrom === null) {
      const byValue = this.#values.get(need.term)
      const chosen = byValue ? [...need.constraint.values].map((value) => byValue.get(value) ?? NONE) : []
      return [this.#open.get(need.term) ?? NONE, ...chosen]
    }
    return [...new Set(termsIn(need).flatMap((term) => [term, this.#terms.all[term]!.computedFrom ?? term]))].map(
      (term) => this.#mention.get(term) ?? NONE,
    )
  }
}

function push<K>(map: Map<K, Claim[]>, key: K, claim: Claim): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [claim])
  else list.push(claim)
}

/** False: some need of the weaker one is about what the stronger one says nothing of, or too little. */
function mayImply(stronger: Claim, weaker: Claim, terms: Terms): boolean {
  return weaker.needs.every((need) => {
    if (need.kind !== 'test') return true
    const source = terms.all[need.term]!.computedFrom
    const isMentioned = (term: number): boolean => stronger.units.has(term) || stronger.loose.has(term)
    if (source !== null && isMentioned(source)) return true
    if (stronger.loose.has(need.term)) return true
    const domain = stronger.units.get(need.term)
    return domain !== undefined && entails(domain, need.constraint)
  })
}

/** Pairs of claims that one request may meet at once, as far as a look tells. Most are told apart by one value of one attribute. */
export function* meeting(claims: readonly Claim[]): Generator<readonly [Claim, Claim]> {
  const term = mostChosen(claims)
  const groups = new Map<Scalar | typeof ANY_VALUE, Claim[]>()
  for (const claim of claims) {
    const only = term === null ? null : claim.units.get(term)?.only
    for (const value of only ?? [ANY_VALUE]) push(groups, value, claim)
  }
  const everywhere = groups.get(ANY_VALUE) ?? []
  const seen = new Map<Claim, Set<Claim>>()
  for (const [value, group] of groups) {
    const others = value === ANY_VALUE ? everywhere : [...group, ...everywhere]
    for (const [i, first] of group.entries()) {
      for (const second of others.slice(i + 1)) {
        const known = seen.get(first) ?? new Set()
        if (known.has(second) || seen.get(second)?.has(first)) continue
        seen.set(first, known.add(second))
        yield [first, second]
      }
    }
  }
}

const ANY_VALUE = Symbol('any value')

/** The term to which most claims leave a choice of values. */
function mostChosen(claims: readonly Claim[]): number | null {
  const counts = new Map<number, number>()
  for (const { units } of claims) {
    for (const [term, { only }] of units) if (only !== null) counts.set(term, (counts.get(term) ?? 0) + 1)
  }
  return [...counts].reduce<readonly [number | null, number]>((best, one) => (one[1] > best[1] ? one : best), [null, 0])[0]
}
