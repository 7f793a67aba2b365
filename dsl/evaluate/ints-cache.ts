// A bounded cache keyed by the numbers of two short lists, looked up without building a key.

interface Kept<Value> {
  readonly first: readonly number[]
  readonly second: readonly number[]
  readonly value: Value
}

/** What is kept at most; beyond, all is dropped and found out again. */
const MAX_KEPT = 1024

export class IntsCache<Value> {
  readonly #buckets = new Map<number, Kept<Value>[]>()
  #size = 0

  /** The value of these lists, made if it is not there. */
  get(first: readonly number[], second: readonly number[], make: (first: readonly number[], second: readonly number[]) => Value): Value {
    const hash = mix(mix(17, first), second)
    const bucket = this.#buckets.get(hash)
    if (bucket !== undefined) {
      for (const kept of bucket) if (isSame(kept.first, first) && isSame(kept.second, second)) return kept.value
    }
    const value = make(first, second)
    this.#keep(hash, { first: [...first], second: [...second], value })
    return value
  }

  #keep(hash: number, kept: Kept<Value>): void {
    if (this.#size >= MAX_KEPT) {
      this.#buckets.clear()
      this.#size = 0
    }
    this.#size++
    const bucket = this.#buckets.get(hash)
    if (bucket === undefined) this.#buckets.set(hash, [kept])
    else bucket.push(kept)
  }
}

/** FNV-1a over whole numbers; kept small enough to need no heap number. */
function mix(seed: number, list: readonly number[]): number {
  let hash = Math.imul(seed ^ list.length, 0x0100_0193)
  for (let i = 0; i < list.length; i++) hash = Math.imul(hash ^ list[i]!, 0x0100_0193)
  return hash >>> 2
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
