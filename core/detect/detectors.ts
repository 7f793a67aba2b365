// The detectors in use for one kind of scan, with everything prepared that judging a candidate needs: checks, context words, groups.
import { RE2JS } from 're2js'
import { automatonOf, type Automaton } from './automaton.ts'
import { GroupFinder } from './group-finder.ts'
import { boundOf } from './hold.ts'
import type { CheckTest } from '../plugin/index.ts'
import type { DetectorSpec } from './port.ts'

export type { CheckTest }

export interface NearRule {
  /** Folded and in lower case. */
  readonly words: readonly string[]
  readonly withinChars: number
  readonly adds: number
}

export interface PreparedDetector {
  readonly name: string
  readonly checks: readonly { readonly name: string; readonly test: CheckTest }[]
  /** Whether `lastOf` of the checks decides about a match. */
  readonly judgesAtOnce: boolean
  readonly checkNames: readonly string[]
  readonly near: readonly NearRule[]
  readonly entropy: number | null
  readonly score: number
  /** Capture group that is the finding; 0 is the whole match. */
  readonly group: number
  /** Characters behind a match that its score may depend on. */
  readonly reach: number
}

export class DetectorSet {
  readonly detectors: readonly PreparedDetector[]
  readonly automaton: Automaton
  /** The longest reach of all. */
  readonly reach: number
  /** Characters that a stream holds for them at most; Infinity where a pattern has no longest match. */
  readonly bound: number
  readonly #groupFinders = new Map<string, GroupFinder | null>()
  readonly #groupPatterns = new Map<string, RE2JS>()

  /** Throws when a check is unknown or a pattern is outside the dialect. Unions are not for here: name their members. */
  constructor(specs: readonly DetectorSpec[], checks: ReadonlyMap<string, CheckTest>) {
    this.detectors = specs.map((spec) => prepare(spec, checks))
    this.automaton = automatonOf(specs)
    this.bound = boundOf(specs) ?? Infinity
    this.reach = Math.max(0, ...this.detectors.map(({ reach }) => reach))
  }

  /** Null where only `groupPattern` knows the place of the capture group. */
  groupFinder(source: string, group: number): GroupFinder | null {
    const key = `${group} ${source}`
    let finder = this.#groupFinders.get(key)
    if (finder === undefined) this.#groupFinders.set(key, (finder = GroupFinder.of(source, group)))
    return finder
  }

  /** The pattern as RE2 reads it, for the place of a capture group; matches are short, so its speed does not count. */
  groupPattern(source: string): RE2JS {
    let pattern = this.#groupPatterns.get(source)
    if (!pattern) this.#groupPatterns.set(source, (pattern = RE2JS.compile(source)))
    return pattern
  }
}

function prepare(spec: DetectorSpec, checks: ReadonlyMap<string, CheckTest>): PreparedDetector {
  const tests = spec.checks.map((name) => {
    const test = checks.get(name)
    if (!test) throw new Error(`detector ${spec.name} uses the check \`${name}\`, which no loaded plugin brings`)
    return { name, test }
  })
  return {
    name: spec.name,
    checks: tests,
    judgesAtOnce: tests.length > 0 && spec.entropy === null && spec.group === 0 && tests.every(({ test }) => test.lastOf !== undefined),
    checkNames: spec.checks,
    near: spec.near.map(({ words, ...rest }) => ({ ...rest, words: words.map((word) => word.normalize('NFKC').toLowerCase()) })),
    entropy: spec.entropy,
    score: spec.score,
    group: spec.group,
    // One more, to see whether a word ends there.
    reach: spec.near.length === 0 ? 0 : 1 + Math.max(...spec.near.map(({ withinChars }) => withinChars)),
  }
}
