// How the parser finds its feet after an error: it skips to the first word of a line, or to a closing brace, and never deletes a token.
// Chevrotain's own recovery resynchronises on any token that fits, which turns one slip into many messages.
import { CstParser, EOF, type IParserErrorMessageProvider, type IToken, type TokenType } from 'chevrotain'
import * as T from './tokens.ts'

/** After this many errors in one file nothing more is learnt; the rest is skipped. */
export const MAX_ERRORS = 100

const DECLARATION_TYPES: ReadonlySet<TokenType> = new Set(T.DECLARATION_WORDS.map((word) => T.K[word]))
const CLOSERS: ReadonlySet<TokenType> = new Set([T.RightBrace, T.RightParen, T.RightBracket])

type Rule = (...args: unknown[]) => unknown

/** What chevrotain's recovery uses of the parser; not part of its published types. */
interface RecoveryInternals {
  errors: unknown[]
  flattenFollowSet(): TokenType[]
  tokenMatcher(token: IToken, type: TokenType): boolean
  SAVE_ERROR(error: Error): void
  exportLexerState(): number
  getCurrRuleFullName(): string
  importLexerState(state: number): void
}

export abstract class RecoveringParser extends CstParser {
  /** The text of the tokens: where lines begin is looked up only after an error. */
  sourceText = ''

  constructor(messages: IParserErrorMessageProvider) {
    super(T.VOCABULARY, { recoveryEnabled: true, maxLookahead: 1, nodeLocationTracking: 'onlyOffset', errorMessageProvider: messages })
  }

  get tooManyErrors(): boolean {
    return this.internals.errors.length >= MAX_ERRORS
  }

  protected get internals(): RecoveryInternals {
    return this as unknown as RecoveryInternals
  }

  protected override canTokenTypeBeInsertedInRecovery(type: TokenType): boolean {
    return CLOSERS.has(type)
  }

  protected override canTokenTypeBeDeletedInRecovery(): boolean {
    return false
  }

  /** The next token that the rules in progress could go on with; a token within a line does not count. */
  findReSyncTokenType(): TokenType {
    const follows = this.tooManyErrors ? [EOF] : this.internals.flattenFollowSet()
    for (let ahead = 1; ; ahead++) {
      const token = this.LA(ahead)
      const found = this.isFoothold(token) ? follows.find((type) => this.internals.tokenMatcher(token, type)) : undefined
      if (found !== undefined) return found
      if (token.tokenType === EOF) return EOF
    }
  }

  reSyncTo(type: TokenType): IToken[] {
    while (!(this.isFoothold(this.LA(1)) && this.internals.tokenMatcher(this.LA(1), type))) {
      if (this.LA(1).tokenType === EOF) break
      this.SKIP_TOKEN()
    }
    return []
  }

  /** A repetition can not go on: skip to a line that can, or leave it to the rule above. */
  tryInRepetitionRecovery(rule: Rule, args: unknown[], canGoOn: () => boolean, expected: TokenType): void {
    if (this.tooManyErrors) return
    const wrong = this.LA(1)
    const before = this.LA(0)
    const state = this.internals.exportLexerState()
    for (;;) {
      const token = this.LA(1)
      const fits = this.internals.tokenMatcher(token, expected)
      if (this.isFoothold(token) && (fits || (token !== wrong && canGoOn.call(this))))
        return this.resume(this.errorAt(wrong, before, expected), fits ? null : () => rule.apply(this, args))
      if (token.tokenType === EOF || this.beginsDeclaration(token)) break
      this.SKIP_TOKEN()
    }
    this.internals.importLexerState(state)
  }

  private resume(error: Error, goOn: (() => unknown) | null): void {
    this.internals.SAVE_ERROR(error)
    goOn?.()
  }

  /** The error that would have been thrown, had the repetition been left. */
  private errorAt(token: IToken, previousToken: IToken, expected: TokenType): Error {
    const message = this.messageFor(expected, token, this.internals.getCurrRuleFullName())
    const context = { ruleStack: [], ruleOccurrenceStack: [] }
    return Object.assign(new Error(message), { name: 'MismatchedTokenException', token, previousToken, resyncedTokens: [], context })
  }

  protected abstract messageFor(expected: TokenType, actual: IToken, ruleName: string): string

  private beginsDeclaration(token: IToken): boolean {
    return DECLARATION_TYPES.has(token.tokenType) && beginsLine(this.sourceText, token.startOffset)
  }

  private isFoothold(token: IToken): boolean {
    return token.tokenType === EOF || token.tokenType === T.RightBrace || beginsLine(this.sourceText, token.startOffset)
  }
}

/** Does nothing but white space stand before this offset on its line? */
export function beginsLine(text: string, offset: number): boolean {
  for (let at = offset - 1; at >= 0; at--) {
    const code = text.charCodeAt(at)
    if (code === 0x0a || code === 0x0d) return true
    if (code !== 0x20 && code !== 0x09) return false
  }
  return true
}
