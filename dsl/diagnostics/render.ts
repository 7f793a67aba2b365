// Diagnostics for people and for programs: place, the line, a run of carets under what is meant, and how to mend it.
import type { Diagnostic, SourceFile, Span } from './diagnostic.ts'
import { Lines, showLine, widthOf, type Position } from './position.ts'

export interface RenderOptions {
  readonly colour: boolean
  /** Columns of the terminal; 160 where there is none. */
  readonly columns?: number | null
}

/** Columns of a line; longer ones are cut around the span, so that a file of one line stays readable. */
const MAX_WIDTH = 160
const MIN_WIDTH = 40

/**
 * One block for each diagnostic, an empty line between them; empty for none.
 *
 *     error P020: `=` does not compare
 *      --> acme.policy:3:20
 *       |
 *     3 |   when tenant.plan = "free"
 *       |                    ^
 *       = help: Write `==` to compare; `=` only gives a value a name.
 */
export function renderDiagnostics(
  diagnostics: readonly Diagnostic[],
  sources: readonly SourceFile[],
  { colour, columns }: RenderOptions,
): string {
  const files = new Map(sources.map((source) => [source.path, new Lines(source)]))
  const style = { paint: colour ? inColour : plain, columns: columns ?? MAX_WIDTH }
  return diagnostics.map((diagnostic) => renderOne(diagnostic, files, style)).join('\n\n')
}

/** The diagnostics as plain data: places as line and column (from 1, UTF-16) beside the offsets. */
export function toJson(diagnostics: readonly Diagnostic[], sources: readonly SourceFile[]): JsonDiagnostic[] {
  const files = new Map(sources.map((source) => [source.path, new Lines(source)]))
  return diagnostics.map(({ code, severity, message, span, help, related }) => ({
    code,
    severity,
    message,
    ...placeOf(span, files),
    help: help ?? null,
    related: (related ?? []).map((other) => ({ message: other.message, ...placeOf(other.span, files) })),
  }))
}

export interface JsonPlace {
  readonly file: string
  readonly start: Position & { readonly offset: number }
  /** Exclusive. */
  readonly end: Position & { readonly offset: number }
}

export interface JsonDiagnostic extends JsonPlace {
  readonly code: string
  readonly severity: Diagnostic['severity']
  readonly message: string
  readonly help: string | null
  readonly related: readonly (JsonPlace & { readonly message: string })[]
}

function placeOf(span: Span, files: ReadonlyMap<string, Lines>): JsonPlace {
  const lines = files.get(span.file) ?? NO_LINES
  return {
    file: span.file,
    start: { ...lines.positionOf(span.start), offset: span.start },
    end: { ...lines.positionOf(span.end), offset: span.end },
  }
}

const NO_LINES = new Lines({ text: '' })

type Role = 'error' | 'warning' | 'info' | 'gutter' | 'strong'
type Paint = (role: Role, text: string) => string

interface Style {
  readonly paint: Paint
  readonly columns: number
}

const ANSI: Record<Role, string> = { error: '1;31', warning: '1;33', info: '1;36', gutter: '34', strong: '1' }
const inColour: Paint = (role, text) => `\u001B[${ANSI[role]}m${text}\u001B[0m`
const plain: Paint = (_role, text) => text

function renderOne(diagnostic: Diagnostic, files: ReadonlyMap<string, Lines>, style: Style): string {
  const { paint } = style
  const { code, severity, message, span, help, related } = diagnostic
  const places = [{ span, message: '' }, ...(related ?? [])]
  const margin = ' '.repeat(Math.max(...places.map((place) => lastLineOf(place.span, files))).toString().length)
  const head = `${paint(severity, `${severity} ${code}`)}${paint('strong', `: ${message}`)}`
  const excerpts = places.flatMap((place) => excerpt(place.span, place.message, files, margin, severity, style))
  return [head, ...excerpts, ...(help === undefined ? [] : [`${margin} ${paint('gutter', '=')} help: ${help}`])].join('\n')
}

