// What may be said about an answer while it streams. What is known about it only grows, and text that was sent stays sent: so no
// negation and no count over it, and a span is protected as soon as its own detector has found it, whatever may be found later.
import { readPaths } from '../evaluate/paths.ts'
import type { JsonLogic } from '../compile/bundle.ts'
import type { Name } from '../syntax/ast.ts'
import type { MatchedPhrase } from './phrases.ts'
import type { Phase, Vocabulary } from '../vocabulary/vocabulary.ts'
import type { Report } from './report.ts'
import type { Span } from '../diagnostics/diagnostic.ts'

const HELP = 'Put the policy `on response` and add `buffer completion`.'

export function checkStreamFragment(
  place: Span,
  phases: readonly Phase[],
  when: JsonLogic,
  effects: readonly MatchedPhrase[],
  report: Report,
): void {
  if (!phases.includes('stream')) return
  if (shrinks(when, false)) {
    report.error('P140', place, 'a condition on `stream` may not deny or count what an answer contains', HELP)
    return
  }
  for (const { verb, operands, phrase } of effects) {
    if (verb.declaration.join.kind !== 'span' || !Array.isArray(operands.detector)) continue
    const late = operands.detector.map(String).find((detector) => readsAnswer(withFinding(when, detector)))
    if (late === undefined) continue
    const message = `\`${verb.template.verb}\` of \`${late}\` on \`stream\` depends on a finding that may come after the text was sent`
    report.error('P141', phrase.span, message, HELP)
  }
}

/** An engine reads whole texts; a policy on the answer alone has the stream held for it. */
export function checkEnginesOnStream(
  place: Span,
  phases: readonly Phase[],
  when: JsonLogic,
  effects: readonly MatchedPhrase[],
  engines: Vocabulary['engines'],
  report: Report,
): void {
  if (engines.length === 0 || !phases.includes('stream')) return
  const read = readPaths(when).filter(isAboutAnswer)
  const protectedOnes = effects.flatMap(({ operands }) => operands.detector ?? [])
  const used = engines.find(({ name }) => protectedOnes.includes(name) || read.some((path) => path.startsWith(`found.${name}.`)))
  if (!used) return
  const help = 'Write `on response` alone, and `buffer completion`: the stream is then held and judged whole.'
  report.error('P130', place, `\`${used.name}\` reads whole texts and can not be used on \`stream\``, help)
}

/** A policy on the whole answer holds every stream that it might still judge; `buffer` says that this is meant. */
export function checkHeldStream({ text, span }: Name, phases: readonly Phase[], effects: readonly MatchedPhrase[], report: Report): void {
  if (!phases.includes('response') || phases.includes('stream')) return
  if (effects.some(({ verb }) => verb.template.verb === 'buffer')) return
  const help = 'Write `on response, stream`, or say that it is meant with `buffer completion`.'
  report.warning('P142', span, `\`${text}\` holds streamed answers back until they are whole`, help)
}

const isAboutAnswer = (path: string): boolean => path.startsWith('found.') && path.includes('.completion')

function readsAnswer(logic: JsonLogic): boolean {
  return readPaths(logic).some(isAboutAnswer)
}

/** Can the condition become false by something more being found, or is something counted? */
function shrinks(logic: JsonLogic, isNegated: boolean): boolean {
  if (logic === null || typeof logic !== 'object') return false
  if (Array.isArray(logic)) return (logic as readonly JsonLogic[]).some((item) => shrinks(item, isNegated))
  const [operator, operand] = Object.entries(logic)[0]!
  if (operator === 'var') return isAboutAnswer(String(operand)) && (isNegated || String(operand).endsWith('.count'))
  return shrinks(operand!, operator === '!' ? !isNegated : isNegated || ['none', '<', '<=', '!==', 'bind'].includes(operator))
}

/** The condition once the detector has found something: what then still depends on the answer comes too late. */
function withFinding(logic: JsonLogic, detector: string): JsonLogic {
  if (logic === null || typeof logic !== 'object' || Array.isArray(logic)) return logic
  const [operator, operand] = Object.entries(logic)[0]!
  if (operator !== 'and' && operator !== 'or') return isOwn(logic, detector) ? true : logic
  const parts = (operand as readonly JsonLogic[]).map((part) => withFinding(part, detector))
  if (operator === 'or') return parts.includes(true) ? true : { or: parts }
  const open = parts.filter((part) => part !== true)
  return open.length === 0 ? true : { and: open }
}

function isOwn(test: JsonLogic, detector: string): boolean {
  const paths = readPaths(test)
  return paths.length > 0 && paths.every((path) => path.startsWith(`found.${detector}.completion`))
}
