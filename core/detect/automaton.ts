// The lazy deterministic automaton behind every scan: one table look-up per character and open candidate, rows filled in when a text
// first needs them. It is anchored: a candidate begins in a start state, and its state says all that can still become of it.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { buildNfa, nfaInSteps, type Nfa, type Rule } from './nfa.ts'
import { OpenSets } from './open-sets.ts'
import type { DetectorSpec } from './port.ts'
import { groupUnits, symbolsInSteps, type Symbols } from './symbols.ts'
import { Table } from './table.ts'

/** Table cells; 64 MB, of which the standard detectors need one. When they are used up, walkers move to an empty table. */
const MAX_CELLS = 16_000_000

/** By what they are made of. They live as long as somebody uses them: a reload that changes no detector prepares none, and knows what it knew. */
const known = new Map<string, WeakRef<Automaton>>()

/** The automaton of these detectors, which all who look for the same share. Throws as `Automaton` does. */
export function automatonOf(detectors: readonly DetectorSpec[]): Automaton {
  const key = keyOf(detectors)
  return known.get(key)?.deref() ?? remember(key, new Automaton(detectors))
}

/** The last that were prepared, until those who need them have them. */
const prepared: Automaton[] = []

/** Makes the automata of these lists of detectors, with pauses for the event loop; `automatonOf` knows them then. Throws as `Automaton` does. */
export async function prepareAutomata(lists: readonly (readonly DetectorSpec[])[]): Promise<readonly Automaton[]> {
  const made: Automaton[] = []
  for (const detectors of lists) if (detectors.length > 0) made.push(await madeInSteps(detectors))
  prepared.splice(0, prepared.length, ...made)
  return made
}

async function madeInSteps(detectors: readonly DetectorSpec[]): Promise<Automaton> {
  const key = keyOf(detectors)
  const same = known.get(key)?.deref()
  if (same) return same
  const made = await inSlices(partsOf(detectors))
  return known.get(key)?.deref() ?? remember(key, made)
}

function* partsOf(detectors: readonly DetectorSpec[]): Generator<void, Automaton> {
  const nfa = yield* nfaInSteps(detectors)
  const symbols = yield* symbolsInSteps(nfa.sets, hasTerms(detectors))
  return new Automaton(detectors, MAX_CELLS, nfa, symbols)
}

const hasTerms = (detectors: readonly DetectorSpec[]): boolean => detectors.some(({ terms }) => terms.length > 0)

const SLICE_MS = 4

/** Takes all steps, and lets the event loop have its turn now and then. */
export async function inSlices<T>(steps: Generator<void, T>): Promise<T> {
  for (let begun = performance.now(); ;) {
    const step = steps.next()
    if (step.done) return step.value
    if (performance.now() - begun < SLICE_MS) continue
    await nextTurn()
    begun = performance.now()
  }
}

function keyOf(detectors: readonly DetectorSpec[]): string {
  return JSON.stringify(
    detectors.map(({ normalize, patterns, terms, checks, near, entropy, group }) => [
      normalize,
      patterns,
      terms,
      checks.length,
      near.length,
      entropy,
      group,
    ]),
  )
}

function remember(key: string, made: Automaton): Automaton {
  for (const [old, one] of known) if (one.deref() === undefined) known.delete(old)
  known.set(key, new WeakRef(made))
  return made
}

export class Automaton {
  readonly detectors: readonly DetectorSpec[]
  /** Whether encoded runs are looked for: text in marks is no writing. */
  readonly decodes: boolean
  readonly nfa: Nfa
  readonly symbols: Symbols
  /** Stands for the end of the text. */
  readonly endSymbol: number
  #table: Table
  #openSets: OpenSets
  #workOfFullTables = 0

  /** Throws for patterns outside the dialect, see `buildNfa`. `maxCells` bounds the memory of the table. */
  constructor(
    detectors: readonly DetectorSpec[],
    maxCells = MAX_CELLS,
    nfa = buildNfa(detectors),
    symbols = groupUnits(nfa.sets, hasTerms(detectors)),
  ) {
    this.detectors = detectors
    this.decodes = detectors.every(({ normalize }) => normalize === undefined)
    this.nfa = nfa
    this.symbols = symbols
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
