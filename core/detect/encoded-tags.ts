// Text that is hidden in tags (U+E0020 to U+E007E): each stands for a letter that models read and people do not see.

const TAGS = /(?:\udb40[\udc20-\udc7e])+/g
/** Fewer hide nothing; a flag of a region has six. */
const MIN_TAGS = 6

export interface HiddenText {
  readonly start: number
  readonly end: number
  readonly text: string
}

export function tagsIn(word: string): readonly HiddenText[] {
  return [...word.matchAll(TAGS)].flatMap(({ 0: raw, index }) => {
    if (raw.length < 2 * MIN_TAGS) return []
    const text = raw.replaceAll(/\udb40(.)/g, (_, low: string) => String.fromCharCode(low.charCodeAt(0) - 0xdc00))
    return [{ start: index, end: index + raw.length, text }]
  })
}

/** Where tags may begin in an unfinished word; -1 if nowhere. */
export const firstTag = (word: string): number => word.indexOf('\udb40')
