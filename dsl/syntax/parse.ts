// The front door of the syntax: text in, tree and diagnostics out. Never throws, whatever the text.
// Order of the work: tokens, bounds, repair of the commonest slips, grammar, tree.
import type { CstNode, IToken } from 'chevrotain'
import type { Diagnostic, SourceFile } from '../diagnostics/diagnostic.ts'
import type { FileAst } from './ast.ts'
import { buildFile } from './build.ts'
import { PolicyParser } from './grammar.ts'
import { lex } from './lex.ts'
import { limitNesting } from './nesting.ts'
import { endBefore, toDiagnostic } from './parse-errors.ts'
import { beginsLine, MAX_ERRORS } from './recovery.ts'
import { repairSlips } from './slips.ts'

export interface ParseOptions {
  /**
   * All verbs that plugins declare, of every use. They only guide recovery: a known verb is never taken for a misspelt word, a word
   * within a line that is none begins no clause, and when something is wrong, a verb at the start of a line begins one. A file that is right reads the same without them.
   */
  readonly verbs?: ReadonlySet<string>
}

export interface Parsed {
  readonly file: FileAst
  /** In the order of the text; empty for a file without syntax errors. */
  readonly diagnostics: Diagnostic[]
  /** Something was not understood so far that a whole declaration is left out: who names it may be right. */
  readonly leavesOut: boolean
}

/** Built once: the analysis of the grammar takes some 25 ms. */
const parser = new PolicyParser()

export function parse(source: SourceFile, options: ParseOptions = {}): Parsed {
  const plain = parseOnce(source, options, false)
  if (plain.diagnostics.length === 0 || options.verbs === undefined) return plain
  const hinted = parseOnce(source, options, true)
  return hinted.diagnostics.length <= plain.diagnostics.length ? hinted : plain
}

function parseOnce(source: SourceFile, { verbs }: ParseOptions, isWrong: boolean): Parsed {
  const { tokens, docs, diagnostics } = lex(source)
  const bounded = limitNesting(tokens, source, diagnostics)
  const repaired = repairSlips(bounded, source, { verbs: verbs ?? null, isWrong }, diagnostics)
  const { tree, cutShort } = runGrammar(repaired, source, diagnostics)
  const { file, isWhole } = buildFile(tree, { path: source.path, text: source.text, diagnostics, docs, cutShort })
  return { file, diagnostics: tidy(diagnostics, source), leavesOut: !isWhole || diagnostics.some(({ code }) => SKIPPING.has(code)) }
}

/** With these, text was skipped that may have held declarations. */
const SKIPPING: ReadonlySet<string> = new Set(['P007', 'P008', 'P011'])

function runGrammar(tokens: IToken[], source: SourceFile, diagnostics: Diagnostic[]): { tree: CstNode; cutShort: ReadonlySet<number> } {
  parser.sourceText = source.text
  parser.input = tokens
  const tree = parser.file()
  const cutShort = new Set<number>()
  for (const error of parser.errors) {
    diagnostics.push(toDiagnostic(error, source))
    const before = endBefore(error)
    if (before !== null && !beginsLine(source.text, error.token.startOffset)) cutShort.add(before)
  }
  parser.input = []
  parser.sourceText = ''
  return { tree, cutShort }
}

/** In the order of the text, one for each place, and not more than anyone would read. */
function tidy(diagnostics: Diagnostic[], source: SourceFile): Diagnostic[] {
  if (diagnostics.length < 2) return diagnostics
  const sorted = diagnostics.toSorted((left, right) => left.span.start - right.span.start)
  const distinct = sorted.filter((diagnostic, at) => !isEcho(diagnostic, sorted[at - 1], source))
  if (distinct.length <= MAX_ERRORS) return distinct
  const last = distinct[MAX_ERRORS] as Diagnostic
  return [
    ...distinct.slice(0, MAX_ERRORS),
    {
      code: 'P008',
      severity: 'error',
      message: `more than ${MAX_ERRORS} errors`,
      span: { file: source.path, start: last.span.start, end: last.span.end },
      help: 'The rest of the file was not read; mend these first, or check that it is a policy file.',
    },
  ]
}

const GRAMMAR_CODES: ReadonlySet<string> = new Set(['P010', 'P011', 'P013', 'P014'])

/** The same place again; or the grammar misses what an unknown sign, just reported, stands in for. */
function isEcho({ code, span }: Diagnostic, before: Diagnostic | undefined, source: SourceFile): boolean {
  if (before === undefined) return false
  if (span.start === before.span.start) return true
  return before.code === 'P001' && GRAMMAR_CODES.has(code) && source.text.slice(before.span.end, span.start).trim() === ''
}
