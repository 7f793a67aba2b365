// Slips in the order of words: what stands twice, what was left out (`policy`, `on`, `{`, a preposition), and neighbours that changed places.
// What can not be mended becomes a hole, up to the end of its line, so that nothing more is said about it. These rules guess by line breaks,
// which mean nothing where a file is right: all but the last run only when something is known to be wrong.
import type { TokenType } from 'chevrotain'
import { makeToken } from './lex.ts'
import { BEGIN_CLAUSE, short } from './slip-order.ts'
import { missingDeclaration, otherWordForOn, phaseWithoutOn } from './slip-rules-left-out.ts'
import {
  braceBefore,
  braceEarly,
  clauseEarly,
  commaBefore,
  commaBehind,
  declarationEarly,
  dotBefore,
  dotBehind,
  dotMissing,
  nameEarly,
  swapped,
} from './slip-rules-swapped.ts'
import { replace } from './slip-rules-signs.ts'
import { nearestKeyword } from './slip-rules-words.ts'
import type { Here, SlipRule } from './slip.ts'
import * as T from './tokens.ts'

const K = T.K

// ── what stands twice ────────────────────────────────────────────────────────────────────────────────────────────────

const NEVER_TWICE: ReadonlySet<TokenType> = new Set([
  ...[...T.RESERVED_WORDS].filter((word) => !['not', 'allow', 'true', 'false'].includes(word)).map((word) => K[word as T.Keyword]),
  T.Dot,
  T.Colon,
  T.Assign,
  T.LeftBrace,
  T.Plus,
  T.Times,
  T.Coalesce,
  T.Equal,
  T.NotEqual,
  T.Less,
  T.LessEqual,
  T.Greater,
  T.GreaterEqual,
])

export const doubled: SlipRule = (here) => {
  const { token, previous, options } = here
  if (
    !options.isWrong ||
    previous === undefined ||
    token.tokenType !== previous.tokenType ||
    token.image !== previous.image ||
    !canNotRepeat(here)
  )
    return null
  return { tokens: [], code: 'P036', message: `\`${short(token)}\` stands twice`, help: 'Remove one of them.' }
}

function canNotRepeat(here: Here): boolean {
  const type = here.token.tokenType
  if (type === T.Identifier) return here.boundary && !here.isVerb(here.token.image) && !here.atLineStart()
  return NEVER_TWICE.has(type) || (type === T.Text && here.bracket === null)
}

// ── what can not be mended ───────────────────────────────────────────────────────────────────────────────────────────

const PREPOSITIONS: readonly T.Keyword[] = ['to', 'in', 'with', 'from', 'for', 'by', 'per', 'within', 'at', 'as', 'except']
const OUTCOMES: readonly T.Keyword[] = ['fires', 'silent']

/** Within a line, a word that begins no clause: a preposition is misspelt, or a comma, a dot or an operator is missing before it. */
const stray: SlipRule = (here) => {
  const { token, previous, place, boundary, bracket, declaration, options } = here
  if (options.verbs === null || !boundary || (place !== 'phrase' && place !== 'condition') || bracket === null || previous === undefined)
    return null
  if (previous.tokenType === T.Dot || bracket === T.LeftBracket || here.isVerb(token.image) || here.atLineStart()) return null
  const candidates = place === 'condition' ? [] : declaration === 'test' ? [...OUTCOMES, ...PREPOSITIONS] : PREPOSITIONS
  const meant = nearestKeyword(token.image, candidates, here)
  if (meant !== null)
    return {
      tokens: [replace(token, K[meant], meant)],
      code: 'P032',
      message: `\`${token.image}\` is not a word of the language`,
      help: `Did you mean \`${meant}\`?`,
    }
  return {
    tokens: [makeToken(T.Hole, '', token.startOffset, token.startOffset)],
    consumed: lengthOfRest(here),
    code: 'P035',
    message: `\`${token.image}\` begins no clause`,
    help:
      place === 'condition'
        ? 'A dot, an operator, or `and` is missing before it.'
        : 'A preposition, a comma or a dot is missing before it.',
  }
}

const OPENERS: ReadonlySet<TokenType> = new Set([T.LeftParen, T.LeftBracket])
const CLOSERS: ReadonlySet<TokenType> = new Set([T.RightParen, T.RightBracket])

/** Tokens up to the end of the line, the next part of the condition, or the next clause. */
function lengthOfRest(here: Here): number {
  let depth = 0
  for (let count = 1; ; count++) {
    const [before, token] = [here.ahead(count - 1)!, here.ahead(count)]
    if (token === undefined || token.tokenType === T.RightBrace || token.tokenType === T.LeftBrace) return count
    if (OPENERS.has(token.tokenType)) depth++
    if (CLOSERS.has(token.tokenType) && --depth < 0 && here.bracket === T.LeftParen) return count
    if (depth > 0) continue
    if (here.lineBreakBetween(before, token) || BEGIN_CLAUSE.has(token.tokenType)) return count
    if (here.place === 'condition' && (token.tokenType === K.and || token.tokenType === K.or)) return count
    if (token.tokenType === T.Identifier && before.tokenType !== T.Dot && here.isVerb(token.image)) return count
  }
}

function whenWrong(table: readonly (readonly [TokenType, readonly SlipRule[]])[]): Map<TokenType, readonly SlipRule[]> {
  return new Map(
    table.map(([type, rules]) => [
      type,
      rules.map(
        (rule): SlipRule =>
          (here) =>
            here.options.isWrong ? rule(here) : null,
      ),
    ]),
  )
}

/** Before the rules about words: a word that only stands at the wrong place is not misspelt. */
export const ORDER_RULES_FIRST: ReadonlyMap<TokenType, readonly SlipRule[]> = whenWrong([
  [T.Identifier, [nameEarly, dotBehind, dotMissing, phaseWithoutOn]],
  [T.Text, [commaBehind]],
  [T.NumberLiteral, [commaBehind]],
  [T.Comma, [commaBefore]],
])

export const ORDER_RULES: ReadonlyMap<TokenType, readonly SlipRule[]> = whenWrong([
  [T.Identifier, [swapped, missingDeclaration]],
  [T.Text, [nameEarly, swapped, missingDeclaration]],
  [T.NumberLiteral, [swapped]],
  [T.Dot, [dotBefore]],
  [T.LeftBrace, [braceBefore]],
  [T.RightBrace, [braceEarly]],
  ...T.DECLARATION_WORDS.map((word) => [K[word], [declarationEarly]] as const),
  ...[...BEGIN_CLAUSE].map((type) => [type, [clauseEarly]] as const),
  [K.no, [otherWordForOn]],
  [K.in, [otherWordForOn]],
])

export const STRAY_RULES: ReadonlyMap<TokenType, readonly SlipRule[]> = new Map([[T.Identifier, [stray]]])
