// Scans one whole text. Walking it (here or in a worker) and judging its candidates (always here, where the checks live) are apart.
import type { Finding } from '../model/content.ts'
import { Candidates, hasEnds, type Candidate } from './candidates.ts'
import type { Automaton } from './automaton.ts'
import type { DetectorSet } from './detectors.ts'
import { CandidateJudge, inTextOrder, type Match } from './judge-candidate.ts'

const NONE: readonly Finding[] = []

/** What one scan on the event loop may add to the automaton, in nodes: some ten milliseconds, once. Only patterns with many readings of one text need more. */
const MAX_NEW_WORK = 50_000
const PIECE_CHARS = 64

/** All candidates of a text that found an end, by ascending start. */
export function findCandidates(automaton: Automaton, text: string): readonly Candidate[] {
  return findWithin(automaton, text, Infinity)!
}

/** The same; null as soon as the automaton has grown by more than `maxNewWork`. */
function findWithin(automaton: Automaton, text: string, maxNewWork: number): readonly Candidate[] | null {
  const candidates = new Candidates(automaton)
  const most = automaton.work + maxNewWork
  for (let at = 0; at < text.length; at += PIECE_CHARS) {
    candidates.read(text.length <= PIECE_CHARS ? text : text.slice(at, at + PIECE_CHARS))
    if (automaton.work > most) return null
  }
  candidates.finish()
  const { found } = candidates
  return found.length === 0 ? found : found.filter(hasEnds).sort((a, b) => a.start - b.start)
}

/** Findings of a text, in text order; null when this is more work than the event loop should bear. */
export function scanText(set: DetectorSet, text: string): readonly Finding[] | null {
  const candidates = findWithin(set.automaton, text, MAX_NEW_WORK)
  if (!candidates) return null
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
  let judged = 0
  for (const candidate of candidates) {
    matches.push(...judge.judge(candidate, window))
    judged += 8 + candidate.ends.length
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
