// The prover: a tableau over formulas. It answers one question, whether nothing can make them true, and says no when it is not certain.
import { admits, entails, narrow, type Domain, type Scalar } from './domain.ts'
import { evaluateReference } from '../../evaluate/reference.ts'
import type { Formula, Terms } from './formula.ts'

/** Steps that the proofs of one compilation may take; beyond, nothing is proven. One query never takes more than its own share. */
export interface Budget {
  left: number
}

const MAX_STEPS = 5000

/** Values of one attribute that are tried out one by one. */
const MAX_TRIED = 200

type Known = Map<number, Domain>

/** True: proven that no values make all formulas true. False: some may, or it was too much to look into. */
export function refutes(formulas: readonly Formula[], terms: Terms, budget: Budget): boolean {
  const share = Math.min(MAX_STEPS, budget.left)
  const query: Query = { terms, steps: share }
  const isRefuted = refute(new Map(), formulas, query)
  budget.left -= share - query.steps
  return isRefuted && query.steps > 0
}

interface Query {
  readonly terms: Terms
  /** Left; at 0 the query gives up. */
  steps: number
}

function refute(known: Known, formulas: readonly Formula[], query: Query): boolean {
  const todo = [...formulas]
  let choices: Formula[] = []
  while (todo.length > 0) {
    for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
      if (query.steps-- <= 0) return false
      if (next.kind === 'constant') {
        if (!next.value) return true
      } else if (next.kind === 'test') {
        if (!assume(known, next, query)) return true
      } else if (next.kind === 'and') todo.push(...next.parts)
      else choices.push(next)
    }
    const open: Formula[] = []
    for (const choice of choices) {
      const left = possible(choice, known, query)
      if (left === null) continue
      if (left.length === 0) return true
      if (left.length === 1) todo.push(left[0]!)
      else open.push({ kind: 'or', parts: left })
    }
    choices = open
  }
  return choices.length === 0 ? !isPossible(known, query) : refuteEach(known, choices, query)
}

function refuteEach(known: Known, choices: readonly Formula[], query: Query): boolean {
  const sizeOf = (one: Formula): number => (one.kind === 'or' ? one.parts.length : 1)
  const smallest = choices.reduce((a, b) => (sizeOf(b) < sizeOf(a) ? b : a))
  const rest = choices.filter((choice) => choice !== smallest)
  const parts = smallest.kind === 'or' ? smallest.parts : [smallest]
  return parts.every((part) => query.steps > 0 && refute(new Map(known), [...rest, part], query))
}

function assume(known: Known, { term, constraint }: Extract<Formula, { kind: 'test' }>, { terms }: Query): boolean {
  const left = narrow(known.get(term) ?? terms.all[term]!.domain, constraint)
  if (left !== null) known.set(term, left)
  return left !== null
}

/** The parts of an `or` that may still be true; null: one is true already, so it asks nothing more. */
function possible(choice: Formula, known: Known, query: Query): readonly Formula[] | null {
  const left: Formula[] = []
  for (const part of choice.kind === 'or' ? choice.parts : [choice]) {
    query.steps--
    if (part.kind === 'test') {
      const domain = known.get(part.term) ?? query.terms.all[part.term]!.domain
      if (entails(domain, part.constraint)) return null
      if (narrow(domain, part.constraint) !== null) left.push(part)
    } else left.push(part)
  }
  return left
}

// ── terms that follow from others ────────────────────────────────────────────────────────────────────────────────────

/** Where an attribute has few values left, what is computed from it (`like`, `starts with`, a network) must agree with one of them. */
function isPossible(known: Known, { terms }: Query): boolean {
  const computed = Map.groupBy(
    [...known.keys()].filter((term) => terms.all[term]!.computedFrom !== null),
    (term) => terms.all[term]!.computedFrom!,
  )
  return [...computed].every(([source, dependants]) => {
    const { only } = known.get(source) ?? terms.all[source]!.domain
    if (only === null || only.size > MAX_TRIED) return true
    return [...only].some((value) => dependants.every((term) => admits(known.get(term)!, valueOf(term, source, value, terms))))
  })
}

function valueOf(term: number, source: number, value: Scalar, terms: Terms): Scalar {
  const path = terms.all[source]!.path!
  return evaluateReference(terms.all[term]!.logic, new Map([[path, value]])) as Scalar
}
