// Bounds how deep a file may nest, before the recursive parser sees it: ten thousand parentheses become one message, not a stack overflow.
// Operators count too, for `a + b + c …` and `not not …` become trees as deep as they are long.
import type { IToken, TokenType } from 'chevrotain'
import type { Diagnostic, SourceFile } from '../diagnostics/diagnostic.ts'
import { spanOf } from './lex.ts'
import { beginsLine } from './recovery.ts'
import * as T from './tokens.ts'

/** Brackets, and operators between two words, that may stand inside each other. */
export const MAX_NESTING = 64

const OPENERS: ReadonlySet<TokenType> = new Set([T.LeftParen, T.LeftBracket, T.LeftBrace])
const CLOSERS: ReadonlySet<TokenType> = new Set([T.RightParen, T.RightBracket, T.RightBrace])
const CHAINING: ReadonlySet<TokenType> = new Set([T.K.not, T.Plus, T.Minus, T.Times, T.Coalesce])
/** What ends a chain of operators: the next operand of `and`, the next clause, the next item. */
const RESTARTING: ReadonlySet<TokenType> = new Set([T.Comma, T.K.and, T.K.or, T.K.when, T.K.unless, T.K.on, T.K.given, T.K.expect])
const DECLARATIONS: ReadonlySet<TokenType> = new Set(T.DECLARATION_WORDS.map((word) => T.K[word]))

/** The tokens without the declarations that nest too deep; each of them is reported once. */
export function limitNesting(tokens: IToken[], source: SourceFile, diagnostics: Diagnostic[]): IToken[] {
  const kept: IToken[] = []
  const chains: number[] = [0]
  let declarationAt = 0
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at] as IToken
    if (DECLARATIONS.has(token.tokenType) && (chains.length === 1 || startsAtMargin(token, source))) {
      chains.length = 1
      chains[0] = 0
      declarationAt = kept.length
    }
    track(chains, token)
    if (chains.length - 1 + (chains.at(-1) ?? 0) <= MAX_NESTING) {
      kept.push(token)
      continue
    }
    diagnostics.push(tooDeep(token, source))
    kept.length = declarationAt
    chains.length = 1
    chains[0] = 0
    at = nextDeclaration(tokens, at, source) - 1
  }
  return kept
}

/** `chains` holds one counter for each open bracket. */
function track(chains: number[], { tokenType: type, image }: IToken): void {
  const last = chains.length - 1
  if (OPENERS.has(type)) chains.push(0)
  else if (CLOSERS.has(type)) {
    if (last > 0) chains.pop()
  } else if (CHAINING.has(type) || image === '!') chains[last] = (chains[last] ?? 0) + 1
  else if (RESTARTING.has(type) || type === T.Foreign) chains[last] = 0
}

function nextDeclaration(tokens: readonly IToken[], after: number, source: SourceFile): number {
  let at = after + 1
  while (at < tokens.length && !(DECLARATIONS.has((tokens[at] as IToken).tokenType) && startsAtMargin(tokens[at] as IToken, source))) at++
  return at
}

/** At the first column: where people write declarations, and nothing else. */
function startsAtMargin(token: IToken, source: SourceFile): boolean {
  return source.text[token.startOffset - 1] === '\n' || (token.startOffset < 2 && beginsLine(source.text, token.startOffset))
}

function tooDeep(token: IToken, source: SourceFile): Diagnostic {
  return {
    code: 'P007',
    severity: 'error',
    message: `this nests deeper than ${MAX_NESTING} levels`,
    span: spanOf(token, source),
    help: 'Split it into several policies, or give its parts names with `const` and `list`; the rest of this declaration was not read.',
  }
}
