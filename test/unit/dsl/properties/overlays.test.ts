// An overlay that raises modes and sets params to stricter values never loosens a decision of a generated set: not its verdict, and not
// what is capped, limited, redacted, routed, logged or said. Conditions that hang on a param are the matter of `compile/overlays.property.test.ts`.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { compile, createProgram, type Bundle, type Decision, type EffectCall } from '../../../../dsl/index.ts'
import { DETECTORS, HEAD, judged, requestPolicies, textOf, type Judged, type PolicyParts } from '../../../support/policy-text-sets.ts'
import { FEW } from '../syntax/helpers.ts'
import { vocabulary } from '../../../support/policy-text.ts'

const seed = 20_261_121
const TENANT = 'a'

interface Scenario {
  readonly policies: readonly PolicyParts[]
  /** Ids whose mode the overlay raises. */
  readonly raised: readonly string[]
  readonly raisedTo: 'shadow' | 'enforce'
  readonly most: number
  readonly context: Judged
}

/** Caps and limits stand at the params, which an overlay may lower to 1. */
const withParams = (policies: readonly PolicyParts[]): readonly PolicyParts[] =>
  policies.map((policy) => ({
    ...policy,
    effects: policy.effects.map((phrase) => phrase.replace(/^(cap .* at|limit tokens to) \d+/, '$1 most')),
  }))

const scenario: fc.Arbitrary<Scenario> = requestPolicies.chain((policies) =>
  fc.record({
    policies: fc.constant(withParams(policies)),
    raised: fc.subarray(policies.map(({ id }) => id)),
    raisedTo: fc.constantFrom('shadow', 'enforce'),
    most: fc.constantFrom(1, 50, 100),
    context: judged.map(({ values, scores }) => ({ values: { ...values, 'tenant.id': TENANT }, scores })),
  }),
)

function bundleOf({ policies, raised, raisedTo, most }: Scenario, withOverlay: boolean): Bundle | null {
  const modes = raised.map((id) => `  mode ${raisedTo} for ${id}\n`).join('')
  const overlay = withOverlay ? `overlay strict for tenant "${TENANT}" {\n  param most = ${most}\n${modes}}\n` : ''
  const text = `${HEAD}param most : number = 100 min 1 max 100\n${overlay}${policies.map(textOf).join('')}`
  return compile(
    [
      { path: 'detectors.policy', text: DETECTORS },
      { path: 'p.policy', text },
    ],
    vocabulary,
  ).bundle
}

function decide(bundle: Bundle, { values, scores }: Judged): Decision {
  const program = createProgram(bundle)
  const slots = program.slots.map((source) => {
    if (source.kind === 'attribute') return values[source.name] ?? null
    const score = scores[source.detector] ?? 0
    return source.field === 'score' ? score : Math.ceil(score)
  })
  return program.phases.request.decide(program.phases.request.evaluate(slots), slots)
}

const VERDICTS = ['allow', 'approval', 'deny']
const LEVELS = ['full', 'standard', 'minimal']

function assertNotLooser(base: Decision, strict: Decision): void {
  assert.ok(VERDICTS.indexOf(strict.verdict) >= VERDICTS.indexOf(base.verdict), `${base.verdict} becomes ${strict.verdict}`)
  if (strict.verdict === 'deny') return
  for (const call of base.effects) {
    const covered = strict.effects.some((other) => other.verb in COVERS && covers(other, call))
    assert.ok(covered, `${JSON.stringify(call)} is gone: ${JSON.stringify(strict.effects)}`)
  }
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value])
const hasAll = (outer: unknown, inner: unknown): boolean =>
  listOf(inner).every((one) => listOf(outer).some((other) => JSON.stringify(other) === JSON.stringify(one)))
const isSame = (one: EffectCall, other: EffectCall, ...names: readonly string[]): boolean =>
  names.every((name) => JSON.stringify(one.operands[name]) === JSON.stringify(other.operands[name]))
const protectsSame = (strict: EffectCall, base: EffectCall): boolean =>
  hasAll(strict.operands['detector'], base.operands['detector']) && hasAll(strict.operands['location'], base.operands['location'])

/** Is the first call of its verb at least as strict as the second? */
const COVERS: { readonly [verb: string]: (strict: EffectCall, base: EffectCall) => boolean } = {
  cap: (strict, base) => isSame(strict, base, 'attribute') && Number(strict.operands['amount']) <= Number(base.operands['amount']),
  limit: (strict, base) =>
    isSame(strict, base, 'unit', 'window', 'attribute') && Number(strict.operands['amount']) <= Number(base.operands['amount']),
  redact: protectsSame,
  mask: protectsSame,
  route: (strict, base) => isSame(strict, base, 'kind') && hasAll(base.operands['name'], strict.operands['name']),
  log: (strict, base) => LEVELS.indexOf(String(strict.operands['choice'])) >= LEVELS.indexOf(String(base.operands['choice'])),
  // Which value a header takes is settled by severity and id; that there is one stays.
  set: (strict, base) => isSame(strict, base, 'name'),
  warn: (strict, base) => isSame(strict, base, 'code'),
  label: (strict, base) => isSame(strict, base, 'text'),
}

function covers(strict: EffectCall, base: EffectCall): boolean {
  const isStronger = base.verb === 'mask' && strict.verb === 'redact'
  return (isStronger || strict.verb === base.verb) && COVERS[strict.verb]!(strict, base)
}

describe('an overlay over a generated set', () => {
  it('never loosens what is decided for its tenant', () => {
    let compared = 0
    let stricter = 0
    fc.assert(
      fc.property(scenario, (one) => {
        const [base, strict] = [bundleOf(one, false), bundleOf(one, true)]
        if (!base || !strict) return
        const [before, after] = [decide(base, one.context), decide(strict, one.context)]
        assertNotLooser(before, after)
        compared++
        if (JSON.stringify(after.effects) !== JSON.stringify(before.effects) || after.verdict !== before.verdict) stricter++
      }),
      { seed, numRuns: FEW(5_000) },
    )
    assert.ok(compared > FEW(5_000) / 4 && stricter > compared / 20, `${compared} compared, ${stricter} of them stricter`)
  })

  it('changes nothing for other tenants', () => {
    fc.assert(
      fc.property(scenario, (one) => {
        const [base, strict] = [bundleOf(one, false), bundleOf(one, true)]
        if (!base || !strict) return
        const context = { ...one.context, values: { ...one.context.values, 'tenant.id': 'b' } }
        assert.deepEqual(withoutGuards(decide(strict, context)), withoutGuards(decide(base, context)))
      }),
      { seed, numRuns: FEW(2_000) },
    )
  })
})

/** A variant also reads for whom it is. */
function withoutGuards({ verdict, refused, effects, reasons }: Decision): unknown {
  const said = reasons.map(({ values, ...reason }) => {
    const { 'tenant.id': _, ...read } = values
    return { ...reason, values: read }
  })
  return { verdict, refused, effects, reasons: said }
}
