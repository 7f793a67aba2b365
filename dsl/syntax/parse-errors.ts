// What the parser says when a token does not fit: chevrotain's exceptions as diagnostics.
// The message provider may only answer with text, so code, message and help travel through it joined by a sign no source can hold.
import { EOF, type IParserErrorMessageProvider, type IRecognitionException, type IToken, type TokenType } from 'chevrotain'
import type { Diagnostic, SourceFile, Span } from '../diagnostics/diagnostic.ts'
import { didYouMean } from '../diagnostics/suggest.ts'
import * as T from './tokens.ts'

const SEPARATOR = '\u0000'
const FALLBACK = 'Read the line from its first word: that word says what must follow.'

interface Expectation {
  readonly code: string
  readonly what: string
  readonly help: string
  readonly candidates?: readonly string[]
}

/** What stood to be expected at each `ERR_MSG` of the grammar. */
const EXPECTATIONS: Record<string, Expectation> = {
  declaration: {
    code: 'P011',
    what: 'a declaration',
    help: 'A file holds `module import list const param attribute default detector policy exception overlay test`.',
    candidates: T.DECLARATION_WORDS,
  },
  clause: { code: 'P010', what: 'a clause', help: 'A policy holds `on`, `when`, `unless` and phrases such as `deny "code" "text"`.' },
  detectorClause: {
    code: 'P010',
    what: 'a clause of a detector',
    help: 'A detector holds `pattern any check list near entropy score examples never normalize group`.',
  },
  overlayItem: { code: 'P010', what: 'something an overlay may hold', help: 'An overlay holds `param`, `policy`, `exception` and `mode`.' },
  testClause: { code: 'P010', what: 'a clause of a test', help: 'A test holds `given message answer chunks expect`.' },
  expectation: {
    code: 'P010',
    what: 'an effect, a policy or a text',
    help: 'Write `expect` with an effect (`deny "code"`), `policy NAME fires`, `policy NAME silent` or `text "…"`.',
  },
  outcome: {
    code: 'P010',
    what: '`fires` or `silent`',
    help: 'Write `expect policy NAME fires` or `expect policy NAME silent`.',
    candidates: ['fires', 'silent'],
  },
  phrase: { code: 'P010', what: 'an effect', help: 'Write a verb and its operands, such as `deny "code" "text"`.' },
  operand: {
    code: 'P013',
    what: 'an operand',
    help: 'A verb, a preposition and a comma are followed by a name or a literal; only `allow` stands alone.',
  },
  condition: { code: 'P014', what: 'a condition', help: 'Write a condition such as `tenant.plan == "free"`.' },
  value: {
    code: 'P014',
    what: 'a value',
    help: 'Write a name such as `tenant.plan`, a literal such as `"free"`, or a condition in parentheses.',
  },
  literal: {
    code: 'P010',
    what: 'a literal',
    help: 'Literals are texts in double quotes, numbers, `25%`, `30d`, `2027-03-31`, `true`, `false` and lists in `[ ]`.',
  },
  listSource: { code: 'P010', what: '`=` or `from`', help: 'Write `list NAME = ["a", "b"]` or `list NAME from "file.txt"`.' },
  verdict: { code: 'P017', what: '`allow` or `deny`', help: 'Write `default request allow` or `default request deny`.' },
  phase: {
    code: 'P016',
    what: 'a phase or `error`',
    help: 'Write `on request`, `on target`, `on response`, `on stream` or `on error deny "code"`.',
  },
  text: { code: 'P010', what: 'a text', help: 'Write a text in double quotes.' },
}

/** In a detector; at the top of a file `list` is followed by its own name. */
const NAME_A_LIST = 'Name a list: `list terms`, with `list terms = ["a", "b"]` outside the detector.'

/** The rules whose repetition ended where `}` was expected, and what may stand there. */
const BODIES: Record<string, string> = { clauses: 'clause', detector: 'detectorClause', overlay: 'overlayItem', test: 'testClause' }

export const MESSAGES: IParserErrorMessageProvider = {
  buildMismatchTokenMessage: ({ expected, actual, previous, ruleName }) => mismatch(expected, actual, previous, ruleName),
  buildNotAllInputParsedMessage: ({ firstRedundant }) => unexpected('declaration', firstRedundant),
  buildNoViableAltMessage: ({ actual, customUserDescription }) => unexpected(customUserDescription ?? '', actual[0]),
  buildEarlyExitMessage: ({ actual, customUserDescription }) => unexpected(customUserDescription ?? '', actual[0]),
}

export function toDiagnostic(error: IRecognitionException, source: SourceFile): Diagnostic {
  const [code = 'P010', message = error.message, help = FALLBACK] = error.message.split(SEPARATOR)
  return { code, severity: 'error', message, span: placeOf(error, code, source), help }
}

