// What can be known about a detector's pattern before it runs: the bounds of a match, literals that must occur, and where it leaves
// the dialect (RE2 ∩ JavaScript). Pure text in, values out; a pattern that does not parse is a problem, never an exception.
import { RegExpParser, type Disjunction } from '@chevrotain/regexp-to-ast'
import { findProblemsInSource, findProblemsInTree } from './dialect.ts'
import { countWays } from './choices.ts'
import { findLiterals } from './literals.ts'
import { measureCertainty, measureLengths, untilCertain } from './lengths.ts'

export interface PatternProblem {
  /** Lower case, the user's text in backticks. */
  readonly message: string
  /** How to mend it; a whole sentence. */
  readonly help: string
}

export interface PatternAnalysis {
  /** Shortest match in UTF-16 units. */
  readonly minLength: number
  /** Longest match; null: unbounded (`+`, `*`, `{n,}`). */
  readonly maxLength: number | null
  /**
   * Of some patterns without a longest match: so many characters may be read before there is a match, or before it is known that it does not
   * go on. Between, every further character only makes the match longer. Absent for all others.
   */
  readonly certainAfter?: number
  /** Lower case; at least one of them occurs in every match. Empty when none is known. */
  readonly literals: readonly string[]
  readonly problems: readonly PatternProblem[]
}

/** Analyses the source of a pattern, without its slashes. */
export function analysePattern(source: string): PatternAnalysis {
  const sourceProblems = findProblemsInSource(source)
  if (sourceProblems.length > 0) return { minLength: 0, maxLength: null, literals: [], problems: sourceProblems }
  const tree = parse(source)
  if (!('type' in tree)) return { minLength: 0, maxLength: null, literals: [], problems: [tree] }
  const { min, max } = measureLengths(tree)
  const certainAfter = max === null ? measureCertainty(tree) : null
  return {
    minLength: min,
    maxLength: max,
    ...(certainAfter === null ? {} : { certainAfter }),
    literals: findLiterals(tree),
    problems: findProblemsInTree(tree, source, min),
  }
}

/** In how many ways a pattern may read one text from one place, at most; Infinity where it is no pattern. */
export function waysToRead(source: string): number {
  const tree = parse(source)
  return 'type' in tree ? countWays(tree) : Infinity
}

/** In how many ways it may read one text until a match is certain, from where it can not fail any more; Infinity where that is never so. */
export function waysUntilCertain(source: string): number {
  const tree = parse(source)
  const until = 'type' in tree ? untilCertain(tree) : null
  return until ? countWays(until) : Infinity
}

function parse(source: string): Disjunction | PatternProblem {
  try {
    // JavaScript itself is the judge of syntax; its `source` also escapes the bare slashes that the parser below stumbles over.
    return new RegExpParser().pattern(`/${new RegExp(source).source}/`).value
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^Invalid regular expression: (?:\/.*\/\w*: )?/s, '') : String(error)
    return {
      message: `\`${source}\` is no valid pattern: ${reason.toLowerCase()}`,
      help: 'Correct the pattern; brackets and parentheses that are meant literally need a backslash.',
    }
  }
}
