// Scans one whole text. Walking it (here or in a worker) and judging its candidates (always here, where the checks live) are apart.
import type { Finding } from '../model/content.ts'
import { Candidates, endsOf } from './candidates.ts'
import type { Automaton } from './automaton.ts'
import type { DetectorSet } from './detectors.ts'
import { CandidateJudge, inTextOrder, type Match } from './judge-candidate.ts'

const NONE: readonly Finding[] = []

/** A place where a match begins, with its ends as from `endsOf`. */
export interface Start {
  readonly start: number
  readonly ends: readonly number[]
}

/** All places of a text where a match begins, ascending. */
export function findStarts(automaton: Automaton, text: string): readonly Start[] {
  const candidates = new Candidates(automaton)
  candidates.read(text)
  candidates.finish()
  if (candidates.found.length === 0) return []
  const starts = candidates.found.map((candidate) => ({ start: candidate.start, ends: endsOf(candidate) }))
  return starts.filter(({ ends }) => ends.length > 0).sort((a, b) => a.start - b.start)
}

/** Findings of a text, in text order. */
export function scanText(set: DetectorSet, text: string): readonly Finding[] {
  const starts = findStarts(set.automaton, text)
  if (starts.length === 0) return NONE
  const judging = judgeInSteps(set, text, starts)
  for (;;) {
    const step = judging.next()
    if (step.done) return step.value
  }
}

/** Judges candidates and pauses now and then, so that a text full of them does not stop the event loop. */
export function* judgeInSteps(set: DetectorSet, text: string, starts: Iterable<Start>): Generator<void, readonly Finding[]> {
  const judge = new CandidateJudge(set)
  const window = { text, from: 0 }
  const matches: Match[] = []
  let judged = 0
  for (const { start, ends } of starts) {
    matches.push(...judge.judge(start, ends, window))
    judged += ends.length
    if (judged < 2000) continue
    judged = 0
    yield
  }
  const findings: Finding[] = []
  for (const match of matches) {
    findings.push(judge.finish(match, window))
    if (findings.length % 500 === 0) yield
  }
  return findings.length === 0 ? NONE : findings.sort(inTextOrder)
}
