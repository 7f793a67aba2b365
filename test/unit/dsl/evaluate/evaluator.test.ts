// Index, sieve, partial evaluation and waves only make deciding faster: whatever is known, they say what every condition says by itself.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { bundleOf, closed, condition, halfKnown, isStable, PATHS, policies, valuesFor } from './generated.ts'
import { compileLogic } from '../../../../dsl/evaluate/closures.ts'
import { createProgram, evaluateReference, FAILED, type Decision, type Evaluation, type Program } from '../../../../dsl/index.ts'
import { guardsOf } from '../../../../dsl/evaluate/guards.ts'
import { readPaths } from '../../../../dsl/evaluate/paths.ts'
import { Residuals } from '../../../../dsl/evaluate/residuals.ts'
import type { CompiledPolicy } from '../../../../dsl/compile/bundle.ts'

const RUNS = process.env['SALLYPORT_TEST_LONG'] ? 20_000 : 700
const slotOf = (path: string): number => (PATHS as readonly string[]).indexOf(path)

/** Every condition by itself, with nothing but closures. */
function plainly(all: readonly CompiledPolicy[], program: Program, values: readonly unknown[]): Evaluation {
  const slotIn = new Map(program.slots.map((source, slot) => [nameOf(source), slot]))
  const [fired, open, needs]: [number[], number[], Set<number>] = [[], [], new Set()]
  all.forEach(({ when, effects }, i) => {
    const result = compileLogic(when, (path) => slotIn.get(path))(values, null)
    if (result === false) return
    const acts = effects.flatMap(({ operands }) => Object.values(operands)).flat()
    const effectSlots = acts.flatMap((one) => (typeof one === 'object' && 'attribute' in one ? [slotIn.get(one.attribute)!] : []))
    const failed = effectSlots.some((slot) => values[slot] === FAILED)
    ;(result === true && !failed ? fired : open).push(i)
    const wanted = result === true ? effectSlots : readPaths(when).map((path) => slotIn.get(path)!)
    for (const slot of wanted) if (values[slot] === undefined) needs.add(slot)
  })
  return { fired, open, needs: [...needs].sort((a, b) => a - b) }
}

function nameOf(source: Program['slots'][number]): string {
  return source.kind === 'attribute' ? source.name : `found.${source.detector}.${source.location}.${source.field}`
}

const closedContext = (values: readonly unknown[]): ReadonlyMap<string, unknown> => new Map(PATHS.map((path, i) => [path, values[i]]))

describe('conditions with bound values', () => {
  it('mean to json-logic-js what they mean to the closures', () => {
    fc.assert(
      fc.property(condition, closed, (logic, values) => {
        assert.equal(compileLogic(logic, slotOf)(values, null), evaluateReference(logic, closedContext(values)))
      }),
      { numRuns: RUNS, seed: 21 },
    )
  })

  it('say nothing of half a context that the whole takes back', () => {
    fc.assert(
      fc.property(condition, closed, fc.array(fc.constantFrom(...PATHS), { maxLength: PATHS.length }), (logic, values, hidden) => {
        const run = compileLogic(logic, slotOf)
        for (const unknown of [undefined, FAILED]) {
          const half = run(
            values.map((value, i) => (hidden.includes(PATHS[i]!) ? unknown : value)),
            null,
          )
          if (half !== undefined) assert.equal(half, run(values, null))
        }
      }),
      { numRuns: RUNS, seed: 22 },
    )
  })

  it('bind an outer element by name, attributes beside it, and nothing else', () => {
    const run = (logic: Parameters<typeof compileLogic>[0]): unknown =>
      compileLogic(logic, slotOf)(['a', 'b', ['a', 'c'], ['c'], 'a', 1, [{ name: 'a', writes: true }], 0], null)
    const tools = { var: 'r.tools' }
    assert.equal(run({ some: [{ bind: [tools, 'm', { var: 'r.model' }] }, { '===': [{ var: 'it.name' }, { var: 'm' }] }] }), true)
    assert.equal(run({ some: [{ bind: [tools, 'm', 1] }, { '===': [{ var: 'name' }, null] }] }), true)
    assert.equal(run({ in: ['x', { bind: [tools, 'm', 1] }] }), false)
    assert.throws(() => run({ some: [{ bind: [tools, 'm', 1] }, { '===': [{ var: '' }, 1] }] }), /names what it reads/)
    for (const names of [['it', 1], ['m.x', 1], ['m', 1, 'm', 2], ['m'], [3, 1]])
      assert.throws(() => run({ some: [{ bind: [tools, ...names] }, true] }), /bind/)
  })
})

