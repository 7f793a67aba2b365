// Slips in structure: commas too many or too few, bare words in lists, and operands that were never written.
import type { TokenType } from 'chevrotain'
import { makeToken } from './lex.ts'
import { replace } from './slip-rules-signs.ts'
import type { SlipRule } from './slip.ts'
import * as T from './tokens.ts'

const K = T.K

/** What can never follow a comma. */
export const NEVER_AN_OPERAND: ReadonlySet<TokenType> = new Set([
  T.RightBracket,
  T.RightBrace,
  T.RightParen,
  T.Comma,
  T.LeftBrace,
  K.when,
  K.unless,
  K.on,
  K.allow,
  K.given,
  K.message,
  K.answer,
  K.chunks,
  K.expect,
  ...T.DECLARATION_WORDS.map((word) => K[word]),
])

const trailingComma: SlipRule = ({ next }) =>
  next !== undefined && !NEVER_AN_OPERAND.has(next.tokenType)
    ? null
    : {
        tokens: [],
        code: 'P024',
        message: 'nothing follows this comma',
        help: 'Remove it.',
      }

const LITERALS = [T.Text, T.LongText, T.NumberLiteral, T.Percent, T.Duration, T.DateLiteral, K.true, K.false]
const IS_LITERAL: ReadonlySet<TokenType> = new Set([...LITERALS, T.RightBracket])

/** Two literals side by side in a list. */
const missingComma: SlipRule = ({ token, previous, bracket }) => {
  if (bracket !== T.LeftBracket || previous === undefined || !IS_LITERAL.has(previous.tokenType)) return null
  const end = (previous.endOffset ?? previous.startOffset) + 1
  return {
    tokens: [makeToken(T.Comma, ',', end, end), token],
    code: 'P028',
    message: `missing comma before \`${token.image}\``,
    help: 'Put a comma between the items of a list.',
    span: { start: end, end },
  }
}

const bareItem: SlipRule = ({ token, previous, next, bracket }) => {
  if (bracket !== T.LeftBracket || (previous?.tokenType !== T.LeftBracket && previous?.tokenType !== T.Comma)) return null
  if (next !== undefined && next.tokenType !== T.Comma && next.tokenType !== T.RightBracket) return null
  return {
    tokens: [replace(token, T.Text, `"${token.image}"`)],
    code: 'P033',
    message: `a list holds literals, and \`${token.image}\` is none`,
    help: `Write \`"${token.image}"\`.`,
  }
}

/** A known verb at the start of a line where an operand is due: the operand was forgotten, and the next clause begins here. */
const forgottenOperand: SlipRule = ({ token, previous, next, boundary, place, options, atLineStart, isVerb }) => {
  if (!options.isWrong || boundary || (place !== 'phrase' && place !== 'condition') || previous === undefined) return null
  if (!isVerb(token.image) || !atLineStart() || next?.tokenType === T.Dot || next?.tokenType === T.Comma) return null
  const end = (previous.endOffset ?? previous.startOffset) + 1
  const hole = makeToken(T.Hole, '', end, end)
  return {
    tokens: place === 'phrase' ? [makeToken(T.Text, '""', end, end), hole, token] : [hole, token],
    code: place === 'phrase' ? 'P013' : 'P014',
    message: `nothing follows \`${previous.image}\``,
    help: 'A verb, a preposition, an operator and a comma are followed by a name or a literal.',
    span: { start: previous.startOffset, end },
  }
}

export const STRUCTURE_RULES: ReadonlyMap<TokenType, readonly SlipRule[]> = new Map<TokenType, readonly SlipRule[]>([
  [T.Comma, [trailingComma]],
  ...LITERALS.map((type) => [type, [missingComma]] as const),
  [T.Identifier, [bareItem, forgottenOperand]],
])
