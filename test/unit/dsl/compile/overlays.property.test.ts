// The promise of overlays: under one, a tenant is judged at least as strictly as with the params at the loosest end of their bounds, and a
// raised mode takes no refusal away. Policies, bounds and requests are generated.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { compile, createProgram, type Bundle } from '../../../../dsl/index.ts'
import { house } from '../check/helpers.ts'

const RUNS = process.env['SALLYPORT_TEST_LONG'] ? 10_000 : 1000

/** Conditions that grow or shrink with the param, or do neither. */
const CONDITIONS = [
  'request.tokens > p',
  'request.tokens <= p',
  'not (request.tokens >= p)',
  'request.tokens + p > 60',
  'request.tokens - p > 10',
  'request.stream and (request.tokens > p or request.tokens == p)',
  'count(t in request.tools where t.writes and request.tokens < p) > 0',
  'no t in request.tools where (request.tokens > p)',
]

const value = fc.integer({ min: 0, max: 100 })
const scenario = fc.record({
  condition: fc.constantFrom(...CONDITIONS),
  clause: fc.constantFrom('when', 'unless'),
  effect: fc.constantFrom('deny "a.b"', 'allow'),
  bounds: fc.record({ min: fc.option(value, { freq: 2 }), max: fc.option(value, { freq: 2 }) }),
  base: value,
  set: value,
  mode: fc.constantFrom('off', 'shadow', 'enforce', 'enforce', 'enforce'),
  raise: fc.constantFrom(null, 'shadow', 'enforce'),
  request: fc.record({ tokens: value, stream: fc.boolean(), writes: fc.boolean() }),
})
type Scenario = typeof scenario extends fc.Arbitrary<infer S> ? S : never

function textOf(
  { condition, clause, effect, bounds: { min, max }, set, mode, raise }: Scenario,
  param: number,
  withOverlay: boolean,
): string {
  const overlay = `overlay o for tenant "t" {\n  param p = ${set}\n  ${raise === null ? '' : `mode ${raise} for a.b`}\n}\n`
  const bounds = `${min === null ? '' : ` min ${min}`}${max === null ? '' : ` max ${max}`}`
  // A condition on the key makes an `allow` rest on something proved; it always holds.
  const proved = clause === 'when' ? `when key.scopes has "chat" and (${condition})` : `when key.scopes has "chat"\n  unless ${condition}`
  const fallback = effect === 'allow' ? 'deny' : 'allow'
  return `default request ${fallback}\nparam p : number = ${param}${bounds}\n${withOverlay ? overlay : ''}policy a.b "x" {\n  on request\n  mode ${mode}\n  ${proved}\n  ${effect}\n}`
}

const bundleOf = (text: string): Bundle | null => compile([{ path: 'p.policy', text }], house).bundle

function verdictOf(bundle: Bundle, tenant: string, { request: { tokens, stream, writes } }: Scenario): string {
  const program = createProgram(bundle)
  const known: { readonly [name: string]: unknown } = {
    'tenant.id': tenant,
    'key.scopes': ['chat'],
    'request.tokens': tokens,
    'request.stream': stream,
    'request.tools': [{ name: 'a', source: 'a', writes }],
  }
  const values = program.slots.map((slot) => (slot.kind === 'attribute' ? known[slot.name] : 0))
  const phase = program.phases.request
  return phase.decide(phase.evaluate(values), values).verdict
}

describe('an overlay never loosens, whatever policy and request', () => {
  it('beyond the ends of the bounds', () => {
    let seen = 0
    fc.assert(
      fc.property(scenario, (one) => {
        const { bounds, base } = one
        const withOverlay = bundleOf(textOf(one, base, true))
        if (!withOverlay) return
        seen++
        const ends = [base, ...[bounds.min, bounds.max].flatMap((end) => end ?? [])]
        const verdicts = ends.map((end) => verdictOf(bundleOf(textOf({ ...one, raise: null }, end, false))!, 't', one))
        if (verdicts.every((verdict) => verdict === 'deny')) assert.equal(verdictOf(withOverlay, 't', one), 'deny')
      }),
      { numRuns: RUNS, seed: 7 },
    )
    assert.ok(seen > RUNS / 20, `only ${seen} scenarios compiled`)
  })

  it('and other tenants are judged as if there were none', () => {
    fc.assert(
      fc.property(scenario, (one) => {
        const withOverlay = bundleOf(textOf(one, one.base, true))
        if (!withOverlay) return
        const without = bundleOf(textOf(one, one.base, false))!
        assert.equal(verdictOf(withOverlay, 'other', one), verdictOf(without, 'other', one))
      }),
      { numRuns: RUNS, seed: 8 },
    )
  })
})
