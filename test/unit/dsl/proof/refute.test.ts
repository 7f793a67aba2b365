// What the prover claims is never refuted by trying: random conditions over typed attributes, and random values for these.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { evaluateReference } from '../../../../dsl/evaluate/reference.ts'
import { refutes } from '../../../../dsl/check/proof/refute.ts'
import { Terms, type TypeOf } from '../../../../dsl/check/proof/formula.ts'
import type { JsonLogic } from '../../../../dsl/compile/bundle.ts'
import type { Type } from '../../../../dsl/vocabulary/vocabulary.ts'

const RUNS = process.env['SALLYPORT_TEST_LONG'] ? 50_000 : 1_700

const TEXT: Type = { kind: 'text' }
const ATTRIBUTES: { readonly [name: string]: { readonly type: Type; readonly optional: boolean } } = {
  n: { type: { kind: 'number' }, optional: false },
  m: { type: { kind: 'number' }, optional: false },
  maybe: { type: { kind: 'number' }, optional: true },
  t: { type: TEXT, optional: false },
  u: { type: TEXT, optional: true },
  b: { type: { kind: 'bool' }, optional: false },
  c: { type: { kind: 'bool' }, optional: true },
  e: { type: { kind: 'enum', values: ['a', 'ab', 'b'] }, optional: false },
  l: { type: { kind: 'list', of: TEXT }, optional: false },
  k: { type: { kind: 'list', of: TEXT }, optional: true },
}
const typeOf: TypeOf = (name) => ATTRIBUTES[name] ?? null

const SCORE = 'found.acme.email.prompt.score'
const WORDS = ['', 'a', 'ab', 'b', 'ba'] as const
const NUMBERS = [-1, 0, 0.5, 1, 2] as const

// ── random values ────────────────────────────────────────────────────────────────────────────────────────────────────

const word = fc.constantFrom(...WORDS)
const number = fc.constantFrom(...NUMBERS)
const orNull = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { nil: null, freq: 3 })
const values = fc
  .record({
    n: number,
    m: number,
    maybe: orNull(number),
    t: word,
    u: orNull(word),
    b: fc.boolean(),
    c: orNull(fc.boolean()),
    e: fc.constantFrom('a', 'ab', 'b'),
    l: fc.array(word, { maxLength: 3 }),
    k: orNull(fc.array(word, { maxLength: 3 })),
    [SCORE]: fc.constantFrom(0, 0.5, 1),
  })
  .map((record) => new Map<string, unknown>(Object.entries(record)))

// ── random conditions, as the compiler emits them ────────────────────────────────────────────────────────────────────

const read = (name: string): JsonLogic => ({ var: name })
const text = fc.constantFrom(...['t', 'u', 'e'].map(read)).chain((one): fc.Arbitrary<JsonLogic> =>
  fc.oneof(
    fc.constant(one),
    word.map((fallback): JsonLogic => ({ if: [{ '!==': [one, null] }, one, fallback] })),
    fc.constant<JsonLogic>({ lower: [one] }),
    fc.constantFrom<JsonLogic>({ substr: [one, 0, 1] }, { substr: [one, -1] }),
  ),
)
const amount = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...['n', 'm', 'maybe', SCORE].map(read)) },
  number.map((fallback): JsonLogic => ({ if: [{ '!==': [read('maybe'), null] }, read('maybe'), fallback] })),
  number.map((other): JsonLogic => ({ '+': [read('n'), other] })),
)
const list = fc.constantFrom(...['l', 'k'].map(read))
const equality = fc.constantFrom('===', '!==')
const order = fc.constantFrom('<', '<=', '>', '>=')

const atom: fc.Arbitrary<JsonLogic> = fc.oneof(
  fc.tuple(equality, text, fc.oneof(word, text)).map(([operator, a, b]): JsonLogic => ({ [operator]: [a, b] })),
  fc.tuple(equality, fc.constantFrom(...['u', 'maybe', 'k', 'c'].map(read))).map(([operator, a]): JsonLogic => ({ [operator]: [a, null] })),
  fc.tuple(equality, fc.constantFrom(...['b', 'c'].map(read)), fc.boolean()).map(([operator, a, b]): JsonLogic => ({ [operator]: [a, b] })),
  fc.constant(read('b')),
  fc.tuple(fc.oneof(order, equality), amount, fc.oneof(number, amount)).map(([operator, a, b]): JsonLogic => ({ [operator]: [a, b] })),
  fc.tuple(order, number, amount).map(([operator, a, b]): JsonLogic => ({ [operator]: [a, b] })),
  fc.tuple(fc.oneof(text, word), fc.array(word, { maxLength: 3 })).map(([a, b]): JsonLogic => ({ in: [a, b] })),
  fc.tuple(fc.oneof(word, text), list).map(([a, b]): JsonLogic => ({ and: [{ '!==': [b, null] }, { in: [a, b] }] })),
  fc.tuple(text, fc.constantFrom('a*', '?', '*b')).map(([a, b]): JsonLogic => ({ glob: [a, b] })),
  fc.tuple(text, word).map(([a, b]): JsonLogic => ({ includes: [a, b] })),
  fc
    .tuple(fc.constantFrom('some', 'none'), list, word)
    .map(([operator, a, b]): JsonLogic => ({ and: [{ '!==': [a, null] }, { [operator]: [a, { '===': [{ var: '' }, b] }] }] })),
)

