// Answers by fingerprint: least recently used first out, bounded by entries, by bytes, and by age.
import type { JsonObject } from '../../core/plugin/index.ts'

/** An answer as the client got it; one of the two is null. */
export interface StoredAnswer {
  readonly body: JsonObject | null
  readonly chunks: readonly JsonObject[] | null
  readonly model: string
  readonly provider: string
}

export interface StoreLimits {
  readonly maxEntries: number
  /** Of JSON text, in UTF-16 units as a measure of bytes. */
  readonly maxBytes: number
  readonly ttlMs: number
}

interface Entry {
  readonly answer: StoredAnswer
  readonly bytes: number
  readonly expiresAt: number
}

export class AnswerStore {
  readonly #limits: StoreLimits
  /** A Map keeps the order of insertion; what is read is put back at its end. */
  readonly #entries = new Map<string, Entry>()
  #bytes = 0

  constructor(limits: StoreLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#entries.size
  }

  get bytes(): number {
    return this.#bytes
  }

  get(fingerprint: string, now: number): StoredAnswer | undefined {
    const entry = this.#entries.get(fingerprint)
    if (entry === undefined) return undefined
    this.#entries.delete(fingerprint)
    if (entry.expiresAt <= now) {
      this.#bytes -= entry.bytes
      return undefined
    }
    this.#entries.set(fingerprint, entry)
    return entry.answer
  }

  /** Keeps the answer unless it alone is larger than the whole store. */
  put(fingerprint: string, answer: StoredAnswer, now: number): void {
    this.#drop(fingerprint)
    const bytes = JSON.stringify(answer.body ?? answer.chunks).length
    if (bytes > this.#limits.maxBytes) return
    this.#entries.set(fingerprint, { answer, bytes, expiresAt: now + this.#limits.ttlMs })
    this.#bytes += bytes
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#limits.maxBytes && this.#entries.size <= this.#limits.maxEntries) return
      this.#drop(oldest)
    }
  }

  #drop(fingerprint: string): void {
    const entry = this.#entries.get(fingerprint)
    if (entry === undefined) return
    this.#entries.delete(fingerprint)
    this.#bytes -= entry.bytes
  }
}
