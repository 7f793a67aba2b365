// One slip is one message: leaves out what the checker says only because a text was not understood, and says the same thing once.
// Nothing is lost by it: an error remains for every cause, and what was left out is said as soon as the cause is mended.
import type { Declaration, FileAst } from '../syntax/ast.ts'
import type { Diagnostic, Span } from './diagnostic.ts'

/** A file as it was read. */
export interface ReadFile {
  readonly file: FileAst
  readonly diagnostics: readonly Diagnostic[]
  /** A whole declaration was not understood. */
  readonly leavesOut: boolean
}

/** Something is missing, or two parts do not go together: who judges that must have understood the whole declaration. */
const NEEDS_WHOLE: ReadonlySet<string> = new Set([
  'P107',
  'P113',
  'P115',
  'P118',
  'P120',
  'P121',
  'P122',
  'P130',
  'P140',
  'P141',
  'P201',
  'P202',
])
/** There is no such module, policy, detector or list; it may stand in what was not understood. */
const UNKNOWN_DECLARATIONS: ReadonlySet<string> = new Set(['P102', 'P103', 'P104', 'P105', 'P108', 'P109'])
/** Something is not known by the name that was written, so nothing is known of its type and presence either. */
const UNKNOWN_NAMES: ReadonlySet<string> = new Set(['P102', 'P103', 'P104', 'P105', 'P106', 'P109'])
/** What was meant is a guess, or was skipped: the rest of the line says nothing. */
const GUESSED: ReadonlySet<string> = new Set(
  ['P002', 'P006', 'P010', 'P011', 'P012', 'P013', 'P014', 'P016', 'P018', 'P024', 'P032', 'P035', 'P036', 'P037', 'P038', 'P039'], // prettier-ignore
)

/** What to say of the files: all about their text, and of the meaning what does not merely follow. `texts` are the files' texts by path. */
export function withoutCascades(
  read: readonly ReadFile[],
  meaning: readonly Diagnostic[],
  texts: ReadonlyMap<string, string>,
): Diagnostic[] {
  const syntax = read.flatMap(({ diagnostics }) => diagnostics)
  const causes = [...syntax, ...meaning.filter(({ code }) => UNKNOWN_NAMES.has(code))]
  if (causes.length === 0) return foldRepeats([...meaning])
  const causesIn = placesOf(causes)
  const syntaxIn = placesOf(syntax)
  const wholes = new Map(read.map(({ file }) => [file.path, wholesOf(file)]))
  const hasBrokenDetector = read.some(({ file }) =>
    (wholes.get(file.path) ?? []).some(({ kind, ...whole }) => (kind === 'detector' || kind === 'list') && causesIn(whole)),
  )
  const lines = new Set(syntax.filter(({ code }) => GUESSED.has(code)).map(({ span }) => lineOf(span, texts)))
  const leavesOut = read.some((one) => one.leavesOut)
  const follows = (diagnostic: Diagnostic): boolean => {
    const { code, severity, span } = diagnostic
    if (severity !== 'error') return syntax.length > 0
    if (leavesOut && UNKNOWN_DECLARATIONS.has(code)) return true
    if (NEEDS_WHOLE.has(code) && causesIn(wholeAround(span, wholes.get(span.file) ?? []))) return true
    if (code === 'P114' && syntaxIn(span)) return true
    if (EXAMPLES.has(code) && hasBrokenDetector) return true
    return lines.size > 0 && lines.has(lineOf(span, texts))
  }
  return foldRepeats([...syntax, ...meaning.filter((diagnostic) => !follows(diagnostic))])
}

/** A union misses its example when a member was not understood, wherever that stands. */
const EXAMPLES: ReadonlySet<string> = new Set(['P201', 'P202', 'P203'])

type Whole = Span & { readonly kind: Declaration['kind'] }

/** Each declaration with all up to the next one, in the order of the text. */
function wholesOf({ path, declarations }: FileAst): readonly Whole[] {
  return declarations.map(({ kind, span }, index) => {
    const end = (declarations[index + 1]?.span.start ?? Number.POSITIVE_INFINITY) - 1
    return { kind, file: path, start: span.start, end }
  })
}

function wholeAround(span: Span, wholes: readonly Whole[]): Span {
  const behind = lowerBound(wholes.length, (index) => wholes[index]!.start > span.start)
  return wholes[behind - 1] ?? { ...span, end: span.start }
}

/** Says whether one of the diagnostics begins within a span. */
function placesOf(diagnostics: readonly Diagnostic[]): (span: Span) => boolean {
  const starts = new Map<string, number[]>()
  for (const { span } of diagnostics.toSorted(byPlace)) {
    const own = starts.get(span.file)
    if (own) own.push(span.start)
    else starts.set(span.file, [span.start])
  }
  return ({ file, start, end }) => {
    const own = starts.get(file) ?? []
    const first = own[lowerBound(own.length, (index) => own[index]! >= start)]
    return first !== undefined && first <= end
  }
}

/** The first index of which it is true; it is false of all before, and true of all behind. */
function lowerBound(length: number, isTrue: (index: number) => boolean): number {
  let [low, high] = [0, length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (isTrue(middle)) high = middle
    else low = middle + 1
  }
  return low
}

/** A name for the line on which a span begins. */
function lineOf({ file, start }: Span, texts: ReadonlyMap<string, string>): string {
  const text = texts.get(file)
  return `${text === undefined || start === 0 ? 0 : text.lastIndexOf('\n', start - 1) + 1} ${file}`
}

/** The same message about several places becomes one that names them all; two errors about one place become the first. */
function foldRepeats(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const said = new Map<string, Diagnostic & { related: { span: Span; message: string }[] }>()
  const places = new Set<string>()
  const kept: Diagnostic[] = []
  for (const diagnostic of diagnostics.toSorted(byPlace)) {
    const { code, message, span, severity } = diagnostic
    const place = `${span.start} ${span.end} ${span.file}`
    if (severity === 'error' && span.end > span.start && places.has(place)) continue
    if (severity === 'error') places.add(place)
    const first = UNKNOWN_NAMES.has(code) ? said.get(`${code} ${message}`) : undefined
    if (first) {
      first.related.push({ span, message: 'and here' })
      continue
    }
    const own = UNKNOWN_NAMES.has(code) ? { ...diagnostic, related: [...(diagnostic.related ?? [])] } : diagnostic
    if (own !== diagnostic) said.set(`${code} ${message}`, own as Diagnostic & { related: { span: Span; message: string }[] })
    kept.push(own)
  }
  return kept.map((one) => (one.related?.length === 0 ? withoutRelated(one) : one))
}

function withoutRelated({ related: _, ...rest }: Diagnostic): Diagnostic {
  return rest
}

function byPlace(a: Diagnostic, b: Diagnostic): number {
  return a.span.file === b.span.file ? a.span.start - b.span.start : a.span.file < b.span.file ? -1 : 1
}
