// Scans one whole text. Walking it (here or in a worker, `walk.ts`) and judging its candidates (always here, where the checks live) are apart.
import type { Finding } from '../model/content.ts'
import type { DetectorSet } from './detectors.ts'
import type { EncodedRun, RunWord } from './encoded-run.ts'
import { CandidateJudge, inTextOrder, windowOf, type Match, type TextWindow } from './judge-candidate.ts'
import type { Candidate } from './candidate.ts'
import type { Openings } from './openings.ts'
import { walkText, type Walked, type WalkedInOrder } from './walk.ts'

const NONE: readonly Finding[] = []

/** What one scan on the event loop may add to the automaton, in nodes: some ten milliseconds, once. Only patterns with many readings of one text need more. */
const MAX_NEW_WORK = 200_000

/** Findings of a text, in text order; null when this is more work than the event loop should bear. */
export function scanText(set: DetectorSet, text: string): readonly Finding[] | null {
  // A text full of candidates is judged while it is walked, so that they are garbage before they are old.
  let judging: Judging | null = null
  const walked = walkText(set.automaton, text, {
    maxNewWork: MAX_NEW_WORK,
    sieve: (start, ends, from, to) => {
      const { judge, window } = (judging ??= judgingOf(set, text))
      return !window.isPlain || judge.mayPass(start, ends, from, to, window)
    },
    take: (closed) => {
      judging ??= judgingOf(set, text)
      for (const candidate of closed) for (const match of judging.judge.judge(candidate, judging.window)) judging.matches.push(match)
    },
  })
  return walked && judgeWalked(set, text, walked, judging)
}

export interface Judging {
  readonly judge: CandidateJudge
  readonly window: TextWindow
  readonly matches: Match[]
}

export function judgingOf(set: DetectorSet, text: string): Judging {
  return { judge: new CandidateJudge(set), window: windowOf(text, 0), matches: [] }
}

/** Findings of an encoded run, as `openings` of those before it lead it; its length is bounded, and so is the work. */
export function scanRun(set: DetectorSet, encoded: EncodedRun, openings: Openings): readonly Finding[] {
  const run = openings.led(encoded)
  const walked = walkText(set.automaton, run.text, { depth: 1, plainChars: run.plain })!
  openings.note(run, walked.candidates)
  const found = judgeWalked(set, run.text, walked)
  return found.length === 0 ? found : placeFindings(run, found)
}

function judgeWalked(set: DetectorSet, text: string, walked: Walked, begun: Judging | null = null): readonly Finding[] {
  if (walked.candidates.length === 0 && walked.decoded.length === 0 && begun === null) return NONE
  const steps = judgeInSteps(set, text, walked, begun ?? judgingOf(set, text))
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

/** Judges some candidates of a text, with pauses; `judgeInSteps` goes on from there. */
export function* judgeSome(
  candidates: Iterable<Candidate>,
  { judge, window, matches }: Judging,
  step = { done: 0 },
): Generator<void, void> {
  for (const candidate of candidates) {
    for (const match of judge.judge(candidate, window)) matches.push(match)
    if (isDue(step, CANDIDATE_COST + candidate.ends.length)) yield
  }
}

/** Judges candidates and pauses now and then, so that a text full of them does not stop the event loop. */
export function* judgeInSteps(
  set: DetectorSet,
  text: string,
  walked: WalkedInOrder,
  begun: Judging = judgingOf(set, text),
): Generator<void, readonly Finding[]> {
  const findings = yield* judgeWithin(set, walked, begun, { done: 0 })
  return findings.length === 0 ? NONE : findings.sort(inTextOrder)
}

/** Between two pauses: about as many ends and candidates as take a tenth of a millisecond. */
const STEP = 2000
const CANDIDATE_COST = 8
const FINDING_COST = 4
const RUN_COST = 40

/** `step`: what has been done since the last pause. */
function* judgeWithin(set: DetectorSet, walked: WalkedInOrder, judging: Judging, step: { done: number }): Generator<void, Finding[]> {
  const { judge, window, matches } = judging
  yield* judgeSome(walked.candidates, judging, step)
  const findings: Finding[] = []
  for (const match of matches) {
    findings.push(judge.finish(match, window))
    if (isDue(step, FINDING_COST)) yield
  }
  for (const run of walked.decoded) {
    const found = yield* judgeWithin(set, run.walked, judgingOf(set, run.text), step)
    for (const finding of placeFindings(run, found.sort(inTextOrder))) findings.push(finding)
    if (isDue(step, RUN_COST)) yield
  }
  return findings
}

function isDue(step: { done: number }, cost: number): boolean {
  step.done += cost
  if (step.done < STEP) return false
  step.done = 0
  return true
}

/** What was found in a decoded text, at the place of the whole run, or of those of its words that it touches. */
function placeFindings({ start, end, encoding, lead, goesOn, words, isJoined }: EncodedRun, found: readonly Finding[]): readonly Finding[] {
  return found.flatMap((finding): readonly Finding[] => {
    if (finding.end <= lead) return NONE
    const place = words ? placeIn(words, finding, isJoined ? 2 : 1) : { start, end }
    if (!place) return NONE
    const placed = { ...finding, ...place, decoded: encoding }
    return [goesOn && finding.start === 0 ? { ...placed, continues: true } : placed]
  })
}

/** From the first to the last of the words that it touches; null if fewer than `least` of them are other than they look. */
function placeIn(words: readonly RunWord[], { start, end }: Finding, least: number): { start: number; end: number } | null {
  const from = words.findIndex(({ textEnd }) => textEnd > start)
  const to = words.findIndex(({ textEnd }) => textEnd >= end)
  const [first, last] = [words[from], words[to]]
  if (!first || !last) return null
  let changed = 0
  for (let i = from; i <= to; i++) if (!words[i]!.isPlain) changed++
  if (changed < least) return null
  return {
    start: first.isPlain ? first.end - (first.textEnd - start) : first.start,
    end: last.isPlain ? last.end - (last.textEnd - end) : last.end,
  }
}
