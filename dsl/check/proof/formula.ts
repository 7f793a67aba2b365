// Compiled conditions as the prover reads them: `and` and `or` over tests of single terms, negations pushed down to the tests.
// What it does not understand becomes a term of its own that may be true or false: it proves nothing, and it claims nothing.
import { A_COUNT, A_NUMBER, A_SCORE, A_TEXT, ANYTHING, COMPUTED, domainOf, NUMBER, opposite, TRUTH } from './domain.ts'
import { readPaths } from '../../evaluate/paths.ts'
import type { Constraint, Domain, Order, Scalar } from './domain.ts'
import type { JsonLogic } from '../../compile/bundle.ts'
import type { Type } from '../../vocabulary/vocabulary.ts'

export type Formula =
  | { readonly kind: 'constant'; readonly value: boolean }
  | { readonly kind: 'test'; readonly term: number; readonly constraint: Constraint }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Formula[] }

export interface Term {
  readonly logic: JsonLogic
  /** Everything it could be before anything is known. */
  readonly domain: Domain
  /** The one attribute from whose value it can be computed here and now, else null. */
  readonly computedFrom: number | null
  /** Where it is an attribute: its path. */
  readonly path: string | null
}

/** What is known of an attribute: null for one that nobody declared. */
export type TypeOf = (attribute: string) => { readonly type: Type; readonly optional: boolean } | null

/** Lists in policies are short; one with more values than this is not looked into. */
const MAX_VALUES = 10_000

export class Terms {
  readonly all: Term[] = []
  readonly #ids = new Map<string, number>()
  readonly #large = new WeakMap<object, number>()
  readonly #typeOf: TypeOf
  #largeCount = 0

  constructor(typeOf: TypeOf) {
    this.#typeOf = typeOf
  }

  /** The formula that holds where the condition is `wanted`. */
  formula(logic: JsonLogic, wanted = true): Formula {
    if (typeof logic === 'boolean') return constant(logic === wanted)
    if (logic === null || typeof logic !== 'object' || Array.isArray(logic)) return this.#truthOf(logic, wanted)
    const [operator, args] = read(logic)
    switch (operator) {
      case 'and':
      case 'or':
        return connect(
          (operator === 'and') === wanted ? 'and' : 'or',
          args.map((part) => this.formula(part, wanted)),
        )
      case '!':
        return args.length === 1 ? this.formula(args[0]!, !wanted) : this.#truthOf(logic, wanted)
      case 'none':
        return this.formula({ some: args }, !wanted)
      case 'if':
        return args.length === 3 ? this.#choice(args, (branch) => this.formula(branch, wanted)) : this.#truthOf(logic, wanted)
      case '===':
      case '!==':
        return this.#equal(args, (operator === '===') === wanted) ?? this.#truthOf(logic, wanted)
      case '<':
      case '<=':
      case '>':
      case '>=':
        return this.#compare(operator, args, wanted) ?? this.#truthOf(logic, wanted)
      case 'in':
        return this.#member(args, wanted) ?? this.#truthOf(logic, wanted)
      default:
        return this.#truthOf(logic, wanted)
    }
  }

