// Text to tokens: chevrotain's lexer, then one pass that gives words and numerals their own types.
// It reports what is wrong with a single token and always hands on tokens that can be parsed.
import { createTokenInstance, Lexer, type ILexingError, type IToken, type TokenType } from 'chevrotain'
import type { Diagnostic, SourceFile } from '../diagnostics/diagnostic.ts'
import { badEscapes, hasTooManyDigits, isRealDate, kindOfNumeral, MAX_DIGITS, splitNumeral, UNIT_WORDS } from './literals.ts'
import { isClosedText } from './scan-text.ts'
import * as T from './tokens.ts'

const lexer = new Lexer(T.LEXED, { positionTracking: 'onlyOffset', ensureOptimizations: true })

export interface Lexed {
  readonly tokens: IToken[]
  /** `##` comments in the order of the file. */
  readonly docs: readonly IToken[]
  readonly diagnostics: Diagnostic[]
}

export function lex(source: SourceFile): Lexed {
  const { tokens, groups, errors } = lexer.tokenize(source.text)
  const diagnostics = errors.map((error) => unknownSign(source, error))
  const docs: IToken[] = groups['docs'] ?? []
  for (const token of tokens) setEnd(token)
  for (const comment of docs) setEnd(comment)
  for (let at = 0; at < tokens.length; at++) refine(tokens, at, source, diagnostics)
  return { tokens, docs, diagnostics }
}

/** Chevrotain counts lines as soon as it is asked for ends; nobody needs lines but the reader of an error. */
function setEnd(token: IToken): void {
  token.endOffset = token.startOffset + token.image.length - 1
}

/** A token of the given type over the source from `start` to `end` (exclusive). */
export function makeToken(type: TokenType, image: string, start: number, end: number): IToken {
  return createTokenInstance(type, image, start, end - 1, Number.NaN, Number.NaN, Number.NaN, Number.NaN)
}

export function retype(token: IToken, type: TokenType): void {
  token.tokenType = type
  token.tokenTypeIdx = type.tokenTypeIdx ?? 0
}

function refine(tokens: IToken[], at: number, source: SourceFile, diagnostics: Diagnostic[]): void {
  const token = tokens[at]
  if (token === undefined) return
  if (token.tokenType === T.Identifier) refineWord(token, tokens, at)
  else if (token.tokenType === T.Numeral) refineNumeral(token, source, diagnostics)
  else if (token.tokenType === T.Text || token.tokenType === T.LongText) checkText(token, source, diagnostics)
  else if (token.tokenType === T.Regex && !isClosedRegex(token.image)) diagnostics.push(openRegex(token, source))
}

function refineWord(token: IToken, tokens: readonly IToken[], at: number): void {
  if (tokens[at - 1]?.tokenType === T.Dot) return
  const type = T.KEYWORDS.get(token.image)
  if (type !== undefined && meansKeyword(type, tokens[at - 1], tokens[at + 1])) retype(token, type)
}

/** `error`, `count`, `lower` and `jsonlogic` are names unless their neighbour says otherwise. */
function meansKeyword(type: TokenType, previous: IToken | undefined, next: IToken | undefined): boolean {
  if (type === T.K.error) return previous?.tokenType === T.K.on
  if (type === T.K.count || type === T.K.lower) return next?.tokenType === T.LeftParen
  if (type === T.K.jsonlogic) return next?.tokenType === T.LongText || next?.tokenType === T.Text
  return true
}

const NUMERAL_TYPES = { number: T.NumberLiteral, percent: T.Percent, duration: T.Duration, date: T.DateLiteral }

function refineNumeral(token: IToken, source: SourceFile, diagnostics: Diagnostic[]): void {
  const kind = kindOfNumeral(token.image)
  retype(token, kind === null ? meantType(token.image) : NUMERAL_TYPES[kind])
  if (kind === null) diagnostics.push(badNumeral(token, source))
  else if (kind === 'date' && !isRealDate(token.image)) {
    diagnostics.push({
      code: 'P005',
      severity: 'error',
      message: `\`${token.image}\` is not a day of the calendar`,
      span: spanOf(token, source),
      help: 'Write a date as year-month-day, such as `2027-03-31`.',
    })
  }
}

