// Mends the commonest slips in the row of tokens before the grammar sees them, so that one slip is one message.
// The walk here knows only the word rule: whether a word at this place would begin the next clause. The slips themselves stand in `slip-rules*.ts`.
import type { IToken, TokenType } from 'chevrotain'
import type { Diagnostic, SourceFile } from '../diagnostics/diagnostic.ts'
import { spanOf } from './lex.ts'
import { beginsLine } from './recovery.ts'
import { SIGN_RULES } from './slip-rules-signs.ts'
import { doubled, ORDER_RULES, ORDER_RULES_FIRST, STRAY_RULES } from './slip-rules-order.ts'
import { missingBrace } from './slip-rules-left-out.ts'
import { STRUCTURE_RULES } from './slip-rules-structure.ts'
import { WORD_RULES } from './slip-rules-words.ts'
import type { Here, Repair, SlipOptions, SlipRule } from './slip.ts'
import * as T from './tokens.ts'

const RULES: ReadonlyMap<TokenType, readonly SlipRule[]> = mergeRules(
  SIGN_RULES,
  ORDER_RULES_FIRST,
  WORD_RULES,
  STRUCTURE_RULES,
  ORDER_RULES,
  STRAY_RULES,
)

export function repairSlips(tokens: IToken[], source: SourceFile, options: SlipOptions, diagnostics: Diagnostic[]): IToken[] {
  const walk = new Walk(tokens, source, options)
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at] as IToken
    const rules = RULES.get(token.tokenType)
    const here = walk.place(at)
    const repair =
      walk.findOpenBracket(here) ?? doubled(here) ?? missingBrace(here) ?? (rules === undefined ? null : firstRepair(rules, here))
    if (repair === null) {
      walk.keep(token)
      continue
    }
    diagnostics.push(toDiagnostic(repair, token, source))
    for (const mended of repair.tokens) walk.keep(mended)
    at += (repair.consumed ?? 1) - 1
  }
  return walk.kept
}

function firstRepair(rules: readonly SlipRule[], here: Here): Repair | null {
  for (const rule of rules) {
    const repair = rule(here)
    if (repair !== null) return repair
  }
  return null
}

function toDiagnostic({ code, message, help, span }: Repair, token: IToken, source: SourceFile): Diagnostic {
  return { code, severity: 'error', message, help, span: span === undefined ? spanOf(token, source) : { file: source.path, ...span } }
}

function mergeRules(...tables: ReadonlyMap<TokenType, readonly SlipRule[]>[]): Map<TokenType, readonly SlipRule[]> {
  const merged = new Map<TokenType, readonly SlipRule[]>()
  for (const table of tables) for (const [type, rules] of table) merged.set(type, [...(merged.get(type) ?? []), ...rules])
  return merged
}

type Writable<Value> = { -readonly [Key in keyof Value]: Value[Key] }

const DECLARATIONS: ReadonlySet<TokenType> = new Set(T.DECLARATION_WORDS.map((word) => T.K[word]))
/** Behind these a word begins the next clause; behind all other signs and words an operand is due. */
const ENDS_OPERAND: ReadonlySet<TokenType> = new Set([
  ...T.LITERALS,
  T.Regex,
  T.Hole,
  T.RightParen,
  T.RightBracket,
  T.RightBrace,
  T.LeftBrace,
  T.K.exists,
  T.K.missing,
  T.K.true,
  T.K.false,
  T.K.allow,
  T.K.fires,
  T.K.silent,
  T.K.chars,
])

/** Keeps count of clauses and brackets over the tokens kept so far. One `Here` is reused for the whole walk. */
class Walk {
  readonly kept: IToken[] = []
  private readonly brackets: TokenType[] = []
  private readonly source: SourceFile
  private readonly here: Writable<Here>
  private readonly tokens: readonly IToken[]
  private at = 0

  constructor(tokens: readonly IToken[], source: SourceFile, options: SlipOptions) {
    this.tokens = tokens
    this.source = source
    this.here = {
      token: undefined as never,
      previous: undefined,
      next: undefined,
      afterNext: undefined,
      declaration: '',
      place: 'top',
      boundary: true,
      bracket: null,
      options,
      isVerb: (word) => options.verbs?.has(word) ?? false,
      atLineStart: () => beginsLine(source.text, this.here.token.startOffset),
      lineBreakBetween: (first, second) => source.text.slice((first.endOffset ?? 0) + 1, second.startOffset).includes('\n'),
      ahead: (count) => this.tokens[this.at + count],
    }
  }

  place(at: number): Here {
    this.at = at
    this.here.token = this.tokens[at] as IToken
    this.here.next = this.tokens[at + 1]
    this.here.afterNext = this.tokens[at + 2]
    return this.here
  }

  /** A missing `]` or `)` shows at the first token that can not stand inside. */
  findOpenBracket(here: Here): Repair | null {
    return here.bracket === T.LeftBracket || here.bracket === T.LeftParen ? closeBefore(here) : null
  }