  /** `x ?? "a"` and its like stand in a comparison as `if`: either branch is compared, each under its condition. */
  #choice([condition, then, otherwise]: readonly JsonLogic[], compare: (branch: JsonLogic) => Formula): Formula {
    const first = connect('and', [this.formula(condition!), compare(then!)])
    return connect('or', [first, connect('and', [this.formula(condition!, false), compare(otherwise!)])])
  }

  #equal([left, right]: readonly JsonLogic[], wanted: boolean): Formula | null {
    const again = (a: JsonLogic, b: JsonLogic): Formula => this.formula({ [wanted ? '===' : '!==']: [a, b] })
    if (left === undefined || right === undefined || isList(left) || isList(right)) return null
    if (isChoice(left)) return this.#choice(read(left)[1], (branch) => again(branch, right))
    if (isChoice(right)) return this.#choice(read(right)[1], (branch) => again(left, branch))
    if (isScalar(left) && isScalar(right)) return constant((left === right) === wanted)
    const values: Constraint = { kind: wanted ? 'in' : 'out', values: new Set([isScalar(left) ? left : isScalar(right) ? right : 0]) }
    if (isScalar(left)) return test(this.#termOf(right), values)
    return isScalar(right) ? test(this.#termOf(left), values) : test(this.#pairOf(left, right).term, values)
  }

  #compare(operator: Order, [left, right]: readonly JsonLogic[], wanted: boolean): Formula | null {
    const again = (a: JsonLogic, b: JsonLogic): Formula => this.formula({ [operator]: [a, b] }, wanted)
    if (left === undefined || right === undefined || isList(left) || isList(right)) return null
    if (isChoice(left)) return this.#choice(read(left)[1], (branch) => again(branch, right))
    if (isChoice(right)) return this.#choice(read(right)[1], (branch) => again(left, branch))
    if (typeof left === 'number' && typeof right === 'number') return constant(holds(left, operator, right) === wanted)
    const order = (term: number, one: Order, bound: number): Formula => {
      const constraint: Constraint = { kind: 'order', operator: one, bound }
      return test(term, wanted ? constraint : opposite(constraint))
    }
    if (typeof right === 'number' && !isScalar(left)) return order(this.#termOf(left), operator, right)
    if (typeof left === 'number' && !isScalar(right)) return order(this.#termOf(right), MIRRORED[operator], left)
    if (isScalar(left) || isScalar(right)) return null
    const { term, isSwapped } = this.#pairOf(left, right)
    return order(term, isSwapped ? MIRRORED[operator] : operator, 0)
  }

  #member([needle, list]: readonly JsonLogic[], wanted: boolean): Formula | null {
    if (needle === undefined || list === undefined || isList(needle)) return null
    if (isChoice(needle)) return this.#choice(read(needle)[1], (branch) => this.formula({ in: [branch, list] }, wanted))
    if (!isList(list) || list.length > MAX_VALUES || !list.every(isScalar)) return null
    const values = new Set(list)
    if (isScalar(needle)) return constant(values.has(needle) === wanted)
    return values.size === 0 ? constant(!wanted) : test(this.#termOf(needle), { kind: wanted ? 'in' : 'out', values })
  }

  /** A test that is taken as a whole. Those that look into a text or a list are false where it is absent. */
  #truthOf(logic: JsonLogic, wanted: boolean): Formula {
    const isTrue = test(this.#termOf(logic), { kind: wanted ? 'in' : 'out', values: new Set([true]) })
    if (!wanted || logic === null || typeof logic !== 'object' || Array.isArray(logic)) return isTrue
    const [operator, args] = read(logic)
    const within = operator === 'in' ? args[1] : NEEDS_VALUE.has(operator) ? args[0] : undefined
    if (within === undefined || pathOf(within) === null) return isTrue
    return connect('and', [isTrue, test(this.#termOf(within), { kind: 'out', values: new Set([null]) })])
  }

  // ── terms ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  #termOf(logic: JsonLogic): number {
    return this.#intern(this.#keyOf(logic), () => {
      const path = pathOf(logic)
      return { logic, path, domain: this.#domainOf(logic, path), computedFrom: this.#sourceOf(logic, path) }
    })
  }

  /** Two terms that are compared with each other, as one: the sign of their difference. */
  #pairOf(left: JsonLogic, right: JsonLogic): { readonly term: number; readonly isSwapped: boolean } {
    const [a, b] = [this.#keyOf(left), this.#keyOf(right)]
    const isSwapped = b < a
    const isCertain = [left, right].every((one) => this.all[this.#termOf(one)]!.domain.kinds === NUMBER)
    const term = this.#intern(isSwapped ? `${b}:${a}` : `${a}:${b}`, () => ({
      logic: [left, right],
      path: null,
      domain: isCertain ? A_NUMBER : ANYTHING,
      computedFrom: null,
    }))
    return { term, isSwapped }
  }

  #intern(key: string, make: () => Term): number {
    let id = this.#ids.get(key)
    if (id === undefined) {
      const term = make()
      this.#ids.set(key, (id = this.all.push(term) - 1))
    }
    return id
  }

  #keyOf(logic: JsonLogic): string {
    const path = pathOf(logic)
    if (path !== null) return path
    return JSON.stringify(logic, (_key, value: unknown) =>
      Array.isArray(value) && value.length > MAX_VALUES ? this.#nameOf(value) : value,
    )
  }

  #nameOf(list: object): string {
    let name = this.#large.get(list)
    if (name === undefined) this.#large.set(list, (name = this.#largeCount++))
    return `list ${name}`
  }

  #domainOf(logic: JsonLogic, path: string | null): Domain {
    if (path?.startsWith('found.')) return path.endsWith('.score') ? A_SCORE : A_COUNT
    if (path !== null) {
      const declared = this.#typeOf(path)
      return declared ? domainOf(declared.type, declared.optional) : ANYTHING
    }
    if (isScalar(logic) || isList(logic)) return ANYTHING
    const [operator] = read(logic)
    if (operator === 'substr' || operator === 'lower') return A_TEXT
    if (TRUTHS.has(operator)) return TRUTH
    return COMPUTES.has(operator) ? COMPUTED : ANYTHING
  }

  #sourceOf(logic: JsonLogic, path: string | null): number | null {
    if (path !== null || isScalar(logic) || isList(logic) || !PURE.has(read(logic)[0])) return null
    const paths = readPaths(logic)
    return paths.length === 1 && onlyPure(logic) ? this.#termOf({ var: paths[0]! }) : null
  }
}

