// What will matter in the running of policies: exceptions that have ended or are about to, trials that go on for ever, and critical policies
// that let through what they could not judge. The date of today comes from outside; nothing in the language reads a clock.
import { declarationsOf, type Names } from '../names.ts'
import { FAIL_CLOSED } from '../../vocabulary/kernel.ts'
import type { CompiledPolicy } from '../../compile/bundle.ts'
import type { DeclarationOf, Literal } from '../../syntax/ast.ts'
import type { Report } from '../report.ts'

const DAY_MS = 24 * 60 * 60 * 1000

/** Days before its end from which an exception is reported. */
export const NOTICE_DAYS = 30

/** `today` as ISO date. An exception ends at the start (UTC) of the day of `until`. */
export function findExpiring({ modules }: Names, today: string, report: Report): void {
  for (const exception of [...modules.values()].flatMap(({ files }) => declarationsOf(files, 'exception'))) {
    const until = dateOf(exception, 'until')
    if (until === null) continue
    const days = Math.round((Date.parse(until.value) - Date.parse(today)) / DAY_MS)
    const what = `the exception "${exception.title}" to \`${exception.policy.text}\``
    if (days <= 0) {
      report.warning('P510', until.span, `${what} has ended on ${until.value}`, 'Remove it, or agree on it anew with a later `until`.')
    } else if (days <= NOTICE_DAYS) {
      const help = 'Agree on a later `until`, or make sure that nobody needs it any longer.'
      report.warning('P511', until.span, `${what} ends in ${days === 1 ? 'a day' : `${days} days`}, on ${until.value}`, help)
    }
  }
}

/** Days after which a trial has told what it can tell. */
const TRIAL_DAYS = 30

/** Policies that have stood in shadow for more than thirty days, as far as they say since when. */
export function findLongTrials(names: Names, policies: readonly CompiledPolicy[], today: string, report: Report): void {
  for (const { id, mode, overlay } of policies) {
    const declaration = names.policies.get(id)
    const since = mode === 'shadow' && overlay === null && declaration ? dateOf(declaration, 'since') : null
    if (since === null) continue
    const days = Math.round((Date.parse(today) - Date.parse(since.value)) / DAY_MS)
    if (days <= TRIAL_DAYS) continue
    report.warning(
      'P512',
      since.span,
      `\`${id}\` has been in shadow for ${days} days`,
      'Look at its decisions, then `mode enforce` or remove it.',
    )
  }
}

function dateOf({ clauses }: DeclarationOf<'exception' | 'policy'>, verb: 'until' | 'since'): Extract<Literal, { kind: 'date' }> | null {
  for (const clause of clauses) {
    if (clause.kind !== 'phrase' || clause.phrase.verb.text !== verb) continue
    const operand = clause.phrase.slots[0]?.groups[0]?.[0]
    if (operand?.kind === 'date') return operand
  }
  return null
}

// ── on error ─────────────────────────────────────────────────────────────────────────────────────────────────────────

export function findCriticalFailingOpen(names: Names, policies: readonly CompiledPolicy[], report: Report): void {
  const reported = new Set<string>()
  for (const { id, severity, onError, span } of policies) {
    if (severity !== 'critical' || onError === null || FAIL_CLOSED.has(onError.verb) || reported.has(id)) continue
    reported.add(id)
    const clause = names.policies.get(id)?.clauses.find(({ kind }) => kind === 'on error')
    const message = `\`${id}\` is critical, and lets through what it could not judge`
    report.warning('P501', clause?.span ?? span, message, 'Write `on error deny "…"`, or lower the `severity`.')
  }
}
