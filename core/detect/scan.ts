// Scans one whole text. Walking it (here or in a worker) and judging its candidates (always here, where the checks live) are apart.
import type { Finding } from '../model/content.ts'
import { Candidates, type Candidate } from './candidates.ts'
import type { Automaton } from './automaton.ts'
import type { DetectorSet } from './detectors.ts'
import { CandidateJudge, inTextOrder, type Match } from './judge-candidate.ts'

const NONE: readonly Finding[] = []

/** All candidates of a text, by ascending start. */
export function findCandidates(automaton: Automaton, text: string): readonly Candidate[] {
  const candidates = new Candidates(automaton)
  candidates.read(text)
  candidates.finish()
  return candidates.found.length > 1 ? candidates.found.sort((a, b) => a.start - b.start) : candidates.found
}

/** Findings of a text, in text order. */
export function scanText(set: DetectorSet, text: string): readonly Finding[] {
  const candidates = findCandidates(set.automaton, text)
  if (candidates.length === 0) return NONE
  const judging = judgeInSteps(set, text, candidates)
  for (;;) {
    const step = judging.next()
    if (step.done) return step.value
  }
}

/** Judges candidates and pauses now and then, so that a text full of them does not stop the event loop. */
export function* judgeInSteps(set: DetectorSet, text: string, candidates: Iterable<Candidate>): Generator<void, readonly Finding[]> {
  const judge = new CandidateJudge(set)
  const window = { text, from: 0 }
  const matches: Match[] = []
  let ends = 0
  for (const candidate of candidates) {
    matches.push(...judge.judge(candidate, window))
    ends += candidate.ends.length
    if (ends < 2000) continue
    ends = 0
    yield
  }
  const findings: Finding[] = []
  for (const match of matches) {
    findings.push(judge.finish(match, window))
    if (findings.length % 500 === 0) yield
  }
  return findings.length === 0 ? NONE : findings.sort(inTextOrder)
}
