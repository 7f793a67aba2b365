// An explanation for people: what decided first, then each policy with the parts of its condition, the ones that did not fire last.
import { pad, paintFor, type Paint, type Screen } from './policy-output.ts'
import { widthOf } from '../policy/toolbox.ts'
import type { ClauseExplanation, Explanation, PhaseExplanation, PolicyExplanation } from './policy-explain.ts'

/** `brief`: policies that stay silent are counted alone. */
export function showExplanation({ verdict, refused, phases }: Explanation, screen: Screen, brief = false): string {
  const paint = paintFor(screen)
  const head = `verdict: ${paint(verdict === 'allow' ? 'green' : 'red', verdict)}${refused ? ` (${refusal(refused)})` : ''}`
  return [head, ...phases.flatMap((phase) => ['', ...showPhase(phase, paint, brief)])].join('\n')
}

function refusal({ code, policy }: NonNullable<Explanation['refused']>): string {
  return policy === '' ? `${code}: no policy allows it` : `${code} by ${policy}`
}

function showPhase({ phase, verdict, refused, why, effects, policies }: PhaseExplanation, paint: Paint, brief: boolean): readonly string[] {
  const shown = brief ? policies.filter(({ state }) => state !== 'silent') : policies
  const left = policies.length - shown.length
  const outcome = verdict === null ? `not judged: ${why}` : refused ? `${verdict}, ${refusal(refused)}` : verdict
  const isReached = policies.some(({ clauses, state }) => clauses.length > 0 || state !== 'open')
  return [
    `${paint('bold', phase)}: ${outcome}`,
    ...effects.map(({ policy, phrase }) => `  ${phrase} ${paint('dim', `(${policy})`)}`),
    ...(isReached
      ? [...shown.flatMap((policy) => showPolicy(policy, paint)), ...(left > 0 ? [`  ${paint('dim', `silent ${left} more`)}`] : [])]
      : [`  ${paint('dim', policies.map(({ policy }) => policy).join(', '))}`]),
  ]
}

const SIGNS = { fires: 'fires', silent: 'silent', open: 'open' } as const

function showPolicy(policy: PolicyExplanation, paint: Paint): readonly string[] {
  const { state, mode, overlay, clauses, phrases } = policy
  const role = state === 'fires' ? (mode === 'enforce' ? 'green' : 'yellow') : state === 'open' ? 'cyan' : 'dim'
  const notes = [...(overlay === null ? [] : [`overlay ${overlay}`]), ...(mode === 'enforce' ? [] : [mode === 'off' ? 'off' : 'in shadow'])]
  const name = `${paint(role, pad(SIGNS[state], 6))} ${paint('bold', policy.policy)}${notes.length > 0 ? ` (${notes.join(', ')})` : ''}`
  const would = mode === 'enforce' ? '' : 'would have: '
  return [`  ${name}`, ...showClauses(clauses, paint), ...(state === 'fires' ? phrases.map((phrase) => `         ${would}${phrase}`) : [])]
}

const INDENT = 9

const JOINED = { and: 'all of', or: 'any of', not: 'not' } as const
const MAX_COLUMNS = 72

/** Parts in one column, values in the next. */
function showClauses(clauses: readonly ClauseExplanation[], paint: Paint): readonly string[] {
  const texts = clauses.map(({ clause, text, note, depth, parts }) => {
    const shown = parts === null ? text : JOINED[parts]
    return `${'  '.repeat(depth)}${depth === 0 ? `${clause} ${note === null ? '' : `${note}: `}` : ''}${shown}`
  })
  const width = Math.min(MAX_COLUMNS, Math.max(0, ...texts.map(widthOf)))
  return clauses.map((clause, i) => {
    const value = clause.value === null ? paint('cyan', 'open ') : clause.value ? paint('green', 'true ') : paint('dim', 'false')
    const reads = readsOf(clause)
    return `${' '.repeat(INDENT)}${pad(texts[i]!, width)}  ${value}${reads === '' ? '' : `  ${reads}`}`.trimEnd()
  })
}

/** A test that is an attribute and nothing more says its value already. */
function readsOf({ reads, text }: ClauseExplanation): string {
  return Object.entries(reads)
    .filter(([name]) => name !== text)
    .map(([name, value]) =>
      name.startsWith('found.') ? foundOf(name, value) : `${name} = ${value === null ? 'absent' : JSON.stringify(value)}`,
    )
    .join(', ')
}

function foundOf(name: string, value: unknown): string {
  if (value === 0) return 'nothing found'
  if (typeof value !== 'number') return 'the scan failed'
  return name.endsWith('.count') ? `${value} found` : `best score ${value}`
}
