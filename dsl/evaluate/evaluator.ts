// Evaluates the policies of one phase with what is known. The first wave looks at what an index and partial evaluation leave over, each
// further one only at what was open. It owns the lists it works on, so a request allocates little more than its results.
import { GuardIndex } from './guard-index.ts'
import { guardsOf, mentionsIn, type Guard } from './guards.ts'
import { IntsCache } from './ints-cache.ts'
import { Residuals, type Residual, type StableSlot } from './residuals.ts'
import { FAILED, type Evaluation, type SlotValue } from './program.ts'
import type { Closure } from './closure.ts'
import type { JsonLogic } from '../compile/bundle.ts'

/** A policy as its evaluation sees it. */
export interface Evaluated {
  readonly condition: JsonLogic
  readonly when: Closure
  readonly conditionSlots: readonly number[]
  /** Slots of the attributes in its effects: without their values it cannot act. */
  readonly effectSlots: readonly number[]
}

export interface SlotKinds {
  readonly count: number
  readonly slotOf: (path: string) => number
  /** Does the value seldom change from request to request? */
  readonly isStable: (slot: number) => boolean
}

const NOTHING: readonly number[] = Object.freeze([])
const keep = (slots: readonly number[]): readonly number[] => Object.freeze(slots)

export class Evaluator {
  readonly #entries: readonly Evaluated[]
  /** Guards on slots that seldom change are part of partial evaluation. */
  readonly #residuals: Residuals
  /** Guards on all others. */
  readonly #changing: readonly GuardIndex[]
  /** Sets of needed slots, each kept once, so that whoever plans by them can do so by identity. */
  readonly #needs = new IntsCache<readonly number[]>()
  /** By policy and by slot: the evaluation that saw it last. */
  readonly #looked: Uint32Array
  readonly #needed: Uint32Array
  #run = 0
  #values: readonly SlotValue[] = []
  #fired: number[] = []
  #open: number[] = []
  #wanted: number[] = []

  constructor(entries: readonly Evaluated[], kinds: SlotKinds) {
    this.#entries = entries
    this.#looked = new Uint32Array(entries.length)
    this.#needed = new Uint32Array(kinds.count)
    const guards = chooseGuards(entries, kinds)
    const isChanging = (_: unknown, index: number): boolean => guards[index] !== null && !kinds.isStable(kinds.slotOf(guards[index]!.path))
    this.#changing = indexBy(guards, entries.map(isChanging), kinds)
    this.#residuals = residualsOf(entries, guards, isChanging, kinds)
  }

  /** `previous` was evaluated with less known and nothing different: what was decided then stays so. */
  evaluate(values: readonly SlotValue[], previous: Evaluation | null): Evaluation {
    this.#begin(values)
    if (previous === null) this.#lookAll()
    else this.#lookAgain(previous)
    return this.#end()
  }

  #lookAll(): void {
    const residual = this.#residuals.of(this.#values)
    for (let i = 0; i < residual.length; i++) this.#look(residual[i]!)
    for (const index of this.#changing) index.visit(this.#values[index.slot], this.#lookOnce)
  }

