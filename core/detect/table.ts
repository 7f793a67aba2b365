// The lazy table of the automaton: one row for each state a candidate may be in, filled in when a text first needs it.
import type { Nfa, NfaNode } from './nfa.ts'
import { LETTER, MARK, NARROW, PERHAPS_WORD, WORD, type Symbols } from './symbols.ts'

/** No match can come of the candidate any more. */
export const DEAD = 0
/** In place of a cell that nobody has asked for. */
export const UNKNOWN = -1
const FIRST_ROWS = 64
/** In a cell: the set of rules that match before its symbol, 0 for none. */
export const HAS_MATCHES = 0xfff
const MATCH_SETS = HAS_MATCHES + 1
/** In a cell: its row can be reached from another one as well, so two candidates may become one there. */
export const MAY_JOIN = 0x1000
/** Above them the target row, for which 64 MB of cells leave bits enough. */
export const ROW_SHIFT = 13
/** In place of a row that leads to another one. */
const NOWHERE = -1
const SEVERAL_ROWS = -2
const SPARE_SETS = 256
const NO_RULES: readonly number[] = []
/** What stands before a start state's first character, besides the traits of `symbols.ts`. */
export const TEXT_START = 8
/** What can still become of a candidate: nodes of the automaton of patterns, before assertions are looked at. */
export interface State {
  readonly kernel: readonly number[]
  /** Traits of the character before, or TEXT_START. */
  readonly before: number
}

/** What is known so far. It only grows, so every walk may keep the one it began with. Rows are numbered from 0, which is DEAD. */
export class Table {
  /**
   * By `row * NARROW + symbol`, of the common symbols: `target row << ROW_SHIFT | MAY_JOIN | set of rules`; negative: not known yet.
   * Replaced when it grows.
   */
  cells: Int32Array
  /** The same for the start states, by `what stands before * symbols + symbol`, of all symbols. What stands before: traits, or TEXT_START. */
  readonly startCells: Int32Array
  /** By row: the row that leads to it; start states count as one. */
  #sources: Int32Array
  /** By row, for walkers that must meet each row once: the mark of the last that came by. Replaced when it grows. */
  marks: Int32Array
  /** Nodes in all rows. */
  work = 0
  isFull = false
  readonly #nfa: Nfa
  readonly #symbols: Symbols
  readonly #maxCells: number
  readonly #states: State[] = []
  /** By hash the last row that has it, and by row the one before. */
  readonly #rowByHash = new Map<number, number>()
  readonly #sameHash: number[] = []
  /** By row: cells of the symbols that are rare. */
  readonly #rareCells: (Int32Array | undefined)[] = []
  #rareCount = 0
  readonly #startRows: readonly number[]
  readonly #matchSets: (readonly number[])[] = [NO_RULES]
  readonly #matchSetByKey = new Map<string, number>()
  readonly #seen: Int32Array
  readonly #closures = new Map<readonly number[], Map<number, Closure>>()
  #turn = 0

  constructor(nfa: Nfa, symbols: Symbols, maxCells: number) {
    this.#nfa = nfa
    this.#symbols = symbols
    this.#maxCells = Math.max(maxCells, NARROW * FIRST_ROWS)
    this.cells = new Int32Array(NARROW * FIRST_ROWS).fill(UNKNOWN)
    this.marks = new Int32Array(FIRST_ROWS)
    this.#sources = new Int32Array(FIRST_ROWS).fill(NOWHERE)
    this.startCells = new Int32Array((TEXT_START + 1) * (symbols.count + 1)).fill(UNKNOWN)
    this.#seen = new Int32Array(nfa.nodes.length)
    this.rowOf({ kernel: [], before: 0 })
    this.#startRows = Array.from({ length: TEXT_START + 1 }, (_, before) => this.rowOf({ kernel: [nfa.start], before }))
  }