const { condition } = fc.letrec<{ condition: JsonLogic }>((tie) => ({
  condition: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    atom,
    fc
      .tuple(fc.constantFrom('and', 'or'), fc.array(tie('condition'), { minLength: 2, maxLength: 3 }))
      .map(([kind, parts]): JsonLogic => ({ [kind]: parts })),
    tie('condition').map((part): JsonLogic => ({ '!': [part] })),
    fc.tuple(tie('condition'), tie('condition'), tie('condition')).map((parts): JsonLogic => ({ if: [...parts] })),
  ),
}))

const budget = (): { left: number } => ({ left: 100_000 })

describe('the prover', () => {
  it('never claims a contradiction that some values satisfy', () => {
    let claimed = 0
    fc.assert(
      fc.property(condition, fc.array(values, { minLength: 30, maxLength: 30 }), (logic, tried) => {
        const terms = new Terms(typeOf)
        if (!refutes([terms.formula(logic)], terms, budget())) return
        claimed++
        for (const context of tried) assert.equal(evaluateReference(logic, context), false)
      }),
      { numRuns: RUNS, seed: 3 },
    )
    assert.ok(claimed > RUNS / 100, `only ${claimed} contradictions among ${RUNS} conditions`)
  })

  it('never claims an implication that some values refute', () => {
    let claimed = 0
    const pair = fc
      .tuple(condition, condition)
      .chain(([a, b]) => fc.constantFrom<readonly [JsonLogic, JsonLogic]>([a, b], [{ and: [a, b] }, b], [a, { or: [b, a] }]))
    fc.assert(
      fc.property(pair, fc.array(values, { minLength: 20, maxLength: 20 }), ([a, b], tried) => {
        const terms = new Terms(typeOf)
        if (!refutes([terms.formula(a), terms.formula(b, false)], terms, budget())) return
        claimed++
        for (const context of tried) if (evaluateReference(a, context) === true) assert.equal(evaluateReference(b, context), true)
      }),
      { numRuns: RUNS, seed: 4 },
    )
    assert.ok(claimed > RUNS / 10, `only ${claimed} implications among ${RUNS} pairs`)
  })

  it('reads a condition and its opposite as the reference evaluates them', () => {
    fc.assert(
      fc.property(condition, values, (logic, context) => {
        const terms = new Terms((name) => ATTRIBUTES[name] ?? null)
        const pinned = [...context].flatMap(([name, value]): readonly JsonLogic[] =>
          Array.isArray(value) ? [] : [{ '===': [{ var: name }, value as JsonLogic] }],
        )
        const known = pinned.map((one) => terms.formula(one))
        const isTrue = evaluateReference(logic, context) === true
        assert.equal(refutes([...known, terms.formula(logic, isTrue)], terms, budget()), false)
      }),
      { numRuns: RUNS, seed: 5 },
    )
  })

  it('gives up rather than search without end', () => {
    // Twelve numbers in eleven places: a proof by cases has to try them all.
    const places = Array.from({ length: 11 }, (_, i) => i)
    const parts: JsonLogic[] = places.map((i) => ({ or: places.map((j): JsonLogic => ({ in: [`${i} ${j}`, { var: 'l' }] })) }))
    const terms = new Terms(typeOf)
    const clash = places.flatMap((j) =>
      places.flatMap((i) =>
        places
          .slice(0, i)
          .map((k): JsonLogic => ({ '!': [{ and: [`${i} ${j}`, `${k} ${j}`].map((one) => ({ in: [one, { var: 'l' }] })) }] })),
      ),
    )
    const extra: JsonLogic = {
      or: places.map((j): JsonLogic => ({
        and: [{ in: [`x ${j}`, { var: 'l' }] }, { '!': [{ or: places.map((i) => ({ in: [`${i} ${j}`, { var: 'l' }] })) }] }],
      })),
    }
    const left = budget()
    assert.equal(refutes([terms.formula({ and: [...parts, ...clash, extra] })], terms, left), false)
    assert.ok(left.left > 90_000)
  })
})