const NEEDS_VALUE: ReadonlySet<string> = new Set(['glob', 'includes', 'cidr', 'some'])
const TRUTHS: ReadonlySet<string> = new Set(['in', 'some', 'glob', 'includes', 'cidr', '===', '!==', '<', '<=', '>', '>='])
const COMPUTES: ReadonlySet<string> = new Set(['+', '-', '*', 'reduce'])
/** What can be computed from the value of an attribute alone. */
const PURE: ReadonlySet<string> = new Set(['substr', 'lower', 'glob', 'includes', 'cidr'])
const MIRRORED: { readonly [operator in Order]: Order } = { '<': '>', '<=': '>=', '>': '<', '>=': '<=' }

const constant = (value: boolean): Formula => ({ kind: 'constant', value })
const test = (term: number, constraint: Constraint): Formula => ({ kind: 'test', term, constraint })

function connect(kind: 'and' | 'or', parts: readonly Formula[]): Formula {
  const neutral = kind === 'and'
  const open: Formula[] = []
  for (const part of parts) {
    if (part.kind === 'constant') {
      if (part.value !== neutral) return part
    } else if (part.kind === kind) open.push(...part.parts)
    else open.push(part)
  }
  return open.length === 0 ? constant(neutral) : open.length === 1 ? open[0]! : { kind, parts: open }
}

function read(logic: JsonLogic): readonly [operator: string, args: readonly JsonLogic[]] {
  const [operator, operand] = Object.entries(logic as { readonly [operator: string]: JsonLogic })[0]!
  return [operator, isList(operand) ? operand : [operand!]]
}

function pathOf(logic: JsonLogic): string | null {
  if (isScalar(logic) || isList(logic)) return null
  const [operator, [path]] = read(logic)
  return operator === 'var' && typeof path === 'string' ? path : null
}

function isScalar(logic: JsonLogic): logic is Scalar {
  return logic === null || typeof logic !== 'object'
}

function isList(logic: JsonLogic | undefined): logic is readonly JsonLogic[] {
  return Array.isArray(logic)
}

function isChoice(logic: JsonLogic): boolean {
  return !isScalar(logic) && !isList(logic) && read(logic)[0] === 'if' && read(logic)[1].length === 3
}

function onlyPure(logic: JsonLogic): boolean {
  if (isScalar(logic) || pathOf(logic) !== null) return true
  if (isList(logic)) return logic.every(onlyPure)
  const [operator, args] = read(logic)
  return PURE.has(operator) && args.every(onlyPure)
}

function holds(left: number, operator: Order, right: number): boolean {
  if (operator === '<') return left < right
  if (operator === '<=') return left <= right
  return operator === '>' ? left > right : left >= right
}
