// A part of a policy file on one line: its tokens as the canonical form spaces them, without comments.
import { lex } from '../syntax/lex.ts'
import { spaceBetween } from './spaces.ts'
import type { Span } from '../diagnostics/diagnostic.ts'

export function excerptOf(text: string, { start, end }: Pick<Span, 'start' | 'end'>): string {
  const { tokens } = lex({ path: '', text: text.slice(start, end) })
  return tokens
    .map(({ image }, at) => (at === 0 ? image : spaceBetween(tokens, at, true) + image))
    .join('')
    .replaceAll(/\s*[\r\n]\s*/g, ' ')
}
