// From the text of a condition to its answer: what the compiler emits means the same to json-logic-js and to the closures, wave by wave,
// and no condition that the checker lets pass is ever true because a value is absent.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { compile, createProgram, evaluateReference, FAILED, type Bundle } from '../../../../dsl/index.ts'
import { gatherWords } from '../../../../core/policy/words.ts'
import { PLUGINS } from '../../../../core/plugins.ts'
import { readVocabularies } from '../../../../core/plugin/registry.ts'

const { vocabulary } = gatherWords(readVocabularies(PLUGINS, {}))
const RUNS = process.env['SALLYPORT_TEST_LONG'] ? 20_000 : 700

// ── conditions, as people write them ─────────────────────────────────────────────────────────────────────────────────

const WORDS = ['eu', 'us', 'gpt-5', 'gpt-5-mini', '']
const quoted = fc.constantFrom(...WORDS).map((word) => JSON.stringify(word))
const words = fc.array(quoted, { maxLength: 3 }).map((items) => `[${items.join(', ')}]`)
const OPTIONAL_TEXTS = ['tenant.region', 'tenant.plan', 'request.user', 'user.id']
const OPTIONAL_LISTS = ['key.models', 'tenant.features']
const OPTIONAL_NUMBERS = ['request.max_tokens', 'request.temperature']
const text = fc.oneof(
  fc.constantFrom(...OPTIONAL_TEXTS, 'request.model', 'tenant.id'),
  fc.constantFrom(...OPTIONAL_TEXTS).map((name) => `(${name} ?? "us")`),
)
const list = fc.constantFrom(...OPTIONAL_LISTS, 'tenant.tags', 'key.scopes')
const number = fc.oneof(
  fc.constantFrom('request.tokens', 'time.hour'),
  fc.constantFrom(...OPTIONAL_NUMBERS).map((name) => `(${name} ?? 1)`),
  fc.constantFrom('count(t in tenant.tags)', 'count(t in request.tools where t.writes)', 'request.tokens * 2 - 1'),
)

const atom = fc.oneof(
  fc.tuple(text, fc.constantFrom('==', '!='), quoted).map((parts) => parts.join(' ')),
  fc.tuple(text, fc.constantFrom('in', 'not in'), words).map((parts) => parts.join(' ')),
  fc
    .tuple(text, fc.constantFrom('like "gpt-*"', 'like "?s"', 'starts with "gpt"', 'ends with "mini"', 'contains "u"'))
    .map((parts) => parts.join(' ')),
  text.map((name) => `lower(${name}) == "eu"`),
  fc.tuple(list, quoted).map(([name, word]) => `${name} has ${word}`),
  fc.tuple(list, fc.constantFrom('any', 'all'), words).map(([name, quantity, items]) => `${name} has ${quantity} of ${items}`),
  fc.tuple(text, list).map(([name, items]) => `${name} in ${items}`),
  fc.tuple(number, fc.constantFrom('<', '<=', '>', '>=', '=='), fc.integer({ min: 0, max: 4 })).map((parts) => parts.join(' ')),
  fc
    .tuple(fc.constantFrom('some', 'every', 'no'), quoted)
    .map(([quantity, name]) => `${quantity} t in request.tools where (t.writes or t.name == ${name})`),
  fc
    .tuple(fc.constantFrom('some', 'every', 'no'), list, quoted)
    .map(([quantity, name, word]) => `${quantity} x in ${name} where (x != ${word})`),
  fc.constantFrom('client.ip in ["10.0.0.0/8", "2001:db8::/32"]', 'request.stream', 'not request.stream', 'feature.pii == "warn"'),
  fc.constantFrom(
    'prompt contains digits',
    'prompt.user contains digits scoring 0.9',
    'prompt contains either',
    'not (prompt.tool contains digits)',
  ),
)

/** Tests for presence, which may well be true because of absence. */
const presence = fc.tuple(fc.constantFrom(...OPTIONAL_TEXTS), fc.constantFrom('exists', 'is missing')).map((parts) => parts.join(' '))

function conditionOf(leaf: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.letrec<{ node: string }>((tie) => ({
    node: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      leaf,
      fc
        .tuple(fc.constantFrom(' and ', ' or '), fc.array(tie('node'), { minLength: 2, maxLength: 3 }))
        .map(([word, parts]) => `(${parts.join(word)})`),
      tie('node').map((inner) => `not (${inner})`),
    ),
  })).node
}

