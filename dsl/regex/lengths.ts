// Shortest and longest match of a pattern, from its tree.
import type { Disjunction, Term } from '@chevrotain/regexp-to-ast'

export interface Lengths {
  readonly min: number
  /** Null: unbounded. */
  readonly max: number | null
}

const NOTHING: Lengths = { min: 0, max: 0 }

export function measureLengths({ value: alternatives }: Disjunction): Lengths {
  return alternatives.map(({ value: terms }) => terms.map(measureTerm).reduce(inSequence, NOTHING)).reduce(eitherOf)
}

function measureTerm(term: Term): Lengths {
  const once = measureOnce(term)
  const quantifier = 'quantifier' in term ? term.quantifier : undefined
  if (!quantifier) return once
  const atMost: number | null = Number.isFinite(quantifier.atMost) ? quantifier.atMost : null
  return {
    min: once.min * quantifier.atLeast,
    max: atMost === null ? (once.max === 0 ? 0 : null) : once.max === null ? null : once.max * atMost,
  }
}

function measureOnce(term: Term): Lengths {
  switch (term.type) {
    case 'Character':
    case 'Set':
      return { min: 1, max: 1 }
    case 'Group':
      return measureLengths(term.value as Disjunction)
    case 'GroupBackReference':
      return { min: 0, max: null }
    default:
      return NOTHING
  }
}

function inSequence(a: Lengths, b: Lengths): Lengths {
  return { min: a.min + b.min, max: a.max === null || b.max === null ? null : a.max + b.max }
}

function eitherOf(a: Lengths, b: Lengths): Lengths {
  return { min: Math.min(a.min, b.min), max: a.max === null || b.max === null ? null : Math.max(a.max, b.max) }
}
