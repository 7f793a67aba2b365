// Prints the tokens of a file with the comments between them. Where a line begins and in which column its operands stand was decided before
// (`lines.ts`); here are the spaces within lines, the breaks that the author made, and the comments.
import { INDENT, Page } from './page.ts'
import { readGap, type Gap } from './gaps.ts'
import { spaceBetween } from './spaces.ts'
import { widthOf } from '../diagnostics/position.ts'
import * as T from '../syntax/tokens.ts'
import type { IToken } from 'chevrotain'
import type { Layout, Line } from './lines.ts'

/** Columns of the longest line that is not broken at its `and` and `or`. */
const MAX_COLUMNS = 140

/** `source` in the order of the file, `tokens` in the order in which they are printed. */
export function printTokens(source: readonly IToken[], tokens: readonly IToken[], layout: Layout, text: string): string {
  const gaps = new Map(source.map((token, at) => [token, readGap(text, at === 0 ? 0 : endOf(source[at - 1]!), token.startOffset)]))
  const page = new Page(text)
  for (let at = 0; at < tokens.length;) {
    const line = layout.lines.get(tokens[at]!.startOffset) ?? PLAIN
    let end = at + 1
    while (end < tokens.length && !layout.lines.has(tokens[end]!.startOffset)) end++
    const isClosing = layout.closing.has(tokens[at]!.startOffset)
    page.beginLine(gaps.get(tokens[at]!)!, line.indent, isClosing)
    printLine(tokens.slice(at, end), line, gaps, page)
    at = end
  }
  page.finish(readGap(text, tokens.length === 0 ? 0 : endOf(tokens.at(-1)!), text.length))
  return page.text
}

const PLAIN: Line = { indent: 0, heads: 1, column: null, continuation: INDENT }

function endOf(token: IToken): number {
  return token.startOffset + token.image.length
}

// ── one line ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** An open bracket, or the line itself. */
interface Group {
  /** Column in which its items stand. */
  readonly column: number
  /** What is indented within it is indented from here. */
  readonly base: number
  /** Column of the closing bracket on a line of its own, or null. */
  readonly closesAt: number | null
}

function printLine(tokens: readonly IToken[], line: Line, gaps: ReadonlyMap<IToken, Gap>, page: Page): void {
  const isWide = line.indent + joinedWidth(tokens, line) > MAX_COLUMNS
  const broken = brokenConnectives(tokens, gaps, isWide)
  const base = line.continuation === line.column ? line.column : line.indent
  const groups: Group[] = [{ column: line.continuation, base, closesAt: null }]
  tokens.forEach((token, at) => {
    const group = groups.at(-1)!
    const isClosing = token.tokenType === T.RightBracket || token.tokenType === T.RightParen
    if (isClosing && groups.length > 1) groups.pop()
    if (at === 0) page.put(token.image)
    else placeToken(tokens, at, { line, group, gap: gaps.get(token)!, isWide, isBroken: broken.has(token) }, page)
    if (token.tokenType === T.LeftParen) groups.push(groupHere(page))
    if (token.tokenType === T.LeftBracket) groups.push(listGroup(tokens[at + 1], groups.at(-1)!, gaps, page))
  })
}

function groupHere({ column }: Page): Group {
  return { column, base: column, closesAt: null }
}

/** A list whose first item stands on a line of its own is indented; else its items stand below the first. */
function listGroup(first: IToken | undefined, { base }: Group, gaps: ReadonlyMap<IToken, Gap>, page: Page): Group {
  if (first === undefined || first.tokenType === T.RightBracket || !gaps.get(first)!.broken) return groupHere(page)
  return { column: base + INDENT, base: base + INDENT, closesAt: base }
}

interface Place {
  readonly line: Line
  readonly group: Group
  readonly gap: Gap
  readonly isWide: boolean
  /** An `and` or `or` that begins a line. */
  readonly isBroken: boolean
}

function placeToken(tokens: readonly IToken[], at: number, place: Place, page: Page): void {
  const { line, group, gap } = place
  const token = tokens[at]!
  const previous = tokens[at - 1]!
  const column = isConnective(token) ? Math.max(0, group.column - token.image.length - 1) : closingColumn(token, group)
  if (gap.comments.length > 0) {
    page.comments(gap.comments, group.column)
    page.newLine(column)
  } else if (breaksBefore(token, previous, place)) page.newLine(column)
  else if (at === line.heads && line.column !== null) page.padTo(line.column)
  else if (line.stops?.has(endOf(previous))) page.padTo(line.stops.get(endOf(previous))!)
  else page.put(spaceBetween(tokens, at, isCondition(tokens)))
  page.put(token.image)
}

function closingColumn({ tokenType }: IToken, { closesAt, column }: Group): number {
  return tokenType === T.RightBracket && closesAt !== null ? closesAt : column
}

function breaksBefore(token: IToken, previous: IToken, { group, gap, isWide, isBroken }: Place): boolean {
  const { tokenType } = token
  if (isConnective(token)) return isBroken
  if (tokenType === T.RightBracket) return group.closesAt !== null
  if (!gap.broken) return false
  if (previous.tokenType === T.LeftBracket) return group.closesAt !== null
  if (tokenType === T.Comma || tokenType === T.RightParen || tokenType === T.Dot || tokenType === T.LeftBrace) return false
  return previous.tokenType === T.Comma || (isWide && token.tokenType !== T.LeftParen && isText(token) && isText(previous))
}

function isText({ tokenType }: IToken): boolean {
  return tokenType === T.Text || tokenType === T.LongText
}

function isConnective({ tokenType }: IToken): boolean {
  return tokenType === T.K.and || tokenType === T.K.or
}

/** Each `and` and `or` with an author's break beside it; where there is none on a line that is too wide, the outermost. */
function brokenConnectives(tokens: readonly IToken[], gaps: ReadonlyMap<IToken, Gap>, isWide: boolean): ReadonlySet<IToken> {
  const broken = new Set<IToken>()
  const outermost: IToken[] = []
  let depth = 0
  tokens.forEach((token, at) => {
    const { tokenType } = token
    if (tokenType === T.LeftParen || tokenType === T.LeftBracket) depth++
    else if (tokenType === T.RightParen || tokenType === T.RightBracket) depth--
    if (!isConnective(token)) return
    if (depth === 0) outermost.push(token)
    const next = tokens[at + 1]
    if (gaps.get(token)!.broken || (next !== undefined && gaps.get(next)!.broken)) broken.add(token)
  })
  return isWide && !outermost.some((token) => broken.has(token)) ? new Set([...broken, ...outermost]) : broken
}

function joinedWidth(tokens: readonly IToken[], { column, indent }: Line): number {
  let width = column === null ? 0 : column - indent - tokens[0]!.image.length - 1
  tokens.forEach((token, at) => {
    if (at > 0) width += spaceBetween(tokens, at, isCondition(tokens)).length
    width += widthOf(token.image)
  })
  return width
}

function isCondition([first]: readonly IToken[]): boolean {
  return first!.tokenType === T.K.when || first!.tokenType === T.K.unless
}
