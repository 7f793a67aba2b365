// Canonical JSON: members sorted by name, no white space, so that equal values have equal bytes and one hash. It is given out in pieces:
// a list from a file stands in every policy that uses it, and all of it need not fit into one text.
import { createHash } from 'node:crypto'

export function canonicalJson(value: unknown): string {
  let out = ''
  writeCanonical(value, (piece) => (out += piece))
  return out
}

/** SHA-256 (hex) over the canonical JSON, which may be longer than a text can be. */
export function canonicalHash(value: unknown): string {
  const hash = createHash('sha256')
  writeCanonical(value, (piece) => hash.update(piece))
  return hash.digest('hex')
}

/** Pieces of about this many characters. */
const PIECE = 64 * 1024

/** Lists from this length on are put into words once, however often they stand in the value. */
const LONG_LIST = 1000

/** Gives out the canonical JSON piece by piece. */
export function writeCanonical(value: unknown, give: (piece: string) => void): void {
  const writer = new Writer(give)
  writer.write(value)
  writer.flush()
}

class Writer {
  readonly #give: (piece: string) => void
  readonly #longLists = new Map<readonly unknown[], string>()
  #pending = ''

  constructor(give: (piece: string) => void) {
    this.#give = give
  }

  write(value: unknown): void {
    if (typeof value !== 'object' || value === null) return this.#add(JSON.stringify(value))
    if (!Array.isArray(value)) return this.#writeObject(value as { readonly [name: string]: unknown })
    if (value.length >= LONG_LIST && value.every(isScalar)) return this.#add(this.#longList(value))
    this.#writeList(value)
  }

  flush(): void {
    if (this.#pending !== '') this.#give(this.#pending)
    this.#pending = ''
  }

  #add(text: string): void {
    this.#pending += text
    if (this.#pending.length >= PIECE) this.flush()
  }

  #writeList(items: readonly unknown[]): void {
    this.#add('[')
    items.forEach((item, i) => {
      if (i > 0) this.#add(',')
      this.write(item)
    })
    this.#add(']')
  }

  /** Most objects are JSON Logic, of one member; there is nothing to sort in them. */
  #writeObject(members: { readonly [name: string]: unknown }): void {
    const names = Object.keys(members).filter((name) => members[name] !== undefined)
    if (names.length > 1) names.sort()
    this.#add('{')
    names.forEach((name, i) => {
      this.#add(`${i > 0 ? ',' : ''}${JSON.stringify(name)}:`)
      this.write(members[name])
    })
    this.#add('}')
  }

  #longList(list: readonly unknown[]): string {
    let text = this.#longLists.get(list)
    if (text === undefined) this.#longLists.set(list, (text = JSON.stringify(list)))
    return text
  }
}

const isScalar = (value: unknown): boolean => value !== undefined && (typeof value !== 'object' || value === null)

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
