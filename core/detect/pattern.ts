// Reads a pattern of the dialect RE2 ∩ JavaScript into a tree for the automaton. The compiler has checked it before; what does not
// belong to the dialect is an error here too, because a bundle may come from elsewhere.

/** Ranges of UTF-16 units, ascending, both ends inclusive. */
export type Units = readonly (readonly [from: number, to: number])[]

export type PatternNode =
  | { readonly kind: 'units'; readonly units: Units }
  /** `group`: the number of the capture group that it is. */
  | { readonly kind: 'sequence'; readonly items: readonly PatternNode[]; readonly group?: number }
  | { readonly kind: 'either'; readonly options: readonly PatternNode[] }
  /** `most` null: unbounded. `isLazy`: as few as possible first, which only capture groups tell. */
  | { readonly kind: 'repeat'; readonly item: PatternNode; readonly least: number; readonly most: number | null; readonly isLazy?: true }
  | { readonly kind: 'assert'; readonly what: Assertion }

export type Assertion = 'start' | 'end' | 'boundary' | 'no boundary'

const LAST = 0xffff
const DIGIT: Units = [[48, 57]]
const WORD: Units = [
  [48, 57],
  [65, 90],
  [95, 95],
  [97, 122],
]
/** What RE2 and JavaScript agree on, and the blanks that normalising turns into a space. */
const SPACE: Units = [
  [9, 13],
  [32, 32],
  [160, 160],
  [0x2028, 0x2029],
]
const LINE_ENDS: Units = [
  [10, 10],
  [13, 13],
  [0x2028, 0x2029],
]
const MAX_REPEAT = 1000
const CONTROLS: { readonly [escape: string]: number } = { t: 9, n: 10, v: 11, f: 12, r: 13 }

/** Parses the source of a pattern, without slashes. Throws `SyntaxError` with the place when it leaves the dialect. */
export function parsePattern(source: string): PatternNode {
  const parser = new Parser(source)
  const node = parser.either()
  if (!parser.done) parser.fail('unbalanced `)`')
  return node
}

class Parser {
  readonly #source: string
  #at = 0
  #groups = 0

  constructor(source: string) {
    this.#source = source
  }

  get done(): boolean {
    return this.#at >= this.#source.length
  }

  fail(reason: string): never {
    throw new SyntaxError(`pattern /${this.#source}/ at ${this.#at}: ${reason}`)
  }

