// What the rules about order share: places between tokens, words put in, neighbours exchanged.
import type { IToken, TokenType } from 'chevrotain'
import { makeToken } from './lex.ts'
import type { Here, Repair } from './slip.ts'
import * as T from './tokens.ts'

const K = T.K

export const endOf = (token: IToken): number => (token.endOffset ?? token.startOffset) + 1
export const short = ({ image }: IToken): string => (image.length > 24 ? `${image.slice(0, 24)}…` : image)
export const at = (place: number): { start: number; end: number } => ({ start: place, end: place })

export const BLOCKS: ReadonlySet<string> = new Set(['policy', 'exception', 'detector', 'test', 'overlay'])
export const BEGIN_CLAUSE: ReadonlySet<TokenType> = new Set([
  K.on,
  K.when,
  K.unless,
  K.allow,
  K.given,
  K.message,
  K.answer,
  K.chunks,
  K.expect,
])

/** Line breaks mean nothing, so the title of a policy may begin a line. */
export function isInHeader({ previous, declaration }: Here): boolean {
  return BLOCKS.has(declaration) && previous !== undefined && previous.tokenType !== T.RightBrace
}

export function insertBefore({ token }: Here, word: T.Keyword): Repair {
  return {
    tokens: [makeToken(K[word], word, token.startOffset, token.startOffset), token],
    code: 'P037',
    message: `\`${word}\` is missing before \`${token.image}\``,
    help: `Write \`${word} ${token.image}\`.`,
    span: at(token.startOffset),
  }
}

export function exchange(here: Here, first: IToken, second: IToken): Repair {
  return {
    tokens: [second, first],
    consumed: 2,
    code: 'P038',
    message: `\`${short(second)}\` stands before \`${short(first)}\``,
    help: 'The two have changed places: exchange them.',
    span: { start: first.startOffset, end: endOf(second) },
  }
}
