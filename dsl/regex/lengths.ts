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

/**
 * Characters around the one open repeat of a pattern that has the form `head [class]{n,} tail`, where all of the tail may be missing: once
 * the repeat has begun, a match is certain, and it grows with each character. Null for every other pattern.
 */
export function measureCertainty(tree: Disjunction): number | null {
  const until = untilCertain(tree)
  if (!until) return null
  const head = until.value[0]!.value
  const tail = tree.value[0]!.value.slice(head.length)
  return [...head, ...tail].map(measureTerm).reduce((sum, { max }) => sum + Number(max), 0)
}

/** What must be read of such a pattern until a match is certain; null for every other pattern. */
export function untilCertain({ value: alternatives, ...disjunction }: Disjunction): Disjunction | null {
  const [only] = alternatives
  if (alternatives.length !== 1 || !only) return null
  const open = only.value.findIndex((term) => measureTerm(term).max === null)
  const repeat = only.value[open]
  const tail = only.value.slice(open + 1)
  if (!repeat || !isOpenClass(repeat) || !tail.every((term) => mayBeMissing(term) && measureTerm(term).max !== null)) return null
  const least = repeat.quantifier!.atLeast
  const begun = { ...repeat, quantifier: { ...repeat.quantifier!, atMost: least } }
  return { ...disjunction, value: [{ ...only, value: [...only.value.slice(0, open), begun] }] }
}

const mayBeMissing = (term: Term): boolean => 'quantifier' in term && term.quantifier?.atLeast === 0

/** One class of characters, repeated without an end. */
function isOpenClass(term: Term): term is Extract<Term, { quantifier?: unknown }> {
  return (term.type === 'Set' || term.type === 'Character') && term.quantifier?.atMost === Infinity
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