  keep(token: IToken): void {
    const type = token.tokenType
    this.trackBrackets(type)
    if (DECLARATIONS.has(type) && this.beginsDeclaration(token)) this.enter(token.image)
    else this.trackClause(token, type)
    this.kept.push(token)
    this.here.previous = token
    this.here.bracket = this.brackets.at(-1) ?? null
  }

  /** Inside braces only a declaration word at the first column counts, for a closing brace may be missing; and only where it can not belong to the body. */
  private beginsDeclaration(token: IToken): boolean {
    if (this.brackets.length === 0) return true
    if (this.source.text[token.startOffset - 1] !== '\n') return false
    const { declaration, previous } = this.here
    if (declaration === 'overlay' || (declaration === 'detector' && token.tokenType === T.K.list)) return false
    return previous?.tokenType !== T.K.expect
  }

  private enter(word: string): void {
    this.brackets.length = 0
    this.here.declaration = word
    this.here.place = 'top'
    this.here.boundary = false
  }

  private trackBrackets(type: TokenType): void {
    if (type === T.LeftBrace || type === T.LeftParen || type === T.LeftBracket) this.brackets.push(type)
    else if (type === T.RightBrace) this.brackets.length = Math.max(0, this.brackets.lastIndexOf(T.LeftBrace))
    else if (type === T.RightParen || type === T.RightBracket) this.closeOwn(type === T.RightParen ? T.LeftParen : T.LeftBracket)
  }

  private closeOwn(opener: TokenType): void {
    if (this.brackets.at(-1) === opener) this.brackets.pop()
  }

  private trackClause(token: IToken, type: TokenType): void {
    const { here } = this
    if (type === T.LeftBrace || type === T.RightBrace) here.place = this.brackets.length === 0 ? 'top' : 'body'
    else if (type === T.K.when || type === T.K.unless) here.place = 'condition'
    else if (type === T.K.on) here.place = 'phases'
    else if (this.beginsClause(token, type)) return this.beginPhrase()
    here.boundary = ENDS_OPERAND.has(type) || here.previous?.tokenType === T.Dot || type === T.Identifier || isSoftName(type)
    if (type === T.K.error) here.boundary = true
    else if (here.previous?.tokenType === T.K.expect) here.boundary = false
  }

  private beginsClause(token: IToken, type: TokenType): boolean {
    return (
      (type === T.Identifier || isSoftName(type) || type === T.K.expect) &&
      this.here.previous?.tokenType !== T.Dot &&
      this.here.boundary &&
      this.brackets.length > 0 &&
      !isContinuation(token, type)
    )
  }

  private beginPhrase(): void {
    this.here.place = 'phrase'
    this.here.boundary = false
  }
}

function isSoftName(type: TokenType): boolean {
  return type.CATEGORIES?.includes(T.Name) ?? false
}

/** Soft words that go on with what stands before them. */
function isContinuation(token: IToken, type: TokenType): boolean {
  return (
    type !== T.Identifier &&
    (token.image === 'missing' || token.image === 'fires' || token.image === 'silent' || token.image === 'chars' || token.image === 'adds')
  )
}

const STARTS_CLAUSE: ReadonlySet<TokenType> = new Set([
  T.K.when,
  T.K.unless,
  T.K.on,
  T.K.allow,
  T.K.given,
  T.K.message,
  T.K.answer,
  T.K.chunks,
  T.K.expect,
  T.RightBrace,
  T.LeftBrace,
  ...DECLARATIONS,
])
const INSIDE_LIST: ReadonlySet<TokenType> = new Set([
  ...T.LITERALS,
  T.ForeignText,
  T.Foreign,
  T.ForeignComment,
  T.Minus,
  T.Comma,
  T.LeftBracket,
  T.RightBracket,
  T.K.true,
  T.K.false,
])

function closeBefore(here: Here): Repair | null {
  const { token, bracket, previous, declaration } = here
  if (declaration === '' || previous === undefined) return null
  const wrong =
    bracket === T.LeftBracket
      ? !INSIDE_LIST.has(token.tokenType) && !isBareItem(here)
      : STARTS_CLAUSE.has(token.tokenType) || isNextPhrase(here)
  if (!wrong) return null
  const [type, sign, opener] = bracket === T.LeftBracket ? [T.RightBracket, ']', '['] : [T.RightParen, ')', '(']
  const end = (previous.endOffset ?? previous.startOffset) + 1
  const closer: IToken = {
    ...token,
    image: sign,
    tokenType: type,
    tokenTypeIdx: type.tokenTypeIdx ?? 0,
    startOffset: end,
    endOffset: end - 1,
  }
  return {
    tokens: [closer],
    consumed: 0,
    code: 'P012',
    message: `missing \`${sign}\` before \`${token.image}\``,
    help: `Close what \`${opener}\` opened with \`${sign}\`.`,
    span: { start: end, end },
  }
}

/** A bare word as the item of a list has a rule of its own. */
function isBareItem({ token, previous }: Here): boolean {
  return token.tokenType === T.Identifier && (previous?.tokenType === T.LeftBracket || previous?.tokenType === T.Comma)
}

function isNextPhrase(here: Here): boolean {
  return here.boundary && here.token.tokenType === T.Identifier && here.previous?.tokenType !== T.Dot && here.atLineStart()
}
