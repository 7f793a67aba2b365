// Evaluates the policies of one phase with what is known. The first wave looks at what an index and partial evaluation leave over, each
// further one only at what was open. It owns the lists it works on, so a request allocates little more than its results.
import { GuardIndex } from './guard-index.ts'
import { guardsOf, mentionsIn, type Guard } from './guards.ts'
import { IntsCache } from './ints-cache.ts'
import { Residuals } from './residuals.ts'
import { Sieve } from './sieve.ts'
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
  readonly #sieve: Sieve
  /** Finds the policies that are guarded. */
  readonly #indices: readonly GuardIndex[]
  /** What is left of all others, by what seldom changes. */
  readonly #residuals: Residuals
  /** Sets of needed slots, each kept once, so that whoever plans by them can do so by identity. */
  readonly #needs = new IntsCache<readonly number[]>()
  /** By policy and by slot: the evaluation that saw it last. */
  readonly #looked: Uint32Array
  readonly #needed: Uint32Array
  #run = 0
  #values: readonly SlotValue[] = NOTHING
  #fired: number[] = []
  #open: number[] = []
  #wanted: number[] = []

  constructor(entries: readonly Evaluated[], kinds: SlotKinds) {
    this.#entries = entries
    this.#looked = new Uint32Array(entries.length)
    this.#needed = new Uint32Array(kinds.count)
    const guards = chooseGuards(entries)
    this.#sieve = new Sieve(
      entries.map(({ condition }, i) => ({ condition, guarded: guards[i]?.path ?? null })),
      kinds.slotOf,
    )
    this.#indices = indexBy(guards, kinds)
    this.#residuals = residualsOf(
      entries.flatMap((_, i) => (guards[i] === null ? [i] : [])),
      entries,
      kinds,
    )
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
    for (let i = 0; i < residual.length; i++) if (this.#sieve.passes(residual[i]!, this.#values)) this.#look(residual[i]!)
    for (const index of this.#indices) this.#lookGuarded(index, this.#values[index.slot])
  }

  #lookAgain({ fired, open }: Evaluation): void {
    for (const index of fired) this.#fire(index, this.#entries[index]!.effectSlots)
    for (const index of open) this.#look(index)
  }

  #lookGuarded(index: GuardIndex, value: SlotValue): void {
    const count = index.count(value)
    for (let n = 0; n < count; n++) {
      const bucket = index.at(value, n)
      for (let i = 0; i < bucket.length; i++) {
        const found = bucket[i]!
        if (!this.#sieve.passes(found, this.#values)) continue
        if (count > 1 && this.#looked[found] === this.#run) continue
        if (count > 1) this.#looked[found] = this.#run
        this.#look(found)
      }
    }
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
    this.#values = NOTHING
    const needs = this.#wanted.length === 0 ? NOTHING : this.#needs.get(ascending(this.#wanted), NOTHING, keep)
    return { fired: ascending(this.#fired), open: ascending(this.#open), needs }
  }
}

/** Most lists are in order already: only guards on changing slots come behind the others. */
function ascending(list: number[]): number[] {
  for (let i = 1; i < list.length; i++) if (list[i - 1]! > list[i]!) return list.sort((a, b) => a - b)
  return list
}

/** The one guard by which each policy is found: the one shared with the fewest others. Null where there is none, or no other asks for anything else. */
function chooseGuards(entries: readonly Evaluated[]): readonly (Guard | null)[] {
  const all = entries.map(({ condition }) => guardsOf(condition))
  const sharers = new Map<string, Map<unknown, number>>()
  for (const guard of all.flat()) {
    const counts = sharers.get(keyOf(guard)) ?? new Map<unknown, number>()
    for (const value of guard.values) counts.set(value, (counts.get(value) ?? 0) + 1)
    sharers.set(keyOf(guard), counts)
  }
  const crowd = (guard: Guard): number => Math.max(0, ...guard.values.map((value) => sharers.get(keyOf(guard))!.get(value)!))
  const tells = (guard: Guard): boolean => sharers.get(keyOf(guard))!.size > guard.values.length
  return all.map((guards) =>
    guards.filter(tells).reduce<Guard | null>((found, one) => (found === null || crowd(one) < crowd(found) ? one : found), null),
  )
}

const keyOf = ({ path, of, field }: Guard): string => `${of} ${field} ${path}`

function indexBy(guards: readonly (Guard | null)[], { slotOf }: SlotKinds): readonly GuardIndex[] {
  const indices = new Map<string, GuardIndex>()
  guards.forEach((guard, i) => {
    if (guard === null) return
    let index = indices.get(keyOf(guard))
    if (index === undefined) indices.set(keyOf(guard), (index = new GuardIndex(slotOf(guard.path), guard)))
    index.add(i, guard.values)
  })
  return [...indices.values()]
}

function residualsOf(unguarded: readonly number[], entries: readonly Evaluated[], { count, slotOf, isStable }: SlotKinds): Residuals {
  const mentions = mentionsIn(unguarded.map((i) => entries[i]!.condition))
  const stable = [...mentions].map(([path, mentioned]) => ({ slot: slotOf(path), mentioned })).filter(({ slot }) => isStable(slot))
  return new Residuals(stable, (values) => {
    const known = new Array<SlotValue>(count)
    for (const { slot } of stable) known[slot] = values[slot]
    const left = unguarded.filter((i) => entries[i]!.when(known, null) !== false)
    return entries.length <= 0x1_0000 ? Uint16Array.from(left) : Uint32Array.from(left)
  })
}
