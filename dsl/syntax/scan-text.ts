// Finds the end of a text, by hand: a regex with alternatives overflows V8's stack on a text of a few megabytes.
// A text that is not closed ends with its line (a long text: with the file); `lex.ts` reports it.

/** `"…"` on one line; `\` takes the next character with it. */
export function scanText(text: string, offset: number): [string] | null {
  if (text.charCodeAt(offset) !== 0x22) return null
  for (let at = offset + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22) return [text.slice(offset, at + 1)]
    if (code === 0x0a || code === 0x0d) return [text.slice(offset, at)]
    if (code === 0x5c && !isLineEnd(text.charCodeAt(at + 1))) at++
  }
  return [text.slice(offset)]
}

/** `"""…"""` over any number of lines, nothing escaped. */
export function scanLongText(text: string, offset: number): [string] | null {
  if (!text.startsWith('"""', offset)) return null
  const end = text.indexOf('"""', offset + 3)
  return [text.slice(offset, end < 0 ? text.length : end + 3)]
}

/** Is the text closed, or did its line (or the file) end first? */
export function isClosedText(image: string): boolean {
  if (image.startsWith('"""')) return image.length >= 6 && image.endsWith('"""')
  if (image.length < 2 || !image.endsWith('"')) return false
  let backslashes = 0
  while (image[image.length - 2 - backslashes] === '\\') backslashes++
  return backslashes % 2 === 0
}

function isLineEnd(code: number): boolean {
  return code === 0x0a || code === 0x0d
}

/** A comment in the manner of another language. An open block comment runs to the end, so that it is looked for only once. */
export function scanForeignComment(text: string, offset: number): [string] | null {
  if (text.startsWith('/*', offset)) {
    const end = text.indexOf('*/', offset + 2)
    return [text.slice(offset, end < 0 ? text.length : end + 2)]
  }
  if (!text.startsWith('//', offset) && !text.startsWith('--', offset)) return null
  let end = offset + 2
  while (end < text.length && !isLineEnd(text.charCodeAt(end))) end++
  return [text.slice(offset, end)]
}