describe('guards', () => {
  it('are necessary: where one does not hold, the condition is false', () => {
    let guarded = 0
    fc.assert(
      fc.property(condition, halfKnown, (logic, values) => {
        for (const { path, of, field, values: asked } of guardsOf(logic)) {
          const value = values[slotOf(path)]
          if (value === undefined || value === FAILED) continue
          const elements = of === 'value' ? [value] : Array.isArray(value) ? (value as readonly unknown[]) : []
          const read = (one: unknown): unknown => (field === '' ? one : ((one as { [name: string]: unknown } | null)?.[field] ?? null))
          if (elements.some((one) => (asked as readonly unknown[]).includes(read(one)))) continue
          guarded++
          assert.equal(compileLogic(logic, slotOf)(values, null), false)
        }
      }),
      { numRuns: RUNS, seed: 23 },
    )
    assert.ok(guarded > RUNS / 10, `${guarded} guards did not hold`)
  })
})

describe('long lists', () => {
  const long = Array.from({ length: 200_000 }, (_, i) => `v${i}`)

  it('are no guards, and are looked up all the same', () => {
    const when = { in: [{ var: 't.id' }, long] }
    assert.deepEqual(guardsOf({ or: [when, { '===': [{ var: 't.id' }, 'a'] }] }), [])
    const [policy] = fc.sample(policies, { numRuns: 1, seed: 1 })[0]!
    const program = createProgram(bundleOf([{ ...policy!, when, effects: [] }]), isStable)
    const fires = (id: string): boolean => program.phases.request.evaluate([id]).fired.length === 1
    assert.deepEqual(['v0', 'v199999', 'v200000', 'a'].map(fires), [true, true, false, false])
  })
})

describe('evaluation', () => {
  it('agrees with every condition by itself, whatever is known, after any requests before', () => {
    let [fired, open] = [0, 0]
    fc.assert(
      fc.property(policies, fc.array(halfKnown, { minLength: 1, maxLength: 8 }), (all, requests) => {
        const program = createProgram(bundleOf(all), isStable)
        for (const request of requests) {
          const values = valuesFor(program.slots, request)
          const evaluation = program.phases.request.evaluate(values)
          assert.deepEqual(evaluation, plainly(all, program, values))
          fired += evaluation.fired.length
          open += evaluation.open.length
        }
      }),
      { numRuns: RUNS, seed: 24 },
    )
    assert.ok(fired > RUNS && open > RUNS, `${fired} fired, ${open} stayed open`)
  })

  it('finds what json-logic-js finds in the program of the bundle', () => {
    fc.assert(
      fc.property(policies, closed, (all, request) => {
        const bundle = bundleOf(all)
        const program = createProgram(bundle, isStable)
        const { fired, open } = program.phases.request.evaluate(valuesFor(program.slots, request))
        assert.deepEqual(open, [])
        const ids = fired.map((index) => program.phases.request.policies[index]!.id)
        assert.deepEqual(ids, evaluateReference(bundle.program.request, closedContext(request)))
      }),
      { numRuns: RUNS, seed: 25 },
    )
  })

  it('reaches wave by wave what it reaches from the start, also where something fails', () => {
    fc.assert(
      fc.property(policies, closed, fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }), (all, request, fails) => {
        const program = createProgram(bundleOf(all), isStable)
        const known = valuesFor(program.slots, request).map((value, i) => (fails[i] === true && i % 2 === 0 ? FAILED : value))
        const values: unknown[] = known.map(() => undefined)
        let evaluation = program.phases.request.evaluate(values)
        while (evaluation.needs.length > 0) {
          for (const slot of evaluation.needs) values[slot] = known[slot]
          const next = program.phases.request.evaluate(values, evaluation)
          assert.deepEqual(next, program.phases.request.evaluate(values))
          evaluation = next
        }
        assert.deepEqual(evaluation, plainly(all, program, values))
      }),
      { numRuns: RUNS, seed: 26 },
    )
  })

  it('knows policies by their place: one id may stand for several, each for other tenants', () => {
    const [policy] = fc.sample(policies, { numRuns: 1, seed: 1 })[0]!
    const among = (ids: readonly string[]): CompiledPolicy['when'] => ({ in: [{ var: 't.id' }, ids] })
    const variants = [{ and: [among(['a']), true] }, { and: [among(['b', 'c']), true] }, { and: [{ '!': [among(['a', 'b', 'c'])] }, true] }]
    const all = variants.map((when): CompiledPolicy => ({ ...policy!, id: 'p.same', when, effects: [] }))
    const program = createProgram(bundleOf(all), isStable)
    const fired = (id: unknown): readonly number[] => program.phases.request.evaluate([id]).fired
    assert.deepEqual(['a', 'b', 'c', 'd'].map(fired), [[0], [1], [1], [2]])
    assert.deepEqual(program.phases.request.evaluate([FAILED]).open, [0, 1, 2])
  })

  it('is not changed by what callers do later with values they were kept under', () => {
    const [policy] = fc.sample(policies, { numRuns: 1, seed: 1 })[0]!
    const all = ['a', 'b'].map((tag): CompiledPolicy => ({ ...policy!, id: tag, when: { '!': [{ in: [tag, { var: 't.tags' }] }] } }))
    const program = createProgram(bundleOf(all), isStable)
    const slot = program.slots.findIndex((source) => nameOf(source) === 't.tags')
    const values: unknown[] = program.slots.map(() => 'a')
    const tags = ['a']
    values[slot] = tags
    const first = program.phases.request.evaluate(values)
    tags[0] = 'b'
    const second = program.phases.request.evaluate(values)
    assert.deepEqual([first.fired, second.fired], [[1], [0]])
  })

  it('gives the same list of needed slots for the same slots, and nobody can change it', () => {
    const all = fc.sample(policies, { numRuns: 1, seed: 3 })[0]!
    const program = createProgram(bundleOf(all), isStable)
    const nothing: unknown[] = program.slots.map(() => undefined)
    const { needs } = program.phases.request.evaluate(nothing)
    assert.ok(needs.length > 0)
    assert.equal(program.phases.request.evaluate(nothing).needs, needs)
    assert.throws(() => (needs as number[]).push(1), TypeError)
  })
})

