// Diagnostics as SARIF 2.1.0 (OASIS), which code hosts and editors show beside the lines. Places are UTF-16 columns from 1, ends exclusive.
import { pathToFileURL } from 'node:url'
import { explainCode } from './codes.ts'
import { Lines } from './position.ts'
import type { Diagnostic, SourceFile, Span } from './diagnostic.ts'

const LEVELS = { error: 'error', warning: 'warning', info: 'note' } as const

/** A log with one run. `version` is that of the tool; paths stay relative where they are. */
export function toSarif(diagnostics: readonly Diagnostic[], sources: readonly SourceFile[], version: string): object {
  const files = new Map(sources.map((source) => [source.path, new Lines(source)]))
  const codes = [...new Set(diagnostics.map(({ code }) => code))].sort()
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'sallyport', version, rules: codes.map(ruleOf) } },
        columnKind: 'utf16CodeUnits',
        results: diagnostics.map((diagnostic) => resultOf(diagnostic, codes.indexOf(diagnostic.code), files)),
      },
    ],
  }
}

function ruleOf(code: string): object {
  const entry = explainCode(code)
  if (!entry) return { id: code }
  return { id: code, shortDescription: { text: entry.title }, fullDescription: { text: entry.explanation } }
}

function resultOf(
  { code, severity, message, span, help, related }: Diagnostic,
  ruleIndex: number,
  files: ReadonlyMap<string, Lines>,
): object {
  const more = (related ?? []).map((one) => ({ ...locationOf(one.span, files), message: { text: one.message } }))
  return {
    ruleId: code,
    ruleIndex,
    level: LEVELS[severity],
    message: { text: help === undefined ? message : `${message}\n${help}` },
    locations: [locationOf(span, files)],
    ...(more.length > 0 ? { relatedLocations: more.map((one, id) => ({ id, ...one })) } : {}),
  }
}

function locationOf({ file, start, end }: Span, files: ReadonlyMap<string, Lines>): object {
  const lines = files.get(file)
  const from = lines?.positionOf(start)
  const to = lines?.positionOf(end)
  const region = from && to && { startLine: from.line, startColumn: from.column, endLine: to.line, endColumn: to.column }
  return { physicalLocation: { artifactLocation: { uri: uriOf(file) }, ...(region ? { region } : {}) } }
}

function uriOf(path: string): string {
  if (/^(?:\/|[A-Za-z]:[\\/])/.test(path)) return pathToFileURL(path).href
  return path.split(/[\\/]/).map(encodeURIComponent).join('/')
}