/** `30days` is meant as a duration, so that no second complaint about its type follows. */
function meantType(image: string): TokenType {
  const unit = UNIT_WORDS.get(splitNumeral(image).unit.toLowerCase())
  const kind = unit === undefined ? null : kindOfNumeral(`1${unit}`)
  return kind === null ? T.NumberLiteral : NUMERAL_TYPES[kind]
}

function badNumeral(token: IToken, source: SourceFile): Diagnostic {
  const { digits, unit } = splitNumeral(token.image)
  if (hasTooManyDigits(digits)) return longNumeral(token, source)
  const meant = UNIT_WORDS.get(unit) ?? UNIT_WORDS.get(unit.toLowerCase())
  const mended = meant === undefined ? null : `${digits}${meant}`
  if (mended !== null) token.image = mended
  return {
    code: 'P004',
    severity: 'error',
    span: { file: source.path, start: token.startOffset, end: (token.endOffset ?? 0) + 1 },
    message: unit === '' ? `\`${digits}\` is not a number` : `\`${unit}\` is not a unit`,
    help:
      mended === null
        ? 'Numbers are written `1_000`, `200k` or `1.5M`, durations `30d`, `12h`, `15m` or `10s`, shares `25%`.'
        : `Write \`${mended}\`.`,
  }
}

function longNumeral(token: IToken, source: SourceFile): Diagnostic {
  return {
    code: 'P004',
    severity: 'error',
    span: spanOf(token, source),
    message: `a number has up to ${MAX_DIGITS} digits, and \`${token.image}\` would be rounded`,
    help: 'Compare it as a text if it is an identifier; as a bound use a rounder number.',
  }
}

function checkText(token: IToken, source: SourceFile, diagnostics: Diagnostic[]): void {
  if (!isClosedText(token.image)) diagnostics.push(openText(token, source))
  if (token.tokenType === T.LongText) return
  for (const { offset, text } of badEscapes(token.image)) {
    const start = token.startOffset + offset
    diagnostics.push({
      code: 'P003',
      severity: 'error',
      message: `\`${text}\` is not an escape`,
      span: { file: source.path, start, end: start + text.length },
      help: 'Known escapes are `\\"`, `\\\\`, `\\n`, `\\r`, `\\t`, `\\u00e9` and `\\u{1f600}`; write `\\\\` for a backslash.',
    })
  }
}

function openText(token: IToken, source: SourceFile): Diagnostic {
  const long = token.tokenType === T.LongText
  return {
    code: 'P002',
    severity: 'error',
    message: `this text is never closed`,
    span: long ? { file: source.path, start: token.startOffset, end: token.startOffset + 3 } : spanOf(token, source),
    help: long ? 'Close it with `"""`.' : 'Close it with `"` on the same line, or write a text of several lines as `"""…"""`.',
  }
}

function isClosedRegex(image: string): boolean {
  return image.length > 2 && /(?:^|[^\\])(?:\\\\)*\/$/.test(image.slice(1))
}

function openRegex(token: IToken, source: SourceFile): Diagnostic {
  const empty = token.image === '//'
  return {
    code: 'P006',
    severity: 'error',
    message: empty ? 'this regex is empty' : 'this regex is never closed',
    span: spanOf(token, source),
    help: empty ? 'Write what it shall match between the slashes.' : 'Close it with `/` on the same line; a slash within is written `\\/`.',
  }
}

function unknownSign(source: SourceFile, error: ILexingError): Diagnostic {
  const text = source.text.slice(error.offset, error.offset + error.length)
  return {
    code: 'P001',
    severity: 'error',
    message: `\`${shorten(text)}\` means nothing here`,
    span: { file: source.path, start: error.offset, end: error.offset + error.length },
    help: text.startsWith('/')
      ? 'There is no division, and a regex stands only behind `pattern` in a detector.'
      : 'Remove it, or put it into a text in double quotes.',
  }
}

function shorten(text: string): string {
  return text.length > 24 ? `${text.slice(0, 24)}…` : text
}

export function spanOf(token: IToken, source: SourceFile): { file: string; start: number; end: number } {
  return { file: source.path, start: token.startOffset, end: (token.endOffset ?? token.startOffset) + 1 }
}
