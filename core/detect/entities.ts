// The named entities of HTML that stand for signs in numbers, addresses and keys; a name is a disguise as good as a number.

const CHARACTERS: { readonly [name: string]: string } = {
  amp: '&',
  apos: "'",
  ast: '*',
  bsol: '\\',
  colon: ':',
  comma: ',',
  commat: '@',
  dash: '-',
  dollar: '$',
  equals: '=',
  excl: '!',
  grave: '`',
  emsp: ' ',
  ensp: ' ',
  hairsp: ' ',
  hyphen: '-',
  lbrack: '[',
  lcub: '{',
  lowbar: '_',
  lpar: '(',
  lsqb: '[',
  nbsp: ' ',
  num: '#',
  percnt: '%',
  period: '.',
  plus: '+',
  quest: '?',
  quot: '"',
  rbrack: ']',
  rcub: '}',
  rpar: ')',
  rsqb: ']',
  semi: ';',
  sol: '/',
  thinsp: ' ',
  verbar: '|',
  vert: '|',
  shy: '',
  zwj: '',
  zwnj: '',
  NewLine: '\n',
  NoBreak: '',
  Tab: '\t',
  ZeroWidthSpace: '',
}
/** Letters of the longest name. */
export const LONGEST_NAME = 14

export const NAMES = Object.keys(CHARACTERS).join('|')
export const ENTITY = new RegExp(`&(${NAMES});`, 'g')

/** For one of the names that `ENTITY` knows. */
export function characterOfEntity(name: string): string {
  return CHARACTERS[name]!
}

const AT_END = new RegExp(`(?:&|amp;)(?:${NAMES})$`)

/** Whether a semicolon behind the text would end an entity. */
export function endsInEntity(text: string): boolean {
  return AT_END.test(text)
}
