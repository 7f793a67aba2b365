// Slips in words: `then`, `if`, `inside`, `AND`, `30 days`, `status 422` without `with`, and misspelt words of the grammar.
// A rule never touches a word that may be a plugin's verb: where verbs are known, those stay as they are.
import type { IToken, TokenType } from 'chevrotain'
import { editDistance } from '../diagnostics/suggest.ts'
import { makeToken } from './lex.ts'
import { kindOfNumeral, UNIT_WORDS } from './literals.ts'
import { replace } from './slip-rules-signs.ts'
import type { Here, Repair, SlipRule } from './slip.ts'
import * as T from './tokens.ts'

const K = T.K

/** Words people write where an operand has ended. */
const IN_CONDITION: ReadonlyMap<string, readonly T.Keyword[] | '=='> = new Map<string, readonly T.Keyword[] | '=='>([
  ['inside', ['in']],
  ['equals', '=='],
  ['equal', '=='],
  ['eq', '=='],
  ['includes', ['has']],
  ['include', ['has']],
  ['containing', ['contains']],
  ['contain', ['contains']],
  ['matches', ['like']],
  ['match', ['like']],
  ['exist', ['exists']],
  ['startswith', ['starts', 'with']],
  ['startsWith', ['starts', 'with']],
  ['starts_with', ['starts', 'with']],
  ['endswith', ['ends', 'with']],
  ['endsWith', ['ends', 'with']],
  ['ends_with', ['ends', 'with']],
])
const IN_PHRASE: ReadonlyMap<string, readonly T.Keyword[]> = new Map<string, readonly T.Keyword[]>([
  ['inside', ['in']],
  ['into', ['to']],
  ['onto', ['to']],
  ['using', ['with']],
])

function wouldBeginClause({ token, previous, boundary, isVerb }: Here): boolean {
  return boundary && previous?.tokenType !== T.Dot && !isVerb(token.image)
}

const then: SlipRule = (here) =>
  here.token.image !== 'then' || here.place !== 'condition' || !wouldBeginClause(here)
    ? null
    : {
        tokens: [],
        code: 'P022',
        message: 'there is no `then`',
        help: 'Remove it: the verb of the effect begins the next clause by itself.',
      }

const ifForWhen: SlipRule = (here) =>
  here.token.image !== 'if' || here.bracket !== T.LeftBrace || !wouldBeginClause(here)
    ? null
    : {
        tokens: [replace(here.token, K.when, 'when')],
        code: 'P026',
        message: '`if` is written `when`',
        help: 'Write `when`.',
      }

const otherWord: SlipRule = (here) => {
  if (!wouldBeginClause(here)) return null
  const meant =
    here.place === 'condition' ? IN_CONDITION.get(here.token.image) : here.place === 'phrase' ? IN_PHRASE.get(here.token.image) : undefined
  if (meant === undefined) return null
  const written = meant === '==' ? '==' : meant.join(' ')
  const tokens = meant === '==' ? [replace(here.token, T.Equal, '==')] : meant.map((word) => replace(here.token, K[word], word))
  return { tokens, code: 'P026', message: `\`${here.token.image}\` is written \`${written}\``, help: `Write \`${written}\`.` }
}

/** `x is "y"` and `x within xs` use words of the grammar at the wrong place. */
const isForEquals: SlipRule = (here) =>
  here.place !== 'condition' || !here.boundary || here.next === undefined || here.next.image === 'missing'
    ? null
    : here.next.tokenType === K.not
      ? notEquals(here, here.next)
      : {
          tokens: [replace(here.token, T.Equal, '==')],
          code: 'P026',
          message: '`is` does not compare',
          help: 'Write `==`; `is` stands only in `is missing`.',
        }

function notEquals(here: Here, not: IToken): Repair {
  return {
    tokens: [replace(here.token, T.NotEqual, '!=')],
    consumed: 2,
    code: 'P026',
    message: '`is not` does not compare',
    help: 'Write `!=`.',
    span: { start: here.token.startOffset, end: (not.endOffset ?? 0) + 1 },
  }
}

const withinForIn: SlipRule = (here) =>
  here.place !== 'condition' || !here.boundary || here.declaration === 'detector'
    ? null
    : {
        tokens: [replace(here.token, K.in, 'in')],
        code: 'P026',
        message: '`within` is written `in`',
        help: 'Write `in`; `within` stands in phrases, before a duration.',
      }

/** `30 days`: the number waits for its unit word; both are taken at the number. */
const unitWord: SlipRule = ({ token, next, isVerb }) => {
  if (next === undefined || !isUnitWord(next) || isVerb(next.image)) return null
  const unit = UNIT_WORDS.get(next.image) ?? '%'
  const mended = `${token.image}${unit}`
  const type = { duration: T.Duration, percent: T.Percent, number: T.NumberLiteral, date: T.DateLiteral }[kindOfNumeral(mended) ?? 'number']
  const end = (next.endOffset ?? next.startOffset) + 1
  return {
    tokens: [makeToken(type, mended, token.startOffset, end)],
    consumed: 2,
    code: 'P025',
    message: `\`${token.image} ${next.image}\` is written \`${mended}\``,
    help: `Write \`${mended}\`: the unit follows the number without a space.`,
    span: { start: token.startOffset, end },
  }
}

