// The lazy deterministic automaton behind every scan: one table look-up per character and open candidate, rows filled in when a text
// first needs them. It is anchored: a candidate begins in a start state, and its state says all that can still become of it.
import { buildNfa, type Nfa, type Rule } from './nfa.ts'
import { OpenSets } from './open-sets.ts'
import type { DetectorSpec } from './port.ts'
import { groupUnits, type Symbols } from './symbols.ts'
import { Table } from './table.ts'

/** Table cells; 64 MB, of which the standard detectors need one. When they are used up, walkers move to an empty table. */
const MAX_CELLS = 16_000_000

export class Automaton {
  readonly detectors: readonly DetectorSpec[]
  readonly nfa: Nfa
  readonly symbols: Symbols
  /** Stands for the end of the text. */
  readonly endSymbol: number
  #table: Table
  #openSets: OpenSets
  #workOfFullTables = 0

  /** Throws for patterns outside the dialect, see `buildNfa`. `maxCells` bounds the memory of the table. */
  constructor(detectors: readonly DetectorSpec[], maxCells = MAX_CELLS) {
    this.detectors = detectors
    this.nfa = buildNfa(detectors)
    const hasTerms = detectors.some(({ terms }) => terms.length > 0)
    this.symbols = groupUnits(this.nfa.sets, hasTerms)
    this.endSymbol = this.symbols.count
    this.#table = new Table(this.nfa, this.symbols, maxCells)
    this.#openSets = new OpenSets(this.#table, this.symbols)
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

  /** The sets to walk with, of the rows of `table`; new ones once the last are full. */
  get openSets(): OpenSets {
    const { table } = this
    if (this.#openSets.table !== table || this.#openSets.isFull) this.#openSets = new OpenSets(table, this.symbols)
    return this.#openSets
  }

  /** Nodes in all rows ever built: a measure of work that does not depend on the clock. */
  get work(): number {
    return this.#workOfFullTables + this.#table.work
  }
}
