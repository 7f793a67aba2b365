// A part of a policy file on one line: its tokens as the canonical form spaces them, without comments.
import { lex } from '../syntax/lex.ts'
import { spaceBetween } from './spaces.ts'
import * as T from '../syntax/tokens.ts'
import type { IToken } from 'chevrotain'
import type { Span } from '../diagnostics/diagnostic.ts'

/** Parentheses that the part opens are closed, also where its span ends before them. */
export function excerptOf(text: string, { start, end }: Pick<Span, 'start' | 'end'>): string {
  const { tokens } = lex({ path: '', text: text.slice(start, end) })
  const shown = tokens.map(({ image }, at) => (at === 0 ? image : spaceBetween(tokens, at, true) + image)).join('')
  return shown.replaceAll(/\s*[\r\n]\s*/g, ' ').replaceAll(/\p{Cc}/gu, '·') + ')'.repeat(openParens(tokens))
}

function openParens(tokens: readonly IToken[]): number {
  const of = (type: unknown): number => tokens.filter(({ tokenType }) => tokenType === type).length
  return Math.max(0, of(T.LeftParen) - of(T.RightParen))
}
