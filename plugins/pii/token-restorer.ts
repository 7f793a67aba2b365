// Puts values back into one text of an answer, character by character, so that any chunking gives the same. Held is only what may still become
// a placeholder that was issued; everything else passes at once.
import type { TokenPlace, TokenRestorer } from '../../core/plugin/index.ts'
import { CLOSERS, isIgnored, OPENER, OPENERS } from './token-name.ts'
import { JsonReader } from './json-reader.ts'

/** What may come back in a text: values by bare name. */
export interface KnownTokens {
  valueOf(bareName: string): string | null
  mayBegin(prefix: string): boolean
}

/** Ignored characters within one placeholder; beyond, it is none. */
const MAX_IGNORED = 16

export class Restorer implements TokenRestorer {
  readonly #known: KnownTokens
  readonly #json: JsonReader | null
  #out = ''
  /** The candidate as it was written; empty outside of one. */
  #raw = ''
  #name = ''
  #ignored = 0

  constructor(known: KnownTokens, encoding: TokenPlace['encoding']) {
    this.#known = known
    this.#json = encoding === 'json' ? new JsonReader((character, source) => this.#read(character, source)) : null
  }

  push(text: string): string {
    if (this.#json) this.#json.push(text)
    else if (this.#raw === '' && !text.includes(OPENER) && !text.includes('\u301a')) return text
    else for (let i = 0; i < text.length; i++) this.#read(text[i]!, text[i]!)
    return this.#take()
  }

  end(): string {
    this.#json?.end()
    this.#giveUp()
    return this.#take()
  }

  #take(): string {
    const out = this.#out
    this.#out = ''
    return out
  }

  #read(character: string, source: string): void {
    if (OPENERS.has(character)) {
      this.#giveUp()
      this.#raw = source
    } else if (this.#raw === '') this.#out += source
    else if (CLOSERS.has(character)) this.#close(source)
    else this.#goOn(character, source)
  }

  #goOn(character: string, source: string): void {
    this.#raw += source
    const plain = character.normalize('NFKC')
    if (isIgnored(character) || isIgnored(plain)) {
      if (++this.#ignored > MAX_IGNORED) this.#giveUp()
      return
    }
    this.#name += plain.toUpperCase()
    if (!this.#known.mayBegin(this.#name)) this.#giveUp()
  }

  #close(source: string): void {
    const value = this.#known.valueOf(this.#name)
    this.#raw = value === null ? this.#raw + source : this.#json ? this.#json.escape(value) : value
    this.#giveUp()
  }

  #giveUp(): void {
    this.#out += this.#raw
    this.#raw = ''
    this.#name = ''
    this.#ignored = 0
  }
}
