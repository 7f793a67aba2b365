// The place of a capture group in a match that is already known, of plain ASCII: the paths through the pattern in the order of RE2 and Perl,
// none of them twice, so that it is linear. A tenth of the time of an engine for all that patterns may be; what it does not know, that does.
import { ANY, parsePattern, type Assertion, type PatternNode, type Units } from './pattern.ts'

const UNITS = 0
const SPLIT = 1
const SAVE = 2
const ASSERT = 3
const MATCH = 4

const ASCII = 128
const CARRIAGE_RETURN = 13
/** RE2 does not take it for a blank. */
export const VERTICAL_TAB = '\v'
const MAX_NODES = 20_000
/** Bits for the places that have been visited; 256 KB. */
const MAX_VISITS = 1 << 21
const ASSERTIONS: readonly Assertion[] = ['start', 'end', 'boundary', 'no boundary']

/** Offsets; `start` is -1 where the group took no part. */
export interface GroupPlace {
  readonly start: number
  readonly end: number
}

export class GroupFinder {
  /** By node: what it is, where it leads, and a set, the second way, a slot or an assertion. */
  readonly #kinds: Uint8Array
  readonly #nexts: Int32Array
  readonly #others: Int32Array
  /** `set * ASCII + unit`: 1 where the set contains it. */
  readonly #inSet: Uint8Array
  readonly #first: number
  readonly #slots = new Int32Array(2)

  private constructor({ kinds, nexts, others, sets }: Program, first: number) {
    this.#kinds = Uint8Array.from(kinds)
    this.#nexts = Int32Array.from(nexts)
    this.#others = Int32Array.from(others)
    this.#inSet = new Uint8Array(sets.length * ASCII)
    sets.forEach((units, set) => this.#fill(units, set * ASCII))
    this.#first = first
  }

  /** Null for a pattern that is too large, or repeats without bound what may be empty. */
  static of(source: string, group: number): GroupFinder | null {
    const program = new Program(group)
    const first = program.compile(parsePattern(source), program.add(MATCH, 0, 0))
    return program.isSound ? new GroupFinder(program, first) : null
  }

  #fill(units: Units, at: number): void {
    for (const [from, to] of units) this.#inSet.fill(1, at + Math.min(from, ASCII), at + Math.min(to + 1, ASCII))
    // RE2's dot passes over it.
    if (units === ANY) this.#inSet[at + CARRIAGE_RETURN] = 1
  }

  /** Of the first match in `text`, which is ASCII, from `from` on; null if there is none, undefined where the text is too long. */
  find(text: string, from: number): GroupPlace | null | undefined {
    const stride = text.length + 1
    if (this.#kinds.length * stride > MAX_VISITS) return undefined
    visited.fill(0, 0, ((this.#kinds.length * stride) >> 5) + 1)
    for (let at = from; at <= text.length; at++)
      if (this.#matches(text, at, stride)) return { start: this.#slots[0]!, end: this.#slots[1]! }
    return null
  }

  #matches(text: string, start: number, stride: number): boolean {
    const kinds = this.#kinds
    const nexts = this.#nexts
    const others = this.#others
    const slots = this.#slots.fill(-1)
    let waiting = 0
    let node = this.#first
    let at = start
    for (;;) {
      const visit = node * stride + at
      let goesOn = (visited[visit >> 5]! & (1 << (visit & 31))) === 0
      if (goesOn) {
        visited[visit >> 5]! |= 1 << (visit & 31)
        const other = others[node]!
        switch (kinds[node]) {
          case UNITS:
            goesOn = at < text.length && this.#inSet[other * ASCII + text.charCodeAt(at)] === 1
            at++
            break
          case SPLIT:
            stack[waiting++] = other
            stack[waiting++] = at
            break
          case SAVE:
            stack[waiting++] = ~other
            stack[waiting++] = slots[other]!
            slots[other] = at
            break
          case ASSERT:
            goesOn = holds(other, text, at)
            break
          default:
            return true
        }
        node = nexts[node]!
      }
      while (!goesOn) {
        if (waiting === 0) return false
        at = stack[--waiting]!
        node = stack[--waiting]!
        goesOn = node >= 0
        if (!goesOn) slots[~node] = at
      }
    }
  }
}

const visited = new Int32Array((MAX_VISITS >> 5) + 1)
/** Pairs of a node and a place to go on at, or of the complement of a slot and what it held before. */
const stack: number[] = []

function holds(what: number, text: string, at: number): boolean {
  if (ASSERTIONS[what] === 'start') return at === 0
  if (ASSERTIONS[what] === 'end') return at === text.length
  const isBoundary = isWord(text, at - 1) !== isWord(text, at)
  return isBoundary === (ASSERTIONS[what] === 'boundary')
}

function isWord(text: string, at: number): boolean {
  const unit = at < 0 || at >= text.length ? 0 : text.charCodeAt(at)
  return (unit >= 97 && unit <= 122) || (unit >= 48 && unit <= 57) || (unit >= 65 && unit <= 90) || unit === 95
}

/** Nodes are written from the end to the start. */
class Program {
  readonly kinds: number[] = []
  readonly nexts: number[] = []
  readonly others: number[] = []
  readonly sets: Units[] = []
  isSound = true
  readonly #group: number

  constructor(group: number) {
    this.#group = group
  }

  add(kind: number, next: number, other: number): number {
    this.nexts.push(next)
    this.others.push(other)
    return this.kinds.push(kind) - 1
  }

  compile(node: PatternNode, next: number): number {
    if (this.kinds.length > MAX_NODES) this.isSound = false
    if (!this.isSound) return next
    switch (node.kind) {
      case 'units':
        return this.add(UNITS, next, this.#setOf(node.units))
      case 'sequence':
        return this.#sequence(node, next)
      case 'either':
        return node.options.map((option) => this.compile(option, next)).reduceRight((rest, option) => this.add(SPLIT, option, rest))
      case 'assert':
        return this.add(ASSERT, next, ASSERTIONS.indexOf(node.what))
      case 'repeat':
        return this.#repeat(node, next)
    }
  }

  #sequence({ items, group }: Extract<PatternNode, { kind: 'sequence' }>, next: number): number {
    const isWanted = group === this.#group
    const end = isWanted ? this.add(SAVE, next, 1) : next
    const first = items.reduceRight((after, item) => this.compile(item, after), end)
    return isWanted ? this.add(SAVE, first, 0) : first
  }

  #repeat({ item, least, most, isLazy }: Extract<PatternNode, { kind: 'repeat' }>, next: number): number {
    let entry = next
    const split = (more: number): number => (isLazy ? this.add(SPLIT, next, more) : this.add(SPLIT, more, next))
    if (most === null) {
      if (mayBeEmpty(item)) this.isSound = false
      entry = split(next)
      const more = this.compile(item, entry)
      if (isLazy) this.others[entry] = more
      else this.nexts[entry] = more
    } else for (let i = least; i < most; i++) entry = split(this.compile(item, entry))
    for (let i = 0; i < least; i++) entry = this.compile(item, entry)
    return entry
  }

  #setOf(units: Units): number {
    const known = this.sets.indexOf(units)
    return known < 0 ? this.sets.push(units) - 1 : known
  }
}

function mayBeEmpty(node: PatternNode): boolean {
  switch (node.kind) {
    case 'units':
      return false
    case 'sequence':
      return node.items.every(mayBeEmpty)
    case 'either':
      return node.options.some(mayBeEmpty)
    case 'assert':
      return true
    case 'repeat':
      return node.least === 0 || mayBeEmpty(node.item)
  }
}
