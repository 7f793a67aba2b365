// Generated programs and contexts for the properties of evaluation: conditions as the compiler emits them, rich in what the index, the
// sieve and partial evaluation look for, over few values so that they meet.
import fc from 'fast-check'
import { FAILED } from '../../../../dsl/index.ts'
import type { Bundle, CompiledPolicy, JsonLogic } from '../../../../dsl/compile/bundle.ts'

export const PATHS = ['t.id', 't.plan', 't.tags', 'k.scopes', 'r.model', 'r.tokens', 'r.tools', 'found.d.prompt.score'] as const
export type Path = (typeof PATHS)[number]
/** Seldom change; the rest does. */
export const isStable = (path: string): boolean => path.startsWith('t.') || path.startsWith('k.')

const WORDS = ['a', 'b', 'c', 'd']
const word = fc.constantFrom(...WORDS)
const path = (...paths: readonly Path[]): fc.Arbitrary<JsonLogic> => fc.constantFrom(...paths).map((name) => ({ var: name }))
const text = path('t.id', 't.plan', 'r.model')
const list = path('t.tags', 'k.scopes')
const number = path('r.tokens', 'found.d.prompt.score')
const same = (a: JsonLogic, b: JsonLogic): JsonLogic => ({ '===': [a, b] })
const guarded = (items: JsonLogic, test: JsonLogic): JsonLogic => ({ and: [{ '!==': [items, null] }, test] })

/** What an element of a list is asked, by the way it is named. */
const overTools = fc.record({ name: word, value: text, quantity: fc.constantFrom('some', 'none') })
const quantified = fc.oneof(
  fc
    .tuple(fc.constantFrom('some', 'none'), list, word)
    .map(([quantity, items, w]): JsonLogic => ({ [quantity]: [items, same({ var: '' }, w)] })),
  fc.tuple(word, fc.constantFrom('some', 'none'), fc.boolean()).map(([w, quantity, writes]): JsonLogic => ({
    [quantity]: [{ var: 'r.tools' }, { and: [same({ var: 'name' }, w), same({ var: 'writes' }, writes)] }],
  })),
  overTools.map(({ value, quantity }): JsonLogic => ({
    [quantity]: [{ bind: [{ var: 'r.tools' }, 'model', value] }, same({ var: 'it.name' }, { var: 'model' })],
  })),
  overTools.map(({ name, value, quantity }): JsonLogic => ({
    [quantity]: [{ bind: [{ var: 'r.tools' }, 'v', value] }, { and: [same({ var: 'it.name' }, name), same({ var: 'v' }, 'a')] }],
  })),
  fc.tuple(list, list, fc.constantFrom('some', 'none')).map(([outer, inner, quantity]): JsonLogic => ({
    some: [
      { bind: [outer, 'others', inner] },
      { [quantity]: [{ bind: [{ var: 'others' }, 'one', { var: 'it' }] }, { '!==': [{ var: 'it' }, { var: 'one' }] }] },
    ],
  })),
  fc.tuple(text, fc.nat(2)).map(([value, n]): JsonLogic => ({
    '>': [
      {
        reduce: [
          { filter: [{ bind: [{ var: 'r.tools' }, 'v', value] }, same({ var: 'it.name' }, { var: 'v' })] },
          { '+': [{ var: 'accumulator' }, 1] },
          0,
        ],
      },
      n,
    ],
  })),
)

const atom = fc.oneof(
  fc.tuple(text, word).map(([a, b]) => same(a, b)),
  fc.tuple(word, text).map(([a, b]) => same(a, b)),
  fc.tuple(text, word).map(([a, b]): JsonLogic => ({ '!==': [a, b] })),
  fc.tuple(text, fc.array(word, { maxLength: 3 })).map(([a, b]): JsonLogic => ({ in: [a, b] })),
  fc.tuple(word, list).map(([w, items]) => guarded(items, { in: [w, items] })),
  fc
    .tuple(fc.array(word, { minLength: 1, maxLength: 3 }), list)
    .map(([ws, items]): JsonLogic => ({ or: ws.map((w) => guarded(items, { in: [w, items] })) })),
  fc.tuple(text, list).map(([a, items]) => guarded(items, { in: [a, items] })),
  fc
    .tuple(fc.constantFrom('<', '<=', '>', '>='), number, fc.integer({ min: 0, max: 3 }))
    .map(([operator, a, b]): JsonLogic => ({ and: [{ '!==': [a, null] }, { [operator]: [a, b] }] })),
  fc.tuple(text, fc.constantFrom('?', 'a*')).map(([a, pattern]): JsonLogic => ({ glob: [a, pattern] })),
  text.map((a): JsonLogic => same(a, null)),
  quantified,
)

