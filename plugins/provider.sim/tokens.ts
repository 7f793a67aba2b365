// Tokens of the simulated models: a word with the white space before it, or a single sign. Joined they give the text back.

const TOKEN = /\s*[\p{L}\p{N}_]{1,12}|\s*[^\s\p{L}\p{N}_]|\s+$/gu

export function tokensOf(text: string): readonly string[] {
  return text.match(TOKEN) ?? []
}
