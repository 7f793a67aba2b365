// In how many ways can a bounded pattern read one text before it has to give up? An upper bound, from the tree alone: a repeat or an
// alternative leaves a choice only where the next character suits both going on and going by.
import type { Disjunction, Set as CharacterSet, Term } from '@chevrotain/regexp-to-ast'

/** Ranges of UTF-16 units, both ends inclusive. */
type Characters = readonly (readonly [from: number, to: number])[]

interface Measured {
  readonly ways: number
  readonly first: Characters
  /** May it match nothing? */
  readonly isEmpty: boolean
}

const LAST = 0xffff
const ALL: Characters = [[0, LAST]]

/** Ways of reading; very large or Infinity where a choice is not bounded. Behind the pattern nothing can fail, so nothing is counted there. */
export function countWays(tree: Disjunction): number {
  return ofDisjunction(tree, []).ways
}

function ofDisjunction({ value: alternatives }: Disjunction, follow: Characters): Measured {
  return alternatives
    .map(({ value }) => ofSequence(value, follow))
    .reduce((a, b) => ({
      ways: overlap(startOf(a, follow), startOf(b, follow)) ? a.ways + b.ways : Math.max(a.ways, b.ways),
      first: [...a.first, ...b.first],
      isEmpty: a.isEmpty || b.isEmpty,
    }))
}

function ofSequence(terms: readonly Term[], follow: Characters): Measured {
  return terms.reduceRight<Measured>(
    (rest, term) => {
      const one = ofTerm(term, startOf(rest, follow))
      return { ways: one.ways * rest.ways, first: startOf(one, rest.first), isEmpty: one.isEmpty && rest.isEmpty }
    },
    { ways: 1, first: [], isEmpty: true },
  )
}

/** Characters with which it may begin, together with what comes next where it may be empty. */
function startOf({ first, isEmpty }: Measured, follow: Characters): Characters {
  return isEmpty ? [...first, ...follow] : first
}

function ofTerm(term: Term, follow: Characters): Measured {
  const quantifier = 'quantifier' in term ? term.quantifier : undefined
  if (!quantifier) return once(term, follow)
  const { atLeast } = quantifier
  const atMost = Number.isFinite(quantifier.atMost) ? quantifier.atMost : Infinity
  const alone = once(term, follow)
  const body = atMost > 1 ? once(term, [...alone.first, ...follow]) : alone
  const hasChoice = body.ways > 1 || body.isEmpty || overlap(body.first, follow)
  return { ways: repeated(body.ways, hasChoice ? atLeast : atMost, atMost), first: body.first, isEmpty: body.isEmpty || atLeast === 0 }
}

/** All numbers of rounds between two, each with its ways. */
function repeated(ways: number, least: number, most: number): number {
  if (ways === 1) return most - least + 1 || 1
  let sum = 0
  for (let rounds = least; rounds <= most && sum < Number.MAX_SAFE_INTEGER; rounds++) sum += ways ** rounds
  return sum
}

function once(term: Term, follow: Characters): Measured {
  switch (term.type) {
    case 'Character': {
      const { value } = term as { value: number }
      return { ways: 1, first: [[value, value]], isEmpty: false }
    }
    case 'Set':
      return { ways: 1, first: charactersOf(term as CharacterSet), isEmpty: false }
    case 'Group':
      return ofDisjunction(term.value as Disjunction, follow)
    default:
      return { ways: 1, first: [], isEmpty: true }
  }
}

function charactersOf({ complement, value }: CharacterSet): Characters {
  const ranges = value
    .map((item): readonly [number, number] => (typeof item === 'number' ? [item, item] : [item.from, item.to]))
    .sort(([a], [b]) => a - b)
  // What the parser makes of `[\s\S]` is not certain: so large a class is taken for every character.
  const size = ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0)
  if (!complement) return size > LAST / 2 ? ALL : ranges
  const rest: (readonly [number, number])[] = []
  let next = 0
  for (const [from, to] of ranges) {
    if (from > next) rest.push([next, from - 1])
    next = Math.max(next, to + 1)
  }
  return next <= LAST ? [...rest, [next, LAST]] : rest
}

function overlap(a: Characters, b: Characters): boolean {
  return a.some(([from, to]) => b.some(([start, end]) => from <= end && start <= to))
}
