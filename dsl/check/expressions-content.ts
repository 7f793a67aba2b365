// Conditions about content: a location contains a detector. They read numbers about findings, never the text.
import { FALSE, truth } from './lowered.ts'
import { findDetector, locationsIn, meantDetector, type Module, type Names } from './names.ts'
import { readFrom } from './elements.ts'
import type { Expression } from '../syntax/ast.ts'
import type { Lowered, Scope } from './lowered.ts'

/** A place in the content contains a detector. Null: the left side is no such place, so texts are meant. */
export function containsFinding({ left, right, scoring }: Extract<Expression, { kind: 'contains' }>, scope: Scope): Lowered | null {
  const location = left.kind === 'path' ? left.name.text : null
  const phase = location === null ? undefined : locationsIn(scope.names).get(location)
  if (location === null || phase === undefined) return null
  if (phase === 'response' && scope.phases.some((on) => on === 'request' || on === 'target')) {
    scope.report.error('P130', left.span, `\`${location}\` is not known before there is an answer`, 'Put the policy `on response, stream`.')
  }
  const detector = detectorOf(right, scope)
  if (detector === null) return FALSE
  if (scoring && (scoring.value < 0 || scoring.value > 1)) {
    scope.report.error('P112', scoring.span, `a score lies between 0 and 1, and this is ${scoring.value}`)
  }
  const score = readFrom(`found.${detector}.${location}.score`, scope.element)
  const threshold = scoring?.value ?? ownScore(scope, detector)
  // A score is 0 where nothing was found, so a threshold of 0 still asks for a finding.
  return truth(threshold === null || threshold <= 0 ? { '>': [score, 0] } : { '>=': [score, threshold] })
}

function detectorOf(right: Expression, { names, module, report }: Scope): string | null {
  if (right.kind === 'hole') return null
  const name = right.kind === 'path' ? right.name.text : null
  const detector = name === null ? null : findDetector(names, module, name)
  if (detector !== null) return detector
  if (name === null) report.error('P105', right.span, 'a location contains a detector', HOW_TO_FIND[right.kind] ?? HOW_TO_FIND.path)
  else report.error('P105', right.span, `there is no detector \`${name}\``, meantDetector(name, names, module))
  return null
}

const HOW_TO_FIND: { readonly path: string; readonly [kind: string]: string } = {
  path: 'Write `prompt contains NAME`, with a declared detector.',
  text: 'Declare a detector: `list terms = ["…"]` and `detector NAME { list terms }`, then write `prompt contains NAME`.',
  regex: 'Declare a detector: `detector NAME { pattern /…/ }`, then write `prompt contains NAME`.',
}

/** Without `scoring`, the detector's own score; a union has none, so any finding of its members counts. */
function ownScore({ names }: { readonly names: Names; readonly module: Module }, detector: string): number | null {
  const declaration = names.detectors.get(detector)
  if (!declaration || declaration.clauses.some(({ kind }) => kind === 'any')) return null
  const score = declaration.clauses.find((clause) => clause.kind === 'score')
  return score?.kind === 'score' ? score.score : DEFAULT_SCORE
}

/** Score of a detector that states none. */
export const DEFAULT_SCORE = 0.5
