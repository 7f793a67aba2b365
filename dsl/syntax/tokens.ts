// The token types of the language. Words are lexed as one type and told apart afterwards by a table (`lex.ts`),
// so that any word may follow a dot and a soft word is a name wherever its meaning is not asked for.
import { createToken, Lexer, type IToken, type ITokenConfig, type TokenType } from 'chevrotain'
import { scanForeignComment, scanLongText, scanText } from './scan-text.ts'

const define = (config: ITokenConfig): TokenType => createToken(config)

/** Any word at all: what may follow a dot. */
export const Word = define({ name: 'Word', pattern: Lexer.NA, label: 'a word' })
/** A word that is not reserved: what may begin a path or a phrase. */
export const Name = define({ name: 'Name', pattern: Lexer.NA, label: 'a name', categories: [Word] })
/** `and` or `or`. */
export const Connective = define({ name: 'Connective', pattern: Lexer.NA, label: '`and` or `or`' })
export const Preposition = define({ name: 'Preposition', pattern: Lexer.NA, label: 'a preposition' })
export const Comparison = define({ name: 'Comparison', pattern: Lexer.NA, label: 'a comparison' })
/** `+ - * ??` */
export const Operator = define({ name: 'Operator', pattern: Lexer.NA, label: 'an operator' })

/** What the lexer makes of every word; `lex.ts` gives it its own type if the tables below know it. */
export const Identifier = define({ name: 'Identifier', pattern: /[A-Za-z_][A-Za-z0-9_]*/, label: 'a name', categories: [Name, Word] })

const PREPOSITIONS = ['to', 'in', 'with', 'from', 'for', 'by', 'per', 'within', 'at', 'as', 'except'] as const
const RESERVED = [
  'module',
  'import',
  'detector',
  'list',
  'const',
  'param',
  'attribute',
  'policy',
  'exception',
  'overlay',
  'test',
  'default',
  'when',
  'unless',
  'on',
  'allow',
  'given',
  'message',
  'chunks',
  'answer',
  'expect',
  'and',
  'or',
  'not',
  'contains',
  'scoring',
  'has',
  'of',
  'some',
  'every',
  'no',
  'where',
  'exists',
  'is',
  'starts',
  'ends',
  'like',
  'true',
  'false',
] as const
const SOFT = [
  'version',
  'error',
  'pattern',
  'check',
  'near',
  'chars',
  'adds',
  'score',
  'examples',
  'never',
  'entropy',
  'normalize',
  'group',
  'any',
  'all',
  'count',
  'lower',
  'missing',
  'jsonlogic',
  'fires',
  'silent',
  'min',
  'max',
] as const
/** Soft words whose meaning hangs on a neighbour: elsewhere they stay names (`lex.ts`). */
const CONTEXTUAL = new Set<string>(['error', 'count', 'lower', 'jsonlogic'])

export type Keyword = (typeof PREPOSITIONS)[number] | (typeof RESERVED)[number] | (typeof SOFT)[number]

function keywordType(word: string): TokenType {
  const categories = [Word]
  if (isPreposition(word)) categories.push(Preposition)
  if (word === 'and' || word === 'or') categories.push(Connective)
  if ((SOFT as readonly string[]).includes(word) && !CONTEXTUAL.has(word)) categories.push(Name)
  return define({ name: `word:${word}`, pattern: Lexer.NA, label: `\`${word}\``, categories })
}

function isPreposition(word: string): boolean {
  return (PREPOSITIONS as readonly string[]).includes(word)
}

/** The token type of each reserved or soft word. */
export const K = Object.fromEntries([...PREPOSITIONS, ...RESERVED, ...SOFT].map((word) => [word, keywordType(word)])) as Record<
  Keyword,
  TokenType
>

/** Looks a word up; a `Map`, so that `constructor` is a name like any other. */
export const KEYWORDS: ReadonlyMap<string, TokenType> = new Map(Object.entries(K))
export const RESERVED_WORDS: ReadonlySet<string> = new Set([...PREPOSITIONS, ...RESERVED])
export const DECLARATION_WORDS = [
  'module',
  'import',
  'detector',
  'list',
  'const',
  'param',
  'attribute',
  'policy',
  'exception',
  'overlay',
  'test',
  'default',
] as const satisfies readonly Keyword[]

/** What the lexer makes of everything that begins with a digit; `lex.ts` tells the five kinds apart. */
export const Numeral = define({
  name: 'Numeral',
  pattern: /\d{4}-\d\d-\d\d(?![\w.])|\d[\d_]*(?:\.\d[\d_]*)?(?:[A-Za-z][\w]*|%)?/,
  label: 'a number',
})
export const NumberLiteral = define({ name: 'Number', pattern: Lexer.NA, label: 'a number' })
export const Percent = define({ name: 'Percent', pattern: Lexer.NA, label: 'a percentage' })
export const Duration = define({ name: 'Duration', pattern: Lexer.NA, label: 'a duration' })
export const DateLiteral = define({ name: 'Date', pattern: Lexer.NA, label: 'a date' })

export const LongText = define({
  name: 'LongText',
  pattern: scanLongText,
  line_breaks: true,
  start_chars_hint: ['"'],
  label: 'a text in triple quotes',
})
export const Text = define({ name: 'Text', pattern: scanText, line_breaks: false, start_chars_hint: ['"'], label: 'a text in quotes' })

/** A regex stands behind `pattern` and nowhere else: there is no division for it to be confused with. One at a wrong place is read whole, so that it is one message. */
export const Regex = define({
  name: 'Regex',
  pattern: (text, offset, matched) => (isPatternWord(matched, text, offset) ? scanRegex(text, offset) : scanStrayRegex(text, offset)),
  line_breaks: false,
  start_chars_hint: ['/'],
  label: 'a regex such as `/…/`',
})

