// `policy check`: all diagnostics of a set, for people, for programs, and as SARIF.
import { count, printJson, wantsJson, type FormatOptions, type Screen } from './policy-output.ts'
import { diagnosticsToJson, diagnosticsToSarif, renderDiagnostics, type PolicySet } from '../policy/toolbox.ts'
import { VERSION } from '../model/version.ts'
import type { HoldBack } from '../policy/hold-back.ts'

/** What a person reads: the diagnostics with their places, and a sum. */
export function showCheck(set: PolicySet, screen: Screen, streams: HoldBack | null = null): string {
  const shown = diagnosticsOf(set)
  const errors = shown.filter(({ severity }) => severity === 'error').length
  const warnings = count(shown.length - errors, 'warning')
  const own = new Set((set.bundle?.policies ?? []).filter(({ span }) => set.isOwn(span.file)).map(({ id }) => id))
  const checked = set.bundle ? `${count(own.size, 'policy', 'policies')} checked` : null
  const sum = [checked, ...(errors > 0 ? [count(errors, 'error')] : []), warnings].filter((part) => part !== null).join(', ')
  const rendered = renderDiagnostics(shown, set.files, screen)
  return [...(shown.length > 0 ? [rendered] : []), sum, ...(streams ? [showHoldBack(streams)] : [])].join('\n')
}

function showHoldBack({ bound, idle, detectors }: HoldBack): string {
  const most = bound === null ? 'without bound' : `at most ${count(bound, 'character')}`
  return `streamed answers are held back ${most}, ${idle} in ordinary prose (${count(detectors, 'detector')})`
}

/** Prints for programs, where that was asked for. */
export function printForPrograms(set: PolicySet, options: FormatOptions, streams: HoldBack | null = null): boolean {
  const shown = diagnosticsOf(set)
  if (options.format === 'sarif') printJson(diagnosticsToSarif(shown, set.files, VERSION))
  else if (wantsJson(options)) printJson({ diagnostics: diagnosticsToJson(shown, set.files), hash: set.bundle?.hash ?? null, streams })
  else return false
  return true
}

/** Errors wherever they stand, since none of the files can be used with them; warnings about the user's own files. */
function diagnosticsOf({ diagnostics, isOwn }: PolicySet): PolicySet['diagnostics'] {
  return diagnostics.filter(({ severity, span }) => severity === 'error' || isOwn(span.file))
}