function mismatch(expected: TokenType, actual: IToken, previous: IToken, ruleName: string): string {
  const body = BODIES[ruleName]
  if (expected === EOF) return unexpected('declaration', actual)
  if (expected === T.RightBrace && body !== undefined && actual.tokenType !== EOF && !isDeclarationWord(actual))
    return unexpected(body, actual)
  if (expected === T.RightBrace || expected === T.RightParen || expected === T.RightBracket) return missing(expected, actual)
  if (expected === T.Name && T.RESERVED_WORDS.has(actual.image)) {
    return join(
      'P018',
      `\`${actual.image}\` is a reserved word and can not be a name`,
      'Choose another name; behind a dot any word may stand.',
    )
  }
  const help = ruleName === 'path' && previous.tokenType === T.K.list ? NAME_A_LIST : helpFor(ruleName)
  return join('P010', `expected ${labelOf(expected)}, found ${describe(actual)}`, help)
}

function unexpected(key: string, actual: IToken | undefined): string {
  const { code, what, help, candidates } = EXPECTATIONS[key] ?? { code: 'P010', what: 'something else', help: FALLBACK }
  const meant = candidates === undefined || actual === undefined ? null : didYouMean(actual.image, candidates)
  return join(code, `expected ${what}, found ${describe(actual)}`, meant ?? help)
}

function missing(expected: TokenType, actual: IToken): string {
  const closer = labelOf(expected)
  return join('P012', `missing ${closer} before ${describe(actual)}`, `Close what was opened with ${closer}.`)
}

const HELP_BY_RULE: Record<string, string> = {
  param: 'Write `param NAME : TYPE = VALUE`, with `min VALUE` and `max VALUE` where there are bounds.',
  const: 'Write `const NAME = VALUE`.',
  attribute: 'Write `attribute metadata.NAME : TYPE`.',
  near: 'Write `near "word", "word" within 40 chars adds 0.3`.',
  quantifier: 'Write `some x in LIST where (CONDITION)`.',
  count: 'Write `count(x in LIST where CONDITION)`.',
  exception: 'Write `exception "why" to POLICY { … }`.',
  overlay: 'Write `overlay NAME for tenant "ID" { … }`.',
  assignment: 'Write `given NAME = VALUE, NAME = VALUE`.',
  listLiteral: 'Write a list as `["a", "b"]`.',
  relationTail: 'Write `is missing`, `starts with "…"`, `ends with "…"`, `has any of […]` or `not in […]`.',
  module: 'Write `module NAME version "1"`.',
  import: 'Write `import MODULE as NAME`.',
  policy: 'Write `policy NAME "title" { … }`.',
  clauses: 'The clauses stand in `{ }`.',
}

function helpFor(ruleName: string): string {
  return HELP_BY_RULE[ruleName] ?? FALLBACK
}

function join(...parts: string[]): string {
  return parts.join(SEPARATOR)
}

function labelOf(type: TokenType): string {
  return type.LABEL ?? type.name
}

function isDeclarationWord(token: IToken): boolean {
  return (T.DECLARATION_WORDS as readonly string[]).includes(token.image)
}

function describe(token: IToken | undefined): string {
  if (token === undefined || token.tokenType === EOF) return 'the end of the file'
  if (token.tokenType === T.Hole) return 'something that can not be read'
  const line = token.image.split('\n', 1)[0] ?? ''
  return `\`${line.length > 40 ? `${line.slice(0, 40)}…` : line}\``
}

/** The end (exclusive) of the token before an error; null at the beginning and at the end of the file. */
export function endBefore(error: IRecognitionException): number | null {
  const end = (error as { previousToken?: IToken }).previousToken?.endOffset
  return end === undefined || Number.isNaN(end) || Number.isNaN(error.token.startOffset) ? null : end + 1
}

/** A missing bracket is shown behind the token before it, everything else at the token that does not fit. */
function placeOf(error: IRecognitionException, code: string, source: SourceFile): Span {
  const atEnd = error.token.tokenType === EOF || Number.isNaN(error.token.startOffset)
  const previous = (error as { previousToken?: IToken }).previousToken
  if ((code === 'P012' || atEnd) && previous?.endOffset !== undefined && !Number.isNaN(previous.endOffset)) {
    return { file: source.path, start: previous.endOffset + 1, end: previous.endOffset + 1 }
  }
  if (atEnd) return { file: source.path, start: source.text.trimEnd().length, end: source.text.trimEnd().length }
  return { file: source.path, start: error.token.startOffset, end: (error.token.endOffset ?? error.token.startOffset) + 1 }
}