describe('what partial evaluation keeps', () => {
  const list = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 3 })
  const value = fc.oneof(
    fc.constantFrom('a', 'b', 'z', 1, null, undefined, FAILED, { a: 1 }, 'x'.repeat(1000)),
    list,
    list.map((l) => [...l, {}]),
  )

  it('is what it would compute, however little it may keep', () => {
    const read = (one: unknown): string => (one === FAILED ? 'undefined' : typeof one === 'object' ? JSON.stringify(one) : String(one))
    const hash = (text: string): number => [...text].reduce((sum, c) => (sum * 31 + c.charCodeAt(0)) % 60_000, 7)
    fc.assert(
      fc.property(fc.array(fc.tuple(value, value), { maxLength: 40 }), fc.constantFrom(0, 2000, 1_000_000), (requests, maxBytes) => {
        const compute = ([a, b]: readonly unknown[]): Uint16Array => Uint16Array.of(hash(read(a)), hash(read(b)))
        const stable = [0, 1].map((slot) => ({ slot, mentioned: null }))
        const residuals = new Residuals(stable, compute, maxBytes)
        for (const values of requests) assert.deepEqual(residuals.of(values), compute(values))
      }),
      { numRuns: RUNS / 10, seed: 27 },
    )
  })

  it('is never kept by the identity of something that may change', () => {
    const residuals = new Residuals([{ slot: 0, mentioned: null }], ([value]) => Uint16Array.of(JSON.stringify(value).length))
    const tool = { name: 'a' }
    for (const value of [tool, [tool]]) {
      const before = residuals.of([value])[0]!
      tool.name += 'b'
      assert.equal(residuals.of([value])[0], before + 1)
    }
  })

  it('is computed once for values that no condition can tell apart', () => {
    let computed = 0
    const residuals = new Residuals([{ slot: 0, mentioned: new Set(['a']) }], () => Uint16Array.of(computed++))
    for (const values of [['x'], ['y'], ['a'], [null], ['z'], ['a'], [['q']], [['r', 's']]]) residuals.of(values)
    assert.equal(computed, 4)
  })
})

describe('decisions of generated programs', () => {
  const decide = (all: readonly CompiledPolicy[], request: readonly unknown[]): Decision => {
    const program = createProgram(bundleOf(all), isStable)
    const values = valuesFor(program.slots, request)
    return program.phases.request.decide(program.phases.request.evaluate(values), values)
  }

  it('are the same whatever the order of the policies, and how often each stands there', () => {
    fc.assert(
      fc.property(policies, halfKnown, fc.infiniteStream(fc.nat()), (all, request, random) => {
        const again = all.filter(() => random.next().value % 2 === 0)
        const keyed = [...all, ...again].map((policy) => [random.next().value as number, policy] as const)
        const shuffled = keyed.sort(([a], [b]) => a - b).map(([, policy]) => policy)
        assert.deepEqual(decide(shuffled, request), decide(all, request))
      }),
      { numRuns: RUNS, seed: 28 },
    )
  })
})
