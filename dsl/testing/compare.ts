// Compares what a test expects with what the walk gave. Operands that the test leaves out are not compared.
import type { CompiledTest, Expected } from '../check/tests.ts'
import type { Decision, EffectCall } from '../evaluate/program.ts'
import type { Span } from '../diagnostics/diagnostic.ts'

/** What happened to a test's exchange, phase by phase until the first refusal. */
export interface Walked {
  readonly decisions: readonly Decision[]
  /** The text of the answer as the client gets it; without an answer, the last message as it leaves. */
  readonly text: string | null
}

export interface Failure {
  readonly span: Span
  readonly message: string
}

export function compareTest(test: CompiledTest, walked: Walked): readonly Failure[] {
  return test.expect.flatMap((expected) => {
    const message = compareOne(expected, walked)
    return message === null ? [] : [{ span: expected.span, message }]
  })
}

function compareOne(expected: Expected, walked: Walked): string | null {
  if (expected.kind === 'text') return walked.text === expected.text ? null : `the text is ${JSON.stringify(walked.text)}`
  if (expected.kind === 'policy') return comparePolicy(expected, walked)
  if (expected.verb === 'deny') return compareDeny(expected, walked)
  if (expected.verb === 'allow') return walked.decisions.every(({ verdict }) => verdict === 'allow') ? null : outcome(walked)
  const calls = walked.decisions.flatMap(({ effects }) => effects).filter(({ verb }) => verb === expected.verb)
  if (calls.some((call) => holds(expected.operands, call))) return null
  return calls.length === 0
    ? `no policy asked for \`${expected.verb}\`; ${outcome(walked)}`
    : `\`${expected.verb}\` was asked for with ${calls.map(({ operands }) => JSON.stringify(operands)).join(', ')}`
}

function comparePolicy({ policy, outcome: wanted }: Extract<Expected, { kind: 'policy' }>, walked: Walked): string | null {
  const fired = walked.decisions.some(({ reasons }) => reasons.some((reason) => reason.policy === policy))
  if (fired === (wanted === 'fires')) return null
  return fired ? `\`${policy}\` fired` : `\`${policy}\` stayed silent; ${outcome(walked)}`
}

function compareDeny({ operands }: Extract<Expected, { kind: 'effect' }>, walked: Walked): string | null {
  const refused = walked.decisions.find(({ verdict }) => verdict === 'deny')?.refused
  if (!refused) return 'it was not denied'
  const given = { code: refused.code, message: refused.message, http: refused.status }
  const differs = Object.entries(operands).find(([name, value]) => given[name as keyof typeof given] !== value)
  return differs
    ? `it was denied with ${differs[0]} ${JSON.stringify(given[differs[0] as keyof typeof given])} by \`${refused.policy}\``
    : null
}

function outcome({ decisions }: Walked): string {
  const last = decisions.at(-1)
  if (last?.refused) return `the request was denied with \`${last.refused.code}\``
  const fired = decisions.flatMap(({ reasons }) => reasons.map(({ policy }) => `\`${policy}\``))
  return fired.length === 0 ? 'no policy fired' : `fired: ${fired.join(', ')}`
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
