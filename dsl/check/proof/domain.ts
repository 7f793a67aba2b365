// The values that a term can still have: every test on the way narrows them, and where none is left there is a contradiction.
// Whatever is not certain stays in: an order says nothing about values that are no numbers, so those pass both it and its opposite.
import type { Type } from '../../vocabulary/vocabulary.ts'

export type Scalar = null | boolean | number | string

export type Order = '<' | '<=' | '>' | '>='

/** What a test asks of one term. */
export type Constraint =
  | { readonly kind: 'in' | 'out'; readonly values: ReadonlySet<Scalar> }
  | { readonly kind: 'order'; readonly operator: Order; readonly bound: number }

export const NULL = 1
export const BOOL = 2
export const NUMBER = 4
export const TEXT = 8
/** Lists, records, and whatever else a test for a scalar value never meets. */
export const OTHER = 16
const ANY = NULL | BOOL | NUMBER | TEXT | OTHER

export interface Domain {
  /** The values, where they can be counted; all else below then says nothing. */
  readonly only: ReadonlySet<Scalar> | null
  /** Sum of the kinds of values. */
  readonly kinds: number
  readonly min: number
  readonly minOpen: boolean
  readonly max: number
  readonly maxOpen: boolean
  readonly out: readonly ReadonlySet<Scalar>[]
}

function ofKinds(kinds: number, min = -Infinity, max = Infinity): Domain {
  return { only: null, kinds, min, minOpen: false, max, maxOpen: false, out: [] }
}

function ofValues(only: Iterable<Scalar>): Domain {
  return { ...ofKinds(0), only: new Set(only) }
}

export const ANYTHING = ofKinds(ANY)
export const TRUTH = ofValues([true, false])
export const A_TEXT = ofKinds(TEXT)
export const A_NUMBER = ofKinds(NUMBER)
/** The outcome of arithmetic: a number, or nothing that could be compared. */
export const COMPUTED = ofKinds(NUMBER | OTHER)
export const A_SCORE = ofKinds(NUMBER, 0, 1)
export const A_COUNT = ofKinds(NUMBER, 0)

/** All values of a declared type. */
export function domainOf(type: Type, optional: boolean): Domain {
  const absent = optional ? NULL : 0
  switch (type.kind) {
    case 'bool':
      return ofValues(optional ? [true, false, null] : [true, false])
    case 'enum':
      return ofValues(optional ? [...type.values, null] : type.values)
    case 'number':
    case 'time':
    case 'duration':
      return ofKinds(NUMBER | absent)
    case 'text':
    case 'ip':
      return ofKinds(TEXT | absent)
    default:
      return ofKinds(OTHER | absent)
  }
}

/** What is left of the domain; null: nothing. */
export function narrow(domain: Domain, constraint: Constraint): Domain | null {
  if (constraint.kind === 'order') return domain.only ? filtered(domain.only, constraint) : ordered(domain, constraint)
  if (constraint.kind === 'in') return domain.only ? filtered(domain.only, constraint) : picked(domain, constraint.values)
  return domain.only ? filtered(domain.only, constraint) : without(domain, constraint.values)
}

/** Do all values of the domain pass? Never said of values that are not certain. */
export function entails(domain: Domain, constraint: Constraint): boolean {
  return narrow(domain, opposite(constraint)) === null
}

const OPPOSITE: { readonly [operator in Order]: Order } = { '<': '>=', '<=': '>', '>': '<=', '>=': '<' }

export function opposite(constraint: Constraint): Constraint {
  if (constraint.kind === 'order') return { ...constraint, operator: OPPOSITE[constraint.operator] }
  return { kind: constraint.kind === 'in' ? 'out' : 'in', values: constraint.values }
}

/** May the value be one of the domain? */
export function admits(domain: Domain, value: Scalar): boolean {
  if (domain.only) return domain.only.has(value)
  if ((domain.kinds & kindOf(value)) === 0 || domain.out.some((values) => values.has(value))) return false
  if (typeof value !== 'number') return true
  return (domain.minOpen ? value > domain.min : value >= domain.min) && (domain.maxOpen ? value < domain.max : value <= domain.max)
}

function kindOf(value: Scalar): number {
  if (value === null) return NULL
  return typeof value === 'boolean' ? BOOL : typeof value === 'number' ? NUMBER : TEXT
}

// ── narrowing ────────────────────────────────────────────────────────────────────────────────────────────────────────

function filtered(values: ReadonlySet<Scalar>, constraint: Constraint): Domain | null {
  const left = new Set<Scalar>()
  for (const value of values) if (passes(value, constraint)) left.add(value)
  return left.size === 0 ? null : { ...ofKinds(0), only: left }
}

function passes(value: Scalar, constraint: Constraint): boolean {
  if (constraint.kind !== 'order') return constraint.values.has(value) === (constraint.kind === 'in')
  if (typeof value !== 'number') return true
  const { operator, bound } = constraint
  if (operator === '<') return value < bound
  if (operator === '<=') return value <= bound
  return operator === '>' ? value > bound : value >= bound
}

function picked(domain: Domain, values: ReadonlySet<Scalar>): Domain | null {
  const left = new Set<Scalar>()
  for (const value of values) if (admits(domain, value)) left.add(value)
  return left.size === 0 ? null : { ...ofKinds(0), only: left }
}

function without(domain: Domain, values: ReadonlySet<Scalar>): Domain | null {
  const gone = (values.has(null) ? NULL : 0) | (values.has(true) && values.has(false) ? BOOL : 0)
  return settle({ ...domain, kinds: domain.kinds & ~gone, out: [...domain.out, values] })
}

function ordered(domain: Domain, { operator, bound }: Extract<Constraint, { kind: 'order' }>): Domain | null {
  if ((domain.kinds & NUMBER) === 0) return domain
  const isOpen = operator === '<' || operator === '>'
  if (operator === '<' || operator === '<=') {
    if (bound > domain.max || (bound === domain.max && (domain.maxOpen || !isOpen))) return domain
    return settle({ ...domain, max: bound, maxOpen: isOpen })
  }
  if (bound < domain.min || (bound === domain.min && (domain.minOpen || !isOpen))) return domain
  return settle({ ...domain, min: bound, minOpen: isOpen })
}

/** Drops the numbers where the interval is empty, and counts the values where they have become few. */
function settle(domain: Domain): Domain | null {
  const { min, max, minOpen, maxOpen } = domain
  const isEmpty = min > max || (min === max && (minOpen || maxOpen))
  const kinds = isEmpty ? domain.kinds & ~NUMBER : domain.kinds
  if (kinds === 0) return null
  const next = kinds === domain.kinds ? domain : { ...domain, kinds }
  const isPoint = min === max
  if ((kinds & (TEXT | OTHER)) !== 0 || ((kinds & NUMBER) !== 0 && !isPoint)) return next
  const values: readonly Scalar[] = [
    ...(kinds & NULL ? [null] : []),
    ...(kinds & BOOL ? [true, false] : []),
    ...(kinds & NUMBER ? [min] : []),
  ]
  return picked(next, new Set(values))
}
