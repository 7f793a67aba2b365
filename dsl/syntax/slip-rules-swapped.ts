// Slips in the order of words: neighbours that changed places, and commas, dots and braces that stand too early or too late.
import type { IToken, TokenType } from 'chevrotain'
import { makeToken } from './lex.ts'
import { at, BEGIN_CLAUSE, BLOCKS, endOf, exchange, insertBefore, isInHeader } from './slip-order.ts'
import { NEVER_AN_OPERAND } from './slip-rules-structure.ts'
import { isAtTop } from './slip-rules-words.ts'
import type { SlipRule } from './slip.ts'
import * as T from './tokens.ts'

const K = T.K

/** An operand at the start of a clause, and the word that begins one behind it. */
export const swapped: SlipRule = (here) => {
  const { token, next, previous, afterNext, bracket, boundary, options } = here
  if (options.verbs === null || bracket !== T.LeftBrace || !boundary || next === undefined || previous?.tokenType === T.Dot) return null
  if (!here.atLineStart() || here.isVerb(token.image) || here.lineBreakBetween(token, next)) return null
  if (here.place === 'phrase' && LITERALS.has(token.tokenType)) return null
  const begins = BEGIN_CLAUSE.has(next.tokenType) || (next.tokenType === T.Identifier && here.isVerb(next.image))
  if (!begins || next.tokenType === K.allow || (next.tokenType === T.Identifier && afterNext?.tokenType === T.Dot)) return null
  return exchange(here, token, next)
}

const LITERALS: ReadonlySet<TokenType> = new Set([...T.LITERALS, K.true, K.false])

/** `"a" "b" ,` before another comma or the end of the list. */
export const commaBehind: SlipRule = (here) => {
  const { token, previous, next, afterNext } = here
  if (previous === undefined || !LITERALS.has(previous.tokenType) || next?.tokenType !== T.Comma) return null
  return afterNext !== undefined && !NEVER_AN_OPERAND.has(afterNext.tokenType) ? null : exchange(here, token, next)
}

/** `"a", , "b" "c"`: a comma has changed places with the text behind it. */
export const commaBefore: SlipRule = (here) => {
  const { token, next, afterNext } = here
  if (next?.tokenType !== T.Comma || afterNext === undefined || !LITERALS.has(afterNext.tokenType)) return null
  const behind = here.ahead(3)
  if (behind === undefined || !LITERALS.has(behind.tokenType)) return null
  return { ...exchange(here, next, afterNext), tokens: [token, afterNext, next], consumed: 3 }
}

/** `.tenant plan` and `tenant plan.` */
export const dotBefore: SlipRule = (here) => {
  const { token, next, afterNext, boundary, previous } = here
  if (next?.tokenType !== T.Identifier || !isWord(afterNext) || here.lineBreakBetween(token, next)) return null
  return boundary && isWord(previous) ? null : exchange(here, token, next)
}
export const dotBehind: SlipRule = (here) => {
  const { token, previous, next, afterNext } = here
  if (next?.tokenType !== T.Dot || !isWord(previous) || !here.boundary || here.atLineStart() || previous?.tokenType === T.Dot) return null
  return isWord(afterNext) ? null : exchange(here, token, next)
}
export const dotMissing: SlipRule = (here) => {
  const { token, previous, bracket, declaration } = here
  if (bracket !== null || !['policy', 'module', 'import', 'exception'].includes(declaration) || previous?.tokenType !== T.Identifier)
    return null
  if (here.atLineStart() || here.previous?.tokenType === T.Dot) return null
  const end = endOf(previous)
  return {
    tokens: [makeToken(T.Dot, '.', end, end), token],
    code: 'P039',
    message: `missing dot before \`${token.image}\``,
    help: `Write \`${previous.image}.${token.image}\`.`,
    span: at(end),
  }
}

const isWord = (token: IToken | undefined): boolean => token !== undefined && /^\w/.test(token.image) && !LITERALS.has(token.tokenType)

/** `{ given` as `given {`, `"title" {` as `{ "title"`. */
export const braceBefore: SlipRule = (here) => {
  const { next, bracket, declaration, token } = here
  if (bracket !== null || !BLOCKS.has(declaration) || next === undefined) return null
  return next.tokenType === T.Text ? exchange(here, token, next) : null
}

/** `} silent` at the end of a block. */
export const braceEarly: SlipRule = (here) => {
  const { token, next, afterNext } = here
  if (next === undefined || next.tokenType === T.RightBrace || DECLARES.has(next.tokenType) || here.bracket !== T.LeftBrace) return null
  if (here.lineBreakBetween(token, next) && !OPERAND_ONLY.has(next.tokenType)) return null
  return afterNext === undefined || DECLARES.has(afterNext.tokenType) || afterNext.tokenType === T.RightBrace
    ? exchange(here, token, next)
    : null
}
const OPERAND_ONLY: ReadonlySet<TokenType> = new Set([...LITERALS, K.fires, K.silent, K.exists, K.missing, K.allow])
const DECLARES: ReadonlySet<TokenType> = new Set(T.DECLARATION_WORDS.map((word) => K[word]))

/** `test }`, `policy expect`, and `name policy`. */
export const declarationEarly: SlipRule = (here) => {
  const { token, next, afterNext, bracket, declaration } = here
  if (next === undefined || bracket !== T.LeftBrace) return null
  if (next.tokenType === T.RightBrace) return afterNext?.tokenType === T.Text || isWord(afterNext) ? exchange(here, token, next) : null
  if (declaration !== 'test' || token.tokenType !== K.policy || here.previous?.tokenType === K.expect) return null
  if (next.tokenType === K.expect) return exchange(here, token, next)
  let behind = 1
  while (here.ahead(behind + 1)?.tokenType === T.Dot) behind += 2
  const outcome = here.ahead(behind + 1)?.tokenType
  return outcome === K.fires || outcome === K.silent ? insertBefore(here, 'expect') : null
}
/** With these a declaration of one line may end. */
const ENDS_LINE: ReadonlySet<TokenType> = new Set([...LITERALS, T.RightBracket, K.allow])
export const nameEarly: SlipRule = (here) => {
  const { token, next, previous, bracket } = here
  if (next === undefined || !DECLARES.has(next.tokenType) || here.lineBreakBetween(token, next)) return null
  const isFirst = previous === undefined || previous.tokenType === T.RightBrace || ENDS_LINE.has(previous.tokenType)
  if (bracket === null ? !isFirst || !isAtTop(here) || isInHeader(here) : previous?.tokenType !== K.expect) return null
  return exchange(here, token, next)
}

/** `severity on` at the end of a line and `high` on the next: the word that begins a clause stands before the operand that ends the one above. */
export const clauseEarly: SlipRule = (here) => {
  const { token, next, previous, bracket, boundary, options } = here
  if (options.verbs === null || bracket !== T.LeftBrace || next === undefined || previous === undefined || here.atLineStart()) return null
  if (!here.lineBreakBetween(token, next) || BEGIN_CLAUSE.has(next.tokenType) || here.isVerb(next.image)) return null
  const isDue = !boundary || (here.declaration === 'test' && next.tokenType === T.Text)
  return isDue && (LITERALS.has(next.tokenType) || next.tokenType === T.Identifier) ? exchange(here, token, next) : null
}
