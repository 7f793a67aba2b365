// Text that is hidden in tags (U+E0020 to U+E007E), each for a letter that models read and people do not see; in variation selectors, each for
// a byte; or written from its end to its start behind a direction override, which people read and machines do not.

const TAGS = /(?:\udb40[\udc20-\udc7e])+/g
/** Fewer hide nothing; a flag of a region has six. */
const MIN_TAGS = 6

export interface HiddenText {
  readonly start: number
  readonly end: number
  readonly text: string
}

export function tagsIn(word: string): readonly HiddenText[] {
  const tags = [...word.matchAll(TAGS)].flatMap(({ 0: raw, index }) => {
    if (raw.length < 2 * MIN_TAGS) return []
    const text = raw.replaceAll(/\udb40(.)/g, (_, low: string) => String.fromCharCode(low.charCodeAt(0) - 0xdc00))
    return [{ start: index, end: index + raw.length, text }]
  })
  return [...tags, ...selectorsIn(word), ...overriddenIn(word)]
}

const SELECTORS = /(?:[\ufe00-\ufe0f]|\udb40[\udd00-\uddef])+/g

/** The first sixteen selectors stand for the first sixteen bytes, those beyond the basic plane for the others. */
function selectorsIn(word: string): readonly HiddenText[] {
  return [...word.matchAll(SELECTORS)].flatMap(({ 0: raw, index }) => {
    const bytes = Array.from(raw, (one) => (one.length === 1 ? one.charCodeAt(0) - 0xfe00 : one.charCodeAt(1) - 0xdd00 + 16))
    if (bytes.length < MIN_TAGS) return []
    return [{ start: index, end: index + raw.length, text: Buffer.from(bytes).toString('utf8') }]
  })
}

const OVERRIDDEN = /\u202e([^\u202a-\u202e]{6,})\u202c?/g

function overriddenIn(word: string): readonly HiddenText[] {
  return [...word.matchAll(OVERRIDDEN)].map(({ 0: raw, 1: text, index }) => {
    return { start: index, end: index + raw.length, text: Array.from(text!).toReversed().join('') }
  })
}

/** Where tags may begin in an unfinished word; -1 if nowhere. */
export const firstTag = (word: string): number => word.search(/\udb40|\u202e|[\ufe00-\ufe0f]/)