function isUnitWord(token: IToken): boolean {
  return (
    (token.tokenType === T.Identifier && token.image.length > 1 && UNIT_WORDS.has(token.image)) ||
    (token.tokenType === T.Foreign && token.image === '%')
  )
}

/** `deny "code" "text" status 422`: a number behind `status`, and no `with`. */
const statusWithoutWith: SlipRule = (here) => {
  if (here.token.image !== 'status' || here.place !== 'phrase' || !wouldBeginClause(here) || here.next?.tokenType !== T.NumberLiteral)
    return null
  const word = makeToken(K.with, 'with', here.token.startOffset, here.token.startOffset)
  return {
    tokens: [word, here.token],
    code: 'P027',
    message: '`status` needs `with` before it',
    help: `Write \`with status ${here.next.image}\`.`,
  }
}

const CLAUSE_WORDS: Record<string, readonly T.Keyword[]> = {
  policy: ['when', 'unless'],
  exception: ['when', 'unless'],
  overlay: ['when', 'unless', 'param', 'policy', 'exception'],
  detector: ['pattern', 'any', 'check', 'list', 'near', 'entropy', 'score', 'examples', 'never', 'normalize', 'group'],
  test: ['given', 'message', 'answer', 'chunks', 'expect'],
}
export const CONDITION_WORDS: readonly T.Keyword[] = [
  'and',
  'or',
  'not',
  'contains',
  'scoring',
  'has',
  'where',
  'exists',
  'is',
  'in',
  'like',
  'starts',
  'ends',
]

const misspelt: SlipRule = (here) => {
  if (here.previous?.tokenType === T.Dot || here.isVerb(here.token.image)) return null
  const meant = nearestKeyword(here.token.image, candidatesAt(here), here)
  if (meant === null) return null
  return {
    tokens: [replace(here.token, K[meant], meant)],
    code: 'P032',
    message: `\`${here.token.image}\` is not a word of the language`,
    help: `Did you mean \`${meant}\`?`,
  }
}

/** Which words of the grammar could be meant here. */
function candidatesAt(here: Here): readonly T.Keyword[] {
  if (here.bracket === null) return isAtTop(here) ? T.DECLARATION_WORDS : []
  if (!here.boundary) return []
  const clauses = CLAUSE_WORDS[here.declaration] ?? []
  if (here.bracket === T.LeftBrace && here.place === 'body') return clauses
  if (here.place === 'condition') return here.bracket === T.LeftBrace && here.atLineStart() ? [...clauses, 'and', 'or'] : CONDITION_WORDS
  return here.bracket === T.LeftBrace && here.atLineStart() ? clauses : []
}

export function isAtTop(here: Here): boolean {
  return here.atLineStart() && (here.previous === undefined || here.boundary || here.previous.tokenType === T.RightBrace)
}

/**
 * Where no verbs are known, wider would turn verbs into keywords: up to three letters only swapped ones, then one slip, from six letters two.
 * Where they are, this word is none of them, and only the verb that it may be instead can be nearer. Null also where two are as near.
 */
export function nearestKeyword(
  word: string,
  candidates: readonly T.Keyword[],
  { options: { verbs } }: Pick<Here, 'options'>,
): T.Keyword | null {
  const lower = word.toLowerCase()
  const limit = word.length < 6 ? 1 : 2
  let best: T.Keyword | null = null
  let least = limit + 1
  for (const candidate of candidates) {
    if (lower === candidate) return candidate
    const isShort = word.length <= 3 || candidate.length <= 3
    const distance = isShort && verbs === null && !isSwapped(lower, candidate) ? limit + 1 : editDistance(lower, candidate, limit)
    if (distance === least) best = null
    if (distance < least) [best, least] = [candidate, distance]
  }
  if (best === null || verbs === null) return best
  for (const verb of verbs) if (editDistance(lower, verb, least) <= least) return null
  return best
}

function isSwapped(word: string, candidate: string): boolean {
  return word.length === candidate.length && [...word].sort().join('') === [...candidate].sort().join('')
}

export const WORD_RULES: ReadonlyMap<TokenType, readonly SlipRule[]> = new Map<TokenType, readonly SlipRule[]>([
  [T.Identifier, [then, ifForWhen, otherWord, statusWithoutWith, misspelt]],
  [K.is, [isForEquals]],
  [K.within, [withinForIn]],
  [T.NumberLiteral, [unitWord]],
])
