// The words of failed tests: what was expected, and what happened to the exchange instead.
import type { CompiledTest, Expected } from '../check/tests.ts'
import type { Decision, EffectCall } from '../evaluate/program.ts'
import type { Phase } from '../vocabulary/vocabulary.ts'
import type { Walked } from './compare.ts'

/** Fits behind "expected". */
export function describeExpected(expected: Expected): string {
  if (expected.kind === 'text') return `the text ${JSON.stringify(expected.text)}`
  if (expected.kind === 'policy') return `\`${expected.policy}\` to ${expected.outcome === 'fires' ? 'fire' : 'stay silent'}`
  const operands = describeOperands(expected.operands)
  return operands === '' ? `\`${expected.verb}\`` : `\`${expected.verb}\` with ${operands}`
}

/** `amount 1024, by tenant.id`: operands by the names that the template gives them. */
export function describeOperands(operands: EffectCall['operands'] | Extract<Expected, { kind: 'effect' }>['operands']): string {
  return Object.entries(operands)
    .map(([name, value]) => `${name === 'http' ? 'status' : name} ${[value].flat().map(describeOperand).join(', ')}`)
    .join(', ')
}

function describeOperand(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if ('percent' in value) return `${String(value.percent)}%`
  return 'attribute' in value ? String(value.attribute) : JSON.stringify(value)
}

const DENIED: { readonly [phase in Phase]: string } = {
  request: 'the request was denied',
  target: 'the target was denied',
  response: 'the answer was denied',
  stream: 'the stream was stopped',
}

/** What every gateway has and a test has only if it is asked for. */
const ACCESS = '; `import standard.access` brings the one that lets keys with the scope chat in'

/** How far the exchange came, and who spoke. */
export function describeOutcome({ decisions }: Walked): string {
  const refusal = refusalOf(decisions)
  if (refusal !== null) return refusal
  const fired = [...new Set(decisions.flatMap(({ reasons }) => reasons.map(({ policy }) => `\`${policy}\``)))]
  return fired.length === 0 ? 'no policy fired' : `fired: ${fired.join(', ')}`
}

function refusalOf(decisions: readonly Decision[]): string | null {
  const last = decisions.at(-1)
  if (last?.verdict === 'approval') return 'the request waits for approval'
  if (!last?.refused) return null
  const why = last.refused.policy === '' ? `: no policy allows it${last.phase === 'request' ? ACCESS : ''}` : ''
  return `${DENIED[last.phase]} with \`${last.refused.code}\`${why}`
}

/** Why a policy on these phases was never asked, or null if it was, or if it was out of the question before. */
export function whyUnreached(phases: readonly Phase[], test: CompiledTest, { decisions }: Walked): string | null {
  if (phases.length === 0 || phases.some((phase) => decisions.some((decision) => decision.phase === phase))) return null
  const why = lackOf(phases, test) ?? whatCameBefore(decisions)
  return why && `it is \`on ${phases.join(', ')}\`, and ${why}`
}

/** What the test would have to say for any of the phases to come. */
function lackOf(phases: readonly Phase[], { given, answer, chunks }: CompiledTest): string | null {
  const hasTarget = [...given.keys()].some((name) => name.startsWith('target.'))
  const lacks: { readonly [phase in Phase]: string | null } = {
    request: null,
    target: hasTarget ? null : 'no `target.…` given',
    response: answer !== null || chunks !== null ? null : 'no `answer`',
    stream: chunks !== null ? null : 'no `chunks`',
  }
  const lacking = phases.map((phase) => lacks[phase])
  return lacking.includes(null) ? null : `the test has ${lacking.join(' and ')}`
}

function whatCameBefore(decisions: readonly Decision[]): string | null {
  const refusal = refusalOf(decisions)
  return refusal && `${refusal} before that`
}

export function whyNoText({ messages, answer, chunks }: CompiledTest, { decisions }: Walked): string {
  const isEmpty = messages.length === 0 && answer === null && chunks === null
  return refusalOf(decisions) ?? (isEmpty ? 'the test has no `message` and no answer' : 'nothing came through')
}
