// What a set of policies decides depends on what they say, not on where or how often they say it: generated sets, through the compiler.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { compile, createProgram, type Bundle, type Decision, type SourceFile } from '../../../../dsl/index.ts'
import { DETECTORS, HEAD, judged, requestPolicies, textOf, type Judged, type PolicyParts } from '../../../support/policy-text-sets.ts'
import { FEW } from '../syntax/helpers.ts'
import { vocabulary } from '../../../support/policy-text.ts'

const seed = 20_261_121
const detectors: SourceFile = { path: 'detectors.policy', text: DETECTORS }

function bundleOf(files: readonly SourceFile[]): Bundle {
  const { bundle, diagnostics } = compile(files, vocabulary)
  assert.ok(bundle, JSON.stringify(diagnostics.filter(({ severity }) => severity === 'error')) + files.map(({ text }) => text).join('\n'))
  return bundle
}

const fileOf = (policies: readonly PolicyParts[], path = 'p.policy', head = HEAD): SourceFile => ({
  path,
  text: head + policies.map(textOf).join(''),
})

function decide(bundle: Bundle, { values, scores }: Judged): Decision {
  const program = createProgram(bundle)
  const slots = program.slots.map((source) => {
    if (source.kind === 'attribute') return values[source.name] ?? null
    const score = scores[source.detector] ?? 0
    return source.field === 'score' ? score : Math.ceil(score)
  })
  return program.phases.request.decide(program.phases.request.evaluate(slots), slots)
}

/** What is decided, without who said so. */
function meaning({ verdict, refused, effects }: Decision): unknown {
  return {
    verdict,
    refused: refused && { code: refused.code, message: refused.message, status: refused.status },
    effects: [...new Set(effects.map(({ verb, phrase, operands }) => JSON.stringify({ verb, phrase, operands })))].sort(),
  }
}

describe('decisions of generated sets', () => {
  it('do not depend on the order of policies, nor on how they are spread over files, nor on imports that stand twice', () => {
    const moved = requestPolicies.chain((policies) =>
      fc.record({
        policies: fc.constant(policies),
        order: fc.shuffledSubarray([...policies], { minLength: policies.length }),
        places: fc.array(fc.nat(2), { minLength: policies.length, maxLength: policies.length }),
        isReversed: fc.boolean(),
        context: judged,
      }),
    )
    fc.assert(
      fc.property(moved, ({ policies, order, places, isReversed, context }) => {
        const plain = bundleOf([detectors, fileOf(policies)])
        const spread = [0, 1, 2].map((place) =>
          fileOf(
            order.filter((_, index) => places[index] === place),
            `${place}.policy`,
          ),
        )
        const files = [...spread, detectors]
        const other = bundleOf(isReversed ? files.toReversed() : files)
        assert.equal(other.hash, plain.hash)
        assert.deepEqual(decide(other, context), decide(plain, context))
      }),
      { seed, numRuns: FEW(3_000) },
    )
  })

  it('do not change when policies, or a whole file of them, are said once more under other names', () => {
    const doubled = requestPolicies.chain((policies) =>
      fc.record({ policies: fc.constant(policies), again: fc.subarray([...policies], { minLength: 1 }), context: judged }),
    )
    fc.assert(
      fc.property(doubled, ({ policies, again, context }) => {
        const twins = again.map((policy) => ({ ...policy, id: policy.id.replace('gen.p', 'gen.twin') }))
        const copy = fileOf(twins, 'copy.policy', HEAD.replace('gen.policies', 'gen.copy'))
        const once = decide(bundleOf([detectors, fileOf(policies)]), context)
        const twice = decide(bundleOf([detectors, fileOf(policies), copy]), context)
        assert.deepEqual(meaning(twice), meaning(once))
        assert.ok(twice.reasons.length >= once.reasons.length)
      }),
      { seed, numRuns: FEW(3_000) },
    )
  })

  it('are about something: most generated sets speak, and each verdict occurs', () => {
    const verdicts = fc.sample(fc.tuple(requestPolicies, judged), { seed, numRuns: 100 }).map(([policies, context]) => {
      const decision = decide(bundleOf([detectors, fileOf(policies)]), context)
      return decision.reasons.length === 0 ? 'silent' : decision.verdict
    })
    const share = (verdict: string): number => verdicts.filter((one) => one === verdict).length
    assert.ok(
      share('silent') < 50 && share('allow') >= 5 && share('deny') >= 5,
      JSON.stringify([share('silent'), share('allow'), share('deny')]),
    )
  })
})
