// The named entities of HTML that stand for signs in numbers, addresses and keys; a name is a disguise as good as a number.

const CHARACTERS: { readonly [name: string]: string } = {
  ast: '*',
  bsol: '\\',
  colon: ':',
  comma: ',',
  commat: '@',
  dash: '-',
  dollar: '$',
  equals: '=',
  hyphen: '-',
  lowbar: '_',
  nbsp: ' ',
  num: '#',
  percnt: '%',
  period: '.',
  plus: '+',
  sol: '/',
  shy: '',
}
/** Letters of the longest name. */
export const LONGEST_NAME = 6

export const ENTITY = new RegExp(`&(${Object.keys(CHARACTERS).join('|')});`, 'g')

/** For one of the names that `ENTITY` knows. */
export function characterOfEntity(name: string): string {
  return CHARACTERS[name]!
}

const AT_END = new RegExp(`&(?:${Object.keys(CHARACTERS).join('|')})$`)

/** Whether a semicolon behind the text would end an entity. */
export function endsInEntity(text: string): boolean {
  return AT_END.test(text)
}
