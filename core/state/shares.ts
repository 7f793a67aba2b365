// How much of a bounded room each tenant holds, so that none can fill it for the others: once it is half full, a tenant may hold four times what is free.

const FREE_SHARE = 4

export class Shares {
  readonly #max: number
  readonly #held = new Map<string, number>()
  #size = 0

  constructor(max: number) {
    this.#max = max
  }

  of(tenant: string): number {
    return this.#held.get(tenant) ?? 0
  }

  /** May this tenant hold one more? */
  hasRoom(tenant: string): boolean {
    const free = this.#max - this.#size
    if (free <= 0) return false
    return this.#size * 2 < this.#max || this.of(tenant) < free * FREE_SHARE
  }

  add(tenant: string): void {
    this.#size++
    this.#held.set(tenant, this.of(tenant) + 1)
  }

  remove(tenant: string): void {
    this.#size--
    const left = this.of(tenant) - 1
    if (left > 0) this.#held.set(tenant, left)
    else this.#held.delete(tenant)
  }
}
