// Which tokens begin a line, and how that line is laid out: its indentation, and the column in which operands begin.
import { readGap } from './gaps.ts'
import type { Clause, Declaration, DeclarationOf, DetectorClause, FileAst, Phrase, TestClause } from '../syntax/ast.ts'

export interface Line {
  readonly indent: number
  /** Words before the column of the operands: 2 for `on error`. */
  readonly heads: number
  /** Column in which the operands begin, or null: one space. */
  readonly column: number | null
  /** Indentation of what goes on in the next line. */
  readonly continuation: number
  /** Columns of what stands behind other tokens, by the offset where those end. */
  readonly stops?: ReadonlyMap<number, number>
}

export interface Layout {
  /** By the offset of the token that begins the line. */
  readonly lines: ReadonlyMap<number, Line>
  /** Offsets of the braces that close a block. */
  readonly closing: ReadonlySet<number>
}

const INDENT = 2
/** As wide as `severity` and `on error`, `message`, `param`. */
const WIDTH = { policy: 8, test: 7, overlay: 5 }

export function layOut({ declarations }: FileAst, text: string): Layout {
  const layout: MutableLayout = { lines: new Map(), closing: new Set() }
  for (const run of runsOf(declarations, text)) {
    const width = isValue(run[0]!) ? Math.max(...run.map(({ kind }) => kind.length)) : null
    for (const declaration of run) addDeclaration(declaration, 0, width, layout)
    alignParams(
      run.filter((one) => one.kind === 'param'),
      width ?? 0,
      layout,
    )
  }
  return layout
}

interface MutableLayout {
  readonly lines: Map<number, Line>
  readonly closing: Set<number>
}

function addDeclaration(declaration: Declaration, indent: number, width: number | null, { lines, closing }: MutableLayout): void {
  const { start, end } = declaration.span
  lines.set(start, { ...plainLine(indent), column: width === null ? null : indent + width + 1 })
  if (!isBlock(declaration)) return
  closing.add(end - 1)
  lines.set(end - 1, plainLine(indent))
  const inner = indent + INDENT
  const heads = headsOf(declaration)
  const column = inner + Math.max(minimumOf(declaration), ...heads.map((head) => head.text.length)) + 1
  for (const head of heads) lines.set(head.start, { indent: inner, heads: head.text.split(' ').length, column, continuation: column })
  if (declaration.kind !== 'overlay') return
  for (const nested of declaration.declarations) addDeclaration(nested, inner, null, { lines, closing })
}

const plainLine = (indent: number): Line => ({ indent, heads: 1, column: null, continuation: indent + INDENT })

type Block = Extract<Declaration, { kind: 'detector' | 'policy' | 'exception' | 'overlay' | 'test' }>

function isBlock(declaration: Declaration): declaration is Block {
  return ['detector', 'policy', 'exception', 'overlay', 'test'].includes(declaration.kind)
}

function minimumOf({ kind }: Block): number {
  return kind === 'test' || kind === 'overlay' ? WIDTH[kind] : WIDTH.policy
}

interface Head {
  readonly start: number
  readonly text: string
}

function headsOf(block: Block): readonly Head[] {
  if (block.kind === 'overlay') {
    const phrases = block.phrases.map((phrase) => ({ start: phrase.span.start, text: phrase.verb.text }))
    return [...block.params.map(({ span }) => ({ start: span.start, text: 'param' })), ...phrases]
  }
  return (block.clauses as readonly (Clause | DetectorClause | TestClause)[]).map(headOf)
}

function headOf(clause: Clause | DetectorClause | TestClause): Head {
  return { start: clause.span.start, text: clause.kind === 'phrase' ? clause.phrase.verb.text : clause.kind }
}

const VALUES: ReadonlySet<string> = new Set(['list', 'param', 'const'])

const isValue = ({ kind }: Declaration): boolean => VALUES.has(kind)

/** Lists, params and consts that follow each other without an empty line share a run; everything else stands alone. */
function runsOf(declarations: readonly Declaration[], text: string): readonly (readonly Declaration[])[] {
  const runs: Declaration[][] = []
  for (const declaration of declarations) {
    const last = runs.at(-1)?.at(-1)
    if (last && isValue(last) && continuesRun(last, declaration, text)) runs.at(-1)!.push(declaration)
    else runs.push([declaration])
  }
  return runs
}

/** Several params of a run are a table: name, type, value. */
function alignParams(params: readonly DeclarationOf<'param'>[], width: number, { lines }: MutableLayout): void {
  const names = Math.max(...params.map(({ name }) => name.text.length))
  const types = Math.max(...params.map(({ type }) => type.text.length + Number(type.optional)))
  const colon = width + 1 + names + 1
  for (const { span, name, type } of params) {
    const stops = new Map([
      [name.span.end, colon],
      [type.span.end, colon + 2 + types + 1],
    ])
    lines.set(span.start, { ...lines.get(span.start)!, stops })
  }
}

function continuesRun(last: Declaration, next: Declaration, text: string): boolean {
  if (!isValue(next)) return false
  const { blank, comments } = readGap(text, last.span.end, next.span.start)
  return !blank && comments.every((comment) => !comment.blank)
}

/** Every phrase of a file with the place where it stands. */
export function phrasesOf({ declarations }: Pick<FileAst, 'declarations'>): readonly Phrase[] {
  return declarations.flatMap((declaration): readonly Phrase[] => {
    if (declaration.kind === 'overlay') return [...declaration.phrases, ...phrasesOf(declaration)]
    if (declaration.kind === 'policy' || declaration.kind === 'exception')
      return declaration.clauses.flatMap((clause) => (clause.kind === 'phrase' || clause.kind === 'on error' ? [clause.phrase] : []))
    if (declaration.kind !== 'test') return []
    return declaration.clauses.flatMap((clause) =>
      clause.kind === 'expect' && clause.expectation.kind === 'effect' ? [clause.expectation.phrase] : [],
    )
  })
}
