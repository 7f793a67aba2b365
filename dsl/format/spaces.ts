// The space between two tokens of one line.
import * as T from '../syntax/tokens.ts'
import type { IToken } from 'chevrotain'

const NONE_BEFORE: ReadonlySet<unknown> = new Set([T.Comma, T.RightParen, T.RightBracket, T.Dot, T.Question])
const NONE_BEHIND: ReadonlySet<unknown> = new Set([T.LeftParen, T.LeftBracket, T.Dot])

/** Before the token at `at` (from 1). `inCondition`: a `-` may stand between two numbers; elsewhere it is a sign. */
export function spaceBetween(tokens: readonly IToken[], at: number, inCondition: boolean): '' | ' ' {
  const token = tokens[at]!
  const previous = tokens[at - 1]!
  if (NONE_BEFORE.has(token.tokenType) || NONE_BEHIND.has(previous.tokenType)) return ''
  if (token.tokenType === T.LeftParen && (previous.tokenType === T.K.count || previous.tokenType === T.K.lower)) return ''
  if (previous.tokenType === T.Minus && isSign(tokens[at - 2], inCondition)) return ''
  return ' '
}

function isSign(before: IToken | undefined, inCondition: boolean): boolean {
  return before === undefined || !inCondition || (!ENDS_VALUE.has(before.tokenType) && !isName(before))
}

const ENDS_VALUE: ReadonlySet<unknown> = new Set([T.RightParen, T.RightBracket, ...T.LITERALS, T.K.true, T.K.false])

function isName({ tokenType }: IToken): boolean {
  return tokenType === T.Identifier || (tokenType.CATEGORIES?.includes(T.Name) ?? false)
}
