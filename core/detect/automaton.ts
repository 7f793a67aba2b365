// The lazy deterministic automaton behind every scan: one table look-up per character and open candidate, rows filled in when a text
// first needs them. It is anchored: a candidate begins in a start state, and its state says all that can still become of it.
import { buildNfa, type Nfa, type NfaNode, type Rule } from './nfa.ts'
import { groupUnits, LETTER, MARK, PERHAPS_WORD, WORD, type Symbols } from './symbols.ts'
import type { DetectorSpec } from './port.ts'

/** No match can come of the candidate any more. */
export const DEAD = 0
const UNKNOWN = -1
/** What stands before a start state's first character, besides the traits of `symbols.ts`. */
export const TEXT_START = 8
/** Table cells; 64 MB, of which the standard detectors need one. When they are used up, walkers move to an empty table. */
const MAX_CELLS = 16_000_000

/** What can still become of a candidate: nodes of the automaton of patterns, before assertions are looked at. */
export interface State {
  readonly kernel: readonly number[]
  /** Traits of the character before, or TEXT_START. */
  readonly before: number
}

export class Automaton {
  readonly detectors: readonly DetectorSpec[]
  readonly nfa: Nfa
  readonly symbols: Symbols
  /** Stands for the end of the text. */
  readonly endSymbol: number
  #table: Table
  #workOfFullTables = 0

  /** Throws for patterns outside the dialect, see `buildNfa`. `maxCells` bounds the memory of the table. */
  constructor(detectors: readonly DetectorSpec[], maxCells = MAX_CELLS) {
    this.detectors = detectors
    this.nfa = buildNfa(detectors)
    const hasTerms = detectors.some(({ terms }) => terms.length > 0)
    this.symbols = groupUnits(this.nfa.sets, hasTerms)
    this.endSymbol = this.symbols.count
    this.#table = new Table(this.nfa, this.symbols, maxCells)
  }

  get rules(): readonly Rule[] {
    return this.nfa.rules
  }

  /** The table to walk with; a new one once the last is full. */
  get table(): Table {
    if (this.#table.isFull) {
      this.#workOfFullTables += this.#table.work
      this.#table = this.#table.renewed()
    }
    return this.#table
  }

  /** Nodes in all rows ever built: a measure of work that does not depend on the clock. */
  get work(): number {
    return this.#workOfFullTables + this.#table.work
  }
}

/** What is known so far. It only grows, so every walk may keep the one it began with. */
export class Table {
  /** By row + symbol: `target row << 1 | whether rules match before this symbol`; negative: not known yet. Replaced when it grows. */
  cells: Int32Array
  /** Rows of the start states, by what stands before: traits, or TEXT_START. */
  readonly startRows: readonly number[]
  /** Nodes in all rows. */
  work = 0
  readonly #nfa: Nfa
  readonly #symbols: Symbols
  readonly #maxCells: number
  /** Symbols, the end of the text, and the mark of the row. */
  readonly #width: number
  readonly #states: State[] = []
  readonly #rowByKey = new Map<string, number>()
  readonly #matches = new Map<number, readonly number[]>()
  readonly #seen: Int32Array
  readonly #closures = new Map<readonly number[], Map<number, Closure>>()
  #turn = 0

