// Partial evaluation: which policies may still fire, given what seldom changes (who calls, for what, which model). Kept by the values
// themselves in a tree, one level for each slot; values that no condition can tell apart are one. Bounded, so that callers who invent
// values only make deciding slower.
import { FAILED, type SlotValue } from './program.ts'
import type { Scalar } from './guards.ts'

/** A slot that seldom changes. */
export interface StableSlot {
  readonly slot: number
  /** The values that conditions ask for; null: any value may matter. */
  readonly mentioned: ReadonlySet<Scalar> | null
}

/** Indices of policies, ascending. */
export type Residual = Uint16Array | Uint32Array

interface Node {
  next: Map<unknown, Node> | null
  residual: Residual | null
}

const MAX_BYTES = 4 * 1024 * 1024
/** What a node takes, roughly. */
const NODE_BYTES = 256
/** Longer lists and texts are decided without being kept. */
const MAX_LENGTH = 64
const MAX_CHARS = 256

const OTHER = Symbol('not mentioned')
const LIST = Symbol('list')
const END = Symbol('end of list')

export class Residuals {
  readonly #stable: readonly StableSlot[]
  readonly #compute: (values: readonly SlotValue[]) => Residual
  readonly #maxBytes: number
  /** Two generations: what is used moves to the younger one, and the older one is dropped when that is full. */
  #young: Node = emptyNode()
  #old: Node = emptyNode()
  #bytes = 0

  /** `compute` finds the residual of values of which it may read the stable slots only. */
  constructor(stable: readonly StableSlot[], compute: (values: readonly SlotValue[]) => Residual, maxBytes = MAX_BYTES) {
    this.#stable = stable
    this.#compute = compute
    this.#maxBytes = maxBytes
  }

  of(values: readonly SlotValue[]): Residual {
    const found = this.#find(this.#young, values, false)
    if (found?.residual) return found.residual
    if (!this.#canKeep(values)) return this.#compute(values)
    const residual = this.#find(this.#old, values, false)?.residual ?? this.#compute(values)
    this.#keep(values, residual)
    return residual
  }

  #keep(values: readonly SlotValue[], residual: Residual): void {
    if (this.#bytes > this.#maxBytes) {
      this.#old = this.#young
      this.#young = emptyNode()
      this.#bytes = 0
    }
    this.#find(this.#young, values, true)!.residual = residual
    this.#bytes += residual.byteLength + NODE_BYTES
  }

  #find(root: Node, values: readonly SlotValue[], make: boolean): Node | undefined {
    let node: Node | undefined = root
    for (const { slot, mentioned } of this.#stable) {
      const value = values[slot]
      node = Array.isArray(value) ? this.#findList(node, value, mentioned, make) : this.#step(node, partOf(value, mentioned), make)
      if (node === undefined) return undefined
    }
    return node
  }

  #findList(from: Node, list: readonly unknown[], mentioned: StableSlot['mentioned'], make: boolean): Node | undefined {
    let node = this.#step(from, LIST, make)
    for (let i = 0; i < list.length && node !== undefined; i++) {
      const element = list[i]
      if (mentioned === null || mentioned.has(element as Scalar)) node = this.#step(node, element, make)
    }
    return node && this.#step(node, END, make)
  }

  #step(node: Node, part: unknown, make: boolean): Node | undefined {
    const known = node.next?.get(part)
    if (known !== undefined || !make) return known
    const made = emptyNode()
    ;(node.next ??= new Map()).set(part, made)
    this.#bytes += NODE_BYTES
    return made
  }

  #canKeep(values: readonly SlotValue[]): boolean {
    return this.#stable.every(({ slot, mentioned }) => {
      const value = values[slot]
      if (Array.isArray(value)) return value.length <= MAX_LENGTH && value.every(isPlain)
      return mentioned !== null || isPlain(value)
    })
  }
}

const emptyNode = (): Node => ({ next: null, residual: null })

/** What is absent is told apart from what is not known; that something failed tells no more than that. */
function partOf(value: SlotValue, mentioned: StableSlot['mentioned']): unknown {
  if (value === FAILED) return undefined
  return mentioned === null || value === null || value === undefined || mentioned.has(value as Scalar) ? value : OTHER
}

/** Objects are never kept by identity: they may change, and no two are the same. */
function isPlain(value: unknown): boolean {
  if (typeof value === 'string') return value.length <= MAX_CHARS
  return value === null || typeof value !== 'object'
}
