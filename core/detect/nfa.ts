// All patterns and terms of some detectors as one Thompson automaton: arrays of small nodes, built from the end to the start.
import { isPiecewise } from './hold.ts'
import { LOOK_ALIKES } from './look-alikes.ts'
import { parsePattern, single, unite, type Assertion, type PatternNode, type Units } from './pattern.ts'
import type { DetectorSpec } from './port.ts'

export type NfaNode =
  | { readonly kind: 'units'; readonly units: number; readonly next: number }
  | { readonly kind: 'split'; readonly next: number[] }
  | { readonly kind: 'assert'; readonly what: Assertion | 'letters end'; readonly next: number }
  | { readonly kind: 'match'; readonly rule: number }

/** One pattern, or all terms, of a detector. */
export interface Rule {
  /** Index into the detectors. */
  readonly detector: number
  /** Null: the terms. */
  readonly source: string | null
  /** Its matches may be taken in pieces. */
  readonly isPiecewise: boolean
}

export interface Nfa {
  readonly nodes: readonly NfaNode[]
  readonly start: number
  readonly rules: readonly Rule[]
  /** Distinct character sets; a node names one by index. */
  readonly sets: readonly Units[]
}

/** Large enough for long keys with their nested parts, small enough to be refused at load time rather than to fill the memory. */
const MAX_NODES = 500_000

/** Throws `SyntaxError` for a pattern outside the dialect, `RangeError` for one whose repeats grow too large. */
export function buildNfa(detectors: readonly DetectorSpec[]): Nfa {
  const steps = nfaInSteps(detectors)
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

/** The same with pauses, one behind each pattern. */
export function nfaInSteps(detectors: readonly DetectorSpec[]): Generator<void, Nfa> {
  return new Builder().build(detectors)
}

class Builder {
  readonly #nodes: NfaNode[] = []
  readonly #sets: Units[] = []
  readonly #setByKey = new Map<string, number>()
  /** Copies of a repeat name the same set again and again. */
  readonly #setByUnits = new Map<Units, number>()
  readonly #rules: Rule[] = []

  #rule(rule: Rule): number {
    this.#rules.push(rule)
    return this.#add({ kind: 'match', rule: this.#rules.length - 1 })
  }

  *build(detectors: readonly DetectorSpec[]): Generator<void, Nfa> {
    const starts: number[] = []
    for (const [detector, spec] of detectors.entries()) {
      const inPieces = isPiecewise(spec)
      for (const { source, certainAfter } of spec.patterns) {
        const rule = this.#rule({ detector, source, isPiecewise: inPieces && certainAfter !== undefined })
        starts.push(this.#compile(parsePattern(source), rule))
        yield
      }
      if (spec.terms.length > 0) starts.push(this.#terms(spec.terms, this.#rule({ detector, source: null, isPiecewise: false })))
      yield
    }
    const start = this.#add({ kind: 'split', next: starts })
    return { nodes: this.#nodes, start, rules: this.#rules, sets: this.#sets }
  }

  #add(node: NfaNode): number {
    if (this.#nodes.length >= MAX_NODES) throw new RangeError('the patterns of the detectors are too large; use smaller repeats')
    return this.#nodes.push(node) - 1
  }

  #units(units: Units, next: number): number {
    let set = this.#setByUnits.get(units)
    if (set === undefined) this.#setByUnits.set(units, (set = this.#setOf(units)))
    return this.#add({ kind: 'units', units: set, next })
  }

  #setOf(units: Units): number {
    const key = units.join(';')
    let set = this.#setByKey.get(key)
    if (set === undefined) this.#setByKey.set(key, (set = this.#sets.push(units) - 1))
    return set
  }

  /** The node where `pattern`, followed by what begins at `next`, begins. */
  #compile(pattern: PatternNode, next: number): number {
    switch (pattern.kind) {
      case 'units':
        return this.#units(pattern.units, next)
      case 'sequence':
        return pattern.items.reduceRight((after, item) => this.#compile(item, after), next)
      case 'either':
        return this.#add({ kind: 'split', next: pattern.options.map((option) => this.#compile(option, next)) })
      case 'assert':
        return this.#add({ kind: 'assert', what: pattern.what, next })
      case 'repeat':
        return this.#repeat(pattern.item, pattern.least, pattern.most, next)
    }
  }

  #repeat(item: PatternNode, least: number, most: number | null, next: number): number {
    let entry = next
    if (most === null) {
      const loop: number[] = [next]
      entry = this.#add({ kind: 'split', next: loop })
      loop.push(this.#compile(item, entry))
    }
    // Optional copies are nested, x(x(x)?)?, so that the way out of each leads straight to the end.
    else for (let i = least; i < most; i++) entry = this.#add({ kind: 'split', next: [this.#compile(item, entry), next] })
    for (let i = 0; i < least; i++) entry = this.#compile(item, entry)
    return entry
  }

  /** A tree of letters, in either case; a term ends where no letter or digit follows. */
  #terms(terms: readonly string[], match: number): number {
    const end = this.#add({ kind: 'assert', what: 'letters end', next: match })
    const branch = (words: readonly string[], depth: number): number => {
      const next = words.some(({ length }) => length === depth) ? [end] : []
      for (const [, same] of Map.groupBy(
        words.filter(({ length }) => length > depth),
        (word) => word[depth]!,
      )) {
        next.push(this.#letter(same[0]![depth]!, branch(same, depth + 1)))
      }
      return this.#add({ kind: 'split', next })
    }
    const first = branch(
      [...new Set(terms.map((term) => term.normalize('NFKC').trim().toLowerCase()))].filter((term) => term !== ''),
      0,
    )
    return this.#add({ kind: 'assert', what: 'letters end', next: first })
  }

  /** A letter in either case; one with accents in one piece or as letter and marks. */
  #letter(letter: string, next: number): number {
    const whole = this.#units(eitherCase(letter), next)
    const [base, ...marks] = letter.normalize('NFD').split('')
    if (marks.length === 0) return whole
    const apart = marks.reduceRight((after, mark) => this.#units(single(mark.charCodeAt(0)), after), next)
    return this.#add({ kind: 'split', next: [whole, this.#units(eitherCase(base!), apart)] })
  }
}

const OWN_SCRIPT = /[\p{sc=Latin}\p{sc=Han}]/u

function eitherCase(character: string): Units {
  if (/\s/.test(character))
    return [
      [9, 13],
      [32, 32],
      [160, 160],
    ]
  const units = [character, character.toUpperCase()].filter(({ length }) => length === 1).map((one) => one.charCodeAt(0))
  // A letter of another script may be written with the Latin letter that it looks like. Without its accent a letter is another, and a word is no digit.
  const alike = OWN_SCRIPT.test(character) ? [] : units.flatMap((unit) => LOOK_ALIKES.get(unit) ?? [])
  return unite([...units, ...alike].map((unit) => single(unit)[0]!))
}
