// Order can not matter: shuffling and doubling calls, policies and files changes nothing about a decision.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { groupCalls, joinGroup, joinKeys, type Joinable } from '../../../../dsl/evaluate/joins.ts'
import { compile, createProgram, FAILED, type Decision, type EffectCall, type SourceFile } from '../../../../dsl/index.ts'
import { gatherWords } from '../../../../core/policy/words.ts'
import { PLUGINS } from '../../../../core/plugins.ts'
import { readVocabularies } from '../../../../core/plugin/registry.ts'
import type { Join } from '../../../../dsl/vocabulary/vocabulary.ts'

const { vocabulary } = gatherWords(readVocabularies(PLUGINS, {}))
const RUNS = process.env['SALLYPORT_TEST_LONG'] ? 2000 : 200

const JOINS: readonly Join[] = [
  { kind: 'union' },
  { kind: 'intersection' },
  { kind: 'smallest', operand: 'amount', by: 'name' },
  { kind: 'precedence', by: 'name' },
  { kind: 'strictest', operand: 'level', order: ['full', 'standard', 'minimal'] },
  { kind: 'span', strength: 2 },
]

const call = fc.record({
  policy: fc.constantFrom('a', 'b', 'c'),
  amount: fc.integer({ min: 1, max: 3 }),
  name: fc.constantFrom('x', 'y'),
  level: fc.constantFrom('full', 'standard', 'minimal'),
})

function joined(
  { policy, ...operands }: { policy: string; amount: number; name: string; level: string },
  join: Join,
): Joinable<EffectCall> {
  const severity = policy === 'a' ? 'high' : 'low'
  return { call: { verb: 'v', phrase: 'v', policy, severity, operands }, join, ...joinKeys(policy, 'v', operands, join) }
}

const joinEffects = (calls: readonly Joinable<EffectCall>[]): readonly EffectCall[] =>
  groupCalls(calls).flatMap((group) => joinGroup(group.join, group.calls))

describe('joins', () => {
  for (const join of JOINS) {
    it(`${join.kind}: order and repetition change nothing, and joining in parts is joining at once`, () => {
      fc.assert(
        fc.property(fc.array(call, { maxLength: 8 }), fc.nat(), (calls, seed) => {
          const all = calls.map((one) => joined(one, join))
          const once = joinEffects(all)
          const turned = [...all.slice(seed % (all.length + 1)), ...all.slice(0, seed % (all.length + 1))].reverse()
          assert.deepEqual(joinEffects([...turned, ...all]), once)
          const half = Math.floor(all.length / 2)
          const again = [...joinEffects(all.slice(0, half)), ...joinEffects(all.slice(half))].map((one) => ({
            call: one,
            join,
            ...joinKeys(one.policy, one.verb, one.operands, join),
          }))
          assert.deepEqual(joinEffects(again), once)
        }),
        { numRuns: RUNS, seed: 5 },
      )
    })
  }
})

const POLICIES = [
  'policy a.allow "a" { on request allow }',
  'policy a.deny "b" { severity high on request when tenant.region == "eu" deny "a.closed" "Closed." }',
  'policy a.deny_too "c" { severity high on request when tenant.region == "eu" deny "a.other" }',
  'policy a.cap "d" { on request cap request.max_tokens at 100 }',
  'policy a.cap_less "e" { on request when tenant.tags has "small" cap request.max_tokens at 10 }',
  'policy a.warn "f" { on request warn "a.warned" }',
  'policy a.shadow "g" { mode shadow on request deny "a.never" }',
]

function decide(files: readonly SourceFile[], values: { readonly [name: string]: unknown }): Decision {
  const { bundle, diagnostics } = compile(files, vocabulary)
  assert.ok(bundle, JSON.stringify(diagnostics))
  const program = createProgram(bundle)
  const slots = program.slots.map((source) => (source.kind === 'attribute' ? (source.name in values ? values[source.name] : null) : 0))
  const request = program.phases.request
  return request.decide(request.evaluate(slots), slots)
}

const fileOf = (texts: readonly string[], path = 'p.policy'): SourceFile => ({ path, text: texts.join('\n') })

describe('decisions', () => {
  const values = { 'tenant.region': 'eu', 'tenant.tags': ['small'] }

  it('do not depend on the order of policies and files', () => {
    const plain = decide([fileOf(POLICIES)], values)
    fc.assert(
      fc.property(
        fc.shuffledSubarray(POLICIES, { minLength: POLICIES.length }),
        fc.integer({ min: 0, max: POLICIES.length }),
        (order, cut) => {
          const files = [fileOf(order.slice(0, cut), 'one.policy'), fileOf(order.slice(cut), 'two.policy')]
          assert.deepEqual(decide(files, values), plain)
        },
      ),
      { numRuns: 30, seed: 3 },
    )
  })

  it('name the refusal of the highest severity, then of the smallest id, and keep all reasons', () => {
    const decision = decide([fileOf(POLICIES)], values)
    assert.deepEqual(decision.refused, { policy: 'a.deny', code: 'a.closed', message: 'Closed.', status: null })
    assert.deepEqual(
      decision.reasons.map(({ policy }) => policy),
      ['a.deny', 'a.deny_too', 'a.allow', 'a.cap', 'a.cap_less', 'a.shadow', 'a.warn'],
    )
  })

  it('never join what only runs in shadow', () => {
    const decision = decide([fileOf(POLICIES)], { ...values, 'tenant.region': 'us' })
    assert.equal(decision.verdict, 'allow')
    assert.equal(decision.reasons.find(({ policy }) => policy === 'a.shadow')?.state, 'shadow')
  })

  it('take the smallest cap', () => {
    const caps = decide([fileOf(POLICIES)], values).effects.filter(({ verb }) => verb === 'cap')
    assert.deepEqual(
      caps.map(({ operands }) => operands.amount),
      [10],
    )
  })

  it('deny what nobody allowed', () => {
    assert.equal(decide([fileOf(['policy a.warn "f" { on request warn "a.warned" }'])], values).refused?.code, 'policy.no_match')
    assert.equal(decide([fileOf(['default request allow'])], values).verdict, 'allow')
  })

  it('fail closed over what failed, unless the policy says otherwise', () => {
    const failing = { 'tenant.region': FAILED }
    assert.equal(decide([fileOf([POLICIES[0]!, POLICIES[1]!])], failing).refused?.code, 'policy.scan_failed')
    const lenient = 'policy a.b "x" { on request when tenant.region == "eu" deny "a.b" owner "x" on error allow }'
    const decision = decide([fileOf([POLICIES[0]!, lenient])], failing)
    assert.equal(decision.verdict, 'allow')
    assert.equal(decision.reasons.find(({ policy }) => policy === 'a.b')?.state, 'failed_open')
    assert.equal(decide([fileOf([lenient])], failing).refused?.code, 'policy.no_match', 'what failed open vouches for nothing')
    const routed = 'policy a.b "x" { on request when tenant.region == "eu" deny "a.b" on error route to secure }'
    const { verdict, effects, reasons } = decide([fileOf([POLICIES[0]!, routed])], failing)
    assert.deepEqual([verdict, effects.map(({ verb }) => verb)], ['allow', ['route']])
    assert.equal(reasons.find(({ policy }) => policy === 'a.b')?.state, 'failed_closed')
  })
})
