// Reads JSON source as it arrives: the characters it says with the source of each, and how a value must be escaped to stay inside the string
// where it lands, be it a string of JSON within a string of JSON.

const ESCAPES: { readonly [letter: string]: string } = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f' }

export class JsonReader {
  readonly #onCharacter: (character: string, source: string) => void
  #escape = ''
  readonly #outer = new Strings()
  /** Strings of the JSON inside the current string, if it holds any. */
  #inner: Strings | null = null
  #isFirst = false

  constructor(onCharacter: (character: string, source: string) => void) {
    this.#onCharacter = onCharacter
  }

  push(text: string): void {
    for (let i = 0; i < text.length; i++) this.#unit(text[i]!)
  }

  /** A half escape at the end is what it is. */
  end(): void {
    const rest = this.#escape
    this.#escape = ''
    for (const unit of rest) this.#onCharacter(unit, unit)
  }

  /** The source that says `value` at the present place. */
  escape(value: string): string {
    if (!this.#outer.isInside) return JSON.stringify(value)
    return escaped(this.#inner?.isInside ? escaped(value) : value)
  }

  #unit(unit: string): void {
    if (this.#escape !== '') return this.#goOnEscape(unit)
    if (unit === '\\' && this.#outer.isInside) {
      this.#escape = unit
      return
    }
    const wasInside = this.#outer.isInside
    this.#outer.read(unit)
    if (!wasInside && this.#outer.isInside) {
      this.#inner = null
      this.#isFirst = true
    } else if (wasInside && this.#outer.isInside) this.#inside(unit)
    this.#onCharacter(unit, unit)
  }

  #goOnEscape(unit: string): void {
    this.#escape += unit
    const isUnicode = this.#escape[1] === 'u'
    if (isUnicode && this.#escape.length < 6 && (this.#escape.length === 2 || /[0-9a-f]/i.test(unit))) return
    const source = this.#escape
    this.#escape = ''
    const character = isUnicode ? String.fromCharCode(Number.parseInt(source.slice(2), 16) || 0) : (ESCAPES[source[1]!] ?? source[1]!)
    this.#inside(character)
    this.#onCharacter(character, source)
  }

  /** A string that begins like an object or a list is taken for JSON of its own. */
  #inside(character: string): void {
    if (this.#isFirst && !/\s/.test(character)) {
      this.#isFirst = false
      if (character === '{' || character === '[') this.#inner = new Strings()
    }
    this.#inner?.read(character)
  }
}

/** Knows whether the next character stands inside a string. */
class Strings {
  isInside = false
  #escaped = false

  read(character: string): void {
    if (this.#escaped) this.#escaped = false
    else if (character === '\\' && this.isInside) this.#escaped = true
    else if (character === '"') this.isInside = !this.isInside
  }
}

const escaped = (text: string): string => JSON.stringify(text).slice(1, -1)
