// The hot path agrees with the reference: closures over slots give what json-logic-js gives over the same closed context.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { compileLogic } from '../../../../dsl/evaluate/closures.ts'
import { evaluateReference } from '../../../../dsl/evaluate/reference.ts'
import { FAILED } from '../../../../dsl/evaluate/program.ts'
import { readPaths } from '../../../../dsl/evaluate/paths.ts'
import type { JsonLogic } from '../../../../dsl/compile/bundle.ts'

const RUNS = process.env['SALLYPORT_TEST_LONG'] ? 20_000 : 2_000
const NUMBERS = ['n.a', 'n.b']
const TEXTS = ['t.a', 't.b']
const LISTS = ['l.a', 'l.b']
const PATHS = [...NUMBERS, ...TEXTS, ...LISTS]
const WORDS = ['eu', 'us', 'admin', 'min', '']

const variable = (paths: readonly string[]): fc.Arbitrary<JsonLogic> => fc.constantFrom(...paths).map((path) => ({ var: path }))
const number = fc.oneof(variable(NUMBERS), fc.integer({ min: -3, max: 3 }))
const text = fc.oneof(variable(TEXTS), fc.constantFrom(...WORDS))
const list = fc.oneof(variable(LISTS), fc.array(fc.constantFrom(...WORDS), { maxLength: 3 }))

/** Conditions as the compiler emits them: strict, with optionals guarded. */
const condition = fc.letrec<{ node: JsonLogic }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc
      .tuple(fc.constantFrom('<', '<=', '>', '>='), number, number)
      .map(([operator, a, b]): JsonLogic => ({ and: [{ '!==': [a, null] }, { '!==': [b, null] }, { [operator]: [a, b] }] })),
    fc.tuple(fc.constantFrom('===', '!=='), text, text).map(([operator, a, b]): JsonLogic => ({ [operator]: [a, b] })),
    fc.tuple(text, list).map(([a, b]): JsonLogic => ({ and: [{ '!==': [b, null] }, { in: [a, b] }] })),
    fc.tuple(text, text).map(([a, b]): JsonLogic => ({ includes: [a, b] })),
    fc.tuple(text, fc.constantFrom('e*', '?s', '*')).map(([a, pattern]): JsonLogic => ({ glob: [a, pattern] })),
    fc.tuple(list, text).map(([items, word]): JsonLogic => ({
      some: [items, { '===': [{ var: '' }, word === null || typeof word !== 'string' ? 'eu' : word] }],
    })),
    fc
      .tuple(fc.constantFrom('and', 'or'), fc.array(tie('node'), { minLength: 1, maxLength: 3 }))
      .map(([operator, parts]): JsonLogic => ({ [operator]: parts })),
    tie('node').map((inner): JsonLogic => ({ '!': [inner] })),
  ),
})).node

const context = fc.record({
  'n.a': fc.option(fc.integer({ min: -3, max: 3 })),
  'n.b': fc.integer({ min: -3, max: 3 }),
  't.a': fc.option(fc.constantFrom(...WORDS)),
  't.b': fc.constantFrom(...WORDS),
  'l.a': fc.option(fc.array(fc.constantFrom(...WORDS), { maxLength: 3 })),
  'l.b': fc.array(fc.constantFrom(...WORDS), { maxLength: 3 }),
})

const slotOf = (path: string): number => PATHS.indexOf(path)

describe('closures', () => {
  it('agree with json-logic-js on closed contexts', () => {
    fc.assert(
      fc.property(condition, context, (logic, values) => {
        const closed = new Map(Object.entries(values))
        const slots = PATHS.map((path) => closed.get(path) ?? null)
        assert.equal(compileLogic(logic, slotOf)(slots, null), evaluateReference(logic, closed))
      }),
      { numRuns: RUNS, seed: 7 },
    )
  })

  it('say nothing that a later wave takes back, and reach the same end', () => {
    fc.assert(
      fc.property(condition, context, fc.shuffledSubarray(PATHS, { minLength: PATHS.length }), (logic, values, order) => {
        const run = compileLogic(logic, slotOf)
        const slots: unknown[] = PATHS.map(() => undefined)
        let before = run(slots, null)
        for (const path of order) {
          slots[slotOf(path)] = values[path as keyof typeof values] ?? null
          const now = run(slots, null)
          if (before !== undefined) assert.equal(now, before, 'known stays known')
          before = now
        }
        assert.equal(before, evaluateReference(logic, new Map(Object.entries(values))))
      }),
      { numRuns: RUNS, seed: 8 },
    )
  })

  it('stay open over what failed, and only where it matters', () => {
    const run = (logic: JsonLogic): unknown => compileLogic(logic, slotOf)([FAILED, 1, 'eu', 'us', [], []], null)
    assert.equal(run({ '<': [{ var: 'n.a' }, 3] }), undefined)
    assert.equal(run({ or: [{ '<': [{ var: 'n.a' }, 3] }, { '===': [{ var: 't.a' }, 'eu'] }] }), true)
    assert.equal(run({ and: [{ '<': [{ var: 'n.a' }, 3] }, { '===': [{ var: 't.a' }, 'us'] }] }), false)
  })

  it('refuse operators outside the portable core', () => {
    for (const operator of ['==', '!=', '!!', 'missing', 'log', '/', '%', 'all'])
      assert.throws(() => compileLogic({ [operator]: [1, 2] }, slotOf), /portable core/)
  })

  it('know what they read', () => {
    assert.deepEqual(
      readPaths({
        and: [{ '===': [{ var: 'a.b' }, 1] }, { some: [{ var: 'l' }, { '===': [{ var: 'name' }, { lower: [{ var: 'x' }] }] }] }],
      }),
      ['a.b', 'l'],
    )
  })
})