function lastLineOf(span: Span, files: ReadonlyMap<string, Lines>): number {
  return files.get(span.file)?.positionOf(lastOffset(span)).line ?? 0
}

function lastOffset({ start, end }: Span): number {
  return Math.max(start, end - 1)
}

/** The place, and its line with carets; a span of several lines shows its first and its last. */
function excerpt(span: Span, note: string, files: ReadonlyMap<string, Lines>, margin: string, severity: Role, style: Style): string[] {
  const { paint } = style
  const lines = files.get(span.file)
  if (lines === undefined) return [`${margin}${paint('gutter', '-->')} ${span.file}${note === '' ? '' : `: ${note}`}`]
  const from = lines.positionOf(span.start)
  const to = lines.positionOf(lastOffset(span))
  const label = note === '' ? '' : ` ${note}`
  const row = (line: number, start: number, end: number, text: string) =>
    sourceRow(lines.textOf(line), line, start, end, text, margin, severity, style)
  const head = [`${margin}${paint('gutter', '-->')} ${span.file}:${from.line}:${from.column}`, `${margin} ${paint('gutter', '|')}`]
  if (from.line === to.line) return [...head, ...row(from.line, from.column - 1, to.column, label)]
  const gap = to.line - from.line > 1 ? [`${margin} ${paint('gutter', ':')}`] : []
  const last = lines.textOf(to.line)
  return [
    ...head,
    ...row(from.line, from.column - 1, lines.textOf(from.line).length, ''),
    ...gap,
    ...row(to.line, last.length - last.trimStart().length, to.column, label),
  ]
}

/** The line and the carets below it, from `start` to `end` (exclusive, in UTF-16 units of the line). */
function sourceRow(
  text: string,
  line: number,
  start: number,
  end: number,
  note: string,
  margin: string,
  severity: Role,
  { paint, columns }: Style,
): string[] {
  const { shown, from, to, mark } = cut(text, start, columns - margin.length - 3)
  const lead = widthOf(text.slice(from, start)) + mark
  const run = Math.max(1, widthOf(text.slice(start, Math.min(end, to))))
  const bar = paint('gutter', '|')
  return [
    `${paint('gutter', String(line).padStart(margin.length))} ${bar} ${shown}`.trimEnd(),
    `${margin} ${bar} ${' '.repeat(lead)}${paint(severity, '^'.repeat(run) + note)}`,
  ]
}

interface Cut {
  readonly shown: string
  /** What is shown of the line, in UTF-16 units. */
  readonly from: number
  readonly to: number
  /** Columns of the sign for what was cut off before. */
  readonly mark: number
}

/** A line that is too wide, cut around the place that is meant. */
function cut(text: string, start: number, columns: number): Cut {
  const width = Math.max(MIN_WIDTH, columns)
  if (text.length <= 4 * width && widthOf(text) <= width) return { shown: showLine(text), from: 0, to: text.length, mark: 0 }
  const lead = Math.floor(width / 3)
  const from = start <= 4 * width && widthOf(text.slice(0, start)) <= width - lead ? 0 : stepBack(text, start, lead)
  const to = stepOn(text, from, width - 2)
  const shown = `${from > 0 ? '…' : ''}${showLine(text.slice(from, to))}${to < text.length ? '…' : ''}`
  return { shown, from, to, mark: from > 0 ? 1 : 0 }
}

/** The place so many columns before another, at most. */
function stepBack(text: string, start: number, columns: number): number {
  let from = Math.max(0, start - columns)
  while (from < start && widthOf(text.slice(from, start)) > columns) from++
  return isLowSurrogate(text, from) ? from + 1 : from
}

/** The place so many columns behind another, at most. */
function stepOn(text: string, from: number, columns: number): number {
  let to = Math.min(text.length, from + columns)
  while (to > from + 1 && widthOf(text.slice(from, to)) > columns) to--
  return isLowSurrogate(text, to) ? to - 1 : to
}

function isLowSurrogate(text: string, at: number): boolean {
  return /[\udc00-\udfff]/.test(text[at] ?? '')
}
