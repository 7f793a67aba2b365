// Slips in the order of words: what was left out (`policy`, `on`, `{`, a declaration's first word).
import type { TokenType } from 'chevrotain'
import { makeToken } from './lex.ts'
import { at, BEGIN_CLAUSE, BLOCKS, endOf, exchange, insertBefore, isInHeader } from './slip-order.ts'
import { replace } from './slip-rules-signs.ts'
import { isAtTop } from './slip-rules-words.ts'
import type { Here, SlipRule } from './slip.ts'
import * as T from './tokens.ts'

const K = T.K

const ENDS_HEADER: ReadonlySet<TokenType> = new Set([T.Text, T.LongText, T.Identifier])

/** The first clause of a block whose `{` is not there. */
export const missingBrace: SlipRule = (here) => {
  const { token, previous, bracket, declaration, options } = here
  if (!options.isWrong || bracket !== null || previous === undefined || !BLOCKS.has(declaration) || !ENDS_HEADER.has(previous.tokenType))
    return null
  const begins = BEGIN_CLAUSE.has(token.tokenType) || (here.boundary && isWordType(token.tokenType) && here.atLineStart())
  if (!begins) return null
  if (here.next?.tokenType === T.LeftBrace) return exchange(here, token, here.next)
  const end = endOf(previous)
  return {
    tokens: [makeToken(T.LeftBrace, '{', end, end)],
    consumed: 0,
    code: 'P012',
    message: `missing \`{\` before \`${token.image}\``,
    help: 'The clauses stand in `{ }`.',
    span: at(end),
  }
}

const SOFT_CLAUSES: ReadonlySet<TokenType> = new Set(
  (['pattern', 'any', 'check', 'near', 'entropy', 'score', 'examples', 'never', 'normalize', 'group'] as const).map((word) => K[word]),
)
const isWordType = (type: TokenType | undefined): boolean => type === T.Identifier || (type !== undefined && SOFT_CLAUSES.has(type))

const PHASES: readonly string[] = ['request', 'target', 'response', 'stream']

/** `a.b "title" {` is a policy, `"title" {` a test: what follows tells which declaration was meant. */
export const missingDeclaration: SlipRule = (here) => {
  if (here.bracket !== null || !isAtTop(here) || here.previous?.tokenType === T.Dot || isInHeader(here)) return null
  const meant = meantDeclaration(here)
  return meant === null ? null : insertBefore(here, meant)
}

function meantDeclaration(here: Here): T.Keyword | null {
  if (here.token.tokenType === T.Text) {
    if (here.next?.tokenType === K.to) return 'exception'
    return here.next?.tokenType === T.LeftBrace ? 'test' : null
  }
  let behind = 1
  while (here.ahead(behind)?.tokenType === T.Dot) behind += 2
  const [after, second, third] = [here.ahead(behind), here.ahead(behind + 1), here.ahead(behind + 2)]
  switch (after?.tokenType) {
    case T.Text:
      return second?.tokenType === T.LeftBrace ? 'policy' : null
    case T.LeftBrace:
      if (SOFT_CLAUSES.has(second?.tokenType as TokenType) || second?.tokenType === K.list) return 'detector'
      return behind > 1 || BEGIN_CLAUSE.has(second?.tokenType as TokenType) ? 'policy' : null
    case T.Colon:
      return third?.tokenType === T.Assign ? 'param' : 'attribute'
    case T.Assign:
      return second?.tokenType === T.LeftBracket ? 'list' : 'const'
    case K.for:
      return 'overlay'
    case K.from:
      return 'list'
    case K.as:
      return 'import'
    case K.version:
      return 'module'
    default:
      return behind === 1 && PHASES.includes(here.token.image) && (after?.tokenType === K.allow || after?.image === 'deny')
        ? 'default'
        : null
  }
}

/** `request` at the start of a clause: `on` was left out, or stands behind it. */
export const phaseWithoutOn: SlipRule = (here) => {
  const { token, next, bracket, boundary, previous } = here
  if (bracket !== T.LeftBrace || !boundary || previous?.tokenType === T.Dot || !PHASES.includes(token.image) || here.isVerb(token.image))
    return null
  if (!here.atLineStart() || next?.tokenType === T.Dot || next?.tokenType === K.on) return null
  return insertBefore(here, 'on')
}

/** `no request`: another word of the grammar than `on`. */
export const otherWordForOn: SlipRule = ({ token, next, afterNext, place, bracket, boundary, atLineStart }) =>
  bracket !== T.LeftBrace ||
  place === 'condition' ||
  !boundary ||
  !atLineStart() ||
  !PHASES.includes(next?.image ?? '') ||
  afterNext?.tokenType === T.Dot
    ? null
    : {
        tokens: [replace(token, K.on, 'on')],
        code: 'P032',
        message: `\`${token.image}\` does not begin a clause`,
        help: 'Did you mean `on`?',
      }