  constructor(nfa: Nfa, symbols: Symbols, maxCells: number) {
    this.#nfa = nfa
    this.#symbols = symbols
    this.#width = symbols.count + 2
    this.#maxCells = Math.max(maxCells, this.#width * 64)
    this.cells = new Int32Array(this.#width * 64).fill(UNKNOWN)
    this.#seen = new Int32Array(nfa.nodes.length)
    this.rowOf({ kernel: [], before: 0 })
    this.startRows = Array.from({ length: TEXT_START + 1 }, (_, before) => this.rowOf({ kernel: [nfa.start], before }))
  }

  renewed(): Table {
    return new Table(this.#nfa, this.#symbols, this.#maxCells)
  }

  /** Rows built, the fixed ones included. */
  get size(): number {
    return this.#states.length
  }

  get isFull(): boolean {
    return this.#states.length * this.#width > this.#maxCells
  }

  stateOf(row: number): State {
    return this.#states[row / this.#width]!
  }

  /** The offset of a row's mark in `cells`, for walkers that must meet each row once. */
  get markOffset(): number {
    return this.#width - 1
  }

  /** A mark that no row carries. */
  freshMark(): number {
    return (this.#turn = (this.#turn + 1) & 0x3fffffff)
  }

  /** Fills a cell and returns it. Existing rows stay valid. */
  explore(row: number, symbol: number): number {
    const { kernel, before } = this.stateOf(row)
    const traits = symbol === this.#symbols.count ? 0 : this.#symbols.traits[symbol]!
    if ((traits & MARK) !== 0) return this.#exploreMark(row, symbol)
    const matched: number[] = []
    const next = this.#follow(kernel, before, traits, symbol, matched)
    const target = next.length === 0 ? DEAD : this.rowOf({ kernel: next, before: traits })
    const value = (target << 1) | (matched.length > 0 ? 1 : 0)
    this.cells[row + symbol] = value
    if (matched.length > 0)
      this.#matches.set(
        row + symbol,
        matched.sort((a, b) => a - b),
      )
    return value
  }

  /** A mark belongs to the letter before it: a candidate takes it if it can, and goes on as if there were none. */
  #exploreMark(row: number, symbol: number): number {
    const { kernel, before } = this.stateOf(row)
    const taken = this.#follow(kernel, before, before, symbol, [])
    const target = row === DEAD ? DEAD : this.rowOf({ kernel: [...new Set([...kernel, ...taken])].sort((a, b) => a - b), before })
    return (this.cells[row + symbol] = target << 1)
  }

  /** Rules that match up to the character before `symbol`. */
  matchesAt(row: number, symbol: number): readonly number[] {
    return this.#matches.get(row + symbol) ?? []
  }

  rowOf(state: State): number {
    const key = `${state.before}:${state.kernel.join()}`
    const known = this.#rowByKey.get(key)
    if (known !== undefined) return known
    const row = (this.#states.push(state) - 1) * this.#width
    if (row + this.#width > this.cells.length) {
      const larger = new Int32Array(this.cells.length * 2).fill(UNKNOWN)
      larger.set(this.cells)
      this.cells = larger
    }
    this.#rowByKey.set(key, row)
    this.work += state.kernel.length
    return row
  }

  /** Where the kernel leads over `symbol`. */
  #follow(kernel: readonly number[], before: number, traits: number, symbol: number, matched: number[]): number[] {
    const { count, inSet } = this.#symbols
    const { steps, matches } = this.#closureOf(kernel, before, traits, symbol === count)
    for (const rule of matches) matched.push(rule)
    if (symbol === count) return []
    const turn = this.freshMark()
    const next: number[] = []
    for (let i = 0; i < steps.length; i += 2) {
      const to = steps[i + 1]!
      if (inSet[steps[i]! * count + symbol] !== 1 || this.#seen[to] === turn) continue
      this.#seen[to] = turn
      next.push(to)
    }
    return next.sort((a, b) => a - b)
  }

  /** What a kernel comes to when assertions have looked at the character before and at the traits of the one behind. Kept for the last few kernels. */
  #closureOf(kernel: readonly number[], before: number, traits: number, isEnd: boolean): Closure {
    let closures = this.#closures.get(kernel)
    if (!closures) {
      if (this.#closures.size >= KEPT_CLOSURES) this.#closures.clear()
      this.#closures.set(kernel, (closures = new Map()))
    }
    const key = (before << 8) | (traits << 1) | (isEnd ? 1 : 0)
    let closure = closures.get(key)
    if (!closure) closures.set(key, (closure = this.#close(kernel, before, traits, isEnd)))
    return closure
  }

  #close(kernel: readonly number[], before: number, traits: number, isEnd: boolean): Closure {
    const turn = this.freshMark()
    const { nodes } = this.#nfa
    const steps: number[] = []
    const matches: number[] = []
    const stack = [...kernel]
    for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
      if (this.#seen[id] === turn) continue
      this.#seen[id] = turn
      const node = nodes[id]!
      if (node.kind === 'units') steps.push(node.units, node.next)
      else if (node.kind === 'split') for (const next of node.next) stack.push(next)
      else if (node.kind === 'match') matches.push(node.rule)
      else if (holds(node, before, traits, isEnd)) stack.push(node.next)
    }
    return { steps: Int32Array.from(steps), matches }
  }
}

interface Closure {
  /** Pairs of a set of characters and the node behind it. */
  readonly steps: Int32Array
  readonly matches: readonly number[]
}

const KEPT_CLOSURES = 512

function holds({ what }: Extract<NfaNode, { kind: 'assert' }>, before: number, after: number, isEnd: boolean): boolean {
  switch (what) {
    case 'start':
      return before === TEXT_START
    case 'end':
      return isEnd
    case 'boundary':
      return differInWord(before, after) || isPerhaps(before, after)
    case 'no boundary':
      return !differInWord(before, after) || isPerhaps(before, after)
    case 'letters end':
      return (before & LETTER) === 0 || (after & LETTER) === 0
  }
}

const differInWord = (before: number, after: number): boolean => ((before ^ after) & WORD) !== 0

/** Beside a look-alike there is a boundary in one reading and none in the other. */
const isPerhaps = (before: number, after: number): boolean => ((before | after) & PERHAPS_WORD) !== 0