// ── what they are judged on ──────────────────────────────────────────────────────────────────────────────────────────

const word = fc.constantFrom(...WORDS)
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value)
const context = fc.record({
  'tenant.region': maybe(word),
  'tenant.plan': maybe(word),
  'request.user': maybe(word),
  'user.id': maybe(word),
  'request.model': word,
  'tenant.id': word,
  'key.models': maybe(fc.array(word, { maxLength: 3 })),
  'tenant.features': maybe(fc.array(word, { maxLength: 3 })),
  'tenant.tags': fc.array(word, { maxLength: 3 }),
  'key.scopes': fc.array(word, { maxLength: 3 }),
  'request.max_tokens': maybe(fc.nat(4)),
  'request.temperature': maybe(fc.nat(4)),
  'request.tokens': fc.nat(4),
  'time.hour': fc.nat(23),
  'request.tools': fc.array(fc.record({ name: word, source: word, writes: fc.boolean() }), { maxLength: 3 }),
  'request.stream': fc.boolean(),
  'feature.pii': fc.constantFrom('scrub', 'warn', 'allow'),
  'client.ip': fc.constantFrom('10.1.2.3', '192.0.2.1', '2001:db8::7'),
  score: fc.constantFrom(0, 0.5, 0.95),
})
type Context = typeof context extends fc.Arbitrary<infer Value> ? Value : never

const DETECTORS =
  'detector digits {\n pattern /\\d{4}/\n}\ndetector letters {\n pattern /[a-z]{9}/\n}\ndetector either {\n any digits, letters\n}\n'

/** The bundle of policies with these conditions, or null where the checker refuses one. */
function bundleOf(...conditions: readonly string[]): Bundle | null {
  const policies = conditions.map((condition, i) => `policy p.n${i} "x" {\n on request\n when ${condition}\n warn "a.b"\n}`)
  const { bundle, diagnostics } = compile([{ path: 'p.policy', text: DETECTORS + policies.join('\n') }], vocabulary)
  const odd = diagnostics.filter(({ code, severity }) => severity === 'error' && code !== 'P120' && !code.startsWith('P3'))
  assert.deepEqual(odd, [], conditions.join('\n'))
  return bundle
}

function run(bundle: Bundle, values: Context): { readonly ids: readonly string[]; readonly closed: ReadonlyMap<string, unknown> } {
  const program = createProgram(bundle)
  const slots = program.slots.map((source) =>
    source.kind === 'attribute' ? (values as { [name: string]: unknown })[source.name] : values.score,
  )
  const closed = new Map(
    program.slots.map((source, i) => [
      source.kind === 'attribute' ? source.name : `found.${source.detector}.${source.location}.${source.field}`,
      slots[i],
    ]),
  )
  const { fired, open } = program.phases.request.evaluate(slots)
  assert.deepEqual(open, [], 'everything is known, so nothing stays open')
  return { ids: fired.map((index) => program.phases.request.policies[index]!.id), closed }
}

describe('programs', () => {
  it('mean to json-logic-js what they mean to the closures', () => {
    let judged = 0
    const condition = conditionOf(fc.oneof({ arbitrary: atom, weight: 4 }, { arbitrary: presence, weight: 1 }))
    fc.assert(
      fc.property(condition, condition, context, (one, other, values) => {
        const bundle = bundleOf(one, other)
        if (!bundle) return
        judged++
        const { ids, closed } = run(bundle, values)
        assert.deepEqual(evaluateReference(bundle.program.request, closed), ids)
      }),
      { numRuns: RUNS, seed: 11 },
    )
    assert.ok(judged > RUNS / 10, `${judged} of ${RUNS} passed the checker`)
  })

  it('reach in waves what they reach at once, and ask for nothing twice', () => {
    fc.assert(
      fc.property(conditionOf(atom), conditionOf(atom), context, (one, other, values) => {
        const bundle = bundleOf(one, other)
        if (!bundle) return
        const program = createProgram(bundle)
        const slots: unknown[] = program.slots.map(() => undefined)
        let evaluation = program.phases.request.evaluate(slots)
        for (let wave = 0; evaluation.needs.length > 0; wave++) {
          assert.ok(wave < 3, 'conditions need one wave, effects another')
          for (const slot of evaluation.needs) {
            assert.equal(slots[slot], undefined)
            const source = program.slots[slot]!
            slots[slot] = source.kind === 'attribute' ? (values as { [name: string]: unknown })[source.name] : values.score
          }
          evaluation = program.phases.request.evaluate(slots)
        }
        const ids = evaluation.fired.map((index) => program.phases.request.policies[index]!.id)
        assert.deepEqual(ids, run(bundle, values).ids)
      }),
      { numRuns: RUNS, seed: 12 },
    )
  })

  it('are never true because a value is absent', () => {
    const OPTIONALS = [...OPTIONAL_TEXTS, ...OPTIONAL_LISTS, ...OPTIONAL_NUMBERS]
    const positive = atom.filter((line) => !line.includes('??'))
    let judged = 0
    fc.assert(
      fc.property(conditionOf(positive), context, fc.constantFrom(...OPTIONALS), (condition, values, name) => {
        const bundle = bundleOf(condition)
        if (!bundle) return
        judged++
        const absent = run(bundle, { ...values, [name]: null }).ids
        if (absent.length > 0) assert.deepEqual(run(bundle, values).ids, absent, `true without ${name}, so true with any value of it`)
      }),
      { numRuns: RUNS, seed: 13 },
    )
    assert.ok(judged > RUNS / 10, `${judged} of ${RUNS} passed the checker`)
  })
})

