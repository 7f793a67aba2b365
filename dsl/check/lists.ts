// Lists that come from files: read once when policies are compiled, never while deciding. One value per line; blank lines and lines that
// begin with `#` say nothing.
import { declarationsOf } from './names.ts'
import { sha256 } from '../compile/canonical.ts'
import type { CompiledList } from '../compile/bundle.ts'
import type { Declaration, DeclarationOf, FileAst, Literal } from '../syntax/ast.ts'
import type { Report } from './report.ts'
import type { Span } from '../diagnostics/diagnostic.ts'

/**
 * Reads the file of a list. `listPath` is as written, relative to the policy file. Gives its text, or null where there is none, or says
 * what is wrong with it in words that follow "the list … cannot be read: ".
 */
export type ReadList = (policyPath: string, listPath: string) => string | null | { readonly problem: string }

const MAX_LINES = 1_000_000

export type ListSource = Pick<CompiledList, 'from' | 'sha256' | 'count'>

export interface ListedFiles {
  /** The files, with the values of their lists in place. */
  readonly files: readonly FileAst[]
  readonly sources: ReadonlyMap<Declaration, ListSource>
}

export function readLists(files: readonly FileAst[], readList: ReadList | undefined, report: Report): ListedFiles {
  const sources = new Map<Declaration, ListSource>()
  const fill = (declaration: Declaration, path: string): Declaration => {
    if (declaration.kind !== 'list' || declaration.from === null) return declaration
    const text = textOf(declaration, path, readList, report)
    const values = text === null ? [] : valuesOf(text, declaration, report)
    const filled = { ...declaration, values }
    if (text !== null) sources.set(filled, { from: declaration.from, sha256: sha256(text), count: values.length })
    return filled
  }
  const withLists = files.map((file) =>
    declarationsOf([file], 'list').some(({ from }) => from !== null)
      ? { ...file, declarations: file.declarations.map((declaration) => fill(declaration, file.path)) }
      : file,
  )
  return { files: withLists, sources }
}

function textOf({ name, from, span }: DeclarationOf<'list'>, path: string, readList: ReadList | undefined, report: Report): string | null {
  const read = readList ? readList(path, from!) : { problem: 'files are not read here' }
  if (typeof read === 'string') return read
  const why = read === null ? `there is no file \`${from}\` beside the policy` : read.problem
  report.error('P127', span, `the list \`${name.text}\` cannot be read: ${why}`, 'Its path is relative to the policy file.')
  return null
}

function valuesOf(text: string, { name, span }: DeclarationOf<'list'>, report: Report): readonly Literal[] {
  const lines = text.split(/\r\n|\n|\r/)
  if (lines.length > MAX_LINES + 1) {
    report.error(
      'P127',
      span,
      `the list \`${name.text}\` has more than ${MAX_LINES} lines`,
      'Split it, or leave out what nobody will send.',
    )
    return []
  }
  const values = new Set<string>()
  for (const line of lines) {
    const value = line.trim()
    if (value !== '' && !value.startsWith('#')) values.add(value)
  }
  if (values.size === 0) report.error('P127', span, `the list \`${name.text}\` holds nothing`, 'Put one value on each line of its file.')
  return [...values].map((value) => textLiteral(value, span))
}

function textLiteral(value: string, span: Span): Literal {
  return { kind: 'text', value, span }
}
