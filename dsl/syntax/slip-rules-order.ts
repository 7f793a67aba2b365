// Slips in the order of words: what stands twice, what was left out (`policy`, `on`, `{`, a preposition), and neighbours that changed places.
// What can not be mended becomes a hole, up to the end of its line, so that nothing more is said about it. These rules guess by line breaks,
// which mean nothing where a file is right: all but the last run only when something is known to be wrong.
import type { IToken, TokenType } from 'chevrotain'
import { makeToken } from './lex.ts'
import { replace } from './slip-rules-signs.ts'
import { NEVER_AN_OPERAND } from './slip-rules-structure.ts'
import { isAtTop, nearestKeyword } from './slip-rules-words.ts'
import type { Here, Repair, SlipRule } from './slip.ts'
import * as T from './tokens.ts'

const K = T.K

const endOf = (token: IToken): number => (token.endOffset ?? token.startOffset) + 1
const short = ({ image }: IToken): string => (image.length > 24 ? `${image.slice(0, 24)}…` : image)
const at = (place: number): { start: number; end: number } => ({ start: place, end: place })

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

// ── what was left out ────────────────────────────────────────────────────────────────────────────────────────────────

const BLOCKS: ReadonlySet<string> = new Set(['policy', 'exception', 'detector', 'test', 'overlay'])
const BEGIN_CLAUSE: ReadonlySet<TokenType> = new Set([K.on, K.when, K.unless, K.allow, K.given, K.message, K.answer, K.chunks, K.expect])
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
const missingDeclaration: SlipRule = (here) => {
  if (here.bracket !== null || !isAtTop(here) || here.previous?.tokenType === T.Dot || isInHeader(here)) return null
  const meant = meantDeclaration(here)
  return meant === null ? null : insertBefore(here, meant)
}

/** Line breaks mean nothing, so the title of a policy may begin a line. */
function isInHeader({ previous, declaration }: Here): boolean {
  return BLOCKS.has(declaration) && previous !== undefined && previous.tokenType !== T.RightBrace
}

function insertBefore({ token }: Here, word: T.Keyword): Repair {
  return {
    tokens: [makeToken(K[word], word, token.startOffset, token.startOffset), token],
    code: 'P037',
    message: `\`${word}\` is missing before \`${token.image}\``,
    help: `Write \`${word} ${token.image}\`.`,
    span: at(token.startOffset),
  }
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
const phaseWithoutOn: SlipRule = (here) => {
  const { token, next, bracket, boundary, previous } = here
  if (bracket !== T.LeftBrace || !boundary || previous?.tokenType === T.Dot || !PHASES.includes(token.image) || here.isVerb(token.image))
    return null
  if (!here.atLineStart() || next?.tokenType === T.Dot || next?.tokenType === K.on) return null
  return insertBefore(here, 'on')
}

/** `no request`: another word of the grammar than `on`. */
const otherWordForOn: SlipRule = ({ token, next, afterNext, place, bracket, boundary, atLineStart }) =>
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

// ── what changed places ──────────────────────────────────────────────────────────────────────────────────────────────

/** An operand at the start of a clause, and the word that begins one behind it. */
const swapped: SlipRule = (here) => {
  const { token, next, previous, afterNext, bracket, boundary, options } = here
  if (options.verbs === null || bracket !== T.LeftBrace || !boundary || next === undefined || previous?.tokenType === T.Dot) return null
  if (!here.atLineStart() || here.isVerb(token.image) || here.lineBreakBetween(token, next)) return null
  if (here.place === 'phrase' && LITERALS.has(token.tokenType)) return null
  const begins = BEGIN_CLAUSE.has(next.tokenType) || (next.tokenType === T.Identifier && here.isVerb(next.image))
  if (!begins || next.tokenType === K.allow || (next.tokenType === T.Identifier && afterNext?.tokenType === T.Dot)) return null
  return exchange(here, token, next)
}

function exchange(here: Here, first: IToken, second: IToken): Repair {
  return {
    tokens: [second, first],
    consumed: 2,
    code: 'P038',
    message: `\`${short(second)}\` stands before \`${short(first)}\``,
    help: 'The two have changed places: exchange them.',
    span: { start: first.startOffset, end: endOf(second) },
  }
}

const LITERALS: ReadonlySet<TokenType> = new Set([...T.LITERALS, K.true, K.false])

/** `"a" "b" ,` before another comma or the end of the list. */
const commaBehind: SlipRule = (here) => {
  const { token, previous, next, afterNext } = here
  if (previous === undefined || !LITERALS.has(previous.tokenType) || next?.tokenType !== T.Comma) return null
  return afterNext !== undefined && !NEVER_AN_OPERAND.has(afterNext.tokenType) ? null : exchange(here, token, next)
}

/** `"a", , "b" "c"`: a comma has changed places with the text behind it. */
const commaBefore: SlipRule = (here) => {
  const { token, next, afterNext } = here
  if (next?.tokenType !== T.Comma || afterNext === undefined || !LITERALS.has(afterNext.tokenType)) return null
  const behind = here.ahead(3)
  if (behind === undefined || !LITERALS.has(behind.tokenType)) return null
  return { ...exchange(here, next, afterNext), tokens: [token, afterNext, next], consumed: 3 }
}

/** `.tenant plan` and `tenant plan.` */
const dotBefore: SlipRule = (here) => {
  const { token, next, afterNext, boundary, previous } = here
  if (next?.tokenType !== T.Identifier || !isWord(afterNext) || here.lineBreakBetween(token, next)) return null
  return boundary && isWord(previous) ? null : exchange(here, token, next)
}
const dotBehind: SlipRule = (here) => {
  const { token, previous, next, afterNext } = here
  if (next?.tokenType !== T.Dot || !isWord(previous) || !here.boundary || here.atLineStart() || previous?.tokenType === T.Dot) return null
  return isWord(afterNext) ? null : exchange(here, token, next)
}
const dotMissing: SlipRule = (here) => {
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
const braceBefore: SlipRule = (here) => {
  const { next, bracket, declaration, token } = here
  if (bracket !== null || !BLOCKS.has(declaration) || next === undefined) return null
  return next.tokenType === T.Text ? exchange(here, token, next) : null
}

/** `} silent` at the end of a block. */
const braceEarly: SlipRule = (here) => {
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
const declarationEarly: SlipRule = (here) => {
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
const nameEarly: SlipRule = (here) => {
  const { token, next, previous, bracket } = here
  if (next === undefined || !DECLARES.has(next.tokenType) || here.lineBreakBetween(token, next)) return null
  const isFirst = previous === undefined || previous.tokenType === T.RightBrace || ENDS_LINE.has(previous.tokenType)
  if (bracket === null ? !isFirst || !isAtTop(here) || isInHeader(here) : previous?.tokenType !== K.expect) return null
  return exchange(here, token, next)
}

/** `severity on` at the end of a line and `high` on the next: the word that begins a clause stands before the operand that ends the one above. */
const clauseEarly: SlipRule = (here) => {
  const { token, next, previous, bracket, boundary, options } = here
  if (options.verbs === null || bracket !== T.LeftBrace || next === undefined || previous === undefined || here.atLineStart()) return null
  if (!here.lineBreakBetween(token, next) || BEGIN_CLAUSE.has(next.tokenType) || here.isVerb(next.image)) return null
  const isDue = !boundary || (here.declaration === 'test' && next.tokenType === T.Text)
  return isDue && (LITERALS.has(next.tokenType) || next.tokenType === T.Identifier) ? exchange(here, token, next) : null
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