describe('what failed', () => {
  const decide = (policy: string, values: { readonly [name: string]: unknown }) => {
    const { bundle, diagnostics } = compile([{ path: 'p.policy', text: `default request allow\n${policy}` }], vocabulary)
    assert.ok(bundle, JSON.stringify(diagnostics))
    const program = createProgram(bundle)
    const slots = program.slots.map((source) => (source.kind === 'attribute' ? (values[source.name] ?? null) : 0))
    return program.phases.request.decide(program.phases.request.evaluate(slots), slots)
  }
  const limit = 'policy a.limit "x" {\n on request\n limit tokens to tenant.quota.daily_tokens per day by tenant.id\n}'

  it('is no limit without an amount: the policy fails closed', () => {
    assert.equal(decide(limit, { 'tenant.id': 'a', 'tenant.quota.daily_tokens': 5 }).verdict, 'allow')
    const failed = decide(limit, { 'tenant.id': 'a', 'tenant.quota.daily_tokens': FAILED })
    assert.equal(failed.refused?.code, 'policy.scan_failed')
    assert.deepEqual(
      failed.reasons.map(({ state, values }) => [state, values]),
      [['failed_closed', {}]],
    )
  })

  it('does not matter where the rest decides', () => {
    const policy = 'policy a.b "x" {\n on request\n when tenant.id == "a" and tenant.region == "eu"\n deny "a.b"\n}'
    assert.equal(decide(policy, { 'tenant.id': 'b', 'tenant.region': FAILED }).verdict, 'allow')
    assert.equal(decide(policy, { 'tenant.id': 'a', 'tenant.region': FAILED }).refused?.code, 'policy.scan_failed')
  })

  it('is a condition that would walk lists within lists for seconds, since a caller decides how long they are', function () {
    this.timeout(60_000)
    const tools = (count: number) => Array.from({ length: count }, (_, i) => ({ name: `t${i}`, source: 'client', writes: true }))
    const conditions = [
      'some a in request.tools where (some b in request.tools where (a.name != b.name and not b.writes))',
      'count(a in request.tools where (count(b in request.tools where (a.name == b.name)) > 1)) > 0',
    ]
    for (const condition of conditions) {
      const policy = `policy a.b "x" {\n on request\n when ${condition}\n deny "a.b"\n}`
      assert.equal(decide(policy, { 'request.tools': tools(1000) }).verdict, 'allow')
      assert.equal(decide(policy, { 'request.tools': tools(10_000) }).refused?.code, 'policy.scan_failed')
      assert.equal(decide(policy, { 'request.tools': tools(3) }).verdict, 'allow')
    }
    const flat = 'policy a.b "x" {\n on request\n when some a in request.tools where (a.name == "t299999")\n deny "a.b"\n}'
    assert.equal(decide(flat, { 'request.tools': tools(300_000) }).refused?.code, 'a.b')
  })

  it('only counts for what is enforced', () => {
    const shadow = 'policy a.b "x" {\n mode shadow\n on request\n when tenant.region == "eu"\n deny "a.b"\n}'
    const decision = decide(shadow, { 'tenant.region': FAILED })
    assert.equal(decision.verdict, 'allow')
    assert.deepEqual(
      decision.reasons.map(({ state, code }) => [state, code]),
      [['shadow', 'policy.scan_failed']],
    )
  })
})
