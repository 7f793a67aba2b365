// A long match in encoded text goes on from run to run: a private key in base64, in lines or in one word. Each run behind the first is read
// behind the opening of that match, so that none of it is missed.
import type { Automaton } from './automaton.ts'
import type { Candidate } from './candidates.ts'
import type { EncodedRun } from './encoded-run.ts'

/** Enough of a match for it to be certain. */
const OPENING_CHARS = 256

export class Openings {
  readonly #rules: Automaton['rules']
  #encoding: EncodedRun['encoding'] | null = null
  #text = ''

  constructor({ rules }: Automaton) {
    this.#rules = rules
  }

  /** The run as it is to be read. */
  led(run: EncodedRun): EncodedRun {
    if (run.encoding !== this.#encoding || run.lead === (run.plain ?? 0)) return run
    return { ...run, text: this.#text + run.text.slice(run.lead), lead: this.#text.length, goesOn: true }
  }

  /** `candidates` of a run that was read: one that may be taken in pieces, and has not ended, opens the next. */
  note({ encoding, text }: EncodedRun, candidates: readonly Candidate[]): void {
    const open = candidates.find((candidate) => this.#reaches(candidate, text.length))
    if (open) {
      this.#encoding = encoding
      this.#text = text.slice(open.start, open.start + OPENING_CHARS)
    } else if (encoding === this.#encoding) this.#encoding = null
  }

  #reaches({ ends }: Candidate, length: number): boolean {
    for (let i = ends.length - 2; i >= 0 && ends[i] === length; i -= 2) if (this.#rules[ends[i + 1]!]!.isPiecewise) return true
    return false
  }
}
