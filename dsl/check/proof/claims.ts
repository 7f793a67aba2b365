// A compiled policy as the proofs see it: its condition and the opposite as formulas, and what of it can be looked up before anything is proven.
import { narrow, type Domain } from './domain.ts'
import type { CompiledPolicy } from '../../compile/bundle.ts'
import type { Formula, Terms } from './formula.ts'
import type { Span } from '../../diagnostics/diagnostic.ts'

export interface Claim {
  readonly policy: CompiledPolicy
  readonly when: Formula
  readonly never: Formula
  /** What must hold, all of it. */
  readonly needs: readonly Formula[]
  /** By term: what the needs that test it alone leave of it. */
  readonly units: ReadonlyMap<number, Domain>
  /** Terms that stand in an `or`, so that `units` does not say everything about them. */
  readonly loose: ReadonlySet<number>
}

export function claimOf(policy: CompiledPolicy, terms: Terms): Claim {
  const when = terms.formula(policy.when)
  const needs = when.kind === 'and' ? when.parts : when.kind === 'constant' && when.value ? [] : [when]
  const units = new Map<number, Domain>()
  const loose = new Set<number>()
  for (const need of needs) {
    if (need.kind !== 'test') for (const term of termsIn(need)) loose.add(term)
    else units.set(need.term, narrow(units.get(need.term) ?? terms.all[need.term]!.domain, need.constraint) ?? NOTHING)
  }
  return { policy, when, never: terms.formula(policy.when, false), needs, units, loose }
}

/** The first words of a policy, `policy acme.rule`: where something is said about the whole of it. */
export function headOf({ id, span }: Pick<CompiledPolicy, 'id' | 'span'>): Span {
  return { ...span, end: Math.min(span.end, span.start + 'policy '.length + id.length) }
}

const NOTHING: Domain = { only: new Set(), kinds: 0, min: 0, minOpen: false, max: 0, maxOpen: false, out: [] }

export function termsIn(formula: Formula): readonly number[] {
  if (formula.kind === 'test') return [formula.term]
  return formula.kind === 'constant' ? [] : formula.parts.flatMap(termsIn)
}