  #lookAgain({ fired, open }: Evaluation): void {
    for (const index of fired) this.#fire(index, this.#entries[index]!.effectSlots)
    for (const index of open) this.#look(index)
  }

  readonly #lookOnce = (index: number): void => {
    if (this.#looked[index] === this.#run) return
    this.#looked[index] = this.#run
    this.#look(index)
  }

  #look(index: number): void {
    const entry = this.#entries[index]!
    const result = entry.when(this.#values, null)
    if (result === false) return
    if (result === true) return this.#fire(index, entry.effectSlots)
    this.#open.push(index)
    this.#want(entry.conditionSlots)
  }

  /** An effect whose attribute failed is as unknown as its condition: a limit without its amount would limit nothing. */
  #fire(index: number, effectSlots: readonly number[]): void {
    let isKnown = true
    for (let i = 0; i < effectSlots.length; i++) if (this.#values[effectSlots[i]!] === FAILED) isKnown = false
    ;(isKnown ? this.#fired : this.#open).push(index)
    this.#want(effectSlots)
  }

  #want(slots: readonly number[]): void {
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i]!
      if (this.#values[slot] !== undefined || this.#needed[slot] === this.#run) continue
      this.#needed[slot] = this.#run
      this.#wanted.push(slot)
    }
  }

  #begin(values: readonly SlotValue[]): void {
    this.#values = values
    this.#fired = []
    this.#open = []
    this.#wanted = []
    if (this.#run === 0xffff_ffff) {
      this.#looked.fill(0)
      this.#needed.fill(0)
      this.#run = 0
    }
    this.#run++
  }

  #end(): Evaluation {
    this.#values = []
    const needs = this.#wanted.length === 0 ? NOTHING : this.#needs.get(ascending(this.#wanted), NOTHING, keep)
    return { fired: ascending(this.#fired), open: ascending(this.#open), needs }
  }
}

/** Most lists are in order already: only guards on changing slots come behind the others. */
function ascending(list: number[]): number[] {
  for (let i = 1; i < list.length; i++) if (list[i - 1]! > list[i]!) return list.sort((a, b) => a - b)
  return list
}

/** The one guard by which each policy is found, or null: on a stable slot if there is one, and on the slot with the most values. */
function chooseGuards(entries: readonly Evaluated[], { slotOf, isStable }: SlotKinds): readonly (Guard | null)[] {
  const all = entries.map(({ condition }) => guardsOf(condition))
  const counts = new Map<string, Set<unknown>>()
  for (const { path, values } of all.flat()) {
    let known = counts.get(path)
    if (known === undefined) counts.set(path, (known = new Set()))
    for (const value of values) known.add(value)
  }
  const weight = ({ path }: Guard): number => (isStable(slotOf(path)) ? Number.MAX_SAFE_INTEGER / 2 : 0) + counts.get(path)!.size
  return all.map((guards) => guards.reduce<Guard | null>((best, one) => (best === null || weight(one) > weight(best) ? one : best), null))
}

function indexBy(guards: readonly (Guard | null)[], wanted: readonly boolean[], { slotOf }: SlotKinds): readonly GuardIndex[] {
  const indices = new Map<string, GuardIndex>()
  guards.forEach((guard, i) => {
    if (guard === null || !wanted[i]) return
    let index = indices.get(guard.path)
    if (index === undefined) indices.set(guard.path, (index = new GuardIndex(slotOf(guard.path))))
    index.add(i, guard)
  })
  return [...indices.values()]
}

function residualsOf(
  entries: readonly Evaluated[],
  guards: readonly (Guard | null)[],
  isChanging: (entry: unknown, index: number) => boolean,
  kinds: SlotKinds,
): Residuals {
  const mine = entries.map((entry, i) => !isChanging(entry, i))
  const unguarded = entries.flatMap((_, i) => (guards[i] === null ? [i] : []))
  const index = indexBy(guards, mine, kinds)
  const stable = stableSlots(
    entries.filter((_, i) => mine[i]),
    kinds,
  )
  return new Residuals(stable, (values) => {
    const known = new Array<SlotValue>(kinds.count)
    for (const { slot } of stable) known[slot] = values[slot]
    const found = new Set(unguarded)
    for (const one of index) one.visit(known[one.slot], (i) => found.add(i))
    return residualFrom(
      [...found].filter((i) => entries[i]!.when(known, null) !== false).sort((a, b) => a - b),
      entries.length,
    )
  })
}

function stableSlots(entries: readonly Evaluated[], { slotOf, isStable }: SlotKinds): readonly StableSlot[] {
  const mentions = mentionsIn(entries.map(({ condition }) => condition))
  return [...mentions].map(([path, mentioned]) => ({ slot: slotOf(path), mentioned })).filter(({ slot }) => isStable(slot))
}

function residualFrom(indices: readonly number[], total: number): Residual {
  return total <= 0x1_0000 ? Uint16Array.from(indices) : Uint32Array.from(indices)
}