  renewed(): Table {
    return new Table(this.#nfa, this.#symbols, this.#maxCells)
  }

  /** Rows built, the fixed ones included. */
  get size(): number {
    return this.#states.length
  }

  stateOf(row: number): State {
    return this.#states[row]!
  }

  /** A mark that no row carries. */
  freshMark(): number {
    return (this.#turn = (this.#turn + 1) & 0x3fffffff)
  }

  /** The cell of a row, filled if need be. */
  cellOf(row: number, symbol: number): number {
    const known = symbol < NARROW ? this.cells[row * NARROW + symbol]! : (this.#rareCells[row]?.[symbol - NARROW] ?? UNKNOWN)
    return known < 0 ? this.explore(row, symbol) : known
  }

  /** The cell of the start state behind `before`, filled if need be. */
  startCellOf(before: number, symbol: number): number {
    const at = before * (this.#symbols.count + 1) + symbol
    const known = this.startCells[at]!
    return known < 0 ? (this.startCells[at] = this.#cellFor(this.#startRows[before]!, symbol, DEAD)) : known
  }

  /** Fills a cell and returns it. Existing rows stay valid. */
  explore(row: number, symbol: number): number {
    const cell = this.#cellFor(row, symbol, row)
    if (symbol < NARROW) return (this.cells[row * NARROW + symbol] = cell)
    let rare = this.#rareCells[row]
    if (!rare) {
      this.#rareCells[row] = rare = new Int32Array(this.#symbols.count + 1 - NARROW).fill(UNKNOWN)
      this.#rareCount += rare.length
      this.#measure()
    }
    return (rare[symbol - NARROW] = cell)
  }

  #cellFor(row: number, symbol: number, source: number): number {
    const matched: number[] = []
    const target = this.#targetOf(row, symbol, matched)
    const mayJoin = target === DEAD ? 0 : this.#cameFrom(target, source)
    return (target << ROW_SHIFT) | mayJoin | (matched.length === 0 ? 0 : this.#matchSetOf(matched))
  }

  #targetOf(row: number, symbol: number, matched: number[]): number {
    const { kernel, before } = this.stateOf(row)
    const traits = symbol === this.#symbols.count ? 0 : this.#symbols.traits[symbol]!
    if ((traits & MARK) !== 0) return this.#targetOfMark(row, symbol)
    const next = this.#follow(kernel, before, traits, symbol, matched)
    return next.length === 0 ? DEAD : this.rowOf({ kernel: next, before: traits })
  }

  /** A mark belongs to the letter before it: a candidate takes it if it can, and goes on as if there were none. */
  #targetOfMark(row: number, symbol: number): number {
    if (row === DEAD) return DEAD
    const { kernel, before } = this.stateOf(row)
    const taken = this.#follow(kernel, before, before, symbol, [])
    return this.rowOf({ kernel: [...new Set([...kernel, ...taken])].sort(ascending), before })
  }

  /** With the second row that leads to a target the cells of the first learn of it. */
  #cameFrom(target: number, source: number): number {
    const first = this.#sources[target]!
    if (first === source) return 0
    this.#sources[target] = first === NOWHERE ? source : SEVERAL_ROWS
    if (first === NOWHERE) return 0
    if (first === DEAD) tellOfJoins(this.startCells, 0, this.startCells.length, target)
    else if (first !== SEVERAL_ROWS) {
      tellOfJoins(this.cells, first * NARROW, (first + 1) * NARROW, target)
      const rare = this.#rareCells[first]
      if (rare) tellOfJoins(rare, 0, rare.length, target)
    }
    return MAY_JOIN
  }

  #matchSetOf(matched: number[]): number {
    const key = matched.sort(ascending).join()
    let set = this.#matchSetByKey.get(key)
    if (set === undefined) this.#matchSetByKey.set(key, (set = this.#matchSets.push(matched) - 1))
    // Cells have no room for many more; walkers go on with an empty table behind the current step, which adds a set per open candidate at most.
    if (set >= MATCH_SETS - SPARE_SETS) this.isFull = true
    if (set >= MATCH_SETS) throw new RangeError('too many sets of rules that match at one place')
    return set
  }

  /** Rules that match up to the character before the symbol of `cell`. */
  matchesAt(cell: number): readonly number[] {
    return this.#matchSets[cell & HAS_MATCHES]!
  }

  rowOf(state: State): number {
    const hash = hashOf(state)
    const last = this.#rowByHash.get(hash) ?? -1
    for (let row = last; row >= 0; row = this.#sameHash[row]!) if (isSame(this.#states[row]!, state)) return row
    const row = this.#states.push(state) - 1
    this.#sameHash.push(last)
    this.#rowByHash.set(hash, row)
    if (row === this.marks.length) this.#grow()
    this.work += state.kernel.length
    this.#measure()
    return row
  }

  #measure(): void {
    if (this.#states.length * NARROW + this.#rareCount > this.#maxCells) this.isFull = true
  }

  #grow(): void {
    const cells = new Int32Array(this.cells.length * 2).fill(UNKNOWN, this.cells.length)
    cells.set(this.cells)
    this.cells = cells
    const marks = new Int32Array(this.marks.length * 2)
    marks.set(this.marks)
    this.marks = marks
    const sources = new Int32Array(marks.length).fill(NOWHERE, this.#sources.length)
    sources.set(this.#sources)
    this.#sources = sources
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
    return next.length < 2 ? next : next.sort(ascending)
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

function tellOfJoins(cells: Int32Array, from: number, to: number, target: number): void {
  for (let i = from; i < to; i++) if (cells[i]! >= 0 && cells[i]! >> ROW_SHIFT === target) cells[i]! |= MAY_JOIN
}

const ascending = (a: number, b: number): number => a - b

function hashOf({ kernel, before }: State): number {
  let hash = before
  for (let i = 0; i < kernel.length; i++) hash = (Math.imul(hash, 0x01000193) ^ kernel[i]!) & 0x3fffffff
  return hash
}

function isSame(a: State, b: State): boolean {
  if (a.before !== b.before || a.kernel.length !== b.kernel.length) return false
  for (let i = 0; i < a.kernel.length; i++) if (a.kernel[i] !== b.kernel[i]) return false
  return true
}

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
