// Finds the `##` comments directly before a declaration: whole lines, with nothing but white space between them and it.
import type { BuildContext } from './build-literal.ts'
import { beginsLine } from './recovery.ts'

/** The text of the doc comment that ends before this offset, its lines joined; null if there is none. */
export function docBefore(offset: number, ctx: Pick<BuildContext, 'docs' | 'text'>): string | null {
  const lines: string[] = []
  let until = offset
  for (let at = lastBefore(offset, ctx.docs); at >= 0; at--) {
    const comment = ctx.docs[at]
    if (comment === undefined || !isBlank(ctx.text, (comment.endOffset ?? 0) + 1, until)) break
    if (!beginsLine(ctx.text, comment.startOffset)) break
    lines.unshift(comment.image.replace(/^##+ ?/, '').trimEnd())
    until = comment.startOffset
  }
  return lines.length === 0 ? null : lines.join('\n')
}

/** Index of the last comment that begins before the offset (binary search), or -1. */
function lastBefore(offset: number, docs: BuildContext['docs']): number {
  let low = 0
  let high = docs.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((docs[middle]?.startOffset ?? 0) < offset) low = middle + 1
    else high = middle
  }
  return low - 1
}

function isBlank(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (!/\s/.test(text[at] ?? '')) return false
  return true
}
