// Slips in signs: `=` for `==`, `&&`, `;`, quotes and comments of other languages, `== null`.
import type { IToken, TokenType } from 'chevrotain'
import { makeToken } from './lex.ts'
import type { Repair, SlipRule } from './slip.ts'
import * as T from './tokens.ts'

/** A token of another type at the place of the old one. */
export function replace(old: IToken, type: TokenType, image: string): IToken {
  return makeToken(type, image, old.startOffset, (old.endOffset ?? old.startOffset) + 1)
}

const assign: SlipRule = ({ token, place }) =>
  place !== 'condition'
    ? null
    : {
        tokens: [replace(token, T.Equal, '==')],
        code: 'P020',
        message: '`=` does not compare',
        help: 'Write `==` to compare; `=` only gives a value a name.',
      }

const CONNECTIVES: ReadonlyMap<string, 'and' | 'or' | 'not'> = new Map([
  ['&&', 'and'],
  ['&', 'and'],
  ['||', 'or'],
  ['|', 'or'],
  ['!', 'not'],
])
const COMPARISONS: ReadonlyMap<string, readonly [TokenType, string]> = new Map([
  ['===', [T.Equal, '==']],
  ['!==', [T.NotEqual, '!=']],
  ['<>', [T.NotEqual, '!=']],
  ['=<', [T.LessEqual, '<=']],
  ['=>', [T.GreaterEqual, '>=']],
  ['=~', [T.K.like, 'like']],
])

const foreignSign: SlipRule = (here) => {
  const { token } = here
  const word = CONNECTIVES.get(token.image)
  if (word !== undefined) {
    return {
      tokens: [replace(token, T.K[word], word)],
      code: 'P021',
      message: `\`${token.image}\` is written \`${word}\``,
      help: `Write \`${word}\`.`,
    }
  }
  const comparison = COMPARISONS.get(token.image)
  if (comparison !== undefined) {
    return {
      tokens: [replace(token, ...comparison)],
      code: 'P034',
      message: `\`${token.image}\` is written \`${comparison[1]}\``,
      help: `Write \`${comparison[1]}\`.`,
    }
  }
  if (token.image === ';') {
    return {
      tokens: [],
      code: 'P023',
      message: '`;` ends nothing here',
      help: 'Remove it: the next clause begins with its own first word.',
    }
  }
  return {
    tokens: [],
    code: 'P001',
    message: `\`${token.image}\` means nothing here`,
    help: 'Remove it; a percentage is written `25%`, without a space.',
  }
}

const foreignText: SlipRule = ({ token }) => {
  const inner = token.image.slice(1, -1)
  return {
    tokens: [replace(token, T.Text, `"${inner.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`)],
    code: 'P029',
    message: 'a text stands in double quotes',
    help: `Write \`"${inner.length > 40 ? '…' : inner}"\`.`,
  }
}

const foreignComment: SlipRule = ({ token }) => ({
  tokens: [],
  code: 'P030',
  message: `a comment begins with \`#\`, not with \`${token.image.slice(0, 2)}\``,
  help: 'Begin every line of a comment with `#`, or with `##` for documentation.',
  span: { start: token.startOffset, end: token.startOffset + 2 },
})

const NOTHING: ReadonlySet<string> = new Set(['null', 'nil', 'none', 'undefined', 'None'])

/** `x == null` asks for presence. */
const compareToNothing: SlipRule = ({ token, next, place }): Repair | null => {
  if (place !== 'condition' || next?.tokenType !== T.Identifier || !NOTHING.has(next.image)) return null
  if (token.tokenType !== T.Equal && token.tokenType !== T.NotEqual) return null
  const missing = token.tokenType === T.Equal
  return {
    tokens: missing ? [replace(token, T.K.is, 'is'), replace(next, T.K.missing, 'missing')] : [replace(next, T.K.exists, 'exists')],
    consumed: 2,
    code: 'P031',
    message: `there is no \`${next.image}\` to compare with`,
    help: missing ? 'Write `is missing`.' : 'Write `exists`.',
    span: { start: token.startOffset, end: (next.endOffset ?? next.startOffset) + 1 },
  }
}

export const SIGN_RULES: ReadonlyMap<TokenType, readonly SlipRule[]> = new Map([
  [T.Assign, [assign]],
  [T.Foreign, [foreignSign]],
  [T.ForeignText, [foreignText]],
  [T.ForeignComment, [foreignComment]],
  [T.Equal, [compareToNothing]],
  [T.NotEqual, [compareToNothing]],
])
