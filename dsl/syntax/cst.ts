// Reading chevrotain's tree: children by name, in the order of the text. After an error any child may be missing, and a token that
// recovery put in has no place; these few functions are the only ones that know it.
import type { CstElement, CstNode, IToken } from 'chevrotain'
import type { Name } from './ast.ts'
import type { Span } from '../diagnostics/diagnostic.ts'

export function child(node: CstNode | undefined, name: string): CstNode | undefined {
  const first = node?.children[name]?.[0]
  return first !== undefined && isNode(first) ? first : undefined
}

export function children(node: CstNode | undefined, name: string): CstNode[] {
  return (node?.children[name] ?? []).filter(isNode)
}

export function token(node: CstNode | undefined, name: string, at = 0): IToken | undefined {
  const found = node?.children[name]?.[at]
  return found !== undefined && !isNode(found) && !isInserted(found) ? found : undefined
}

export function tokens(node: CstNode | undefined, name: string): IToken[] {
  return (node?.children[name] ?? []).filter((element): element is IToken => !isNode(element) && !isInserted(element))
}

export function isNode(element: CstElement): element is CstNode {
  return 'children' in element
}

function isInserted(element: IToken): boolean {
  return Number.isNaN(element.startOffset)
}

/** Did recovery cut this node short? */
export function isBroken(node: CstNode | undefined): boolean {
  return node === undefined || node.recoveredNode === true
}

export function startOf(node: CstNode): number {
  const start = node.location?.startOffset ?? Number.NaN
  // Nodes of inserted tokens stand nowhere: at no number, or at -1.
  return start >= 0 ? start : 0
}

export function spanOfNode(node: CstNode, file: string): Span {
  const start = startOf(node)
  const end = node.location?.endOffset ?? Number.NaN
  return { file, start, end: end >= 0 ? Math.max(start, end + 1) : start }
}

export function spanOfToken(found: IToken, file: string): Span {
  return { file, start: found.startOffset, end: (found.endOffset ?? found.startOffset) + 1 }
}

export function nameOfToken(found: IToken, file: string): Name {
  return { text: found.image, span: spanOfToken(found, file) }
}

/** The dotted name of a `path` node; null if not even its first word stands there. */
export function nameOfPath(path: CstNode | undefined, file: string): Name | null {
  const first = token(path, 'Name')
  if (path === undefined || first === undefined) return null
  const rest = path.children['Word']
  if (rest === undefined) return { text: first.image, span: spanOfToken(first, file) }
  return { text: [first, ...tokens(path, 'Word')].map((part) => part.image).join('.'), span: spanOfNode(path, file) }
}