function isPatternWord(matched: IToken[], text: string, offset: number): boolean {
  const previous = matched[matched.length - 1]
  return text[offset] === '/' && previous?.image === 'pattern' && matched[matched.length - 2]?.tokenType !== Dot
}

/** What is looked at for the end of a regex that has no `pattern` before it. */
const MAX_STRAY = 500

function scanStrayRegex(text: string, offset: number): [string] | null {
  const second = text[offset + 1]
  if (text[offset] !== '/' || second === '/' || second === '*' || second === ' ') return null
  const [image] = scanRegex(text.slice(offset, offset + MAX_STRAY), 0)
  return image.length > 2 && image.length < MAX_STRAY && image.endsWith('/') ? [image] : null
}

function scanRegex(text: string, offset: number): [string] {
  let inClass = false
  for (let at = offset + 1; at < text.length; at++) {
    const char = text[at]
    if (char === '\n' || char === '\r') return [text.slice(offset, at)]
    if (char === '\\' && text[at + 1] !== '\n') at++
    else if (char === '[') inClass = true
    else if (char === ']') inClass = false
    else if (char === '/' && !inClass) return [text.slice(offset, at + 1)]
  }
  return [text.slice(offset)]
}

const symbol = (name: string, pattern: string, ...categories: TokenType[]): TokenType =>
  define({ name, pattern, label: `\`${pattern}\``, categories })

export const LeftBrace = symbol('LeftBrace', '{')
export const RightBrace = symbol('RightBrace', '}')
export const LeftParen = symbol('LeftParen', '(')
export const RightParen = symbol('RightParen', ')')
export const LeftBracket = symbol('LeftBracket', '[')
export const RightBracket = symbol('RightBracket', ']')
export const Comma = symbol('Comma', ',')
export const Colon = symbol('Colon', ':')
export const Dot = symbol('Dot', '.')
export const Coalesce = symbol('Coalesce', '??', Operator)
export const Question = symbol('Question', '?')
export const Equal = symbol('Equal', '==', Comparison)
export const NotEqual = symbol('NotEqual', '!=', Comparison)
export const LessEqual = symbol('LessEqual', '<=', Comparison)
export const GreaterEqual = symbol('GreaterEqual', '>=', Comparison)
export const Less = symbol('Less', '<', Comparison)
export const Greater = symbol('Greater', '>', Comparison)
export const Assign = symbol('Assign', '=')
export const Plus = symbol('Plus', '+', Operator)
export const Minus = symbol('Minus', '-', Operator)
export const Times = symbol('Times', '*', Operator)

/** Signs of other languages, lexed whole so that one slip is one message (`slips.ts`). */
export const Foreign = define({ name: 'Foreign', pattern: /&&?|\|\|?|!==|===|=~|=<|=>|<>|!(?!=)|;|%/, label: 'a sign' })
/** Text in other quotes than ours, closed on its own line. */
export const ForeignText = define({
  name: 'ForeignText',
  pattern: /'[^'\n\r]*'|`[^`\n\r]*`|[“”„][^“”"\n\r]*[“”]|[‘’][^‘’\n\r]*[‘’]/,
  label: 'a text',
})
// Comments of other languages are taken whole, so that prose is not read as policy.
export const ForeignComment = define({
  name: 'ForeignComment',
  pattern: scanForeignComment,
  line_breaks: true,
  start_chars_hint: ['/', '-'],
  label: 'a comment',
})
/** Stands where repair took something away that can not be read; never written by hand. */
export const Hole = define({ name: 'Hole', pattern: Lexer.NA, label: 'something' })

const WhiteSpace = define({ name: 'WhiteSpace', pattern: /\s+/, group: Lexer.SKIPPED, line_breaks: true })
const DocComment = define({ name: 'DocComment', pattern: /##[^\n\r]*/, group: 'docs', line_breaks: false })
const Comment = define({ name: 'Comment', pattern: /#[^\n\r]*/, group: Lexer.SKIPPED, line_breaks: false })

/** What the lexer matches, first match wins. A sign that none of them takes becomes an error of the lexer. */
export const LEXED: TokenType[] = [
  WhiteSpace,
  Identifier,
  Dot,
  Comma,
  LongText,
  Text,
  LeftBrace,
  RightBrace,
  LeftParen,
  RightParen,
  LeftBracket,
  RightBracket,
  DocComment,
  Comment,
  Numeral,
  Regex,
  ForeignComment,
  ForeignText,
  Foreign,
  Equal,
  NotEqual,
  LessEqual,
  GreaterEqual,
  Less,
  Greater,
  Assign,
  Colon,
  Coalesce,
  Question,
  Plus,
  Minus,
  Times,
]

/** What the grammar speaks of: no raw words, no foreign signs. */
export const VOCABULARY: TokenType[] = [
  Word,
  Name,
  Connective,
  Preposition,
  Comparison,
  Operator,
  Identifier,
  ...Object.values(K),
  NumberLiteral,
  Percent,
  Duration,
  DateLiteral,
  LongText,
  Text,
  Regex,
  Hole,
  LeftBrace,
  RightBrace,
  LeftParen,
  RightParen,
  LeftBracket,
  RightBracket,
  Comma,
  Colon,
  Dot,
  Coalesce,
  Question,
  Equal,
  NotEqual,
  LessEqual,
  GreaterEqual,
  Less,
  Greater,
  Assign,
  Plus,
  Minus,
  Times,
]

/** What has its value in itself, but for `true`, `false` and regexes. */
export const LITERALS: readonly TokenType[] = [NumberLiteral, Percent, Duration, DateLiteral, Text, LongText]
