// JSON source while it is rewritten: what the inside of a string says, and whether one stands inside a string.

/** As it stands inside a JSON string. */
export function escapeJson(text: string): string {
  return JSON.stringify(text).slice(1, -1)
}

/** What the inside of a JSON string says; as it is where it was cut in the middle of an escape. */
export function unescapeJson(source: string): string {
  if (!source.includes('\\')) return source
  try {
    return String(JSON.parse(`"${source}"`))
  } catch {
    return source
  }
}

/** Follows JSON source from its start and knows whether the next character stands inside a string. */
export class QuoteState {
  inString = false
  #escaped = false

  read(text: string): void {
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i)
      if (this.#escaped) this.#escaped = false
      else if (unit === 92 && this.inString) this.#escaped = true
      else if (unit === 34) this.inString = !this.inString
    }
  }
}
