// Compares what a test expects with what the walk gave. A message says both; the caret stands under the expectation.
// Operands that the test leaves out are not compared.
import { describeExpected, describeOperands, describeOutcome, whyUnreached, whyNoText } from './messages.ts'
import type { CompiledPolicy } from '../compile/bundle.ts'
import type { CompiledTest, Expected } from '../check/tests.ts'
import type { Decision, EffectCall } from '../evaluate/program.ts'
import type { Span } from '../diagnostics/diagnostic.ts'

/** What happened to a test's exchange, phase by phase until the first refusal. */
export interface Walked {
  readonly decisions: readonly Decision[]
  /** The text of the answer as the client gets it; without an answer, the last message as it leaves. Null: nothing came through. */
  readonly text: string | null
}

export interface Failure {
  /** Of the expectation that was not met. */
  readonly span: Span
  readonly message: string
}

/** `policies` are those of the bundle: they tell why one that was expected to fire was never asked. */
export function compareTest(test: CompiledTest, walked: Walked, policies: readonly CompiledPolicy[]): readonly Failure[] {
  return test.expect.flatMap((expected) => {
    const instead = differenceOf(expected, test, walked, policies)
    return instead === null ? [] : [{ span: expected.span, message: `expected ${describeExpected(expected)}, but ${instead}` }]
  })
}

/** What happened instead, or null where it is as expected. */
function differenceOf(expected: Expected, test: CompiledTest, walked: Walked, policies: readonly CompiledPolicy[]): string | null {
  if (expected.kind === 'text') return compareText(expected.text, test, walked)
  if (expected.kind === 'policy') return comparePolicy(expected, test, walked, policies)
  if (expected.verb === 'deny') return compareDeny(expected, walked)
  if (expected.verb === 'allow') return walked.decisions.every(({ verdict }) => verdict === 'allow') ? null : describeOutcome(walked)
  return compareEffect(expected, walked)
}

function compareText(wanted: string, test: CompiledTest, walked: Walked): string | null {
  if (walked.text === null) return `there is none: ${whyNoText(test, walked)}`
  return walked.text === wanted ? null : `it is ${JSON.stringify(walked.text)}`
}

function comparePolicy(
  { policy, outcome }: Extract<Expected, { kind: 'policy' }>,
  test: CompiledTest,
  walked: Walked,
  policies: readonly CompiledPolicy[],
): string | null {
  const hasFired = walked.decisions.some(({ reasons }) => reasons.some((reason) => reason.policy === policy))
  if (hasFired === (outcome === 'fires')) return null
  if (hasFired) return 'it fired'
  const phases = policies.find(({ id }) => id === policy)?.phases ?? []
  return whyUnreached(phases, test, walked) ?? `it stayed silent; ${describeOutcome(walked)}`
}

function compareDeny({ operands }: Extract<Expected, { kind: 'effect' }>, walked: Walked): string | null {
  const refused = walked.decisions.find(({ verdict }) => verdict === 'deny')?.refused
  if (!refused) return `it was not denied; ${describeOutcome(walked)}`
  const given: { readonly [operand: string]: unknown } = { code: refused.code, message: refused.message, http: refused.status }
  const differs = Object.entries(operands).find(([name, value]) => given[name] !== value)
  if (!differs) return null
  const [name] = differs
  const by = refused.policy === '' ? 'because no policy allows it' : `by \`${refused.policy}\``
  return `it was denied with ${name === 'http' ? 'status' : name} ${JSON.stringify(given[name])} ${by}`
}

function compareEffect({ verb, operands }: Extract<Expected, { kind: 'effect' }>, walked: Walked): string | null {
  const calls = walked.decisions.flatMap(({ effects }) => effects).filter((call) => call.verb === verb)
  if (calls.some((call) => holds(operands, call))) return null
  if (calls.length === 0) return `no policy asked for it; ${describeOutcome(walked)}`
  return `it was asked for with ${calls.map((call) => describeOperands(call.operands)).join('; and with ')}`
}

function holds(expected: Extract<Expected, { kind: 'effect' }>['operands'], call: EffectCall): boolean {
  return Object.entries(expected).every(([name, value]) => {
    const actual = call.operands[name]
    if (Array.isArray(value)) return Array.isArray(actual) && value.every((item: unknown) => actual.some((one: unknown) => same(item, one)))
    return same(value, actual)
  })
}

/** Attributes are the same by name: their value belongs to the run. */
function same(expected: unknown, actual: unknown): boolean {
  if (typeof expected === 'object' && expected !== null && 'attribute' in expected)
    return (actual as { attribute?: unknown } | undefined)?.attribute === expected.attribute
  return JSON.stringify(expected) === JSON.stringify(actual)
}
