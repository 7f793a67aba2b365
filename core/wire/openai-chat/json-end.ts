// Knows when the JSON that arrives in pieces is whole: arguments of a call that are not may go on after another call has begun.

export class JsonEnd {
  #depth = 0
  #inString = false
  #escaped = false
  #isWhole = false

  /** An object, a list or a string was closed, and nothing but space came after it. */
  get isWhole(): boolean {
    return this.#isWhole
  }

  read(text: string): void {
    for (let i = 0; i < text.length; i++) this.#unit(text[i]!)
  }

  #unit(unit: string): void {
    if (this.#escaped) this.#escaped = false
    else if (this.#inString && unit === '\\') this.#escaped = true
    else if (unit === '"') this.#quote()
    else if (this.#inString || unit === ' ' || unit === '\n') return
    else if (unit === '{' || unit === '[') this.#turn(1)
    else if (unit === '}' || unit === ']') this.#turn(-1)
    else this.#isWhole = false
  }

  #quote(): void {
    this.#inString = !this.#inString
    this.#isWhole = !this.#inString && this.#depth === 0
  }

  #turn(by: number): void {
    this.#depth += by
    this.#isWhole = this.#depth <= 0
  }
}
