// How much an engine that backtracks would do with a pattern on a text, counted before it is asked: so that the examples in a policy file
// can not hang whoever reads it. Follows the pattern as such an engine does, and gives up at a bound.
import { RegExpParser, type Disjunction, type Set as CharacterSet, type Term } from '@chevrotain/regexp-to-ast'

/** Some ten milliseconds. */
const MAX_STEPS = 500_000

/** Goes on from a place in the text; answers the end of the match, or -1. */
type Go = (at: number) => number
type Walk = { text: string; steps: number }

const EXHAUSTED = Symbol('exhausted')

/** Says of a text whether finding all matches of the pattern in it takes more steps than a reader should wait for. No pattern, no effort. */
export function effortOf(source: string): (text: string) => boolean {
  const tree = parse(source)
  if (tree === null) return () => false
  const walk: Walk = { text: '', steps: 0 }
  const match = goDisjunction(tree, (at) => at, walk)
  return (text) => isTooCostly(match, walk, text)
}

function isTooCostly(match: Go, walk: Walk, text: string): boolean {
  walk.text = text
  walk.steps = 0
  try {
    for (let at = 0; at <= text.length;) {
      const end = match(at)
      at = end > at ? end : at + 1
    }
    return false
  } catch (error) {
    // Out of steps; or so deep that the engine would be in trouble as well.
    if (error === EXHAUSTED || error instanceof RangeError) return true
    throw error
  }
}

function parse(source: string): Disjunction | null {
  try {
    return new RegExpParser().pattern(`/${new RegExp(source).source}/`).value
  } catch {
    return null
  }
}

function step(walk: Walk): void {
  if (++walk.steps > MAX_STEPS) throw EXHAUSTED
}

function goDisjunction({ value: alternatives }: Disjunction, next: Go, walk: Walk): Go {
  const ways = alternatives.map(({ value: terms }) => terms.reduceRight<Go>((behind, term) => goTerm(term, behind, walk), next))
  if (ways.length === 1) return ways[0]!
  return (at) => {
    for (const way of ways) {
      step(walk)
      const end = way(at)
      if (end >= 0) return end
    }
    return -1
  }
}

function goTerm(term: Term, next: Go, walk: Walk): Go {
  const quantifier = 'quantifier' in term ? term.quantifier : undefined
  const { atLeast, atMost, greedy } = quantifier ?? { atLeast: 1, atMost: 1, greedy: true }
  if (term.type === 'Character') return goRun((code) => code === term.value, atLeast, atMost, greedy, next, walk)
  if (term.type === 'Set') return goRun((code) => isIn(term, code), atLeast, atMost, greedy, next, walk)
  if (term.type !== 'Group') return goAssertion(term, next, walk)
  if (quantifier === undefined) return goDisjunction(term.value as Disjunction, next, walk)
  return goGroup(term.value as Disjunction, atLeast, atMost, greedy, next, walk)
}

/** A repeated character: as many as there are, then fewer (or the other way round). */
function goRun(fits: (code: number) => boolean, atLeast: number, atMost: number, greedy: boolean, next: Go, walk: Walk): Go {
  return (at) => {
    let most = 0
    while (most < atMost && at + most < walk.text.length && fits(walk.text.charCodeAt(at + most))) {
      step(walk)
      most++
    }
    for (let tried = 0; tried <= most - atLeast; tried++) {
      step(walk)
      const end = next(at + (greedy ? most - tried : atLeast + tried))
      if (end >= 0) return end
    }
    return -1
  }
}

function goGroup(inner: Disjunction, atLeast: number, atMost: number, greedy: boolean, next: Go, walk: Walk): Go {
  const round = (count: number): Go => {
    return (at) => {
      step(walk)
      if (count < atLeast) return once(count, at)(at)
      const more = (): number => (count < atMost ? once(count, at)(at) : -1)
      if (!greedy) {
        const end = next(at)
        return end >= 0 ? end : more()
      }
      const end = more()
      return end >= 0 ? end : next(at)
    }
  }
  /** A round that takes nothing ends the repetition. */
  const once = (count: number, from: number): Go =>
    goDisjunction(inner, (at) => (at === from && count >= atLeast ? -1 : round(count + 1)(at)), walk)
  return round(0)
}

function goAssertion({ type }: Term, next: Go, walk: Walk): Go {
  return (at) => {
    step(walk)
    return holds(type, at, walk.text) ? next(at) : -1
  }
}

function holds(type: Term['type'], at: number, text: string): boolean {
  if (type === 'StartAnchor') return at === 0
  if (type === 'EndAnchor') return at === text.length
  const isBoundary = isWord(text.charCodeAt(at - 1)) !== isWord(text.charCodeAt(at))
  return type === 'WordBoundary' ? isBoundary : type === 'NonWordBoundary' ? !isBoundary : true
}

const isWord = (code: number): boolean =>
  (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a) || code === 0x5f

function isIn({ value, complement }: CharacterSet, code: number): boolean {
  return value.some((part) => (typeof part === 'number' ? part === code : part.from <= code && code <= part.to)) !== complement
}