export const condition: fc.Arbitrary<JsonLogic> = fc.letrec<{ node: JsonLogic }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    atom,
    fc.array(tie('node'), { minLength: 1, maxLength: 3 }).map((parts): JsonLogic => ({ and: parts })),
    fc.array(tie('node'), { minLength: 1, maxLength: 3 }).map((parts): JsonLogic => ({ or: parts })),
    tie('node').map((inner): JsonLogic => ({ '!': [inner] })),
  ),
})).node

const words = fc.array(word, { maxLength: 3 })
const tools = fc.array(fc.record({ name: word, writes: fc.boolean() }), { maxLength: 2 })
const absent = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { freq: 4 })

/** Everything is known; optionals may be absent. In the order of `PATHS`. */
export const closed: fc.Arbitrary<readonly unknown[]> = fc.tuple(
  word,
  absent(word),
  words,
  absent(words),
  word,
  absent(fc.nat(4)),
  tools,
  fc.constantFrom(0, 1, 2),
)

/** As above, but some of it is not known yet, and some failed. */
export const halfKnown: fc.Arbitrary<readonly unknown[]> = fc
  .tuple(
    closed,
    fc.array(fc.constantFrom('known', 'known', 'known', 'open', 'failed'), { minLength: PATHS.length, maxLength: PATHS.length }),
  )
  .map(([values, states]) => values.map((value, i) => (states[i] === 'known' ? value : states[i] === 'open' ? undefined : FAILED)))

const effects: fc.Arbitrary<CompiledPolicy['effects']> = fc.constantFrom(
  [{ verb: 'allow', phrase: 'allow', operands: {}, join: { kind: 'verdict' } }],
  [{ verb: 'deny', phrase: 'deny <code>', operands: { code: 'x.closed' }, join: { kind: 'verdict' } }],
  [{ verb: 'label', phrase: 'label <text>', operands: { text: 'x' }, join: { kind: 'union' } }],
  [
    {
      verb: 'cap',
      phrase: 'cap <attribute> at <amount>',
      operands: { attribute: { attribute: 'r.tokens' }, amount: { attribute: 'found.d.prompt.score' } },
      join: { kind: 'smallest', operand: 'amount', by: 'attribute' },
    },
  ],
)

const policy = fc.record({
  when: condition,
  effects,
  severity: fc.constantFrom('low', 'high'),
  mode: fc.constantFrom('enforce', 'enforce', 'shadow'),
})

/** Policies on requests, some of them guarded by a tenant. */
export const policies: fc.Arbitrary<readonly CompiledPolicy[]> = fc
  .array(fc.tuple(policy, fc.option(word)), { minLength: 1, maxLength: 12 })
  .map((list) =>
    list.map(([{ when, effects: acts, severity, mode }, tenant], i) => ({
      id: `p.n${i}`,
      module: 'p',
      version: null,
      title: null,
      phases: ['request'],
      mode,
      severity,
      owner: null,
      tags: [],
      maps: [],
      overlay: null,
      when: tenant === null ? when : { and: [same({ var: 't.id' }, tenant), when] },
      effects: acts,
      onError: null,
      span: { file: 'p.policy', start: 0, end: 0 },
    })),
  )

export function bundleOf(all: readonly CompiledPolicy[]): Bundle {
  return {
    format: 'sallyport.policy/1',
    modules: [],
    policies: all,
    detectors: [],
    attributes: [],
    defaults: { request: 'deny', target: 'allow', response: 'allow', stream: 'allow' },
    params: {},
    templates: {},
    plugins: {},
    lists: [],
    exceptions: [],
    program: { request: { merge: all.map(({ id, when }) => ({ if: [when, [id], []] })) }, target: [], response: [], stream: [] },
    hash: '',
  } as Bundle
}

/** Values in the order of a program's slots. */
export function valuesFor(slots: readonly { readonly kind: string }[], values: readonly unknown[]): unknown[] {
  return slots.map((source) => {
    const known = source as { kind: string; name?: string; detector?: string; location?: string; field?: string }
    const name = known.kind === 'attribute' ? known.name! : `found.${known.detector}.${known.location}.${known.field}`
    return values[PATHS.indexOf(name as Path)]
  })
}
