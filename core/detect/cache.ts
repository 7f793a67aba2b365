// Findings of texts seen before: a conversation repeats itself with every turn, so only its new message is scanned.
// The text itself is the key (no digest to pay for, no collision to fear); the oldest leave when entries or bytes run out.
import type { Finding } from '../model/content.ts'

export interface CacheBounds {
  readonly maxEntries: number
  /** Of the texts, two bytes a unit. */
  readonly maxBytes: number
}

export class FindingsCache {
  readonly #bounds: CacheBounds
  /** From the least to the most recently used. */
  readonly #entries = new Map<string, readonly Finding[]>()
  #bytes = 0

  constructor(bounds: CacheBounds) {
    this.#bounds = bounds
  }

  get size(): number {
    return this.#entries.size
  }

  get(text: string): readonly Finding[] | undefined {
    const findings = this.#entries.get(text)
    if (findings === undefined) return undefined
    this.#entries.delete(text)
    this.#entries.set(text, findings)
    return findings
  }

  put(text: string, findings: readonly Finding[]): void {
    const bytes = bytesOf(text, findings)
    if (bytes > this.#bounds.maxBytes / 4 || this.#entries.has(text)) return
    this.#entries.set(text, findings)
    this.#bytes += bytes
    while (this.#bytes > this.#bounds.maxBytes || this.#entries.size > this.#bounds.maxEntries) this.#dropOldest()
  }

  #dropOldest(): void {
    for (const [text, findings] of this.#entries) {
      this.#entries.delete(text)
      this.#bytes -= bytesOf(text, findings)
      return
    }
  }
}

function bytesOf(text: string, findings: readonly Finding[]): number {
  return text.length * 2 + findings.length * 96 + 64
}
