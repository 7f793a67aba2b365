// Literals and texts: from the words of the file to values.
import type { CstNode, IToken } from 'chevrotain'
import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import type { Literal } from './ast.ts'
import { child, children, spanOfNode, spanOfToken, token } from './cst.ts'
import { valueOfLongText, valueOfNumeral, valueOfText } from './literals.ts'

/** What building a tree carries along. */
export interface BuildContext {
  readonly path: string
  readonly text: string
  readonly diagnostics: Diagnostic[]
  /** `##` comments in the order of the file. */
  readonly docs: readonly IToken[]
  /** Ends (exclusive) of what an error follows on the same line: it was cut short, and nothing is said of it. */
  readonly cutShort: ReadonlySet<number>
}

/** The value of a `literal` node; null where recovery left nothing of it. */
export function buildLiteral(node: CstNode | undefined, ctx: BuildContext): Literal | null {
  if (node === undefined) return null
  const span = spanOfNode(node, ctx.path)
  const text = child(node, 'text')
  if (text !== undefined) return buildText(text, ctx)
  const number = token(node, 'Number')
  if (number !== undefined)
    return { kind: 'number', value: (token(node, 'Minus') === undefined ? 1 : -1) * valueOfNumeral(number.image), span }
  const list = child(node, 'listLiteral')
  if (list !== undefined) return { kind: 'list', items: buildItems(list, ctx), span }
  return buildRareLiteral(node, ctx, span)
}

function buildRareLiteral(node: CstNode, ctx: BuildContext, span: Literal['span']): Literal | null {
  const percent = token(node, 'Percent')
  if (percent !== undefined) return { kind: 'percent', value: valueOfNumeral(percent.image), span }
  const duration = token(node, 'Duration')
  if (duration !== undefined) return { kind: 'duration', value: valueOfNumeral(duration.image), span }
  const date = token(node, 'Date')
  if (date !== undefined) return { kind: 'date', value: date.image, span }
  if (token(node, 'word:true') !== undefined) return { kind: 'bool', value: true, span }
  return token(node, 'word:false') === undefined ? null : { kind: 'bool', value: false, span }
}

export function buildItems(list: CstNode | undefined, ctx: BuildContext): Literal[] {
  return children(list, 'literal')
    .map((item) => buildLiteral(item, ctx))
    .filter((item) => item !== null)
}

export type TextLiteral = Extract<Literal, { kind: 'text' }>

export function buildText(node: CstNode | undefined, ctx: BuildContext): TextLiteral | null {
  const value = valueOfTextNode(node)
  const found = token(node, 'Text') ?? token(node, 'LongText')
  return value === null || found === undefined ? null : { kind: 'text', value, span: spanOfToken(found, ctx.path) }
}

export function valueOfTextNode(node: CstNode | undefined): string | null {
  const short = token(node, 'Text')
  if (short !== undefined) return valueOfText(short.image)
  const long = token(node, 'LongText')
  return long === undefined ? null : valueOfLongText(long.image)
}