  either(): PatternNode {
    const options = [this.#sequence()]
    while (this.#take('|')) options.push(this.#sequence())
    return options.length === 1 ? options[0]! : { kind: 'either', options }
  }

  #sequence(): PatternNode {
    const items: PatternNode[] = []
    while (!this.done && !this.#sees('|') && !this.#sees(')')) items.push(this.#repeated())
    return items.length === 1 ? items[0]! : { kind: 'sequence', items }
  }

  #repeated(): PatternNode {
    const item = this.#atom()
    const bounds = this.#bounds()
    if (!bounds) return item
    const isLazy = this.#take('?')
    if (item.kind === 'assert') this.fail('an assertion can not be repeated')
    return isLazy ? { kind: 'repeat', item, ...bounds, isLazy } : { kind: 'repeat', item, ...bounds }
  }

  #bounds(): { least: number; most: number | null } | null {
    if (this.#take('*')) return { least: 0, most: null }
    if (this.#take('+')) return { least: 1, most: null }
    if (this.#take('?')) return { least: 0, most: 1 }
    const counted = /^\{(\d+)(,(\d*))?\}/.exec(this.#source.slice(this.#at, this.#at + 24))
    if (!counted) return null
    this.#at += counted[0].length
    const least = Number(counted[1])
    const most = counted[2] === undefined ? least : counted[3] === '' ? null : Number(counted[3])
    if (Math.max(least, most ?? 0) > MAX_REPEAT || (most !== null && most < least)) this.fail(`repeat ${counted[0]} out of bounds`)
    return { least, most }
  }

  #atom(): PatternNode {
    const unit = this.#next()
    switch (unit) {
      case '(':
        return this.#group()
      case '[':
        return { kind: 'units', units: this.#class() }
      case '.':
        return { kind: 'units', units: ANY }
      case '^':
        return { kind: 'assert', what: 'start' }
      case '$':
        return { kind: 'assert', what: 'end' }
      case '*':
      case '+':
      case '?':
        return this.fail('nothing to repeat')
      case '\\':
        if (this.#take('b')) return { kind: 'assert', what: 'boundary' }
        if (this.#take('B')) return { kind: 'assert', what: 'no boundary' }
        return { kind: 'units', units: this.#escape() }
      default:
        return { kind: 'units', units: single(unit.charCodeAt(0)) }
    }
  }

  #group(): PatternNode {
    const isPlain = this.#take('?')
    if (isPlain && !this.#take(':')) this.fail('only plain groups `( … )` and `(?: … )` are in the dialect')
    const group = isPlain ? 0 : ++this.#groups
    const node = this.either()
    if (!this.#take(')')) this.fail('`)` is missing')
    // A group of one assertion may be repeated, the bare assertion may not.
    return group === 0 ? { kind: 'sequence', items: [node] } : { kind: 'sequence', items: [node], group }
  }

  #class(): Units {
    const isNegated = this.#take('^')
    const ranges: (readonly [number, number])[] = []
    while (!this.#take(']')) {
      if (this.done) this.fail('`]` is missing')
      const from = this.#classAtom()
      const isRange = this.#sees('-') && this.#source[this.#at + 1] !== ']' && this.#at + 1 < this.#source.length
      if (!isRange || !isSingle(from)) {
        ranges.push(...from)
        continue
      }
      this.#at++
      const to = this.#classAtom()
      if (!isSingle(to) || to[0]![0] < from[0]![0]) this.fail('a range ends before it begins')
      ranges.push([from[0]![0], to[0]![0]])
    }
    const units = unite(ranges)
    return isNegated ? complement(units) : units
  }

  #classAtom(): Units {
    const unit = this.#next()
    if (unit !== '\\') return single(unit.charCodeAt(0))
    return this.#take('b') ? single(8) : this.#escape()
  }

  #escape(): Units {
    const unit = this.#next()
    const letter = unit.toLowerCase()
    const known = letter === 'd' ? DIGIT : letter === 'w' ? WORD : letter === 's' ? SPACE : null
    if (known) return unit === letter ? known : complement(known)
    if (CONTROLS[unit] !== undefined) return single(CONTROLS[unit])
    if (unit === 'x') return this.#hex()
    if (/[0-9A-Za-z]/.test(unit)) this.fail(`\`\\${unit}\` is not in the dialect`)
    return single(unit.charCodeAt(0))
  }

  #hex(): Units {
    const digits = this.#source.slice(this.#at, this.#at + 2)
    if (!/^[0-9A-Fa-f]{2}$/.test(digits)) this.fail('`\\x` needs two hex digits')
    this.#at += 2
    return single(Number.parseInt(digits, 16))
  }

  #next(): string {
    if (this.done) this.fail('the pattern ends too early')
    return this.#source[this.#at++]!
  }

  #sees(unit: string): boolean {
    return this.#source[this.#at] === unit
  }

  #take(unit: string): boolean {
    if (!this.#sees(unit)) return false
    this.#at++
    return true
  }
}

export function single(unit: number): Units {
  return [[unit, unit]]
}

function isSingle(units: Units): boolean {
  return units.length === 1 && units[0]![0] === units[0]![1]
}

/** What the dot takes. */
export const ANY = complement(LINE_ENDS)

/** Sorts and merges ranges. */
export function unite(ranges: Units): Units {
  const merged: [number, number][] = []
  for (const [from, to] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1)
    if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to)
    else merged.push([from, to])
  }
  return merged
}

function complement(units: Units): Units {
  const rest: [number, number][] = []
  let from = 0
  for (const [start, end] of units) {
    if (start > from) rest.push([from, start - 1])
    from = end + 1
  }
  if (from <= LAST) rest.push([from, LAST])
  return rest
}
